"""Relayed messages: those that come from no line of a client, but from a webhook, a program or a
timer (`RelayedMessage`).

They are shown under a name with a `/`, as those of a bridge are (IRCv3 `draft/relaymsg`), which no
user can have. Here are the rules of names and texts; the transition is in `chat.apply.relayed`, and
`server.relaying` waits for the commit.
"""

import re
from typing import Final

from trio_chat.chat import multiline, nicknames
from trio_chat.chat.channels import Channel
from trio_chat.chat.multiline import Line
from trio_chat.chat.quotas import Room
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.message import MAX_BODY, body_size
from trio_chat.irc.names import (
    RELAY_SEPARATOR,
    InvalidName,
    fold_nick,
    fold_or_self,
    fold_relayed,
)
from trio_chat.irc.text import cut_bytes, strip_formatting, strip_unformatted_controls

MAX_NAME: Final = 32
"""Characters of a name before its `/`."""
CUT: Final = "[…]"
"""Stands at the end of a text that was too long."""
_MIN_ROOM: Final = 64
_LINE_END: Final = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_NOT_IN_NICKS: Final = re.compile(r"[^\w\-\[\]\\`^{}|]+")


class BlankText(Exception):
    """A text has nothing that can be seen."""


def shown_name(wanted: str, label: str, otherwise: str) -> str:
    """Return the name under which a message is shown, such as `Deploy_Bot/hook`.

    Args:
        wanted: a name that the sender asks for, of any characters.
        label: what stands behind the `/`.
        otherwise: a valid name for one that cannot be shown, or looks like that of a service.
    """
    plain = _NOT_IN_NICKS.sub("_", wanted.strip())[:MAX_NAME].strip("_")
    name = f"{plain}{RELAY_SEPARATOR}{label}"
    try:
        fold_relayed(name, len(name))
    except InvalidName:
        return f"{otherwise}{RELAY_SEPARATOR}{label}"
    if nicknames.looks_like_service(plain, fold_or_self(plain)):
        return f"{otherwise}{RELAY_SEPARATOR}{label}"
    return name


def is_name(name: str) -> bool:
    """Return whether a name can stand before the `/`."""
    try:
        fold_nick(f"x{name}", MAX_NAME + 1)  # a relayed name may begin with a digit
    except InvalidName:
        return False
    return bool(name) and not nicknames.looks_like_service(name, fold_or_self(name))


def why_not_relay(world: World, channel: Channel, name: str, label: str) -> str:
    """Return why a message is refused, as a clause; "" if it is not: a ban or a mute of the name
    keeps it out, and a full disk.

    Args:
        world: the world.
        channel: of the message.
        name: the shown name.
        label: see `RelayedMessage`.
    """
    sender = _sender(world, name, label)
    if channel.is_silenced(sender):
        return f"the name {name} is banned from {channel.name}"
    if world.quotas.room is Room.OPERATORS and channel.history_targets:
        return "the disk of this server is nearly full"
    return ""


def fit(world: World, channel: Channel, name: str, label: str, text: str) -> str:
    """Return a text for `RelayedMessage`: without control characters but those of formatting, in
    lines that fit, and cut to what a message of several lines may have.

    Raises:
        BlankText: nothing is left of it.
    """
    source = _sender(world, name, label).source
    room = max(_MIN_ROOM, MAX_BODY - body_size("PRIVMSG", (channel.name, ""), source))
    lines: list[Line] = []
    for plain in _plain_lines(text):
        pieces = _pieces(plain, room)
        lines += [Line(piece, is_joined=bool(number)) for number, piece in enumerate(pieces)]
        if len(lines) > world.lengths.multiline_lines:
            break
    if not lines:
        raise BlankText
    most_bytes = max(room, world.lengths.multiline_bytes)
    return multiline.join(_cut(lines, max(1, world.lengths.multiline_lines), most_bytes, room))


def _sender(world: World, name: str, label: str) -> User:
    return User(name, fold_or_self(name), label, world.server_info.name, "", 0.0)


def _plain_lines(text: str) -> list[str]:
    """Return the lines of a text, without blank ones at its ends, and one of several blank ones."""
    lines: list[str] = []
    for line in _LINE_END.split(text.replace("\t", "    ")):
        # Not of formatting, which Python counts as white space.
        plain = strip_unformatted_controls(line).rstrip(" ")
        if not strip_formatting(plain).strip():
            plain = ""
        if plain or (lines and lines[-1]):
            lines.append(plain)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _pieces(line: str, room: int) -> list[str]:
    """Return a line in parts of at most `room` bytes, whose concatenation is the line."""
    parts = []
    while len(line.encode()) > room:
        part = cut_bytes(line, room)
        space = part.rfind(" ")
        parts.append(part[: space + 1] if space > 0 else part)
        line = line[len(parts[-1]) :]
    return [*parts, line] if line or not parts else parts


def _cut(lines: list[Line], most: int, most_bytes: int, room: int) -> list[Line]:
    kept, size = [], 0
    for line in lines[:most]:
        size += len(line.text.encode()) + 1
        if size > most_bytes:
            break
        kept.append(line)
    if len(kept) == len(lines):
        return kept
    while len(kept) > 1 and not kept[-1].text:
        kept.pop()
    last = kept.pop()
    head = cut_bytes(last.text, room - len(CUT.encode()) - 1).rstrip()
    return [*kept, last._replace(text=f"{head} {CUT}")]
