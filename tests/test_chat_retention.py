"""Retention of a channel's history: the settings that decide, what is still shown, what is
deleted.
"""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands
from trio_chat.chat import retention
from trio_chat.chat.channel_registration import parse_history
from trio_chat.chat.history import LAST_ID
from trio_chat.chat.ids import first_id
from trio_chat.chat.storage_ports import StoragePorts

DAY = 86_400.0
CAPS = (
    "message-tags batch draft/chathistory soju.im/search server-time draft/message-redaction"
    " draft/event-playback"
)


def town_that(keep_days: int = 0, *, may_be_longer: bool = False) -> Town:
    """Return a world with such rules, where Ann has an account."""
    accounts = OpenAccounts()
    accounts.add("ann", "secret")
    return Town(
        storage=StoragePorts(
            history=ListHistory(),
            playback=5,
            accounts=accounts,
            keep_days=keep_days,
            may_be_longer=may_be_longer,
        )
    )


def owner(town: Town, wish: str) -> Person:
    """Return Ann, the owner of #a, with a setting for its history."""
    ann = town.newcomer()
    ann.say(
        "NICK annie",
        "USER ann 0 * :x",
        "NICKSERV IDENTIFY ann secret",
        f"CAP REQ :{CAPS}",
        "JOIN #a",
    )
    ann.say("CAP END", "CHANSERV REGISTER #a")
    assert wish == "" or "remembered" in ann.say(f"CHANSERV SET #a HISTORY {wish}")[-1].params[1]
    return ann


def texts(person: Person, line: str) -> list[str]:
    """Return what an answer shows of what was said."""
    return [message.params[1] for message in person.say(line) if message.command == "PRIVMSG"]


def rules(town: Town) -> list[retention.Rule]:
    """Return what is to be deleted now."""
    assert town.world.storage
    return retention.rules(town.world, town.world.storage)


@pytest.mark.parametrize(
    "question",
    ["CHATHISTORY LATEST #a * 9", "SEARCH in=#a", "SEARCH in=#a;after=2026-01-01T00:00:00.000Z"],
)
def test_what_has_expired_is_not_shown(question: str) -> None:
    """Although it may still be waiting to be deleted; the limit counts what is shown."""
    town = town_that()
    ann = owner(town, "2")
    ann.say("PRIVMSG #a :old")
    town.clock.now += 2 * DAY + 1
    ann.say("PRIVMSG #a :new")
    assert texts(ann, question) == ["new"]
    assert texts(ann, question.replace("9", "1").replace("in=#a", "in=#a;limit=1")) == ["new"]
    assert [line for line in texts(town.person("bob"), "JOIN #a") if "old" in line] == []


def test_nor_can_it_be_taken_back() -> None:
    """UNKNOWN_MSGID, "or it is too old"."""
    town = town_that(keep_days=1)
    ann = owner(town, "")
    ann.say("CAP REQ :echo-message")
    said = ann.say("PRIVMSG #a :old")[0].tags["msgid"]
    town.clock.now += 2 * DAY
    assert ann.say(f"REDACT #a {said}")[0].params[1] == "UNKNOWN_MSGID"


def test_a_channel_of_which_nothing_is_remembered() -> None:
    """It is delivered all the same, and what was remembered before is not shown."""
    town = town_that()
    ann = owner(town, "")
    ann.say("PRIVMSG #a :before")
    before = len(town.history.records)
    ann.say("CHANSERV SET #a HISTORY off")
    bob = town.person("bob", "#a")
    ann.say("PRIVMSG #a :hello")
    assert commands(bob.read()) == ["PRIVMSG"]
    assert texts(ann, "CHATHISTORY LATEST #a * 9") == []
    assert len(town.history.records) == before
    assert rules(town) == [retention.Rule(LAST_ID, only="#a")]


def test_never_beyond_what_the_operator_allows() -> None:
    """Unless the operator allows just that."""
    for may_be_longer, expected in ((False, 10), (True, 30)):
        town = town_that(10, may_be_longer=may_be_longer)
        owner(town, "30")
        own = first_id(town.clock.now - expected * DAY)
        assert rules(town) == [
            retention.Rule(first_id(town.clock.now - 10 * DAY), without=("#a",)),
            retention.Rule(own, only="#a"),
        ]


def test_the_operators_rule_again() -> None:
    """`default` removes the owner's setting."""
    town = town_that(10)
    ann = owner(town, "3")
    ann.say("CHANSERV SET #a HISTORY default")
    assert rules(town) == [retention.Rule(first_id(town.clock.now - 10 * DAY))]
    assert town_that().world.storage is not None
    assert rules(town_that()) == []


@pytest.mark.parametrize("wish", ["0", "36501", "soon", "-1", "١"])
def test_wishes_that_are_none(wish: str) -> None:
    """The usage is shown, and nothing changes."""
    assert parse_history(wish) is None
    town = town_that()
    ann = owner(town, "3")
    assert "Usage" in ann.say(f"CHANSERV SET #a HISTORY {wish}")[0].params[1]
    registration = town.world.channels["#a"].registration
    assert registration is not None
    assert registration.history == 3


def test_only_the_owner() -> None:
    """An operator who does not own the channel decides nothing that lasts."""
    town = town_that()
    owner(town, "3")
    bob = town.person("bob", "#a")
    assert "belongs to ann" in bob.say("CHANSERV SET #a HISTORY off")[0].params[1]
