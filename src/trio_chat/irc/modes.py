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
        needs: the lowest rank whose members may change it.
    """

    letter: str
    kind: Kind
    meaning: str
    prefix: str = ""
    needs: str = "o"


CHANNEL_MODES: dict[str, ChannelMode] = {
    mode.letter: mode
    for mode in (
        # Ranks from the highest down: the order is the order of PREFIX and of multi-prefix.
        ChannelMode("q", Kind.MEMBER, "is the founder, to whom the channel belongs", "~", needs="q"),
        ChannelMode("a", Kind.MEMBER, "is an administrator, whom operators cannot remove", "&", needs="q"),
        ChannelMode("o", Kind.MEMBER, "is an operator of the channel", "@"),
        ChannelMode("h", Kind.MEMBER, "is a half-operator, who may kick, ban and give a voice", "%"),
        ChannelMode("v", Kind.MEMBER, "may speak when the channel is moderated", "+", needs="h"),
        ChannelMode("b", Kind.LIST, "who matches the mask may neither join nor speak", needs="h"),
        ChannelMode("e", Kind.LIST, "who matches the mask is excepted from bans", needs="h"),
        ChannelMode("I", Kind.LIST, "who matches the mask needs no invitation", needs="h"),
        ChannelMode("k", Kind.ALWAYS, "joining takes this key"),
        ChannelMode("f", Kind.WHEN_SET, "who may not join comes into this channel instead"),
        ChannelMode("l", Kind.WHEN_SET, "at most this many members"),
        ChannelMode("C", Kind.FLAG, "nobody may send CTCP, except /me"),
        ChannelMode("E", Kind.FLAG, "NPC, NPCA and SCENE may be used, for role-play"),
        ChannelMode("M", Kind.FLAG, "only ranked members and who is logged in may speak"),
        ChannelMode("R", Kind.FLAG, "only who is logged in may join"),
        ChannelMode("U", Kind.FLAG, "what members without a rank say is seen by operators and half-operators only"),
        ChannelMode("i", Kind.FLAG, "joining takes an invitation"),
        ChannelMode("m", Kind.FLAG, "only members with a rank may speak"),
        ChannelMode("n", Kind.FLAG, "only members may speak"),
        ChannelMode("s", Kind.FLAG, "who is not a member learns nothing of the channel"),
        ChannelMode("t", Kind.FLAG, "only operators and half-operators may change the topic"),
        ChannelMode("u", Kind.FLAG, "members without a rank do not see each other come, leave and be there"),
    )
}
RANKS: tuple[ChannelMode, ...] = tuple(mode for mode in CHANNEL_MODES.values() if mode.kind is Kind.MEMBER)
PREFIXES = "".join(mode.prefix for mode in RANKS)

FOUNDER = "q"
OPERATOR = "o"
HALF_OPERATOR = "h"


def _at_least(letter: str) -> frozenset[str]:
    return frozenset(mode.letter for mode in RANKS[: RANKS.index(CHANNEL_MODES[letter]) + 1])


AT_LEAST: dict[str, frozenset[str]] = {mode.letter: _at_least(mode.letter) for mode in RANKS}
"""For each rank itself and those above it."""

NO_CTCP = "C"
ROLEPLAY = "E"
REGISTERED_SPEAK = "M"
REGISTERED_JOIN = "R"
OP_MODERATED = "U"
MODERATED = "m"
AUDITORIUM = "u"
RESTRAINING = frozenset((NO_CTCP, REGISTERED_SPEAK, OP_MODERATED, MODERATED))
"""Flags that make a difference to what is said by a member. A channel without them and without bans is told apart by one test."""

BOT = "B"
"""The user mode of bots, and their flag in WHO (IRCv3 bot-mode)."""

REGISTERED_ONLY = "R"
NO_USER_CTCP = "T"
SECURE = "Z"
"""The user mode of who has come encrypted, in all of its sessions; the server gives and takes it."""
SERVER_OPERATOR, NOTICES, WALLOPS = "o", "s", "w"
"""The user modes of server operators, of their notices, and of who wants WALLOPS (RFC 2812 §3.1.5)."""

USER_MODES: dict[str, str] = {
    BOT: "you are a bot, and others are told so",
    REGISTERED_ONLY: "only who is logged in, or on your ACCEPT list, can send you private messages",
    NO_USER_CTCP: "nobody can send you CTCP, except /me",
    SECURE: "your connection is encrypted; the server sets it",
    "i": "who shares no channel with you does not find you by WHO, and does not see your channels",
    SERVER_OPERATOR: "you are an operator of the server, by OPER; you can only take it away",
    NOTICES: "you are told what happens on the server; for operators who may see addresses",
    WALLOPS: "you are told what operators say to everybody by WALLOPS",
}

DEFAULT_USER_MODES = "iRT"
"""User modes that an operator may give everybody to begin with."""


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
