"""Chat history: the sessions that may read it, and the requests for it (IRCv3
draft/chathistory).
"""

from dataclasses import replace

import pytest

from storage_fakes import ListHistory
from support import Town, commands, find, offered, run_now
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.history import HistoryError
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message

CAPS = "batch message-tags server-time draft/chathistory labeled-response echo-message"


@pytest.fixture
def history() -> ListHistory:
    """Return an empty history."""
    return ListHistory()


@pytest.fixture
def town(history: ListHistory) -> Town:
    """Return a world that remembers."""
    return Town(storage=StoragePorts(history=history, most_messages=5, playback=3))


def texts(messages: list[Message]) -> list[str]:
    """Return what was said."""
    return [message.params[-1] for message in messages if message.command == "PRIVMSG"]


def talk(town: Town, count: int = 8) -> list[str]:
    """Have somebody say the numbers from 1, a second each; return their msgids."""
    ann = town.person("ann", "#a", caps="echo-message message-tags")
    msgids = []
    for number in range(1, count + 1):
        town.clock.now += 1
        msgids.append(find(ann.say(f"PRIVMSG #a :{number}"), "PRIVMSG").tags["msgid"])
    return msgids


def test_the_latest_messages_in_a_batch(town: Town) -> None:
    """A batch of type chathistory with the channel's name; each message with the msgid and time
    that it was sent with.
    """
    msgids = talk(town)
    bob = town.person("bob", "#a", caps=CAPS)
    start, *messages, end = bob.say("CHATHISTORY LATEST #A * 2")
    assert start.params[1:] == ("chathistory", "#a")
    assert [message.tags["msgid"] for message in messages] == msgids[-2:]
    assert messages[0].tags["time"] == "2027-01-15T08:00:07.000Z"
    assert (
        {message.tags["batch"] for message in messages}
        == {start.params[0][1:]}
        == {end.params[0][1:]}
    )
    assert messages[0].source == "ann!ann@192.0.2.1"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("LATEST #a * 3", "678"),
        ("LATEST #a {5} 3", "678"),
        ("LATEST #a {7} 3", "8"),
        ("BEFORE #a {4} 2", "23"),
        ("AFTER #a {4} 2", "56"),
        ("AROUND #a {4} 3", "345"),
        ("BETWEEN #a {2} {6} 9", "345"),
        ("BETWEEN #a {2} {7} 2", "34"),
        ("BETWEEN #a {7} {2} 2", "56"),
        ("BETWEEN #a {3} {4} 5", ""),
        ("LATEST #a * 999", "45678"),
        ("before #a timestamp=2027-01-15T08:00:04.000Z 2", "23"),
        ("AFTER #a timestamp=2027-01-15T08:00:04.000Z 2", "56"),
        ("AFTER #a timestamp=2027-01-15T08:00:03.999Z 2", "45"),
        ("AFTER #a timestamp=2030-01-01T00:00:00.000Z 5", ""),
    ],
)
def test_ranges(town: Town, line: str, expected: str) -> None:
    """Each subcommand: which messages, counted from which end, ends left out, never more than the
    server's limit.
    """
    msgids = talk(town)
    bob = town.person("bob", "#a", caps=CAPS)
    for number, msgid in enumerate(msgids, 1):
        line = line.replace(f"{{{number}}}", f"msgid={msgid}")
    assert "".join(texts(bob.say(f"CHATHISTORY {line}"))) == expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("NONSENSE #a * 5", "INVALID_PARAMS"),
        ("LATEST #a nonsense 5", "INVALID_PARAMS"),
        ("LATEST #a msgid=nonsense 5", "INVALID_PARAMS"),
        ("LATEST #a timestamp=2027-02-31T00:00:00.000Z 5", "INVALID_PARAMS"),
        ("LATEST #a * five", "INVALID_PARAMS"),
        ("LATEST #a * 0", "INVALID_PARAMS"),
        ("BEFORE #a * 5", "INVALID_PARAMS"),
        ("BETWEEN #a timestamp=2027-01-15T08:00:04.000Z 5", "INVALID_PARAMS"),
        ("LATEST #a *", "INVALID_PARAMS"),
        ("TARGETS", "INVALID_PARAMS"),
        ("", "INVALID_PARAMS"),
        ("LATEST #none * 5", "INVALID_TARGET"),
        ("LATEST #b * 5", "INVALID_TARGET"),
        ("LATEST ann * 5", "INVALID_TARGET"),
        ("TARGETS * * 5", "INVALID_PARAMS"),
        ("TARGETS timestamp=x timestamp=y 5", "INVALID_PARAMS"),
    ],
)
def test_questions_that_are_refused(town: Town, line: str, code: str) -> None:
    """A standard reply; nobody peeks into a channel that one is not in, whether it exists or
    not.
    """
    town.person("ann", "#b")
    bob = town.person("bob", "#a", caps=CAPS)
    assert find(bob.say(f"CHATHISTORY {line}"), "FAIL").params[:2] == ("CHATHISTORY", code)


def test_an_answer_with_a_label(town: Town) -> None:
    """IRCv3 labeled-response: "an existing type applicable to the entire response" carries the
    label itself.
    """
    talk(town)
    bob = town.person("bob", "#a", caps=CAPS)
    start, *_, end = bob.say("@label=x CHATHISTORY LATEST #a * 2")
    assert start.tags["label"] == "x"
    assert start.params[1] == "chathistory"
    assert commands([start, end]) == ["BATCH", "BATCH"]
    assert find(bob.say("@label=y CHATHISTORY LATEST #none * 2"), "FAIL").tags["label"] == "y"


def test_an_empty_answer_is_an_empty_batch(town: Town) -> None:
    """ "in order to avoid the client waiting for a reply"."""
    assert commands(town.person("bob", "#a", caps=CAPS).say("CHATHISTORY LATEST #a * 2")) == [
        "BATCH",
        "BATCH",
    ]


def test_targets(town: Town) -> None:
    """The own channels with their latest message, when that is in the range; in the order of
    time.
    """
    ann = town.person("ann", "#a", "#b", "#c", caps=CAPS)
    for channel in ("#b", "#a", "#c", "#b"):
        town.clock.now += 10
        ann.say(f"PRIVMSG {channel} :x")
    span = "timestamp=2027-01-15T08:00:00.000Z timestamp=2027-01-15T08:00:40.000Z"
    assert [
        m.params for m in ann.say(f"CHATHISTORY TARGETS {span} 5") if m.command == "CHATHISTORY"
    ] == [
        ("TARGETS", "#a", "2027-01-15T08:00:20.000Z"),
        ("TARGETS", "#c", "2027-01-15T08:00:30.000Z"),
    ]


@pytest.mark.parametrize(
    ("line", "is_end"),
    [
        ("LATEST #a * 3", True),
        ("LATEST #a * 2", False),
        ("LATEST #a {1} 2", True),
        ("LATEST #a {1} 1", False),
        ("BEFORE #a {3} 2", True),
        ("BEFORE #a {3} 1", False),
        ("BEFORE #a {1} 5", True),
        ("AFTER #a {1} 2", True),
        ("AFTER #a {1} 1", False),
        ("AFTER #a {3} 5", True),
        ("BETWEEN #a {1} {3} 1", True),
        ("BETWEEN #a {3} {1} 1", True),
        ("BETWEEN #a timestamp=2027-01-15T08:00:00.000Z {3} 1", False),
        ("AROUND #a {2} 4", True),
        ("AROUND #a {2} 2", False),
        ("TARGETS timestamp=2027-01-15T09:00:00.000Z timestamp=2027-01-15T07:00:00.000Z 2", True),
        ("TARGETS timestamp=2027-01-15T09:00:00.000Z timestamp=2027-01-15T07:00:00.000Z 1", False),
    ],
)
def test_the_last_page_says_so(town: Town, line: str, is_end: bool) -> None:
    """The tag `draft/chathistory-end` of the batch "indicates the end of pagination", also where
    the last page is full.
    """
    msgids = talk(town, 3)
    bob = town.person("bob", "#a", "#b", caps=CAPS)
    bob.say("PRIVMSG #b :x")
    references = ["", *(f"msgid={msgid}" for msgid in msgids)]
    start = find(bob.say(f"CHATHISTORY {line.format(*references)}")[:1], "BATCH")
    assert ("draft/chathistory-end" in start.tags) is is_end


def test_playback_is_no_page(town: Town) -> None:
    """Nothing was asked for; and without message-tags or draft/chathistory no client is sent such a
    tag.
    """
    talk(town, 3)
    (start, *_) = [
        message
        for message in town.person("bob", caps="batch message-tags").say("JOIN #a")
        if message.command == "BATCH"
    ]
    assert "draft/chathistory-end" not in start.tags
    assert town.person("eve", "#a", caps="batch server-time").say("CHATHISTORY LATEST #a * 5")[
        0
    ].tags.keys() == {"time"}


def test_who_joins_sees_the_last_messages(town: Town) -> None:
    """Without asking, for clients that do not ask; with their time, as a tag or in the text."""
    talk(town)
    timed = town.person("timed", caps="server-time").say("JOIN #a")
    assert texts(timed) == ["6", "7", "8"]
    assert timed[-1].tags["time"] == "2027-01-15T08:00:08.000Z"
    assert texts(town.person("plain").say("JOIN #a"))[0] == "[2027-01-15 08:00 UTC] 6"
    assert texts(town.person("asks", caps=CAPS).say("JOIN #a")) == []


def test_each_line_of_an_earlier_message_has_its_time(town: Town) -> None:
    """A bot without times would take the second line for a new command."""
    ann = town.person("ann", "#a", caps="batch message-tags draft/multiline")
    ann.say(
        "BATCH +1 draft/multiline #a",
        "@batch=1 PRIVMSG #a :tea",
        "@batch=1 PRIVMSG #a :",
        "@batch=1 PRIVMSG #a :!op eve",
        "@batch=1;draft/multiline-concat PRIVMSG #a :!op bob",
        "BATCH -1",
    )
    time = "[2027-01-15 08:00 UTC]"
    assert texts(town.person("plain").say("JOIN #a")) == [
        f"{time} tea",
        f"{time} !op eve",
        f"{time} !op bob",
    ]


@pytest.mark.parametrize("action", ["ACTION", "action"])
def test_what_somebody_did_is_shown_as_that(town: Town, action: str) -> None:
    """CTCP: a message is an ACTION when it begins with \\x01ACTION, so the time of a played-back
    one stands within it.
    """
    town.person("ann", "#a").say(f"PRIVMSG #a :\x01{action} waves\x01")
    assert texts(town.person("plain").say("JOIN #a")) == [
        "\x01ACTION [2027-01-15 08:00 UTC] waves\x01"
    ]
    assert texts(town.person("timed", caps="server-time").say("JOIN #a")) == [
        f"\x01{action} waves\x01"
    ]


def test_what_is_said_until_the_past_is_read_comes_once(town: Town) -> None:
    """The history is read a moment after the JOIN: what is said in between is sent as it is said,
    and is not shown again.
    """
    talk(town, 2)
    ann, bob = town.person("annie", "#a"), town.person("bob")
    output = handle_line(town.world, bob.session, b"JOIN #a")
    while output.more is not None:
        town.deliver(replace(output, later=None, more=None), bob)
        output = output.more()
    town.deliver(replace(output, later=None), bob)
    assert output.later is not None
    ann.say("PRIVMSG #a :in between")
    town.deliver(run_now(output.later()), bob)
    assert [text.split("] ")[-1] for text in texts(bob.read())] == ["in between", "1", "2"]


class Sure(ListHistory):
    """A history that knows whether a channel is new."""

    def is_new(self, channel: str, latest: int) -> bool:
        """Return whether nothing was committed of it, and all that was accepted is."""
        committed = [record.id for record in self.records]
        is_known = any(record.buffer == channel for record in self.records)
        return not is_known and max(committed, default=0) >= latest


def test_nothing_is_waited_for_in_a_new_channel() -> None:
    """No message can have been said in it: the answer to JOIN is whole at once."""
    town = Town(storage=StoragePorts(history=Sure()))
    talk(town)
    bob = town.person("bob")
    assert handle_line(town.world, bob.session, b"JOIN #b").later is None
    assert handle_line(town.world, bob.session, b"JOIN #a").later is not None


def test_what_is_still_to_be_stored_is_waited_for() -> None:
    """It may have been said in the channel before all its members left."""
    town = Town(storage=StoragePorts(history=Sure()))
    talk(town)
    ann, bob = town.person("annie", "#b"), town.person("bob")
    handle_line(town.world, ann.session, b"PRIVMSG #b :bye")  # neither delivered nor stored yet
    handle_line(town.world, ann.session, b"PART #b")
    assert handle_line(town.world, bob.session, b"JOIN #b").later is not None


def test_a_renamed_channel_is_not_new() -> None:
    """Its messages are stored under the new name a moment after the RENAME."""
    town = Town(storage=StoragePorts(history=Sure()))
    talk(town)
    ann, bob = town.person("annie", "#b", caps="draft/channel-rename"), town.person("bob")
    ann.say("PRIVMSG #b :hi")
    handle_line(town.world, ann.session, b"RENAME #b #c")
    assert handle_line(town.world, bob.session, b"JOIN #c").later is not None


def test_playback_can_be_switched_off(history: ListHistory) -> None:
    """A setting."""
    town = Town(storage=StoragePorts(history=history, playback=0))
    talk(town)
    assert texts(town.person("bob").say("JOIN #a")) == []


def test_what_was_said_behind_a_closed_door_stays_there(town: Town) -> None:
    """A user that creates the channel anew sees only what non-members could see before."""
    ann = town.person("ann", "#a", caps=CAPS)
    ann.say(
        "PRIVMSG #a :open",
        "MODE #a +k x",
        "PRIVMSG #a :closed",
        "MODE #a -k x",
        "PRIVMSG #a :open again",
    )
    assert texts(ann.say("CHATHISTORY LATEST #a * 5")) == ["open", "closed", "open again"]
    ann.say("PART #a")
    assert texts(town.person("eve", "#a", caps=CAPS).say("CHATHISTORY LATEST #a * 5")) == [
        "open",
        "open again",
    ]


@pytest.mark.parametrize("label", ["", "@label=x "])
def test_what_somebody_says_alone_is_remembered(
    town: Town, history: ListHistory, label: str
) -> None:
    """Whether it is labelled or not."""
    town.person("ann", "#a", caps=CAPS).say(f"{label}PRIVMSG #a :anybody here?")
    assert [record.text for record in history.said] == ["anybody here?"]


def test_what_is_not_remembered(town: Town, history: ListHistory) -> None:
    """Private messages, tags alone, what goes to the operators only, and questions to programs,
    which would answer again.
    """
    ann = town.person("ann", "#a", caps=CAPS)
    ann.say(
        "PRIVMSG ann :x",
        "@+typing=active TAGMSG #a",
        "PRIVMSG @#a :x",
        "NOTICE #a :kept",
        "PRIVMSG #a :\x01VERSION\x01",
    )
    assert [record.text for record in history.said] == ["kept"]


def test_without_a_memory_there_is_no_history() -> None:
    """Without storage there is no capability, token or command."""
    bob = Town().person("bob")
    assert "draft/chathistory" not in offered(bob)
    assert commands(bob.say("CHATHISTORY LATEST #a * 5")) == ["421"]
    assert not any(
        "CHATHISTORY" in token for message in bob.say("VERSION") for token in message.params
    )


def test_what_must_be_negotiated(town: Town) -> None:
    """ "To redact a message, a client MUST negotiate the [...] capability": the answer says which
    one is missing.
    """
    bob = town.person("bob", "#a")
    missing = find(bob.say("REDACT #a x"), "421")
    assert missing.params == (
        "bob",
        "REDACT",
        "Unknown command without the capability draft/message-redaction",
    )
    bob.say("CAP REQ :draft/message-redaction message-tags")
    assert not [message for message in bob.say("REDACT #a x") if message.command == "421"]


@pytest.mark.parametrize(
    "line",
    [
        "CHATHISTORY LATEST #a * 5",
        "SEARCH text=x",
        "MARKREAD #a",
        "METADATA * LIST",
        "SETNAME :Bob",
        "RENAME #a #b",
        "MONITOR L",
    ],
)
def test_what_need_not_be_negotiated(town: Town, line: str) -> None:
    """A request needs no capability where only unrequested data needs one by its specification."""
    bob = town.person("bob", "#a")
    assert not {"421", "FAIL"} & set(commands(bob.say(line)))


def test_with_a_memory_it_says_so(town: Town) -> None:
    """CHATHISTORY and MSGREFTYPES in ISUPPORT, draft/chathistory in CAP LS."""
    bob = town.person("bob")
    assert "draft/chathistory" in offered(bob)
    tokens = [token for message in bob.say("VERSION") for token in message.params]
    assert "CHATHISTORY=5" in tokens
    assert "MSGREFTYPES=msgid,timestamp" in tokens


def test_a_history_that_cannot_be_read(town: Town, history: ListHistory) -> None:
    """MESSAGE_ERROR to who asks; who joins is in all the same."""
    town.person("ann", "#a")
    bob = town.person("bob", caps=CAPS)
    history.error = HistoryError("ioerr: disk I/O error")
    assert commands(bob.say("JOIN #a")) == ["JOIN", "353", "366"]
    assert find(bob.say("CHATHISTORY LATEST #a * 5"), "FAIL").params[:2] == (
        "CHATHISTORY",
        "MESSAGE_ERROR",
    )
    assert commands(town.person("eve").say("JOIN #a")) == ["JOIN", "353", "366"]


def test_ids_go_on_after_a_restart(history: ListHistory) -> None:
    """This holds when the clock was set back in between."""
    last = (1 << 62) + 5
    town = Town(storage=StoragePorts(history=history, last_id=last))
    talk(town, 1)
    assert min(record.id for record in history.records) > last
