"""Pages of HTML of an export, and the copies of uploads that they link to."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from trio_chat.chat.history import MESSAGES, Record, Span
from trio_chat.chat.ids import parse_msgid
from trio_chat.chat.uploads import LINK
from trio_chat.exports import html
from trio_chat.exports.html import INDEX, CopiedFile, Surroundings
from trio_chat.exports.text import moment_of, nick_of
from trio_chat.i18n import _, language
from trio_chat.irc import tag_names
from trio_chat.server.uploads.filenames import safe_name
from trio_chat.storage import uploads
from trio_chat.storage.messages import select_messages

if TYPE_CHECKING:
    import apsw

MOST_ON_PAGE = 2000
"""Messages on a page; a day that has more gets several."""
_FILES = "files"


class PageWriter:
    """The pages of one export.

    Args:
        connection: the database.
        database: its file.
        directory: where the pages are written.
        title: of the pages.
        several: whether the messages are of several channels, one after the other.
    """

    def __init__(
        self,
        connection: "apsw.Connection",
        database: Path,
        directory: Path,
        title: str,
        *,
        several: bool = False,
    ) -> None:
        self._connection = connection
        self._uploads = uploads.directory_of(database)
        self._directory = directory
        self._title = title
        self._reactions: dict[int, dict[str, list[str]]] = {}
        self._files: dict[str, CopiedFile] = {}
        self._missing: set[int] = set()
        self._around = Surroundings(self._reactions, self._files, [], several, self._missing)
        self._stream: TextIO | None = None
        self._names: list[str] = []
        self._counts: dict[str, int] = {}

    def note_reactions(self, records: Iterable[Record]) -> None:
        """Note the reactions that the pages show. They are all in memory."""
        for record in records:
            tags = record.tags
            answered = tags.get(tag_names.REPLY) or tags.get(tag_names.DRAFT_REPLY, "")
            number, nick = parse_msgid(answered), nick_of(record)
            if number is None:
                continue
            if emoji := tags.get(tag_names.REACT, ""):
                nicks = self._reactions.setdefault(number, {}).setdefault(emoji, [])
                if nick not in nicks:
                    nicks.append(nick)
            elif emoji := tags.get(tag_names.UNREACT, ""):
                given = self._reactions.get(number, {})
                if nick in given.get(emoji, ()):
                    given[emoji].remove(nick)
                    if not given[emoji]:
                        del given[emoji]

    def write(self, records: Iterable[Record]) -> int:
        """Write all pages and the index; return the number of messages.

        Raises:
            OSError: a file cannot be written.
        """
        written, on_page, day = 0, 0, ""
        try:
            for record in records:
                if record.command not in MESSAGES:
                    continue
                today = f"{moment_of(record):%Y-%m-%d}"
                if self._stream is None or today != day or on_page >= MOST_ON_PAGE:
                    self._stream = self._turn(today, record)
                    day, on_page = today, 0
                self._copy(record)
                self._look_for_answered(record)
                self._stream.write(html.article(record, self._around))
                written += 1
                on_page += 1
            self._end("")
        finally:
            if self._stream is not None:
                self._stream.close()
        self._write_index()
        return written

    def _turn(self, day: str, record: Record) -> TextIO:
        """End a page, and return the next one."""
        count = self._counts[day] = self._counts.get(day, 0) + 1
        name = f"{day}.html" if count == 1 else f"{day}-{count}.html"
        self._end(name)
        if not self._around.with_channel:
            self._around.pages.append((record.id, name))
        links = [(INDEX, self._title)]
        links += [(self._names[-1], _("earlier"))] if self._names else []
        self._names.append(name)
        stream = self._open(name)
        stream.write(html.head(f"{self._title} {name.removesuffix('.html')}", language()))
        stream.write(html.navigation(links))
        return stream

    def _end(self, following: str) -> None:
        if self._stream is None:
            return
        links = [(INDEX, self._title)]
        links += [(following, _("later"))] if following else []
        self._stream.write(html.navigation(links) + html.FOOT)
        self._stream.close()
        self._stream = None

    def _write_index(self) -> None:
        links = [(name, name.removesuffix(".html")) for name in self._names]
        with self._open(INDEX) as stream:
            stream.write(html.head(self._title, language()))
            stream.writelines(html.listed(links))
            stream.write(html.FOOT)

    def _open(self, name: str) -> TextIO:
        handle = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        return open(handle, "w", encoding="utf-8", errors="replace", newline="\n")

    def _look_for_answered(self, record: Record) -> None:
        """Note that the message that another one answers is not in the export, such as one that
        was deleted. Conversations of several channels have no links to answers.
        """
        number = html.answered(record)
        if number is None or self._around.with_channel or number in self._missing:
            return
        span = Span(number - 1, number + 1)
        if not select_messages(self._connection, record.buffer, span, 1, 0):
            self._missing.add(number)

    def _copy(self, record: Record) -> None:
        """Copy the uploads that a message links to."""
        if "/file/" not in record.text:
            return
        for name in LINK.findall(record.text):
            upload = uploads.find(self._connection, name)
            source = self._uploads / name
            if name in self._files or upload is None or not source.is_file():
                continue
            shown = safe_name(upload.filename)
            target = self._directory / _FILES / f"{name}-{shown}"
            target.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o600)
            self._files[name] = CopiedFile(f"{_FILES}/{target.name}", shown, upload.type)
