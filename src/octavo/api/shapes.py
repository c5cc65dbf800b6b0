"""The JSON schemas that descriptions of operations are made of."""

from typing import TypeAlias

from octavo.api.lenient.jsontext import JsonObject
from octavo.api.lenient.reader import Spec

About: TypeAlias = tuple[str, str, Spec | None, JsonObject]
"""Summary and description of an operation, the fields that it reads, those that it answers with."""

NUMBER: JsonObject = {"type": "number"}
COUNT: JsonObject = {"type": "integer", "minimum": 0}
WORD: JsonObject = {"type": "string"}
TIME: JsonObject = {"type": "string", "format": "date-time"}
NO_TIME: JsonObject = {"type": ["string", "null"], "format": "date-time"}


def record(**properties: JsonObject) -> JsonObject:
    """An object with all of these."""
    return {"type": "object", "required": list(properties), "properties": {**properties}}
