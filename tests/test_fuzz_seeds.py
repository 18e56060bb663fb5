"""The fuzz targets with their seeds, among them every input that found a fault."""

import sys
from pathlib import Path
from typing import Any

import pytest

from trio_chat.chat import channel_table
from trio_chat.chat.commands import metadata_sync
from trio_chat.installation import is_compiled
from trio_chat.irc import message
from trio_chat.server.app import Server
from trio_chat.server.uploads.media import png

FUZZ = Path(__file__).parent / "fuzz"
sys.path.insert(0, str(FUZZ))

import targets  # noqa: E402  # it is not a test module, and not on the path of the others

SEEDS = [(path.parent.name, path) for path in sorted(FUZZ.glob("seeds/*/*"))]


def broken_rule(name: str, data: bytes) -> str:
    """Return what a target finds wrong with some bytes, or ""."""
    try:
        targets.TARGETS[name](data)
    except Exception as error:  # what is found may be anything
        return repr(error)
    return ""


def all_seeds(name: str) -> list[bytes]:
    """Return the seeds of a target."""
    return [path.read_bytes() for target, path in SEEDS if target == name]


@pytest.mark.parametrize(
    ("name", "path"), SEEDS, ids=[f"{name}/{path.name}" for name, path in SEEDS]
)
def test_a_seed(name: str, path: Path) -> None:
    """No rule is broken by it."""
    assert broken_rule(name, path.read_bytes()) == ""


def test_every_target_has_seeds() -> None:
    """A fuzzer that starts from nothing takes long to find the language."""
    assert {name for name, _ in SEEDS} == set(targets.TARGETS)


@pytest.mark.parametrize(
    ("name", "where", "defect"),
    [
        ("lines", (message.Message, "line"), lambda self: "PING"),
        (
            "talk",
            (channel_table.ChannelTable, "leave"),
            lambda self, user, channel: channel.members.pop(user),
        ),
        pytest.param(
            "turns",
            (metadata_sync, "list"),
            iter,
            marks=pytest.mark.skipif(
                is_compiled(), reason="a compiled module looks for no other name of a builtin"
            ),
        ),
        ("stream", (Server, "is_busy"), lambda self: 1 / 0),
        ("media", (png, "keep"), lambda parts, start, end: parts.append((start, end + 1000))),
    ],
    ids=["lines", "talk", "turns", "stream", "media"],
)
def test_a_target_finds_a_defect(
    name: str, where: tuple[Any, str], defect: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each target looks at what it runs: with a rule broken on purpose, its seeds say so."""
    monkeypatch.setattr(*where, defect, raising=False)
    assert any(broken_rule(name, data) for data in all_seeds(name))
