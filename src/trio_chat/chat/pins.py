"""Pinned messages of a channel: their msgids in its metadata, where every client can read and
follow them (IRCv3 `draft/metadata-2`).
"""

from typing import Final

from trio_chat.chat.channels import Channel
from trio_chat.chat.ids import msgid, parse_msgid

KEY: Final = "trio-chat/pins"
"""The key, whose value has the msgids, the newest pin first, separated by spaces."""
MOST: Final = 10
"""Pins of one channel."""


def pinned(channel: Channel) -> tuple[int, ...]:
    """Return the ids of the pinned messages, the newest pin first; words that are no msgids are
    passed over, since operators can set any value.
    """
    numbers = map(parse_msgid, channel.metadata.get(KEY, "").split())
    return tuple(number for number in dict.fromkeys(numbers) if number is not None)[:MOST]


def with_pin(pins: tuple[int, ...], number: int) -> str | None:
    """Return the value with another pin; None when there are as many as there can be."""
    return None if len(pins) >= MOST else _value((number, *pins))


def without_pin(pins: tuple[int, ...], number: int) -> str | None:
    """Return the value without a pin; None when none is left, so that the key is removed."""
    return _value(tuple(each for each in pins if each != number)) or None


def _value(pins: tuple[int, ...]) -> str:
    return " ".join(map(msgid, pins))
