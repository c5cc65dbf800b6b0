"""The OpenAPI 3.1 description of a spec: every field with its default and what it means."""

from octavo.api.lenient.jsontext import JsonObject, JsonValue
from octavo.api.lenient.reader import Field, Spec

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def request_body(spec: Spec, example: JsonObject | None = None) -> JsonObject:
    """The `requestBody` of an operation: the same schema as JSON and as form fields."""
    media: JsonObject = {"schema": body_schema(spec)}
    if example is not None:
        media["example"] = example
    form: JsonObject = {"schema": body_schema(spec)}
    return {
        "required": any(one.required for one in spec.fields),
        "content": {JSON: media, FORM: form},
    }


def body_schema(spec: Spec) -> JsonObject:
    """The object schema of a spec, fields of a group inside that group's object."""
    top: JsonObject = {}
    groups: dict[str, JsonObject] = {}
    for one in spec.fields:
        place = groups.setdefault(one.group, {}) if one.group else top
        place[one.name] = _field_schema(one)
    for group, inner in groups.items():
        top[group] = {"type": "object", "properties": inner}
    schema: JsonObject = {"type": "object", "properties": top}
    required: list[JsonValue] = [one.name for one in spec.fields if one.required]
    if required:
        schema["required"] = required
    return schema


def query_parameters(spec: Spec) -> list[JsonObject]:
    """The `parameters` of an operation that is asked by query string."""
    return [
        {
            "name": one.name,
            "in": "query",
            "required": one.required,
            "description": one.doc,
            "schema": one.kind.schema() | _default(one),
        }
        for one in spec.fields
    ]


def _field_schema(one: Field[object]) -> JsonObject:
    schema: JsonObject = one.kind.schema() | {"description": one.doc} | _default(one)
    kind = schema.get("type")
    if not one.required and isinstance(kind, str):
        # Contract 2.4: null on an optional field says the same as leaving it out.
        schema["type"] = [kind, "null"]
        if isinstance(choices := schema.get("enum"), list):
            schema["enum"] = [*choices, None]
    return schema


def _default(one: Field[object]) -> JsonObject:
    default = one.default
    if not one.required and isinstance(default, bool | int | str):
        return {"default": default}
    return {}
