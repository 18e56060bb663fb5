"""Numbers of the messages of a channel, by which a client can prove that it missed nothing
(`trio-chat/number`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge import Edge, End, edge
from storage_fakes import ListHistory
from support import Town, offered
from trio_chat.chat.history import HistoryError, Record, Span
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory

CAPS = "message-tags batch labeled-response echo-message draft/chathistory trio-chat/number"
TAG = "trio-chat/number"


def record(number: int, buffer: str = "#a", command: str = "PRIVMSG") -> Record:
    """Return a message."""
    return Record(buffer, number, command, "ann!a@h", "", "text")


async def numbers(history: SqliteHistory, buffer: str = "#a") -> dict[int, int]:
    """Return the numbers of a channel, by the ids."""
    return await history.numbers_of(buffer, 0, 1000)


async def test_each_message_of_a_channel_has_one_more() -> None:
    """Each channel has its own numbers; events and private messages have none."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(1), record(2, "#b"), record(3, command="JOIN"), record(4)])
        assert history.numbers == {1: 1, 2: 1, 4: 2}
        await history.commit([record(5, "ann,bob"), record(6, command="NOTICE")])
        assert history.numbers == {6: 3}
        assert await numbers(history) == {1: 1, 4: 2, 6: 3}
        assert await numbers(history, "ann,bob") == await numbers(history, "#none") == {}


async def test_a_failed_commit_burns_none() -> None:
    """The next commit gives the numbers that it would have given."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(1)])
        with pytest.raises(HistoryError):
            await history.commit([record(2), record(3, "#new"), record(1)])
        assert history.numbers == {}
        await history.commit([record(4), record(5, "#new")])
        assert history.numbers == {4: 2, 5: 1}


async def test_none_is_given_again(tmp_path: Path) -> None:
    """Neither after a restart, nor when all messages have expired or were deleted, nor under a new
    name of the channel; and a channel that takes a former name begins anew.
    """
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        await history.commit([record(1), record(2), record(3)])
        assert await history.redact("#a", 2)
        assert await numbers(history) == {1: 1, 3: 3}
        await history.prune(100, 100)
        assert await numbers(history) == {}
    async with open_database(tmp_path / "chat.db") as database:
        history = SqliteHistory(database)
        rename = Record("#a", 5, "RENAME", "ann!a@h", "", "", params=("#z", ""))
        await history.commit([record(4), rename, record(6, "#z"), record(7, "#a")])
        assert history.numbers == {4: 4, 6: 5, 7: 1}


async def test_the_history_reads_as_before() -> None:
    """What has no number, such as an imported message, does not count."""
    async with open_database(None) as database:
        history = SqliteHistory(database)
        await history.commit([record(1), record(2)])
        assert await history.messages("#a", Span(), 10, 0) == [record(1), record(2)]


# Clients


@asynccontextmanager
async def chat(history: ListHistory) -> AsyncIterator[Edge]:
    """Run a server that remembers."""
    async with edge(memory=StoragePorts(history=history)) as here:
        yield here


async def client(here: Edge, nick: str, caps: str = CAPS) -> End:
    """Return a member of #a."""
    end = here.connect()
    lines = f"CAP REQ :{caps}\r\nNICK {nick}\r\nUSER u 0 * :u\r\nCAP END\r\nJOIN #a\r\n"
    await end.send(lines.encode())
    await end.until("366")
    return end


async def said(end: End, command: str = "PRIVMSG") -> Message:
    """Return the next message."""
    return await end.until(command)


async def test_those_that_ask_receive_the_number() -> None:
    """Others, the labelled answer to the sender, and a plain echo; a client that does not ask
    receives the message as it was.
    """
    async with chat(ListHistory()) as here:
        ann, bob = await client(here, "ann"), await client(here, "bob")
        old = await client(here, "old", "message-tags")
        await ann.send(b"@label=x PRIVMSG #a :one\r\n")
        own = await said(ann)
        assert (own.tags["label"], own.tags[TAG]) == ("x", "1")
        assert (await said(bob)).tags[TAG] == "1"
        await ann.send(b"PRIVMSG #a :two\r\nPRIVMSG #b :no\r\n@label=y NOTICE #a :three\r\n")
        assert (await said(ann)).tags[TAG] == "2"
        third = await said(ann, "NOTICE")
        assert (third.tags["label"], third.tags[TAG]) == ("y", "3")
        assert [(await said(bob)).tags[TAG], (await said(bob, "NOTICE")).tags[TAG]] == ["2", "3"]
        assert TAG not in (await said(old)).tags


async def test_messages_of_several_lines_have_one_number() -> None:
    """On the batch, or on the first line for a client without multiline."""
    async with chat(ListHistory()) as here:
        ann = await client(here, "ann", f"{CAPS} draft/multiline")
        bob = await client(here, "bob")
        await ann.send(b"@label=z BATCH +1 draft/multiline #a\r\n@batch=1 PRIVMSG #a :x\r\n")
        await ann.send(b"@batch=1 PRIVMSG #a :y\r\nBATCH -1\r\n")
        opening = await said(ann, "BATCH")
        assert (opening.tags["label"], opening.tags[TAG]) == ("z", "1")
        assert [TAG in (await said(bob)).tags, TAG in (await said(bob)).tags] == [True, False]


async def test_replayed_messages_have_the_same_number() -> None:
    """CHATHISTORY, and the message that was deleted leaves its number out."""
    history = ListHistory()
    async with chat(history) as here:
        ann = await client(here, "ann")
        for _ in range(3):
            await ann.send(b"PRIVMSG #a :hi\r\n")
            await said(ann)
        await history.redact("#a", history.said[1].id)
        await ann.send(b"CHATHISTORY LATEST #a * 10\r\n")
        assert [(await said(ann)).tags[TAG], (await said(ann)).tags[TAG]] == ["1", "3"]


async def test_a_refused_message_burns_no_number() -> None:
    """Its sender reads why, without a number; the next message has the next one."""
    history = ListHistory()
    async with chat(history) as here:
        ann, bob = await client(here, "ann"), await client(here, "bob")
        await ann.send(b"@label=a PRIVMSG #a :one\r\n")
        await said(bob)
        history.error = HistoryError("the disk is full")
        await ann.send(b"@label=b PRIVMSG #a :lost\r\n")
        refusal = await ann.until("FAIL")
        assert (refusal.tags["label"], TAG in refusal.tags) == ("b", False)
        history.error = None
        await ann.send(b"@label=c PRIVMSG #a :two\r\n")
        assert (await said(bob)).tags[TAG] == "2"


def test_the_capability_needs_a_history() -> None:
    """A number that no one can fetch proves nothing."""
    memory = StoragePorts(history=ListHistory())
    assert "trio-chat/number" in offered(Town(storage=memory).newcomer())
    assert "trio-chat/number" not in offered(Town().newcomer())
