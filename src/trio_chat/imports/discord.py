"""Discord, as DiscordChatExporter writes it: one JSON document for each channel or thread.

The format is that of `JsonMessageWriter` in github.com/Tyrrrz/DiscordChatExporter, 2.3 and later. A
thread is imported into its channel, as answers to the message that it begins with: a thread has the
id of that message. A post of a forum is a thread that has this message itself, and its name is the
title of the post. A private thread is a channel of its own.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from trio_chat.i18n import _
from trio_chat.imports import messages
from trio_chat.imports.fields import LONGEST_KEY, LONGEST_NAME, list_of, object_of, text_of
from trio_chat.imports.json_document import JsonDocument, NotJson
from trio_chat.imports.messages import (
    ImportFileError,
    Skipped,
    SourceChannel,
    SourceFile,
    SourceItems,
    SourceMessage,
    SourcePerson,
    SourceReaction,
    SourceReference,
)

NETWORK = "discord"
_EPOCH_MS = 1_420_070_400_000
"""2015-01-01, from which snowflakes count (Discord API, Snowflakes)."""
_SPOKEN = frozenset(
    ("", "Default", "Reply", "20", "23", "ApplicationCommand", "ContextMenuCommand")
)
"""Message types that people and bots write; all others are texts of Discord's clients. The exporter
writes the types that it has no name for as numbers (Discord API, Message Types).
"""
_TOLERANCE_MS = 1000
_MOST_TIMES = 1_000_000
_SNOWFLAKE = re.compile(r"[0-9]{1,20}", re.ASCII)
_MENTION = re.compile(r"<@!?([0-9]{1,20})>")
_BETWEEN_WORDS = re.compile(r"[\s<>()]+")
_EMOJI = re.compile(r"<a?(:[A-Za-z0-9_]{1,64}:)[0-9]{1,20}>")
_COMMAND = re.compile(r"<(/[^\s:<>][^:<>]{0,100}):[0-9]{1,20}>")
_MOMENT = re.compile(r"<t:(-?[0-9]{1,12})(?::[tTdDfFR])?>")


class DiscordExport:
    """One document.

    Args:
        stream: the document.
        directory: of the document, in which the exported files are.

    Raises:
        ImportFileError: it is no document of this format.
    """

    def __init__(self, stream: BinaryIO, directory: Path | None = None) -> None:
        try:
            self._document = JsonDocument(stream, "messages")
        except NotJson as error:
            raise ImportFileError(
                _(
                    "the file is not a JSON document of DiscordChatExporter: export the channel"
                    " again in the format JSON (--format Json)"
                )
            ) from error
        self._directory = directory.resolve() if directory is not None else None
        guild, channel = (object_of(self._document.head, key) for key in ("guild", "channel"))
        kind, number = text_of(channel, "type"), text_of(channel, "id", LONGEST_KEY)
        if not _SNOWFLAKE.fullmatch(number):
            raise ImportFileError(_("the file is not an export of DiscordChatExporter"))
        name = text_of(channel, "name", LONGEST_NAME)
        is_private = "Private" in kind or "Direct" in kind or text_of(guild, "id") == "0"
        self._times: dict[str, int] = {}  # of ids that say another time than their message
        self._start: SourceReference | None = None
        self._title = ""
        if "Thread" in kind and not is_private:
            # A private thread has other readers than its channel, and begins with no message of it.
            self._start, self._title = _reference(number), name
            if parent := text_of(channel, "categoryId", LONGEST_KEY):
                number, name = parent, text_of(channel, "category", LONGEST_NAME)
        self.channel = SourceChannel(f"discord:{number}", name, is_private)

    @property
    def bytes_read(self) -> int:
        """The bytes that were read so far."""
        return self._document.bytes_read

    def items(self) -> SourceItems:
        """Yield the messages.

        Raises:
            ImportFileError: the document is damaged from here on.
        """
        for element in self._document.elements():
            number = text_of(element, "id", LONGEST_KEY)
            if not _SNOWFLAKE.fullmatch(number):
                yield Skipped(messages.DAMAGED)
            elif text_of(element, "type") not in _SPOKEN:
                yield Skipped(messages.SYSTEM)
            else:
                message = self._message(element, number)
                yield message
                if lost := len(list_of(element, "reactions", 50)) - len(message.reactions):
                    yield Skipped(messages.NAMELESS, lost)

    def _message(self, element: dict[str, Any], number: str) -> SourceMessage:
        content = text_of(element, "content")
        mentions = {text_of(each, "id", LONGEST_KEY): each for each in list_of(element, "mentions")}
        text = _MENTION.sub(lambda match: f"@{_shown(mentions.get(match[1], {}))}", content)
        quoted = object_of(element, "forwardedMessage")
        is_start = self._start is not None and self._start.key == f"discord:{number}"
        parts = [self._title if is_start else "", text, text_of(quoted, "content")]
        shown = frozenset(_BETWEEN_WORDS.split(f"{content} {text_of(quoted, 'content')}"))
        for each in (element, quoted):
            parts += [_embed(embed, shown) for embed in list_of(each, "embeds", 20)]
            parts += map(_sticker, list_of(each, "stickers", 5))
        return SourceMessage(
            self.channel,
            f"discord:{number}",
            self._time(element, number),
            _person(object_of(element, "author")),
            _plain("\n".join(filter(None, parts))),
            reply_to=self._answered(element, number),
            files=(*self._files(element), *self._files(quoted)),
            reactions=tuple(_reactions(element)),
            mentions=tuple(_spellings(mentions.values())),
        )

    def _time(self, element: dict[str, Any], number: str) -> int:
        """Return the time that the id says, or that of the message if it is another one."""
        time, stated = _time(number), _stated(text_of(element, "timestamp", 40))
        if stated is None or abs(stated - time) <= _TOLERANCE_MS:
            return time
        if len(self._times) < _MOST_TIMES:
            self._times[number] = stated
        return stated

    def _answered(self, element: dict[str, Any], number: str) -> SourceReference | None:
        reference = object_of(element, "reference")
        answered = text_of(reference, "messageId", LONGEST_KEY)
        if text_of(reference, "type") == "Forward":
            answered = ""
        if _SNOWFLAKE.fullmatch(answered) and answered != number:
            return SourceReference(
                f"discord:{answered}", self._times.get(answered) or _time(answered)
            )
        start = self._start
        return start if start is not None and start.key != f"discord:{number}" else None

    def _files(self, element: dict[str, Any]) -> Iterator[SourceFile]:
        for each in list_of(element, "attachments", 20):
            url, name = text_of(each, "url", 2000), text_of(each, "fileName", LONGEST_NAME)
            # Without a file of its own, the attachment stays where it is.
            path = url.replace("\\", "/")  # as the exporter writes it on Windows
            yield SourceFile(
                f"discord:{text_of(each, 'id', LONGEST_KEY)}",
                name or PurePosixPath(path).name or "file",
                _web_address(url),
                None if _is_web(url) or self._directory is None else self._directory / path,
            )


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _web_address(url: str) -> str:
    """Return an address by HTTP; "" for a path, or what could not be one word of a text."""
    return url if _is_web(url) and not re.search(r"\s", url) else ""


def _time(snowflake: str) -> int:
    return (int(snowflake) >> 22) + _EPOCH_MS


def _stated(text: str) -> int | None:
    """Return the milliseconds of a time in ISO 8601 with its zone; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.timestamp() * 1000) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _reference(snowflake: str) -> SourceReference:
    return SourceReference(f"discord:{snowflake}", _time(snowflake))


def _shown(value: dict[str, Any]) -> str:
    return text_of(value, "nickname", LONGEST_NAME) or text_of(value, "name", LONGEST_NAME) or "?"


def _person(value: dict[str, Any]) -> SourcePerson:
    name = text_of(value, "name", LONGEST_NAME)
    number = text_of(value, "id", LONGEST_KEY)
    discriminator = text_of(value, "discriminator", 8)
    tag = f"{name}#{discriminator}" if discriminator else name
    is_bot = value.get("isBot") is True
    # A webhook has one number and many names.
    is_webhook = not number or (is_bot and discriminator == "0000")
    key = f"discord:{number}/{name}" if is_webhook else f"discord:{number}"
    return SourcePerson(key, _shown(value), is_bot, aliases=(name, tag, number))


def _spellings(people: Any) -> Iterator[tuple[str, SourcePerson]]:
    for value in people:
        for name in {_shown(value), text_of(value, "name", LONGEST_NAME)}:
            if name:
                yield f"@{name}", _person(value)


def _reactions(element: dict[str, Any]) -> Iterator[SourceReaction]:
    for each in list_of(element, "reactions", 50):
        emoji = object_of(each, "emoji")
        name = text_of(emoji, "name", 64)
        shown = f":{name}:" if text_of(emoji, "id") else name
        if shown and (people := tuple(_person(user) for user in list_of(each, "users"))):
            yield SourceReaction(shown, people)


def _plain(text: str) -> str:
    """Return a text with the names of emoji and commands, and with times in words."""
    return _MOMENT.sub(_written, _COMMAND.sub(r"\1", _EMOJI.sub(r"\1", text)))


def _sticker(value: dict[str, Any]) -> str:
    return f"[{text_of(value, 'name', LONGEST_NAME)}]"


def _address_of(picture: dict[str, Any]) -> str:
    # The other one may be a path on the machine of the export.
    return _web_address(text_of(picture, "canonicalUrl", 2000) or text_of(picture, "url", 2000))


def _embed(value: dict[str, Any], shown: frozenset[str]) -> str:
    """Return an embed as lines of text, without its address if that is a word of the message."""
    title, url = text_of(value, "title"), text_of(value, "url", 2000)
    url = "" if url in shown else url
    lines = [
        text_of(object_of(value, "author"), "name"),
        f"{title} — {url}" if title and url else title or url,
        text_of(value, "description"),
    ]
    lines += [
        f"{text_of(field, 'name')}: {text_of(field, 'value')}"
        for field in list_of(value, "fields", 25)
    ]
    pictures = [*list_of(value, "images", 10), object_of(value, "image")]
    addresses = map(_address_of, (*pictures, object_of(value, "video")))
    lines += dict.fromkeys(addresses)
    lines.append(text_of(object_of(value, "footer"), "text"))
    said = "\n".join(filter(None, lines))
    # A small picture is a decoration, or the preview of a link, unless there is nothing else.
    is_alone = not said and not text_of(value, "url")
    return _address_of(object_of(value, "thumbnail")) if is_alone else said


def _written(match: re.Match[str]) -> str:
    try:
        return f"{datetime.fromtimestamp(int(match[1]), UTC):%Y-%m-%d %H:%M UTC}"
    except (ValueError, OverflowError, OSError):
        return match[0]
