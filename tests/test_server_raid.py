"""Raid mode of the whole server."""

import pytest

from moderation_fakes import code, operator, remembering
from storage_fakes import OpenAccounts
from support import Person, Town, commands
from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.moderation import desk
from trio_chat.chat.moderation.server_rules import is_raided
from trio_chat.config import LimitSettings
from trio_chat.server.admission import Admission


@pytest.fixture
def town() -> Town:
    """Return a world with the account ann."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    return remembering(accounts)


@pytest.fixture
def old(town: Town) -> Person:
    """Return the operator of #a, a guest that has been here for an hour."""
    old = town.person("old", "#a")
    town.clock.now += 3600
    return old


@pytest.fixture
def root(town: Town, old: Person) -> Person:
    """Return an operator of the server."""
    return operator(town)


@pytest.fixture
def new(town: Town, root: Person) -> Person:
    """Return a guest that has come just before the raid, and is in #a."""
    return town.person("new", "#a", host="192.0.2.66")


def test_newcomers_are_silent(town: Town, root: Person, old: Person, new: Person) -> None:
    """They can neither join nor write, until it is over; others can."""
    root.say("RAID ON 1h")
    later = town.person("later", host="192.0.2.67")
    assert code(new, "PRIVMSG #a :hi") == "RAID_MODE"
    assert code(new, "PRIVMSG old :hi") == "RAID_MODE"
    assert code(new, "PRIVMSG root :help") == ""
    assert commands(later.say("JOIN #a")) == commands(later.say("JOIN #own")) == ["477"]
    assert code(old, "PRIVMSG #a :hi") == ""
    town.clock.now += 3600
    assert code(new, "PRIVMSG #a :hi") == ""
    assert "JOIN" in commands(later.say("JOIN #a"))


def test_an_account_is_proof(town: Town, root: Person, new: Person) -> None:
    """Of a newcomer that logs in."""
    root.say("RAID ON")
    new.say("NS IDENTIFY ann secret")
    assert code(new, "PRIVMSG #a :hi") == ""
    assert "JOIN" in commands(new.say("JOIN #b"))


def test_an_invitation_is_proof_for_its_channel(
    town: Town, root: Person, old: Person, new: Person
) -> None:
    """And for no other one."""
    root.say("RAID ON")
    later = town.person("later", host="192.0.2.67")
    old.say("INVITE later #a")
    assert "JOIN" in commands(later.say("JOIN #a"))
    assert code(later, "PRIVMSG #a :hi") == ""
    assert commands(later.say("JOIN #b")) == ["477"]


def test_newcomers_neither_knock_nor_invite(
    town: Town, root: Person, old: Person, new: Person
) -> None:
    """Operators of channels are not bothered."""
    old.say("JOIN #b", "MODE #b +i")
    new.say("JOIN #own")
    root.say("RAID ON")
    old.read()
    assert commands(new.say("KNOCK #b")) == ["480"]
    assert code(new, "INVITE old #own") == "RAID_MODE"
    assert old.read() == []


def test_no_accounts_are_registered(town: Town, root: Person, new: Person) -> None:
    """A raider would have one in a moment."""
    root.say("RAID ON")
    assert code(new, "REGISTER * * secret1") == "TEMPORARILY_UNAVAILABLE"
    root.say("RAID OFF")
    assert code(new, "REGISTER * * secret1") != "TEMPORARILY_UNAVAILABLE"


def test_operators_see_it(root: Person) -> None:
    """The command answers, and others with +s get a notice."""
    lines = [each.params[-1] for each in root.say("RAID ON 2h")]
    assert any("in raid mode for 2h (root)" in line for line in lines)
    assert root.say("RAID")[-1].params[1] == "*** Raid mode of the server is on for 2h (by root)."
    root.say("RAID OFF")
    assert root.say("RAID")[-1].params[1] == "*** Raid mode of the server is off."


@pytest.mark.parametrize("words", ["ON 25h", "ON 0", "ON soon", "MAYBE"])
def test_a_wrong_command_changes_nothing(town: Town, root: Person, words: str) -> None:
    """It is answered."""
    assert root.say(f"RAID {words}")
    assert not is_raided(town.world)


def test_a_raid_has_an_end(town: Town) -> None:
    """At most a day."""
    with pytest.raises(BadTerms, match="1d"):
        desk.begin_raid(town.world, 86_401, "root")


def test_an_address_connects_less_often(town: Town) -> None:
    """A quarter of what it may else."""

    class Owner:
        limits = LimitSettings(connections_per_minute=8)

    calm = Admission(Owner(), lambda: 0.0, is_raided=lambda: False)
    raided = Admission(Owner(), lambda: 0.0, is_raided=lambda: True)
    counts = [sum(not each.admit("192.0.2.1")[0] for _ in range(20)) for each in (calm, raided)]
    assert counts == [8, 2]
