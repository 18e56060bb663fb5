"""A database in the working directory, for the tests of the commands of an administrator."""

import io
from pathlib import Path

import trio

from trio_chat import cli
from trio_chat.chat.history import Record, Span
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory

DAY = 86_400.0


def fill(*records: Record, name: str = "trio-chat.db") -> list[Record]:
    """Make a database with these messages in it."""

    async def commit() -> None:
        async with open_database(Path(name)) as database:
            if records:
                await SqliteHistory(database).commit(records)

    trio.run(commit)
    return list(records)


def kept(buffer: str = "#a", name: str = "trio-chat.db") -> list[Record]:
    """Return all messages of a channel."""

    async def messages() -> list[Record]:
        async with open_database(Path(name)) as database:
            return await SqliteHistory(database).messages(buffer, Span(), 1_000_000, 0)

    return trio.run(messages)


def ran(*arguments: str) -> int:
    """Run a command and return its exit code."""
    return cli.main(list(arguments))


class Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        """Say so."""
        return True
