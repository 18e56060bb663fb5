"""Channel and user modes, one table each, and the reading of a mode string.

ISUPPORT's CHANMODES and PREFIX, the MODE command, NAMES prefixes and the help text are all derived
from the tables.
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


VENDOR = "trio-chat/"
"""What stands before the names of modes that no specification names (IRCv3 `draft/named-modes`)."""


class ChannelMode(NamedTuple):
    """One channel mode.

    Args:
        letter: how MODE writes it.
        name: how PROP writes it (IRCv3 `draft/named-modes`, Mode names).
        kind: what parameter it takes.
        meaning: what it does, as help shows it.
        prefix: the sign before a nickname that has it; only for `Kind.MEMBER`.
        needs: the lowest rank whose members may change it.
    """

    letter: str
    name: str
    kind: Kind
    meaning: str
    prefix: str = ""
    needs: str = "o"

    def takes_param(self, *, adding: bool) -> bool:
        """Return whether a change of the mode has a parameter."""
        return self.kind is not Kind.FLAG and (adding or self.kind is not Kind.WHEN_SET)


CHANNEL_MODES: dict[str, ChannelMode] = {
    mode.letter: mode
    for mode in (
        # Ranks from the highest down: the order is the order of PREFIX and of multi-prefix.
        ChannelMode(
            "q", "owner", Kind.MEMBER, "is the founder, to whom the channel belongs", "~", needs="q"
        ),
        ChannelMode(
            "a",
            "admin",
            Kind.MEMBER,
            "is an administrator, whom operators cannot remove",
            "&",
            needs="q",
        ),
        ChannelMode("o", "op", Kind.MEMBER, "is an operator of the channel", "@"),
        ChannelMode(
            "h",
            "halfop",
            Kind.MEMBER,
            "is a half-operator, who may kick, ban and give a voice",
            "%",
        ),
        ChannelMode(
            "v", "voice", Kind.MEMBER, "may speak when the channel is moderated", "+", needs="h"
        ),
        ChannelMode(
            "b", "ban", Kind.LIST, "who matches the mask may neither join nor speak", needs="h"
        ),
        ChannelMode(
            "e", "banex", Kind.LIST, "who matches the mask is excepted from bans", needs="h"
        ),
        ChannelMode("I", "invex", Kind.LIST, "who matches the mask needs no invitation", needs="h"),
        ChannelMode("k", "key", Kind.ALWAYS, "joining takes this key"),
        ChannelMode(
            "f",
            f"{VENDOR}forward",
            Kind.WHEN_SET,
            "who may not join comes into this channel instead",
        ),
        ChannelMode("l", "limit", Kind.WHEN_SET, "at most this many members"),
        ChannelMode("C", "noctcp", Kind.FLAG, "nobody may send CTCP, except /me"),
        ChannelMode(
            "E", f"{VENDOR}roleplay", Kind.FLAG, "NPC, NPCA and SCENE may be used, for role-play"
        ),
        ChannelMode(
            "M",
            f"{VENDOR}regmoderated",
            Kind.FLAG,
            "only ranked members and who is logged in may speak",
        ),
        ChannelMode("R", "regonly", Kind.FLAG, "only who is logged in may join"),
        ChannelMode(
            "U",
            f"{VENDOR}opmoderated",
            Kind.FLAG,
            "what members without a rank say is seen by operators and half-operators only",
        ),
        ChannelMode("i", "inviteonly", Kind.FLAG, "joining takes an invitation"),
        ChannelMode("m", "moderated", Kind.FLAG, "only members with a rank may speak"),
        ChannelMode("n", "noextmsg", Kind.FLAG, "only members may speak"),
        ChannelMode("s", "secret", Kind.FLAG, "who is not a member learns nothing of the channel"),
        ChannelMode(
            "t", "topiclock", Kind.FLAG, "only operators and half-operators may change the topic"
        ),
        ChannelMode(
            "u",
            f"{VENDOR}auditorium",
            Kind.FLAG,
            "members without a rank do not see each other come, leave and be there",
        ),
    )
}
RANKS: tuple[ChannelMode, ...] = tuple(
    mode for mode in CHANNEL_MODES.values() if mode.kind is Kind.MEMBER
)
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
"""Flags that make a difference to what is said by a member. A channel without them and without bans
is told apart by one test.
"""

BOT = "B"
"""The user mode of bots, and their flag in WHO (IRCv3 bot-mode)."""

REGISTERED_ONLY = "R"
NO_USER_CTCP = "T"
SECURE = "Z"
"""The user mode of who has come encrypted, in all of its sessions; the server gives and takes
it.
"""
SERVER_OPERATOR, NOTICES, WALLOPS = "o", "s", "w"
"""The user modes of server operators, of their notices, and of who wants WALLOPS (RFC 2812
§3.1.5).
"""


class UserMode(NamedTuple):
    """One user mode, which never has a parameter: its letter, its name for PROP, and what it does,
    as help shows it.
    """

    letter: str
    name: str
    meaning: str


USER_MODES: dict[str, UserMode] = {
    mode.letter: mode
    for mode in (
        UserMode(BOT, "bot", "you are a bot, and others are told so"),
        UserMode(
            REGISTERED_ONLY,
            f"{VENDOR}regonly",
            "only who is logged in, or on your ACCEPT list, can send you private messages",
        ),
        UserMode(NO_USER_CTCP, f"{VENDOR}noctcp", "nobody can send you CTCP, except /me"),
        UserMode(SECURE, f"{VENDOR}secure", "your connection is encrypted; the server sets it"),
        UserMode(
            "i",
            "invisible",
            "who shares no channel with you does not find you by WHO, and does not see your"
            " channels",
        ),
        UserMode(
            SERVER_OPERATOR,
            "oper",
            "you are an operator of the server, by OPER; you can only take it away",
        ),
        UserMode(
            NOTICES,
            "snomask",
            "you are told what happens on the server; for operators who may see addresses",
        ),
        UserMode(WALLOPS, "wallops", "you are told what operators say to everybody by WALLOPS"),
    )
}

DEFAULT_USER_MODES = "iRT"
"""User modes that an operator may give everybody to begin with."""


class Change(NamedTuple):
    """One step of a mode string: `adding` or removing `mode`, with its parameter (None when there
    was none).
    """

    adding: bool
    mode: ChannelMode
    param: str | None = None


class UserChange(NamedTuple):
    """One step of the mode string of a user: `adding` or removing the mode of a letter."""

    adding: bool
    letter: str


def parse_changes(text: str, params: Sequence[str]) -> tuple[list[Change], list[str]]:
    """Read a channel mode string such as `+ov-k`, with its parameters.

    Returns: the changes in order, and the letters that are no mode here. A list mode without a
        parameter is a question; other modes that lack their parameter have None and are the
        caller's to refuse.
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
        changes.append(
            Change(adding, mode, next(left, None) if mode.takes_param(adding=adding) else None)
        )
    return changes, unknown


def format_changes(changes: Iterable[Change]) -> tuple[str, ...]:
    """Write changes as the parameters of MODE, with a sign only where it turns: `+ov-k`, then the
    parameters.
    """
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


def parse_user_changes(text: str) -> tuple[list[UserChange], bool]:
    """Read a user mode string such as `+i-w`; return the changes in order, and whether a letter is
    no mode here.
    """
    changes: list[UserChange] = []
    has_unknown = False
    adding = True
    for letter in text:
        if letter in "+-":
            adding = letter == "+"
        elif letter in USER_MODES:
            changes.append(UserChange(adding, letter))
        else:
            has_unknown = True
    return changes, has_unknown
