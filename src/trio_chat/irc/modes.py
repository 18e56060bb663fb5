"""Channel and user modes, one table each, and the reading of a mode string.

ISUPPORT's CHANMODES and PREFIX, the MODE command, NAMES prefixes and the help text are all derived from the tables.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What a channel mode takes as its parameter (Modern IRC, CHANMODES)."""

    LIST = "A"
    """An address list: always a parameter, or none to ask for the list."""
    ALWAYS = "B"
    """A parameter to set and to unset."""
    WHEN_SET = "C"
    """A parameter only to set."""
    FLAG = "D"
    """Never a parameter."""
    MEMBER = "prefix"
    """A rank of one member, who is the parameter."""


class ChannelMode(NamedTuple):
    """One channel mode.

    Args:
        letter: how MODE writes it.
        kind: what parameter it takes.
        meaning: what it does, as help shows it.
        prefix: the sign before a nickname that has it; only for `Kind.MEMBER`.
    """

    letter: str
    kind: Kind
    meaning: str
    prefix: str = ""


CHANNEL_MODES: dict[str, ChannelMode] = {
    mode.letter: mode
    for mode in (
        # Ranks from the highest down: the order is the order of PREFIX and of multi-prefix.
        ChannelMode("o", Kind.MEMBER, "is an operator of the channel", "@"),
        ChannelMode("v", Kind.MEMBER, "may speak when the channel is moderated", "+"),
        ChannelMode("b", Kind.LIST, "who matches the mask may neither join nor speak"),
        ChannelMode("e", Kind.LIST, "who matches the mask is excepted from bans"),
        ChannelMode("I", Kind.LIST, "who matches the mask needs no invitation"),
        ChannelMode("k", Kind.ALWAYS, "joining takes this key"),
        ChannelMode("l", Kind.WHEN_SET, "at most this many members"),
        ChannelMode("i", Kind.FLAG, "joining takes an invitation"),
        ChannelMode("m", Kind.FLAG, "only operators and voiced members may speak"),
        ChannelMode("n", Kind.FLAG, "only members may speak"),
        ChannelMode("s", Kind.FLAG, "who is not a member learns nothing of the channel"),
        ChannelMode("t", Kind.FLAG, "only operators may change the topic"),
    )
}
RANKS: tuple[ChannelMode, ...] = tuple(mode for mode in CHANNEL_MODES.values() if mode.kind is Kind.MEMBER)
PREFIXES = "".join(mode.prefix for mode in RANKS)

BOT = "B"
"""The user mode of bots, and their flag in WHO (IRCv3 bot-mode)."""

SECURE = "Z"
"""The user mode of who has come encrypted, in all of its sessions; the server gives and takes it."""

USER_MODES: dict[str, str] = {
    BOT: "you are a bot, and others are told so",
    SECURE: "your connection is encrypted; the server sets it",
    "i": "who shares no channel with you does not find you by WHO",
}


class Change(NamedTuple):
    """One step of a mode string: `adding` or removing `mode`, with its parameter (None when there was none)."""

    adding: bool
    mode: ChannelMode
    param: str | None = None


def parse_changes(text: str, params: Sequence[str]) -> tuple[list[Change], list[str]]:
    """Read a channel mode string such as `+ov-k`, with its parameters.

    Returns:
        the changes in order, and the letters that are no mode here. A list mode without a parameter is a question; other
        modes that lack their parameter have None and are the caller's to refuse.
    """
    changes: list[Change] = []
    unknown: list[str] = []
    adding = True
    left = iter(params)
    for letter in text:
        if letter in "+-":
            adding = letter == "+"
            continue
        mode = CHANNEL_MODES.get(letter)
        if mode is None:
            unknown.append(letter)
            continue
        takes = mode.kind is not Kind.FLAG and (adding or mode.kind is not Kind.WHEN_SET)
        changes.append(Change(adding, mode, next(left, None) if takes else None))
    return changes, unknown


def format_changes(changes: Iterable[Change]) -> tuple[str, ...]:
    """Write changes as the parameters of MODE, with a sign only where it turns: `+ov-k`, then the parameters."""
    text = ""
    sign = None
    params = []
    for change in changes:
        if change.adding is not sign:
            sign = change.adding
            text += "+" if sign else "-"
        text += change.mode.letter
        if change.param:
            params.append(change.param)
    return (text, *params)


def letters(*kinds: Kind) -> str:
    """Return the letters of the modes of these kinds, in the order of the table."""
    return "".join(mode.letter for mode in CHANNEL_MODES.values() if mode.kind in kinds)
