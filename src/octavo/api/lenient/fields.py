"""The fields of the contract's send requests (3.3, 4.1, 4.16), declared once."""

from octavo.api.lenient.contactkinds import Sender
from octavo.api.lenient.kinds import Bool, Choice, Moment, Name, Text
from octavo.api.lenient.reader import METADATA, Field, Spec
from octavo.api.lenient.recipients import Recipients
from octavo.api.lenient.words import CHANNEL as CHANNELS
from octavo.api.lenient.words import PURPOSE as PURPOSES
from octavo.api.lenient.words import SMS_TYPE as SMS_TYPES

TEXT = Field(
    "text",
    Text(),
    default=None,
    doc="Message text, from 1 to 1224 characters.",
    aliases=("sms_text",),
    required=True,
)
RECIPIENTS = Field(
    "recipients",
    Recipients(),
    default=(),
    doc="1 to 500 contacts. Numbers are international, with + and country prefix.",
    aliases=("recipient", "contacts", "phone_numbers", "phone_number", "sms_recipients"),
    required=True,
)
TYPE = Field(
    "type",
    SMS_TYPES,
    default="sms_premium",
    doc="Kind of SMS.",
    aliases=("sms_type",),
)
SENDER = Field(
    "sender",
    Sender(),
    default=None,
    doc="Sender of the message: 3 to 11 letters, digits and spaces. Accents are folded, other "
    "characters deleted, the rest cut to 11. Default: the account's.",
    aliases=("sms_sender",),
)
SEND_AT = Field(
    "send_at",
    Moment(),
    default=None,
    doc="When the campaign should leave, ISO 8601. Without an offset the time is that of "
    "Europe/Paris. Absent, past or unreadable: at once.",
    aliases=("sending_date",),
)
PURPOSE = Field(
    "purpose",
    PURPOSES,
    default="wholesale",
    doc="alert (transactional) or wholesale (marketing). Marketing texts need a STOP mention.",
)
WITH_REPLIES = Field(
    "with_replies",
    Bool(),
    default=False,
    doc="Whether recipients can reply.",
)
SIMULATION_MODE = Field(
    "simulation_mode",
    Bool(),
    default=False,
    doc="Computes counts and cost of the order; nothing is sent, charged or kept.",
    aliases=("simulation",),
)
REQUEST_ID = Field(
    "request_id",
    Name(255),
    default=None,
    doc="Guards against sending an order twice: a second one with the same request_id within "
    "24 hours is refused with code 120. Default: none.",
)
AUTO_OPTIMIZE_TEXT = Field(
    "auto_optimize_text",
    Bool(),
    default=True,
    doc="Replaces characters that would make the text longer, and removes useless spaces; false "
    "leaves the text as it is.",
)
REMOVE_BLACKLISTED = Field(
    "auto_remove_blacklisted_numbers",
    Bool(),
    default=False,
    doc="Leaves opted-out recipients out of the campaign, for 0.01 EUR per request. Also read as "
    "auto_remove_blacklisted_contacts and auto_delete_optout_contacts.",
    aliases=("auto_remove_blacklisted_contacts", "auto_delete_optout_contacts"),
)
RECIPIENT_TRACKING = Field(
    "recipient_tracking",
    Bool(),
    default=False,
    doc="Asks for recipient tracking.",
)
LIST_NAME = Field(
    "list_name",
    Text(30, trim=True),
    default=None,
    doc="Name of the list to make of these recipients. Default: no list is made.",
)
CHANNEL = Field(
    "channel",
    CHANNELS,
    default=None,
    doc="Channel of the message.",
    required=True,
)

IN_DOUBT = Field(
    "in_doubt",
    Choice({"repeat": ("resend",), "never_repeat": ("never", "unknown")}),
    default=None,
    doc="What becomes of a message whose answer the carrier's line lost: repeat may send it "
    "twice, never_repeat leaves it unknown. Default: repeat for alert, else never_repeat.",
)

_SHARED = (
    TEXT,
    RECIPIENTS,
    SENDER,
    SEND_AT,
    PURPOSE,
    LIST_NAME,
    SIMULATION_MODE,
    RECIPIENT_TRACKING,
    AUTO_OPTIMIZE_TEXT,
    REMOVE_BLACKLISTED,
    IN_DOUBT,
)

SMS_SEND = Spec(*_SHARED, TYPE, WITH_REPLIES, REQUEST_ID)
"""`POST /sms-campaign/send` (contract 4.1)."""

MULTI_CHANNEL_SEND = Spec(
    CHANNEL,
    *_SHARED,
    TYPE.inside(METADATA),
    WITH_REPLIES.inside(METADATA),
    REQUEST_ID.inside(METADATA),
)
"""`POST /multi-channel/send` (contract 4.16), the part that concerns SMS."""
