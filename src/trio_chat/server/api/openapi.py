"""The description of the API as OpenAPI 3.1, made from the table of resources."""

from dataclasses import fields
from typing import Any, get_type_hints

from trio_chat import __version__
from trio_chat.server.api import PATH, problems
from trio_chat.server.api.resources import Resource, ResourceTable
from trio_chat.server.api.schemas import object_schema, schema_of

_PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what to do next"},
        "field": {"type": "string", "description": "The field or parameter that is wrong"},
    },
    "required": ["type", "title", "status", "detail"],
}


def describe(table: ResourceTable) -> dict[str, Any]:
    """Return the description of all resources."""
    named: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, Any] = {}
    for resource in table.all:
        paths.setdefault(resource.path, {})[resource.method.lower()] = _operation(resource, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "trio-chat", "version": __version__, "summary": "The HTTP API of a chat"},
        "servers": [{"url": PATH.rstrip("/")}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(named.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(resource: Resource, named: dict[str, Any]) -> dict[str, Any]:
    needed = f"The token needs the scope `{resource.scope}`." if resource.scope else "Any token."
    operation: dict[str, Any] = {
        "operationId": f"{resource.method.lower()}{_camel(resource.path)}",
        "summary": resource.summary,
        "description": needed,
        "tags": [resource.tag],
        "parameters": [*map(_path_parameter, resource.names), *_query(resource, named)],
        "responses": {
            str(resource.status if resource.answer or resource.is_stream else 204): _answer(
                resource, named
            ),
            "default": _content(
                "An error", problems.TYPE, {"$ref": "#/components/schemas/Problem"}
            ),
        },
        "x-scope": resource.scope,
    }
    if resource.body is not None:
        content = {"application/json": {"schema": schema_of(resource.body, named)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(resource: Resource, named: dict[str, Any]) -> list[dict[str, Any]]:
    kind = resource.query
    if kind is None:
        return []
    hints, schema = get_type_hints(kind, include_extras=True), object_schema(kind, named)
    return [
        {
            "name": each.name,
            "in": "query",
            "required": each.name in schema.get("required", ()),
            "schema": schema_of(hints[each.name], named),
        }
        for each in fields(kind)
    ]


def _answer(resource: Resource, named: dict[str, Any]) -> dict[str, Any]:
    if resource.is_stream:
        return _content("A stream of events", "text/event-stream", {"type": "string"})
    if resource.answer is None:
        return {"description": "It is done"}
    schema = schema_of(resource.answer, named)
    if resource.is_list:
        schema = {
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": schema},
                "next": {"type": ["string", "null"], "description": "The cursor for `after`"},
            },
            "required": ["items", "next"],
        }
    return _content("It is done", "application/json", schema)


def _content(words: str, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {kind: {"schema": schema}}}


def _camel(path: str) -> str:
    words = path.replace("{", "by_").replace("}", "").replace("-", "_").replace(".", "_")
    return "".join(part.capitalize() for word in words.split("/") for part in word.split("_"))
