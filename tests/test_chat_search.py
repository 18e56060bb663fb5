"""SEARCH: results, and the users that may get them (`soju.im/search`)."""

from dataclasses import replace

import pytest

from storage_fakes import ListHistory
from support import Person, Town, commands, find
from trio_chat.chat.history import HistoryError
from trio_chat.chat.storage_ports import StoragePorts

CAPS = "batch message-tags server-time labeled-response echo-message soju.im/search"


@pytest.fixture
def history() -> ListHistory:
    """Return an empty history."""
    return ListHistory()


@pytest.fixture
def town(history: ListHistory) -> Town:
    """Return a world that remembers, with two people talking in two channels, a second for each
    message.
    """
    town = Town(storage=StoragePorts(history=history, most_messages=5))
    people = {"ann": town.person("ann", "#a", "#b"), "bob": town.person("bob", "#a", "#b")}
    for nick, channel, text in (
        ("ann", "#a", "hello everybody"),
        ("bob", "#a", "hello ann"),
        ("ann", "#b", "hello there"),
        ("bob", "#b", "the report"),
        ("bob", "#a", "bye"),
    ):
        town.clock.now += 1
        people[nick].say(f"PRIVMSG {channel} :{text}")
        for person in people.values():
            person.read()
    return town


@pytest.fixture
def eve(town: Town) -> Person:
    """Return somebody in both channels who can be answered with a batch."""
    return town.person("eve", "#a", "#b", caps=CAPS)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("text=hello", ["hello everybody", "hello ann", "hello there"]),
        ("text=HELLO;in=#A", ["hello everybody", "hello ann"]),
        ("text=hello\\sann", ["hello ann"]),
        ("text=hello ann", ["hello ann"]),
        ("from=Ann;in=#a", ["hello everybody"]),
        ("text=hello;limit=2", ["hello ann", "hello there"]),
        ("text=hello;limit=999", ["hello everybody", "hello ann", "hello there"]),
        ("text=nothing", []),
        ("limit=1", ["bye"]),
        ("text=hello;after=2027-01-15T08:00:02.000Z", ["hello ann", "hello there"]),
        ("text=hello;before=2027-01-15T08:00:02.000Z", ["hello everybody", "hello ann"]),
        ("text=hello;after=2027-01-15T08:00:01.000Z;limit=1", ["hello everybody"]),
        ("after=2027-01-15T08:00:04.000Z;before=2027-01-15T08:00:04.000Z", ["the report"]),
        ("before=2010-01-01T00:00:00.000Z;in=#a", []),
    ],
)
def test_what_is_found(eve: Person, attributes: str, expected: list[str]) -> None:
    """ "messages matching all the specified attributes", the newest of them unless `after` is
    given, in order.
    """
    start, *messages, end = eve.say(f"SEARCH {attributes}")
    assert [message.params[-1] for message in messages] == expected
    assert start.params[1:] == ("soju.im/search",)
    assert (
        {message.tags["batch"] for message in messages}
        <= {start.params[0][1:]}
        == {end.params[0][1:]}
    )


def test_messages_that_are_still_being_indexed(eve: Person, history: ListHistory) -> None:
    """A client that finds less than it asked for gets a note that there may be more; not when those
    messages are not meant.
    """
    history.searchable = history.said[2].id
    replies = eve.say("SEARCH text=hello")
    assert find(replies, "NOTE").params[:2] == ("SEARCH", "INDEXING")
    assert "2027-01-15T08:00:03" in find(replies, "NOTE").params[2]
    assert "NOTE" not in commands(eve.say("SEARCH text=hello;limit=1"))
    assert "NOTE" not in commands(eve.say("SEARCH text=hello;after=2027-01-15T08:00:04.000Z"))


def test_a_message_is_found_as_it_was_sent(town: Town, eve: Person) -> None:
    """ "the msgid tag that identifies each individual message in a response MUST be the msgid tag
    as originally sent".
    """
    sent = find(eve.say("@+reply=x NOTICE #b :a word"), "NOTICE")
    (found,) = eve.say("SEARCH text=word")[1:-1]
    assert replace(found, tags={**found.tags, "batch": ""}) == replace(
        sent, tags={**sent.tags, "batch": ""}
    )


def test_the_answer_has_the_label(eve: Person) -> None:
    """IRCv3 labeled-response: the batch, or the error, carries it."""
    start, *_ = eve.say("@label=x SEARCH text=hello")
    assert (start.tags["label"], start.params[1]) == ("x", "soju.im/search")
    assert find(eve.say("@label=y SEARCH limit=x"), "FAIL").tags["label"] == "y"


def test_who_has_no_batches_gets_the_messages_alone(town: Town) -> None:
    """ "limited functionality is available to clients without support for these CAPs"."""
    assert commands(town.person("old", "#a").say("SEARCH text=hello")) == ["PRIVMSG", "PRIVMSG"]


def test_only_in_own_channels(town: Town) -> None:
    """A search reveals nothing of other channels, nor of channels that the user left."""
    mallory = town.person("mallory", "#a", caps=CAPS)
    assert [m.params[-1] for m in mallory.say("SEARCH text=hello")[1:-1]] == [
        "hello everybody",
        "hello ann",
    ]
    there, nowhere = mallory.say("SEARCH text=hello;in=#b", "SEARCH text=hello;in=#nowhere")
    assert there.params == nowhere.params
    assert there.params[:3] == ("SEARCH", "INVALID_PARAMS", "in")
    mallory.say("PART #a")
    assert commands(mallory.say("SEARCH text=hello")) == ["BATCH", "BATCH"]


def test_what_was_said_behind_a_closed_door_is_not_found(town: Town) -> None:
    """By who founds a channel of the same name anew; by members it is."""
    ann = town.person("zoe", "#c", caps=CAPS)
    ann.say("PRIVMSG #c :secret open", "MODE #c +i", "PRIVMSG #c :secret closed")
    assert len(ann.say("SEARCH text=secret")) == 4
    ann.say("PART #c")
    (found,) = town.person("mallory", "#c", caps=CAPS).say("SEARCH text=secret")[1:-1]
    assert found.params == ("#c", "secret open")


def test_who_leaves_while_the_search_runs_gets_nothing(
    town: Town, eve: Person, history: ListHistory
) -> None:
    """What may be read is looked at when it is sent."""
    user = eve.session.user
    assert user is not None
    search = history.search

    async def slowly(*args: object) -> object:
        town.world.channels.leave(user, town.world.channels["#a"])
        return await search(*args)  # type: ignore[arg-type]

    history.search = slowly  # type: ignore[method-assign, assignment]
    assert [m.params[0] for m in eve.say("SEARCH text=hello")[1:-1]] == ["#b"]


@pytest.mark.parametrize(
    ("attributes", "wrong"),
    [
        ("text=x;limit=0", "limit"),
        ("text=x;limit=many", "limit"),
        ("text=x;limit=-1", "limit"),
        ("after=yesterday", "after"),
        ("before=2027-02-31T00:00:00.000Z", "before"),
        ("in=ann", "in"),
        ("form=ann;text=x", "form"),
    ],
)
def test_attributes_that_cannot_be_used(eve: Person, attributes: str, wrong: str) -> None:
    """ "If the selectors were invalid, the `INVALID_PARAMS` error code SHOULD be returned", with
    the one that is.
    """
    assert find(eve.say(f"SEARCH {attributes}"), "FAIL").params[:3] == (
        "SEARCH",
        "INVALID_PARAMS",
        wrong,
    )


def test_a_search_for_nothing(eve: Person) -> None:
    """Is a command without its parameter."""
    assert commands(eve.say("SEARCH")) == ["461"]


def test_a_history_that_cannot_be_searched(eve: Person, history: ListHistory) -> None:
    """ "If the search cannot be run due to an internal error, the `INTERNAL_ERROR` error code
    SHOULD be returned".
    """
    history.error = HistoryError("interrupt: interrupted")
    assert find(eve.say("SEARCH text=hello"), "FAIL").params[:2] == ("SEARCH", "INTERNAL_ERROR")


def test_without_a_memory_there_is_no_search() -> None:
    """The command is unknown."""
    assert commands(Town().person("bob").say("SEARCH text=x")) == ["421"]


def test_help_knows_it(eve: Person) -> None:
    """It comes from the registry."""
    assert any("text=<words>" in message.params[-1] for message in eve.say("HELP SEARCH"))
