"""The description of the HTTP API (OpenAPI 3.1): it is valid, complete, and true."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import trio_chat
from api_fakes import api
from trio_chat.chat.api_tokens import ADMIN, SCOPES, scopes_of_rights
from trio_chat.irc.rights import RIGHTS
from trio_chat.server.api.openapi import describe
from trio_chat.server.api.resources import Resource, ResourceTable

SOURCE = Path(trio_chat.__file__).parent
REFUSALS = sorted(
    [
        *SOURCE.glob("server/api/*.py"),
        *SOURCE.glob("maintenance/*.py"),
        *SOURCE.glob("chat/moderation/*.py"),
        *(SOURCE / f"{name}.py" for name in ("chat/bans", "chat/coverage")),
        *(SOURCE / f"{name}.py" for name in ("chat/hook_terms", "chat/relaying", "irc/masks")),
    ]
)
"""Modules whose clauses become the `detail` of a problem."""
TABLE = ResourceTable()
DESCRIPTION = describe(TABLE)
METHODS = {"get", "put", "post", "delete", "patch"}


def name_of(resource: Resource) -> str:
    """Return the name of a row."""
    return f"{resource.method} {resource.path}"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the path, the method and the description of each operation."""
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_row_is_described() -> None:
    """And nothing else is."""
    described = {f"{method.upper()} {path}" for path, method, _ in operations()}
    assert described == set(map(name_of, TABLE.all))
    assert len(TABLE.all) == len(described)


@pytest.mark.parametrize("right", RIGHTS)
def test_the_documentation_has_the_scopes_of_a_right(right: str) -> None:
    """As the table in the code has them."""
    scopes = ", ".join(f"`{scope}`" for scope in sorted(scopes_of_rights([right]))) or "none"
    page = Path(__file__).parent.parent / "docs" / "api.md"
    assert f"| `{right}` | {scopes} |" in page.read_text(encoding="utf-8")


def test_the_names_of_operations_are_unique() -> None:
    """Programs make functions of them."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)


def test_operations_have_the_form_of_openapi() -> None:
    """Each has its parameters, and an answer for errors (OpenAPI 3.1 §4.8.10)."""
    for path, method, operation in operations():
        assert method in METHODS
        assert operation["summary"][0].isupper()
        assert not operation["summary"].endswith(".")
        assert "default" in operation["responses"]
        places = {(each["name"], each["in"]) for each in operation["parameters"]}
        assert len(places) == len(operation["parameters"])
        words = {word[1:-1] for word in path.split("/") if word.startswith("{")}
        assert {name for name, place in places if place == "path"} == words


def test_every_schema_is_one() -> None:
    """By the meta-schema of JSON Schema; each reference leads to one."""
    schemas = DESCRIPTION["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for word in json.dumps(DESCRIPTION).split('"$ref": "')[1:]:
        reference = word.partition('"')[0]
        assert reference.removeprefix("#/components/schemas/") in schemas


@pytest.mark.parametrize("resource", TABLE.all, ids=name_of)
def test_every_resource_needs_a_scope(resource: Resource) -> None:
    """But for that which shows the caller itself; what changes something needs `write`."""
    if resource.path == "/caller":
        return
    assert resource.scope in SCOPES - {ADMIN}
    is_read = resource.method == "GET"
    assert resource.scope.endswith(":read") is is_read


@pytest.mark.parametrize(
    "resource",
    [row for row in TABLE.all if row.method == "GET" and not row.names and not row.is_stream],
    ids=name_of,
)
async def test_answers_are_as_described(resource: Resource) -> None:
    """Of a server with a user in a channel."""
    async with api() as town:
        await town.person("ann", "#a")
        answer = await town.ask("GET", resource.path)
        if answer.status == 404:  # without a database
            return
        operation = DESCRIPTION["paths"][resource.path]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": DESCRIPTION["components"]}
        jsonschema.Draft202012Validator(whole).validate(json.loads(answer.text))


def test_a_row_is_found_by_its_path() -> None:
    """A word comes before a parameter in its place."""
    for resource in TABLE.all:
        found, values = TABLE.find(resource.path.replace("{", "").replace("}", ""))
        assert found[resource.method] is resource
        assert set(values) == set(resource.names)


def beginnings(file: Path) -> Iterator[str]:
    """Yield how the texts in a module begin that are translated, raised or returned."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        values: list[Any] = []
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
            values = node.args
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            values = node.exc.args
        for value in values:
            if isinstance(value, ast.Constant):
                yield str(value.value)
            elif isinstance(value, ast.JoinedStr) and isinstance(
                value.values[0], ast.FormattedValue
            ):
                rest = value.values[1] if len(value.values) > 1 else None
                yield "{}" + (str(rest.value) if isinstance(rest, ast.Constant) else "")


@pytest.mark.parametrize("file", REFUSALS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_no_clause_begins_with_a_name(file: Path) -> None:
    """It becomes a sentence with a capital, and `Bob` may be another one than `bob`."""
    named = [text for text in beginnings(file) if text.startswith("{")]
    allowed = ("{file}", "{where}")  # `where` is a name in backticks
    assert [text for text in named if not text.startswith(allowed) and "}:" not in text[:12]] == []
