"""The history of Ergo in SQLite (its `history.sqlite` setting), schema 2.

Format: `irc/sqlite/history.go` and `irc/history/history.go` of github.com/ergochat/ergo. The table
`sequence` has the messages of channels, `conversations` those between people, and both refer to
`history`, whose `data` is JSON.
"""

import json
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from trio_chat.i18n import _
from trio_chat.imports import messages
from trio_chat.imports.fields import LONGEST_KEY, LONGEST_NAME, list_of, object_of, text_of
from trio_chat.imports.messages import (
    ImportFileError,
    MessageForm,
    Skipped,
    SourceChannel,
    SourceItems,
    SourceMessage,
    SourcePerson,
    SourceReaction,
    SourceReference,
)
from trio_chat.irc import tag_names
from trio_chat.irc.text import ACTION

NETWORK = "ergo"
MAGIC = b"SQLite format 3\0"
_PRIVMSG, _NOTICE, _TAGMSG = 1, 2, 8
_LONGEST = 4 << 20
_CHANNELS = """
    SELECT sequence.target, '', sequence.nanotime, history.msgid, history.data
    FROM sequence JOIN history ON history.id = sequence.history_id
    WHERE sequence.target >= '#' AND sequence.target < '$'
    ORDER BY sequence.target, sequence.nanotime
"""
_CONVERSATIONS = """
    SELECT target, correspondent, nanotime, history.msgid, history.data
    FROM conversations JOIN history ON history.id = conversations.history_id
    GROUP BY history_id
"""
_TIME = """
    SELECT coalesce(sequence.nanotime, conversations.nanotime) FROM history
    LEFT JOIN sequence ON sequence.history_id = history.id
    LEFT JOIN conversations ON conversations.history_id = history.id
    WHERE history.msgid = ? LIMIT 1
"""


class ErgoHistory:
    """One database.

    Args:
        path: the file.
        accounts: folded names of accounts here that are those of Ergo.

    Raises:
        ImportFileError: it is no history of Ergo.
    """

    def __init__(self, path: Path, accounts: Collection[str] = ()) -> None:
        import apsw  # noqa: PLC0415

        self._accounts = accounts
        self._error = apsw.Error
        try:
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            self._connection.limit(apsw.SQLITE_LIMIT_LENGTH, _LONGEST)
            self._connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
            tables = {
                name
                for (name,) in self._connection.execute(
                    "SELECT name FROM sqlite_schema WHERE type = 'table'"
                )
            }
        except (apsw.Error, UnicodeEncodeError) as error:  # the latter for its name
            raise ImportFileError(_("cannot be read: {reason}").format(reason=error)) from error
        if not {"history", "sequence", "conversations"} <= tables:
            self._connection.close()
            raise ImportFileError(_("the file is not a history of Ergo"))
        self._count = 0
        self._total = 0
        self._time_of = lru_cache(maxsize=10_000)(self._look_up_time)

    @property
    def progress(self) -> float:
        """The share that was read so far, from 0 to 1."""
        return min(1.0, self._count / self._total) if self._total else 0.0

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def items(self) -> SourceItems:
        """Yield the messages.

        Raises:
            ImportFileError: the database is damaged.
        """
        try:
            self._total = self._connection.execute("SELECT count(*) FROM history").get
            for query in (_CHANNELS, _CONVERSATIONS):
                for row in self._connection.execute(query):
                    self._count += 1
                    yield from self._item(*row)
        except self._error as error:
            raise ImportFileError(_("cannot be read: {reason}").format(reason=error)) from error

    def _item(
        self, target: Any, correspondent: Any, nanotime: Any, number: Any, data: Any
    ) -> Iterator[SourceMessage | Skipped]:
        item = _parsed(data)
        kind = item.get("Type")
        if not (
            item
            and isinstance(target, str)
            and isinstance(correspondent, str)
            and isinstance(nanotime, int)
            and isinstance(number, str)
        ):
            yield Skipped(messages.DAMAGED)
        elif kind not in (_PRIVMSG, _NOTICE, _TAGMSG):
            yield Skipped(messages.EVENTS)
        else:
            yield self._message(item, self._channel(target, correspondent), nanotime, number)

    def _channel(self, target: str, correspondent: str) -> SourceChannel:
        if not correspondent:
            return SourceChannel(f"ergo:{target}", target.removeprefix("#"))
        people = (self._named(target, target), self._named(correspondent, correspondent))
        return SourceChannel(f"ergo:{target},{correspondent}", correspondent, True, people)

    def _named(self, name: str, account: str) -> SourcePerson:
        known = account.lower() if account.lower() in self._accounts else ""
        return SourcePerson(
            f"ergo:{known or name.lower()}", name, account=known, aliases=(account,)
        )

    def _message(
        self, item: dict[str, Any], channel: SourceChannel, nanotime: int, number: str
    ) -> SourceMessage:
        nick = text_of(item, "Nick", LONGEST_NAME).partition("!")[0] or "*"
        account = text_of(item, "AccountName", LONGEST_NAME)
        author = self._named(nick, "" if account == "*" else account)._replace(
            is_bot=item.get("IsBot") is True
        )
        tags = object_of(item, "Tags")
        answered = text_of(tags, tag_names.REPLY, LONGEST_KEY)
        answered = answered or text_of(tags, tag_names.DRAFT_REPLY, LONGEST_KEY)
        text, form = _text(object_of(item, "Message")), MessageForm.TEXT
        reactions: tuple[SourceReaction, ...] = ()
        if item["Type"] == _TAGMSG:
            text, form = "", MessageForm.REACTION
            if emoji := text_of(tags, tag_names.REACT, 64) or text_of(tags, "+react", 64):
                reactions = (SourceReaction(emoji, (author,)),)
            elif emoji := text_of(tags, tag_names.UNREACT, 64):
                reactions = (SourceReaction(emoji, (author,), is_taken_back=True),)
        elif item["Type"] == _NOTICE:
            form = MessageForm.NOTICE
        elif text.startswith(ACTION):
            text, form = text.removeprefix(ACTION).removesuffix("\x01"), MessageForm.ACTION
        return SourceMessage(
            channel,
            f"ergo:{number}",
            nanotime // 1_000_000,
            author,
            text,
            form,
            SourceReference(f"ergo:{answered}", time)
            if (time := self._time_of(answered))
            else None,
            reactions=reactions,
        )

    def _look_up_time(self, number: str) -> int:
        """Return the time of a message, in milliseconds; 0 when it is not there."""
        row = self._connection.execute(_TIME, (number,)).fetchone() if number else None
        return row[0] // 1_000_000 if row and isinstance(row[0], int) else 0


def _parsed(data: Any) -> dict[str, Any]:
    try:
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(message: dict[str, Any]) -> str:
    split = list_of(message, "Split")
    text = text_of(message, "Message")
    for number, line in enumerate(split):
        joint = "" if not number or line.get("Concat") is True else "\n"
        text += f"{joint}{text_of(line, 'Message')}"
    return text
