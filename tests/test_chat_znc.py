"""`*playback`, for clients that expect ZNC."""

import pytest

from always_on_fakes import answers, make
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find, offered, run_now
from trio_chat.chat.commands.playback import ASKED_FOR_SECONDS
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.history import HistoryError
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message


@pytest.fixture
def town() -> Town:
    """Return a world that remembers, with three messages of Bob's a second apart, and one to Ann
    between them.
    """
    town = make()
    town.clock.now -= 1
    bob = town.person("bob", "#a", "#b")
    town.clock.now += 1
    for text in ("one", "two", "three"):
        bob.say(f"PRIVMSG #a :{text}")
        town.clock.now += 1
    return town


def asker(town: Town, *joins: str, caps: str = "") -> Person:
    """Return Ann, with an account."""
    ann = town.person("ann", *joins, caps=caps)
    ann.say("NS IDENTIFY ann ann-password")
    return ann


def texts(messages: list[Message]) -> list[str]:
    """Return what was said."""
    return [
        message.params[-1].rpartition("] ")[2]
        for message in messages
        if message.command == "PRIVMSG"
    ]


def history_of(town: Town) -> ListHistory:
    """Return what the world remembers."""
    assert town.world.storage is not None
    assert isinstance(town.world.storage.history, ListHistory)
    return town.world.storage.history


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("", ["one", "two", "three"]),
        ("0", ["one", "two", "three"]),
        (f" {NOON:.3f}", ["two", "three"]),
        (f" {NOON + 1:.0f}", ["three"]),
        (f" {NOON + 0.999:.6f} {NOON + 2:.3f}", ["two"]),
        (" 999999999999", []),
        (f" 0 {NOON}", []),
    ],
)
def test_messages_between_two_moments(town: Town, times: str, expected: list[str]) -> None:
    """PLAY <target> [<from> [<to>]]: after the message that the client has last, before the other
    end.
    """
    ann = asker(town, "#a")
    assert texts(ann.say(f"PRIVMSG *playback :PLAY #a {times}")) == expected


def test_everything_is_what_the_user_may_read(town: Town) -> None:
    """`*`: private messages and the channels that the user is in."""
    town.person("eve", "#secret").say("PRIVMSG #secret :for nobody else")
    ann = asker(town, "#a")
    eve = town.person("eve2")
    eve.say("PRIVMSG ann :hello")
    ann.read()
    assert texts(ann.say("PRIVMSG *playback :play * 0")) == ["hello", "one", "two", "three"]
    assert texts(ann.say("PRIVMSG *playback :play eve2,#secret,nobody")) == ["hello"]
    assert texts(ann.say("PRIVMSG *playback :play #*")) == ["one", "two", "three"]


def test_what_is_said_until_it_is_read_comes_once(town: Town) -> None:
    """It is sent as it is said, and not shown again."""
    ann = asker(town, "#a", caps="batch server-time znc.in/playback")
    ann.read()
    output = handle_line(town.world, ann.session, b"ZNC *playback PLAY #a")
    bob = town.world.users["bob"].sessions[0].sink
    assert isinstance(bob, Person)
    bob.say("PRIVMSG #a :four")
    assert output.later is not None
    town.deliver(run_now(output.later()), ann)
    assert texts(ann.read()) == ["four", "one", "two", "three"]


def test_it_is_bounded(town: Town) -> None:
    """Each conversation is limited to the latest messages, as many as CHATHISTORY gives."""
    history = history_of(town)
    storage = StoragePorts(
        history=history, accounts=OpenAccounts(), most_messages=2, last_id=history.records[-1].id
    )
    bounded = Town(town.world.server_info, storage=storage)
    ann = bounded.person("ann", "#a")
    assert texts(ann.say("PRIVMSG *playback :PLAY #a 0")) == ["two", "three"]


def test_messages_come_with_their_time_and_in_a_batch(town: Town) -> None:
    """A client that negotiated ZNC's capability gets them as from ZNC."""
    ann = asker(town, "#a", caps="znc.in/playback batch server-time")
    messages = ann.say("ZNC *playback PLAY #a 0")
    assert messages[0].params[1:] == ("znc.in/playback", "#a")
    assert messages[1].tags["time"] == "2027-01-15T08:00:00.000Z"
    assert commands(messages) == ["BATCH", "PRIVMSG", "PRIVMSG", "PRIVMSG", "BATCH"]


def test_who_asks_before_joining_is_shown_it_on_joining(town: Town) -> None:
    """Some clients say first what they want, and then join; for a while that counts."""
    ann = asker(town, caps="znc.in/playback")
    ann.say(f"PRIVMSG *playback :PLAY * {NOON}")
    assert texts(ann.say("JOIN #a")) == ["two", "three"]
    ann.say("PART #a", "PRIVMSG *playback :PLAY #b")
    assert texts(ann.say("JOIN #a")) == []
    ann.say("PART #a", "PRIVMSG *playback :PLAY #a")
    town.clock.now += ASKED_FOR_SECONDS + 1
    assert texts(ann.say("JOIN #a")) == []


def test_conversations_are_listed(town: Town) -> None:
    """LIST: the name, and when the first and the last message was said."""
    ann = asker(town, "#a", "#b")
    assert texts(ann.say("PRIVMSG *playback :LIST")) == [f"#a {NOON:.3f} {NOON + 2:.3f}"]
    assert texts(ann.say("PRIVMSG *playback :LIST #b")) == []
    assert find(ann.say("PRIVMSG *playback :list #a"), "PRIVMSG").source == "*playback!znc@znc.in"


def test_nothing_is_cleared(town: Town) -> None:
    """The history belongs to all members: CLEAR deletes nothing and says so."""
    ann = asker(town, "#a")
    assert answers(ann.say("PRIVMSG *playback :CLEAR #a"))[0].startswith("Nothing is cleared")
    assert texts(ann.say("PRIVMSG *playback :PLAY #a")) == ["one", "two", "three"]


@pytest.mark.parametrize(
    "order",
    [
        "NONSENSE",
        "PLAY",
        "PLAY #a yesterday",
        "PLAY #a 1 2 3",
        "PLAY #a -1",
        "LIST a b",
        "CLEAR",
        " ",
    ],
)
def test_what_is_not_understood_is_explained(town: Town, order: str) -> None:
    """With the orders that there are."""
    assert answers(asker(town, "#a").say(f"PRIVMSG *playback :{order}"))[0].startswith(
        "PLAY <target>"
    )


def test_other_modules_are_not_there(town: Town) -> None:
    """ZNC has many more."""
    assert answers(asker(town).say("ZNC *status help")) == [
        "There is no module *status here, only *playback"
    ]


def test_a_server_that_remembers_nothing_says_so() -> None:
    """And does not offer the capability."""
    ann = Town().person("ann")
    assert answers(ann.say("PRIVMSG *playback :PLAY *")) == ["This server remembers nothing"]
    assert "znc.in/playback" not in offered(ann)


@pytest.mark.parametrize("order", ["PLAY *", "PLAY #a", "LIST"])
def test_a_history_that_cannot_be_read(town: Town, order: str) -> None:
    """The client is told, the operator is told why."""
    ann = asker(town, "#a")
    history_of(town).error = HistoryError("the disk is gone")
    assert answers(ann.say(f"PRIVMSG *playback :{order}")) == [
        "Messages could not be retrieved at the moment"
    ]
