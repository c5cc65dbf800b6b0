"""What OpenAPI says of the operations on campaigns on lists and tags."""

from octavo.api.lenient import list_fields
from octavo.api.lenient.jsontext import JsonObject
from octavo.api.shapes import COUNT, NO_TIME, NUMBER, TIME, WORD, About, record
from octavo.db.codes import CampaignState, MessageState

_NOTHING: JsonObject = {}
_TICKET: JsonObject = {"ticket_number": WORD}
_STATUS: JsonObject = {
    "number_of_contacts": COUNT,
    "cost": NUMBER,
    "status": {
        "type": "string",
        "enum": ["under_computation", "ready_to_be_sent", "failed"],
    },
    "code": {"type": "integer", "description": "Why it failed."},
    "message": {"type": "string", "description": "Why it failed, in the language asked for."},
}
_DRAFT: JsonObject = {
    "ticket_number": WORD,
    "number_of_contacts": COUNT,
    "number_of_sms_needed": COUNT,
    "residual_credit": NUMBER,
    "total_cost": NUMBER,
    "status": WORD,
}
_BY_REASON: JsonObject = {"type": "object", "additionalProperties": COUNT}
_COUNTS: JsonObject = record(**{state.name.lower(): COUNT for state in MessageState})
_MONEY: JsonObject = record(
    shown_cost={
        "type": ["number", "null"],
        "description": "What the status showed; null for a direct send.",
    },
    held=NUMBER,
    captured=NUMBER,
    released=NUMBER,
    fee=NUMBER,
)
_CAMPAIGN: JsonObject = {
    "ticket_number": WORD,
    "channel": WORD,
    "type": WORD,
    "purpose": {"type": "string", "enum": ["alert", "wholesale"]},
    "sender": WORD,
    "text": WORD,
    "state": {"type": "string", "enum": [state.name.lower() for state in CampaignState]},
    "error_code": {"type": ["integer", "null"], "description": "Why the campaign failed."},
    "created_at": TIME,
    "send_at": TIME,
    "finished_at": NO_TIME,
    "audience": COUNT,
    "counts": {**_COUNTS, "description": "They add up to the audience, at every instant."},
    "reasons": {
        "type": "object",
        "description": "By reason, those that failed or were skipped.",
        "additionalProperties": _BY_REASON,
    },
    "number_of_sms_needed": COUNT,
    "money": _MONEY,
    "countries": {
        "type": "array",
        "items": record(country=WORD, contacts=COUNT, number_of_sms_needed=COUNT, cost=NUMBER),
    },
}

CAMPAIGNS: dict[str, About] = {
    "create_on_list": (
        "Prepare an SMS campaign on a list or a tag",
        "Contacts, parts and cost are computed in the background. Contract 4.3.",
        list_fields.CREATE,
        _TICKET,
    ),
    "status_on_list": (
        "Where a prepared campaign stands",
        "A failed one says why by code and message; code 132 once it was sent. Contract 4.4.",
        list_fields.ABOUT_ONE,
        _STATUS,
    ),
    "send_on_list": (
        "Send a prepared campaign",
        "What its status showed is held; never more is charged. Contract 4.5.",
        list_fields.ABOUT_ONE,
        {"sending_date": TIME},
    ),
    "cancel_on_list": (
        "Cancel a prepared or sent campaign",
        "At any time before its end. Contract 4.6.",
        list_fields.ABOUT_ONE,
        _NOTHING,
    ),
    "cancel": (
        "Cancel a draft or a scheduled campaign",
        "For few recipients, early enough, and so many times a month. Contract 4.2.",
        list_fields.ABOUT_ONE,
        _NOTHING,
    ),
    "cancel_multi_channel": (
        "Cancel a draft or a scheduled campaign of a channel",
        "As /sms-campaign/cancel. Contract 4.15.",
        list_fields.CANCEL_MULTI_CHANNEL,
        _NOTHING,
    ),
    "draft": (
        "The campaign that waits to be sent",
        "The last one that is ready; code 131 when there is none. Contract 4.1b.",
        None,
        {**_DRAFT, "message": WORD, "code": {"type": "integer"}},
    ),
    "get_campaign": ("A campaign with its closing equation", "Any campaign.", None, _CAMPAIGN),
    "pause_campaign": (
        "Pause a campaign",
        "Nothing further leaves but what is on its way; 409 when it is not under way.",
        None,
        _CAMPAIGN,
    ),
    "resume_campaign": ("Go on with a paused campaign", "409 otherwise.", None, _CAMPAIGN),
    "cancel_campaign": (
        "Cancel a campaign",
        "At any time before its end; 409 after it.",
        None,
        _CAMPAIGN,
    ),
}

OPTIONAL = ("code", "message")
"""What an answer may be without."""

STATUS = {
    "send_on_list": 200,
    "cancel_on_list": 204,
    "cancel": 204,
    "cancel_multi_channel": 204,
    "pause_campaign": 200,
    "resume_campaign": 200,
    "cancel_campaign": 200,
}
"""Where it is not 201 for POST and 200 for the rest."""
