"""Event playback: events and reactions in the history (IRCv3 draft/event-playback)."""

from dataclasses import replace

import pytest

from storage_fakes import ListHistory
from support import Person, Town, commands, find, offered
from trio_chat.chat.events import Event
from trio_chat.chat.history import HistoryError
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

CAPS = "batch message-tags server-time draft/chathistory echo-message"
ALL = f"{CAPS} draft/event-playback"


@pytest.fixture
def history() -> ListHistory:
    """Return an empty history."""
    return ListHistory()


@pytest.fixture
def town(history: ListHistory) -> Town:
    """Return a world that remembers."""
    return Town(storage=StoragePorts(history=history, most_messages=50, playback=3))


def latest(person: Person, channel: str = "#a", limit: int = 50) -> list[Message]:
    """Return what CHATHISTORY gives, without its batch."""
    person.read()
    return person.say(f"CHATHISTORY LATEST {channel} * {limit}")[1:-1]


def test_what_happened_is_replayed(town: Town) -> None:
    """ "the server SHOULD send additional lines relevant to the chat history", with all their
    parameters.
    """
    ann = town.person("ann", "#a", caps=ALL)
    bob = town.person("bob", "#a", caps=ALL)
    ann.say("TOPIC #a :hello world", "TOPIC #a :", "MODE #a +ov bob bob", "PRIVMSG #a :hi")
    bob.say("NICK rob", "PART #a :off to lunch", "JOIN #a", "PART #a", "JOIN #a")
    ann.say("KICK #a rob :enough")
    bob.say("JOIN #a", "QUIT :bye")
    assert [(m.command, *m.params) for m in latest(ann)] == [
        ("JOIN", "#a"),  # of bob: when ann came, nobody was there to see it
        ("TOPIC", "#a", "hello world"),
        ("TOPIC", "#a", ""),
        ("MODE", "#a", "+ov", "bob", "bob"),
        ("PRIVMSG", "#a", "hi"),
        ("NICK", "rob"),
        ("PART", "#a", "off to lunch"),
        ("JOIN", "#a"),
        ("PART", "#a"),
        ("JOIN", "#a"),
        ("KICK", "#a", "rob", "enough"),
        ("JOIN", "#a"),
        ("QUIT", "Quit: bye"),
    ]


@pytest.mark.parametrize(
    "line",
    ["JOIN #b", "PART #a :x", "TOPIC #a :x", "MODE #a +m", "NICK bobby", "KICK #a ann", "QUIT"],
)
def test_an_event_is_replayed_as_it_was_sent(town: Town, line: str) -> None:
    """ "The `msgid` tag […] MUST be the `msgid` tag as originally sent by the IRC server"; so the
    source and the time.
    """
    bob = town.person("bob", "#a", caps=ALL)
    ann = town.person("ann", "#a", "#b", caps=ALL)
    bob.say(line)
    (seen,) = ann.read()
    assert "msgid" in seen.tags
    if line.startswith("KICK"):
        ann.say("JOIN #a")
    (again,) = [
        m
        for m in latest(ann, "#b" if line == "JOIN #b" else "#a")
        if m.tags["msgid"] == seen.tags["msgid"]
    ]
    assert replace(again, tags={**again.tags, "batch": ""}) == replace(
        seen, tags={**seen.tags, "batch": ""}
    )


def test_joining_is_replayed_as_extended_join(town: Town) -> None:
    """To those who get it so when it is new."""
    town.person("ann", "#a")
    assert latest(town.person("bob", "#a", caps=f"{ALL} extended-join"))[0].params == (
        "#a",
        "*",
        "bob the tester",
    )
    assert latest(town.person("eve", "#a", caps=ALL))[0].params == ("#a",)


def test_others_get_messages_only(town: Town) -> None:
    """ "the server MUST NOT send any lines other than `PRIVMSG` and `NOTICE`", and they are what
    the limit counts.
    """
    ann = town.person("ann", "#a", caps=ALL)
    town.person("joe", "#a")
    for number in range(3):
        ann.say(f"PRIVMSG #a :{number}", f"TOPIC #a :{number}", "@+draft/react=x TAGMSG #a")
    bob = town.person("bob", "#a", caps=CAPS)
    assert [(m.command, m.params[-1]) for m in latest(bob, limit=2)] == [
        ("PRIVMSG", "1"),
        ("PRIVMSG", "2"),
    ]
    assert commands(latest(ann, limit=4)) == ["PRIVMSG", "TOPIC", "TAGMSG", "JOIN"]


def test_who_joins_is_shown_messages_only(town: Town) -> None:
    """The automatic playback is for clients that have asked for nothing."""
    ann = town.person("ann", "#a")
    ann.say("PRIVMSG #a :1", "TOPIC #a :x", "TOPIC #a :y", "TOPIC #a :z")
    said = town.person("bob", caps="server-time draft/event-playback").say("JOIN #a")
    assert [m.params[-1] for m in said if m.command in ("PRIVMSG", "TOPIC")] == ["1"]


def test_who_quits_is_seen_to_in_every_channel(town: Town) -> None:
    """So with a new nickname."""
    ann = town.person("ann", "#a", "#b", caps=ALL)
    bob = town.person("bob", "#a", "#b")
    bob.say("NICK rob", "QUIT")
    for channel in ("#a", "#b"):
        assert commands(latest(ann, channel))[-2:] == ["NICK", "QUIT"]
    assert latest(ann, "#a")[-1].tags["msgid"] == latest(ann, "#b")[-1].tags["msgid"]


def test_what_happened_behind_a_closed_door_stays_there(town: Town, history: ListHistory) -> None:
    """A user that creates the channel anew sees neither its former members nor its key."""
    ann = town.person("ann", "#a", caps=ALL)
    ann.say("MODE #a +k secret", "TOPIC #a :plans")
    town.person("bob").say("JOIN #a secret")
    ann.say("KICK #a bob", "QUIT")
    assert [record.command for record in history.records] == ["MODE", "TOPIC", "JOIN", "KICK"]
    assert not latest(town.person("eve", "#a", caps=ALL))


def test_a_reference_to_an_event(town: Town) -> None:
    """An event's msgid is a place in the history like any other, also for those who are shown no
    events.
    """
    ann = town.person("ann", "#a", caps=ALL)
    ann.say("PRIVMSG #a :before")
    topic = find(ann.say("TOPIC #a :x"), "TOPIC").tags["msgid"]
    ann.say("PRIVMSG #a :after")
    bob = town.person("bob", "#a", caps=CAPS)
    assert bob.say(f"CHATHISTORY AFTER #a msgid={topic} 5")[1].params[-1] == "after"
    assert bob.say(f"CHATHISTORY BEFORE #a msgid={topic} 5")[1].params[-1] == "before"


# Messages of tags alone.


@pytest.mark.parametrize(
    ("tags", "is_kept"),
    [
        ("+draft/react=👋;+draft/reply=x", True),
        ("+draft/unreact=👋;+reply=x", True),
        ("+react=lol", True),
        ("+draft/persist;+example.org/vote=1", True),
        ("+typing=active", False),
        ("+typing=active;+reply=x", False),
        ("+example.org/cursor=1", False),
    ],
)
def test_which_tags_are_kept(town: Town, tags: str, is_kept: bool) -> None:
    """Reactions, and what refers to a message; not that somebody is typing, nor what nobody has
    said is worth keeping.
    """
    ann = town.person("ann", "#a", caps=ALL)
    echo = find(ann.say(f"@{tags} TAGMSG #a"), "TAGMSG")
    replayed = [m for m in latest(ann) if m.command == "TAGMSG"]
    assert [(m.params, m.tags["msgid"]) for m in replayed] == (
        [(("#a",), echo.tags["msgid"])] if is_kept else []
    )
    for message in replayed:
        assert {key: value for key, value in message.tags.items() if key[0] == "+"} == {
            key: value for key, value in echo.tags.items() if key[0] == "+"
        }


def test_tags_are_for_those_who_get_them_when_they_are_new(town: Town) -> None:
    """Without message-tags there is no TAGMSG, in the history neither."""
    ann = town.person("ann", "#a", caps=ALL)
    ann.say("@+draft/react=x TAGMSG #a", "PRIVMSG #a :x")
    bob = town.person("bob", "#a", caps="batch draft/chathistory draft/event-playback")
    assert commands(latest(bob)) == ["PRIVMSG", "JOIN"]


def test_what_goes_to_the_operators_or_one_person_is_not_kept(
    town: Town, history: ListHistory
) -> None:
    """Tags like texts."""
    ann = town.person("ann", "#a", caps=ALL)
    ann.say("@+draft/react=x TAGMSG @#a", "@+draft/react=x TAGMSG ann")
    assert not history.records


# When the history cannot be written, and when there is none.


def test_what_happens_happens_anyhow(town: Town, history: ListHistory) -> None:
    """A QUIT takes effect though it cannot be stored; a message is refused."""
    ann = town.person("ann", "#a", caps=ALL)
    bob = town.person("bob", "#a", caps=ALL)
    history.error = HistoryError("full: database or disk is full")
    assert commands(bob.say("@+draft/react=x TAGMSG #a")) == ["FAIL"]
    assert commands(bob.say("PRIVMSG #a :x")) == ["FAIL"]
    assert commands(bob.say("TOPIC #a :x", "NICK rob", "PART #a")) == ["482", "NICK", "PART"]
    assert commands(ann.read()) == ["NICK", "PART"]


@pytest.mark.parametrize(
    ("command", "requires_persistence"),
    [("PRIVMSG", True), ("TAGMSG", True), ("JOIN", False), ("QUIT", False)],
)
def test_what_requires_persistence(town: Town, command: str, requires_persistence: bool) -> None:
    """What was said; and only where it is remembered at all."""
    event = Event(1, command, ("#a", "x"), "ann!a@h", ())
    ann = town.person("ann", "#a")
    assert ann.session.user is not None
    (channel,) = ann.session.user.channels
    assert (
        event.replace(history_targets=channel.history_targets).requires_persistence
        is requires_persistence
    )
    assert not event.requires_persistence


def test_without_a_memory_nothing_is_offered() -> None:
    """Without storage there are neither event playback nor search, and events are delivered."""
    ann = Town().person("ann", "#a", caps="message-tags")
    assert not {"draft/event-playback", "soju.im/search"} & {*offered(ann)}
    assert "msgid" in find(ann.say("TOPIC #a :x"), "TOPIC").tags


def test_with_a_memory_it_says_so(town: Town) -> None:
    """draft/event-playback and soju.im/search in CAP LS."""
    assert {"draft/event-playback", "soju.im/search"} <= {*offered(town.person("ann"))}
