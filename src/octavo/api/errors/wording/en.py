"""English."""

from octavo.api.errors.wording import Notes

WORDING: dict[int, tuple[str, ...]] = {
    101: ("The api-login and api-key do not match an account.",),
    102: ("The text is longer than the 160 characters of a single SMS.",),
    103: ("No recipient is left to send to.",),
    104: (
        "Not enough credit for this order.",
        "It costs {cost} and {available} is available.",
    ),
    107: ("The message text is missing or empty.",),
    108: ("The api-login is missing.",),
    109: ("The api-key is missing.",),
    110: ("The list of recipients is missing or empty.",),
    117: (
        "No valid number in the recipient list.",
        "Numbers are written with + and the country prefix, for example +33600000000.",
        "Unusable: {numbers}.",
    ),
    119: ("This type of SMS cannot exceed 160 characters.", "The text has {length}."),
    120: ("A message with the same request_id was already sent.", "Its ticket is {ticket}."),
    121: ("Mention STOP is missing.",),
    122: ("The STOP mention or the mention no PUB=STOP is missing.",),
    127: ("The campaign is still being computed.",),
    131: ("Campaign not found.", "Ticket: {ticket}."),
    132: ("The campaign was already sent.", "Ticket: {ticket}."),
    150: ("No country matches the prefix of the number.", "Number: {number}."),
    151: ("The destination country is not served.", "Country: {country}."),
    152: (
        "Low-cost SMS are not available to this country: use sms_premium.",
        "Country: {country}.",
    ),
    302: ("A list with this name already exists.", "Name: {name}."),
    303: ("There is no list or tag with this name.", "Name: {name}."),
    305: ("Too many contacts in one request.", "At most {limit} are taken."),
    400: ("Payload validation error.",),
    404: ("There is nothing at this address.",),
    405: ("This address does not take this method.",),
    408: ("The request did not arrive whole in time.", "It may take {seconds} seconds."),
    413: ("The request is too large.", "At most {limit} bytes are taken."),
    429: ("Too many requests: try again later.", "In {seconds} seconds."),
    431: ("The headers of the request are too large.", "At most {limit} bytes are taken."),
    442: ("Voice language not supported.",),
    443: ("The body is neither JSON nor form fields.",),
    444: ("The body must be a JSON object.",),
    445: ("The body is nested too deeply.",),
    446: ("The body has too many fields.",),
    447: ("The body is too long.", "At most {limit} bytes are taken."),
    448: ("This field is missing or has no usable value.",),
    449: ("This value is not known.", "Known values: {known}."),
    450: (
        "The text is too long.",
        "It has {length} characters and at most {limit} are taken.",
        "It makes {parts} SMS and at most {most} are taken.",
    ),
    451: ("This is not available on this server yet.", "Available: {available}."),
    455: ("This field needs another one.", "Missing: {other}."),
    461: (
        "A campaign with so many recipients cannot be canceled here.",
        "It has {recipients} and fewer than {limit} are required.",
    ),
    462: (
        "It is too late to cancel this campaign here.",
        "It must leave in more than {minutes} minutes.",
    ),
    463: ("Too many cancel requests this month.", "At most {limit} are taken."),
    500: ("The request could not be processed.",),
    503: ("The service is not available at the moment and nothing was done: try again.",),
    2005: ("[destination email] field should be valid.",),
}

NOTES = Notes(
    repeated="Repeated recipients, sent to once: {names}.",
    unusable="Recipients without a usable number, left out: {names}.",
    unserved="Recipients in countries that are not served, left out: {names}.",
    more="and {count} more",
)
