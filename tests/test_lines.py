"""Messages as lines of JSON: nothing is lost, and no message is accepted that no server took."""

import io
import json
from typing import Any

import pytest
from hypothesis import given

from remembered import NOW, record, records
from trio_chat.chat.history import Record
from trio_chat.chat.ids import msgid, server_time
from trio_chat.storage import json_lines

HERE = json_lines.AccountNumbers("here", {1: "ann", 2: "борис"}, 3)
"""Accounts of this database: two, and one that was deleted and whose name is free."""


def line(**changes: Any) -> bytes:
    """Return a good line of an export with something changed; None leaves a key out."""
    fields = json.loads(json_lines.to_line(record(NOW, "#a"))) | changes
    return (
        json.dumps({key: value for key, value in fields.items() if value is not None}).encode()
        + b"\n"
    )


@given(records)
def test_a_line_gives_its_message_back(message: Record) -> None:
    """Every field, whatever is in it, on one line of UTF-8 that no reader splits and no terminal
    obeys.
    """
    written = json_lines.to_line(message, HERE)
    assert json_lines.from_line(written, HERE) == message
    assert written.decode().splitlines(keepends=True) == [written.decode()]
    assert not set(written.decode()[:-1]) & {chr(code) for code in (*range(32), *range(0x7F, 0xA0))}


@pytest.mark.parametrize(
    ("buffer", "shown", "elsewhere"),
    [
        ("#a", "#a", "#a"),
        ("1,2", "ann,борис", "~ann,~борис"),
        ("1,~eve", "ann,~eve", "~ann,~eve"),
        ("1,3", "ann,~deleted", "~ann,~deleted"),
    ],
)
def test_where_something_was_said(buffer: str, shown: str, elsewhere: str) -> None:
    """A channel, a conversation of two accounts, or one with a guest. In another database it is one
    of guests: nobody's.
    """
    written = json_lines.to_line(Record(buffer, NOW, "PRIVMSG", "a!b@c", "", "x"), HERE)
    assert json.loads(written)["channel"] == shown
    assert json_lines.from_line(written, HERE).buffer == buffer
    assert json_lines.from_line(written, HERE._replace(origin="another")).buffer == elsewhere


@pytest.mark.parametrize(
    ("number", "account", "origin", "expected"),
    [
        (1, "Ann", "here", 1),
        (1, "ann", "there", 0),  # a namesake, with the same number even
        (1, "борис", "here", 0),  # of a copy of this database that has gone its own way
        (3, "eve", "here", 3),  # an account that was deleted, and whose name is free
        (4, "eve", "here", 0),  # a number that an account may be given some day
        (0, "ann", "here", 0),
        (-1, "ann", "here", 0),
    ],
)
def test_whose_a_message_is(number: int, account: str, origin: str, expected: int) -> None:
    """Accounts in an export of another server, or in a file made by hand, are no accounts here."""
    written = line(account=account, origin=origin, account_id=number)
    assert json_lines.from_line(written, HERE).account_id == expected
    assert json_lines.from_line(written).account_id == 0


def test_a_line_says_what_a_message_is() -> None:
    """The format is a promise to other programs."""
    message = Record("#a", NOW, "NOTICE", "ann!a@h", "ann", "да", {"+reply": "x"}, is_private=True)
    assert json.loads(json_lines.to_line(message)) == {
        "channel": "#a",
        "msgid": msgid(NOW),
        "time": server_time(NOW),
        "command": "NOTICE",
        "source": "ann!a@h",
        "account": "ann",
        "text": "да",
        "tags": {"+reply": "x"},
        "private": True,
    }


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b"\xff\n", "not UTF-8"),
        (b"{\n", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"9" * 10_000, "not JSON"),
        (b"[]\n", "not an object"),
        (line(private=None), "needs the keys"),
        (line(privat=True), "needs the keys"),
        (line(private=1), "type of private"),
        (line(text=5), "type of text"),
        (line(tags=[]), "type of tags"),
        (line(tags={"+a": 1}), "type of tags"),
        (line(tags={"a": "x"}), "tags are not"),
        (line(tags={"+a b": "x"}), "tags are not"),
        (line(tags={"+a": "\0"}), "tags are not"),
        (line(tags={"+a": "x" * 5000}), "tags are not"),
        (line(tags={"+a": "\ud800"}), "tags are not"),
        (line(channel="a"), "channel"),
        (line(channel="#"), "channel"),
        (line(channel="ann,"), "channel"),
        (line(channel="ann,bob,eve"), "channel"),
        (line(channel="#a,#b"), "channel"),
        (line(channel="#a b"), "channel"),
        (line(channel="#" + "x" * 100), "channel"),
        (line(channel="#\u202e"), "channel"),
        (line(msgid="x"), "msgid is not"),
        (line(msgid="0" * 13), "msgid is not"),
        (line(msgid="7" + "z" * 12, time="2298-01-01T00:00:00.000Z"), "msgid is not"),
        (line(time=server_time(NOW + (1 << 20))), "time is neither"),
        (line(time="1969-12-31T23:59:59.999Z"), "time is neither"),
        (line(time="now"), "time is neither"),
        (line(command="KILL"), "command"),
        (line(command="PRIVMSG\r\nKILL"), "command"),
        (line(source="ann"), "source"),
        (line(source="ann!a@h\r\nKILL"), "source"),
        (line(source="ann ann!a@h"), "source"),
        (line(source="ann!a@" + "h" * 65), "source"),
        (line(account="two words"), "account"),
        (line(text=""), "text is empty"),
        (line(text="\n\n"), "text is empty"),
        (line(text="a\rb"), "text has a sign"),
        (line(text="\ra"), "text has a sign"),
        (line(text="a\0"), "text has a sign"),
        (line(text="a\n\r"), "text has a sign"),
        (line(text="\ud83d"), "half a character"),
        (line(text="я" * 300), "does not fit"),
        (line(text="short\n" + "я" * 300), "does not fit"),
        (line(text="x\n" * 10_000), "does not fit"),
    ],
)
def test_what_no_server_could_have_taken_is_no_message(bad: bytes, problem: str) -> None:
    """A file comes from anybody, and what is in the history is sent to clients as it is."""
    with pytest.raises(json_lines.LineError, match=problem):
        json_lines.from_line(bad)


def test_a_channel_is_folded_on_the_way_in() -> None:
    """There is one history of #a, however somebody writes it."""
    assert json_lines.from_line(line(channel="#A")).buffer == "#a"


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    """An overlong line is reported once, and the next line is read."""
    stream = io.BytesIO(b"x" * (3 * json_lines.LONGEST) + b"\n\n" + json_lines.to_line(record(NOW)))
    assert list(json_lines.read_lines(stream)) == [
        json_lines.InvalidLine(1, "too long"),
        record(NOW),
    ]


@pytest.mark.parametrize("nick", ["ann/discord", "1234/matrix", "*bilbo*", "=Scene="])
def test_who_spoke_as_somebody_else(nick: str) -> None:
    """What was passed on from another network, and role-play, can be exported and imported."""
    message = Record(
        "#a", NOW, "PRIVMSG", f"{nick}!b@c", "", "x", {"draft/relaymsg": "bot", "+reply": "1"}
    )
    assert json_lines.from_line(json_lines.to_line(message)) == message
