"""The commands of `trio-chat` and the resources of the HTTP API, as docs/api.md relates them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trio_chat.cli.commands import CommandGroup
from trio_chat.cli.program import COMMANDS
from trio_chat.server.api.resources import ResourceTable

PAGE = (Path(__file__).parent.parent / "docs" / "api.md").read_text("utf-8")
REQUEST = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)(?:\?[^`]*)?`")
RESOURCES = {f"{each.method} {each.path}" for each in ResourceTable().all}
ROWS = dict(re.findall(r"^\| `([a-z0-9 -]+)` \| (.+) \|$", PAGE, re.MULTILINE))


def commands() -> Iterator[str]:
    """Yield the names of all commands, each with that of its group."""
    for each in COMMANDS:
        if isinstance(each, CommandGroup):
            yield from (f"{each.name} {inner.name}" for inner in each.commands)
        else:
            yield each.name


@pytest.mark.parametrize("command", sorted(commands()))
def test_a_command_has_a_resource_or_a_reason(command: str) -> None:
    """And the resource exists."""
    row = ROWS[command]
    named = REQUEST.findall(row)
    assert named or re.match(r"none(:|, as for) ", row)
    assert set(named) <= RESOURCES


@pytest.mark.parametrize("resource", sorted(RESOURCES))
def test_a_resource_is_documented(resource: str) -> None:
    """With its scope, in a table."""
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert any(resource in REQUEST.findall(line) for line in rows)


def test_only_resources_are_documented() -> None:
    """A request that the page names can be sent."""
    assert set(REQUEST.findall(PAGE)) - RESOURCES == set()
