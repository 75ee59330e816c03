"""Gives every object and choice of an OpenAPI document a name of its own.

Generators of clients make a class of each; one without a name gets one that tells
nothing. Names come from where a schema stands: `Boot` and `status` make `BootStatus`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

_METHODS = ("get", "put", "post", "delete")


def name_all(document: Json) -> None:
    """Moves what stands inline into the components."""
    schemas: Json = document["components"]["schemas"]
    names = _Names(schemas)
    for name in list(schemas):
        names.within(schemas[name], name.removesuffix("Put"))
    for path in document["paths"].values():
        for method in _METHODS:
            if method in path:
                _operation(path[method], names)


def _operation(operation: Json, names: _Names) -> None:
    name = operation["operationId"][0].upper() + operation["operationId"][1:]
    holders = [("Body", operation.get("requestBody", {}))]
    holders += [("Answer", each) for each in operation["responses"].values()]
    for suffix, holder in holders:
        for content in holder.get("content", {}).values():
            content["schema"] = names.of(content["schema"], f"{name}{suffix}")
    for parameter in operation.get("parameters", ()):
        field = parameter["name"][0].upper() + parameter["name"][1:]
        parameter["schema"] = names.of(parameter["schema"], f"{name}{field}")


def _or_null(schema: Json) -> Json:
    """What may be null, as a choice between that and the rest."""
    kind = schema.get("type")
    if not isinstance(kind, list):
        return schema
    outside: Json = {
        key: schema[key] for key in ("title", "description", "default") if key in schema
    }
    inside = {key: value for key, value in schema.items() if key not in outside}
    choices = [{**inside, "type": each} if each != "null" else {"type": "null"} for each in kind]
    return {**outside, "anyOf": choices}


class _Names:
    def __init__(self, schemas: Json) -> None:
        self._schemas = schemas

    def of(self, schema: Any, name: str) -> Any:
        """`schema`, or the reference to it where it got a name; what is in it is named too."""
        if not isinstance(schema, dict) or "$ref" in schema:
            return schema
        schema = _or_null(schema)
        self.within(schema, name)
        if schema.get("type") == "object" and not schema.get("properties"):
            if schema.get("additionalProperties", True) is True:
                name, schema = "JsonObject", {"type": "object", "additionalProperties": True}
        elif "properties" not in schema and "enum" not in schema:
            return schema
        return {"$ref": f"#/components/schemas/{self._keep(schema, name)}"}

    def within(self, schema: Json, name: str) -> None:
        """Names what stands in `schema`, which is called `name`."""
        for field, inner in schema.get("properties", {}).items():
            schema["properties"][field] = self.of(inner, f"{name}{field[0].upper()}{field[1:]}")
        for word in ("items", "additionalProperties"):
            if word in schema:
                schema[word] = self.of(schema[word], f"{name}Item")
        for word in ("anyOf", "oneOf"):
            if word in schema:
                schema[word] = [self.of(each, name) for each in schema[word]]

    def _keep(self, schema: Json, name: str) -> str:
        bare = {key: value for key, value in schema.items() if key not in {"title", "default"}}
        number, given = 1, name
        while self._schemas.setdefault(given, bare) != bare:
            number += 1
            given = f"{name}{number}"
        return given
