"""Files of the client's log: names that are safe on every system, and lines of plain text."""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from trio_chat.client.credentials import mask_answer
from trio_chat.client.rendering import Renderer
from trio_chat.client.session import events
from trio_chat.client.session.events import Event, MessageKind
from trio_chat.client.spans import sentence
from trio_chat.irc.text import clean
from trio_chat.private import make_directory

_SIGNS = frozenset("#&+-_=@~^!{}[].")
"""Characters that a name may have besides letters and digits."""
_DEVICES = frozenset(
    (
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{name}{number}" for name in ("com", "lpt") for number in range(10)),
    )
)
"""Names of devices on Windows, with and without an extension."""
_LONGEST = 120
"""The longest name, in bytes; file systems allow 255."""
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


class TranscriptEntry(NamedTuple):
    """Lines for one file.

    Args:
        server: what the user calls the server.
        conversation: the channel or the person.
        time: seconds of Unix time.
        lines: the text, without the time.
    """

    server: str
    conversation: str
    time: float
    lines: tuple[str, ...]


def safe_name(name: str) -> str:
    """Return the name of a file; different names stay different, also where capitals do not count.

    A character that is neither a small letter nor a digit nor harmless is written as `%` and two
    hexadecimal digits for each of its bytes.
    """
    signs = [sign if _is_safe(sign) else _escaped(sign) for sign in name]
    if signs and (signs[0] == "." or "".join(signs).partition(".")[0] in _DEVICES):
        signs[0] = _escaped(name[0])
    if signs and signs[-1] == ".":
        signs[-1] = _escaped(".")
    safe = "".join(signs) or "%"
    if len(safe.encode()) <= _LONGEST:
        return safe
    short = safe.encode()[:_LONGEST].decode(errors="ignore")
    return f"{short}%{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:16]}"


def _is_safe(sign: str) -> bool:
    if sign.isascii():
        return sign in _SIGNS or sign.isdecimal() or sign.islower()
    return (sign.isalpha() or sign.isdecimal()) and sign == sign.casefold() == normalize(
        "NFC", sign
    )


def _escaped(sign: str) -> str:
    return "".join(f"%{byte:02x}" for byte in sign.encode(errors="surrogatepass"))


def append(directory: Path, entries: Iterable[TranscriptEntry]) -> None:
    """Append entries to their files, one for each day and channel, readable for their owner alone.

    This blocks on the disk.

    Raises:
        OSError: a file cannot be written.
    """
    texts: dict[Path, list[str]] = {}
    for entry in entries:
        moment = _moment(entry.time)
        path = (
            directory
            / safe_name(entry.server)
            / safe_name(entry.conversation)
            / f"{moment:%Y-%m-%d}.txt"
        )
        texts.setdefault(path, []).extend(f"[{moment:%H:%M:%S}] {line}\n" for line in entry.lines)
    for path, lines in texts.items():
        make_directory(path.parent)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINKS, 0o600)
        with open(file, "a", encoding="utf-8", newline="\n") as stream:
            stream.write("".join(lines))


def _moment(time: float) -> datetime:
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(time).astimezone()
    return datetime.now(UTC).astimezone()


# Lines

_HAPPENINGS = (
    events.UserJoined,
    events.UserParted,
    events.UserKicked,
    events.TopicIs,
    events.TopicChanged,
    events.UserQuit,
    events.UserRenamed,
    events.ChannelRenamed,
)
_RENDERER = Renderer(lambda _talk: True)


def lines_of(event: Event) -> tuple[str, ...]:
    """Return the lines for an event, none for most; its credentials must be masked already."""
    if isinstance(event, events.Said):
        sender = clean(event.sender)
        before = {
            MessageKind.MESSAGE: f"<{sender}> ",
            MessageKind.ACTION: f"* {sender} ",
            MessageKind.NOTICE: f"-{sender}- ",
        }[event.kind]
        text = event.text
        if event.kind is MessageKind.NOTICE:
            text = mask_answer(event.sender, text)
        return tuple(f"{before}{clean(line)}" for line in text.split("\n"))
    if isinstance(event, events.ModeChanged):
        modes = (
            event.modes.partition(" ")[0] if "k" in event.modes.partition(" ")[0] else event.modes
        )
        return (f"*** {clean(event.by)}: {clean(modes)}",)
    if isinstance(event, _HAPPENINGS):
        return tuple(f"*** {sentence(line)[0]}" for line in _RENDERER.lines(event))
    return ()


def talk_of(event: Event) -> str:
    """Return the channel or the user of an event, "" when it names none."""
    if isinstance(event, events.Said):
        return event.conversation
    if isinstance(event, events.ChannelRenamed):
        return event.old  # where the log ends
    return str(getattr(event, "channel", "") or getattr(event, "target", ""))
