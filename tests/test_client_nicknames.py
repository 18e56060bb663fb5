"""Nicknames of the client, and the file that keeps its state."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.link import nicknames
from trio_chat.client.link.state_file import StateFile


@pytest.mark.parametrize(
    ("name", "nick"),
    [
        ("alice", "alice"),
        ("Иван Петров", "ИванПетров"),
        ("DOM\\x y", "DOM\\xy"),
        ("", "guest"),
        ("42", "guest"),
    ],
)
def test_login_name_made_valid(name: str, nick: str) -> None:
    """What no server accepts is left out of a login name."""
    assert nicknames.made_valid(name) == nick


@given(st.text())
def test_made_valid_is_possible(name: str) -> None:
    """Any login name gives a valid nickname."""
    assert nicknames.is_possible(nicknames.made_valid(name))
    assert re.fullmatch(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]{0,8}", nicknames.plain(name))


def test_variants_are_no_longer_than_servers_allow() -> None:
    """RFC 2812 §1.2.1: nine characters are allowed everywhere; what is longer does not grow."""
    variants = list(nicknames.variants("alexander"))
    assert variants[0] == "alexande2"
    assert len(set(variants)) == 98
    assert {len(variant) for variant in variants} == {9}


async def test_state_is_remembered(tmp_path: Path) -> None:
    """What is saved is loaded, in any script."""
    file = StateFile(tmp_path / "deep" / "client.json")
    assert await file.load_nick() == ""
    await file.save_nick("Борис")
    assert await file.load_nick() == "Борис"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"nick": 5}', b"\xff"])
async def test_spoilt_state_is_no_state(tmp_path: Path, content: bytes) -> None:
    """A file that makes no sense is as good as none."""
    path = tmp_path / "client.json"
    path.write_bytes(content)
    assert await StateFile(path).load_nick() == ""


async def test_state_that_cannot_be_written(tmp_path: Path) -> None:
    """A directory that is a file troubles nobody."""
    (tmp_path / "file").write_text("")
    file = StateFile(tmp_path / "file" / "client.json")
    await file.save_nick("alice")
    assert await file.load_nick() == ""
