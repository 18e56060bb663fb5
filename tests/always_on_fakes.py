"""Clients with accounts, for the tests of always-on users and of what they missed."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message


def make(lengths: Lengths | None = None, **rules: object) -> Town:
    """Return a world in which Ann, Bob and Eve have accounts."""
    accounts = OpenAccounts()
    for name in ("ann", "bob", "eve"):
        accounts.add(name, f"{name}-password")
    identity = ServerInfo(account_rules=AccountRules(**{"reservation": "off", **rules}))  # type: ignore[arg-type]
    return Town(identity, lengths, StoragePorts(history=ListHistory(), accounts=accounts))


@pytest.fixture
def town() -> Town:
    """Return a world in which who wants to is always on."""
    return make()


def staying(town: Town, *joins: str, nick: str = "ann", account: str = "ann") -> Person:
    """Return somebody who is logged in and always on."""
    person = town.person(nick, *joins)
    person.say(f"NS IDENTIFY {account} {account}-password", "NS SET always-on on")
    return person


def back(
    town: Town, nick: str = "ann", account: str = "ann", caps: str = ""
) -> tuple[Person, list[Message]]:
    """Return a new session of an account, logged in by SASL, and what it is sent."""
    person = town.newcomer("198.51.100.7")
    blob = {"ann": "AGFubgBhbm4tcGFzc3dvcmQ=", "bob": "AGJvYgBib2ItcGFzc3dvcmQ="}[account]
    person.say(
        f"CAP REQ :sasl {caps}",
        "AUTHENTICATE PLAIN",
        f"AUTHENTICATE {blob}",
        f"NICK {nick}",
        "USER u 0 * :Ann at home",
    )
    return person, person.say("CAP END")


def answers(messages: list[Message]) -> list[str]:
    """Return what NickServ says."""
    return [message.params[1] for message in messages if message.command == "NOTICE"]
