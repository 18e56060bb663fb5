"""Hints of a server on Windows about its firewall and about handing on the program."""

import sys
from ipaddress import ip_address

import pytest

from trio_chat.server.windows_hints import windows_hints

EVERYWHERE = [ip_address("0.0.0.0")]


def test_the_firewall_is_explained_with_the_program_that_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows refuses silently when nobody with the rights of an administrator has allowed it."""
    monkeypatch.setattr(sys, "_base_executable", r"C:\Чат\trio-chat.exe", raising=False)
    text = "\n".join(windows_hints(EVERYWHERE))
    assert "allow private networks" in text
    assert r'program="C:\Чат\trio-chat.exe"' in text
    assert "Run anyway" not in text


def test_a_program_that_is_handed_on_explains_smartscreen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a file of its own is handed on."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "Run anyway" in windows_hints(EVERYWHERE)[-1]


def test_a_server_of_this_machine_needs_no_hint() -> None:
    """The firewall does not look at loopback addresses."""
    assert windows_hints([ip_address("127.0.0.1"), ip_address("::1")]) == []
