"""What OpenAPI says of each operation."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import TypedDict

from octavo.api.campaign_descriptions import CAMPAIGNS, OPTIONAL, STATUS
from octavo.api.lenient import contact_fields, fields, settings_fields
from octavo.api.lenient.jsontext import JsonObject
from octavo.api.lenient.openapi import query_parameters, request_body
from octavo.api.shapes import COUNT, NUMBER, WORD, About


class Described(TypedDict):
    """The keyword arguments of a FastAPI route."""

    summary: str
    description: str
    tags: list[str | Enum]
    status_code: int
    responses: dict[int | str, dict[str, object]]
    openapi_extra: dict[str, object]


_ERROR: JsonObject = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "integer", "description": "The contract's error code."},
        "message": {"type": "string", "description": "In the language asked for."},
        "errors": {
            "type": "object",
            "description": "Which fields are to blame, each with code and message.",
            "additionalProperties": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
            },
        },
    },
}
_SENT: JsonObject = {
    "sms_ticket": WORD,
    "ticket_number": WORD,
    "number_of_contacts": COUNT,
    "total_cost": NUMBER,
    "number_of_sms_needed": COUNT,
    "residual_credit": NUMBER,
}
_MULTI: JsonObject = {**_SENT, "message": WORD}
_PACK: JsonObject = {
    "type": "object",
    "properties": {
        "wallet_pack_id": WORD,
        "id": WORD,
        "credit": NUMBER,
        "expiration_date": {"type": ["string", "null"], "format": "date-time"},
    },
}
_BALANCE: JsonObject = {
    "amount": NUMBER,
    "unit": WORD,
    "wallet_packs": {"type": "array", "items": _PACK},
}
_PARAMETERS: JsonObject = {
    name: {"type": "object"}
    for name in ("sms_campaign_alert_parameters", "campaign_parameters", "callbacks")
}
_OPTIONAL = ("wallet_packs", *OPTIONAL)

_EDIT = (
    'Any part of the object: what is absent stays as it is, null or "" clears a value. '
    "Contract 5.13."
)

_NOTHING: JsonObject = {}

_ABOUT: dict[str, About] = {
    **CAMPAIGNS,
    "create": (
        "Add or change contacts, and put them on lists and tags",
        "Who is there already gets what is given and keeps the rest. Contract 5.1.",
        contact_fields.CONTACT_CREATE,
        _NOTHING,
    ),
    "delete": (
        "Delete contacts, or take them off a list",
        "Numbers that no contact has are passed over. Contract 5.2.",
        contact_fields.CONTACT_DELETE,
        _NOTHING,
    ),
    "create_list": (
        "Make an empty list",
        "Code 302 when there is one of this name. Contract 5.3.",
        contact_fields.LIST_NAMED,
        _NOTHING,
    ),
    "empty_list": (
        "Take all contacts off a list",
        "At once; with delete_contacts, those of a long list go within a while. Contract 5.4.",
        contact_fields.LIST_EMPTY,
        _NOTHING,
    ),
    "delete_list": (
        "Delete a list",
        "Its contacts stay, and its name is free at once. Contract 5.5.",
        contact_fields.LIST_NAMED,
        _NOTHING,
    ),
    "send": (
        "Send or schedule an SMS to 1 to 500 recipients",
        "The order is on disk when the answer comes. Contract 4.1.",
        fields.SMS_SEND,
        _SENT,
    ),
    "send_multi_channel": (
        "Send on the channel that the body names",
        "Served today: sms. Contract 4.16.",
        fields.MULTI_CHANNEL_SEND,
        _MULTI,
    ),
    "check_balance": (
        "The balance, in euros or in units of a product",
        "country_code and product_name need each other. Contract 5.7.",
        settings_fields.CHECK_BALANCE,
        _BALANCE,
    ),
    "get_user_parameters": ("Read the campaign parameters", "Contract 5.13.", None, _PARAMETERS),
    "get_parameters": ("Read the campaign parameters", "Contract 5.13.", None, _PARAMETERS),
    "edit_user_parameters": (
        "Change campaign parameters",
        _EDIT,
        settings_fields.CAMPAIGN_PARAMETERS,
        _PARAMETERS,
    ),
    "edit_parameters": (
        "Change campaign parameters",
        _EDIT,
        settings_fields.CAMPAIGN_PARAMETERS,
        _PARAMETERS,
    ),
}

_STATUS = {"delete": 204, "empty_list": 200, "delete_list": 204, **STATUS}
"""Where it is not 201 for POST and 200 for the rest."""

_CREDENTIALS: list[dict[str, object]] = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": f"The account's {what}; or HTTP Basic.",
        "schema": {"type": "string"},
    }
    for name, what in (("api-login", "login"), ("api-key", "key"))
]
_FAILURES = {
    400: "The request cannot be carried out",
    401: "Credentials are absent or wrong",
    408: "The body did not come whole in time",
    413: "The body is too large",
    429: "Too many wrong keys",
    503: "The store is unavailable; try again",
    504: "The store went away: it may have been done",
}


_OF_ONE = {404: "There is no such campaign", 409: "Its state does not allow that"}


def described(name: str, method: str, path: str, *, tag: str = "octopush") -> Described:
    """What a route says of itself."""
    summary, description, spec, properties = _ABOUT[name]
    status = _STATUS.get(name) or (201 if method == "POST" else 200)
    parameters: list[object] = [*_CREDENTIALS, *map(_in_path, re.findall(r"\{(\w+)\}", path))]
    extra: dict[str, object] = {"parameters": parameters}
    if spec is not None and method == "GET":
        parameters += query_parameters(spec)
    elif spec is not None:
        extra["requestBody"] = request_body(spec)
    return {
        "summary": summary,
        "description": description,
        "tags": [tag],
        "status_code": status,
        "responses": _responses(status, properties, _OF_ONE if "{" in path else {}),
        "openapi_extra": extra,
    }


def _in_path(name: str) -> dict[str, object]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _responses(
    status: int, properties: JsonObject, further: Mapping[int, str]
) -> dict[int | str, dict[str, object]]:
    done: dict[str, object] = {"description": "Done"}
    if properties:
        body: JsonObject = {
            "type": "object",
            "required": [name for name in properties if name not in _OPTIONAL],
            "properties": properties,
        }
        done["content"] = _json(body)
    return {
        status: done,
        **{
            code: {"description": why, "content": _json(_ERROR)}
            for code, why in {**_FAILURES, **further}.items()
        },
    }


def _json(schema: JsonObject) -> dict[str, object]:
    return {"application/json": {"schema": schema}}
