"""What tests of moderation have in common: worlds, operators of the server, and answers to read."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

CAPS = "message-tags echo-message batch draft/message-redaction"


def remembering(accounts: OpenAccounts | None = None) -> Town:
    """Return a world with a history, and with accounts."""
    accounts = accounts if accounts is not None else OpenAccounts()
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts, playback=0))


def operator(town: Town, caps: str = "") -> Person:
    """Return root, an operator of the server with +s, from an address of its own."""
    root = town.person("root", caps=caps, host="198.51.100.1")
    town.appoint(root.session.user, Operator(name="root", password="x"))
    root.say("MODE root +s")
    return root


@pytest.fixture
def town() -> Town:
    """Return a world that remembers."""
    return remembering()


@pytest.fixture
def ann(town: Town) -> Person:
    """Return the operator of #a."""
    return town.person("ann", "#a", caps=CAPS)


@pytest.fixture
def bob(town: Town, ann: Person) -> Person:
    """Return a member of #a without a rank."""
    return town.person("bob", "#a", caps=CAPS, host="192.0.2.2")


def sentences(messages: list[Message]) -> list[str]:
    """Return what ChanServ said."""
    return [each.params[1] for each in messages if each.nick == "ChanServ"]


def code(person: Person, line: str) -> str:
    """Return the code of the FAIL that a line leads to; "" if there is none."""
    fails = [each.params[1] for each in person.say(line) if each.command == "FAIL"]
    return fails[0] if fails else ""
