"""Calls: links to rooms of a video service, such as Jitsi Meet or Galene, that people meet in.

A server announces the address that rooms are under (`trio-chat/CALL`). A client makes the name of a
room itself, which cannot be guessed, and posts the link: any client can open it. Our clients show
a link under that address as a call; nothing else in it decides, so that a message cannot lead to
another site.
"""

import base64
import re
import secrets
from typing import Final

LONGEST_BASE: Final = 200
"""Bytes of the address that rooms are under, which fits into a line of RPL_ISUPPORT."""
SIGN: Final = "📞"
"""The beginning of a message with a call."""
_LABEL: Final = 24
_TOKEN_BYTES: Final = 16
_ROOM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/?")
_RANDOM: Final = re.compile(r"-[a-z2-7]{26}/?$")
_LABEL_OF_HOST: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_BASE: Final = re.compile(
    rf"(?:https://{_LABEL_OF_HOST}(?:\.{_LABEL_OF_HOST})*"
    r"|https?://(?:localhost|127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?"
    r"/(?:(?!\.\.?/)[A-Za-z0-9._~-]+/)*"
)
_LAST_PORT: Final = 65535
_SPACE: Final = re.compile(r"[\x00-\x20]+")
"""What separates words: white space, and the codes for colours and styles."""


def is_base(url: str) -> bool:
    """Return whether rooms can be under an address: https, or http on this machine, with a host in
    lower case, a `/` at its end, and no part that another address could hide in.
    """
    found = _BASE.fullmatch(url) if len(url) <= LONGEST_BASE else None
    return found is not None and int(found[1] or 1) <= _LAST_PORT


def new_room(base: str, channel: str = "") -> str:
    """Return the address of a new room, which cannot be guessed: 128 random bits.

    Args:
        base: the address that rooms are under.
        channel: the name of the channel for which it is, "" for a private conversation: letters and
            digits of it make the address readable.
    """
    label = re.sub(r"[^a-z0-9]+", "-", channel.lower()).strip("-")[:_LABEL].strip("-") or "call"
    token = base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().rstrip("=").lower()
    return f"{base}{label}-{token}"


def message(url: str, about: str = "") -> str:
    """Return the message that invites to a room."""
    return " ".join(filter(None, (SIGN, about.strip(), url)))


def room_in(base: str, text: str) -> str:
    """Return the address of the first room in a text, "" if there is none, or no base."""
    if not base or base not in text:
        return ""
    return next((word for word in _SPACE.split(text) if is_room(base, word)), "")


def is_secret(url: str) -> bool:
    """Return whether the address of a room has the random part that `new_room` makes: others may
    have prepared a room with another name.
    """
    return bool(_RANDOM.search(url))


def is_room(base: str, url: str) -> bool:
    """Return whether an address is that of a room: directly under the base, without anything that
    leads elsewhere.
    """
    return bool(base) and url.startswith(base) and bool(_ROOM.fullmatch(url, len(base)))
