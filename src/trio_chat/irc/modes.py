"""Channel and user modes, one table each, and the parsing of mode strings.

CHANMODES and PREFIX of RPL_ISUPPORT, the MODE command, the prefixes in NAMES and the help text are
derived from the tables.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final, NamedTuple


class ModeType(Enum):
    """Type of a channel mode: whether it takes a parameter (Modern IRC, CHANMODES and PREFIX)."""

    LIST = "A"
    """Changes a list: always with a parameter; without one the list is asked for."""
    ALWAYS = "B"
    """A parameter to set and to unset it."""
    WHEN_SET = "C"
    """A parameter only to set it."""
    FLAG = "D"
    """Never a parameter."""
    MEMBER = "prefix"
    """A rank of one member, whose nickname is the parameter."""

    def takes_param(self, *, adding: bool) -> bool:
        """Return whether a change of such a mode has a parameter."""
        return self is not ModeType.FLAG and (adding or self is not ModeType.WHEN_SET)


VENDOR: Final = "trio-chat/"
"""The prefix of the names of modes that no specification names (IRCv3 `draft/named-modes`)."""


class ChannelMode(NamedTuple):
    """One channel mode.

    Args:
        letter: how MODE writes it.
        name: how PROP writes it (IRCv3 `draft/named-modes`, Mode names).
        type: whether it takes a parameter.
        meaning: its effect, as help shows it.
        prefix: the sign before the nickname of a member that has it; only for `ModeType.MEMBER`.
        needs: the lowest rank whose members may change it.
    """

    letter: str
    name: str
    type: ModeType
    meaning: str
    prefix: str = ""
    needs: str = "o"

    def takes_param(self, *, adding: bool) -> bool:
        """Return whether a change of the mode has a parameter."""
        return self.type.takes_param(adding=adding)


FOUNDER: Final = "q"
ADMIN: Final = "a"
OPERATOR: Final = "o"
HALF_OPERATOR: Final = "h"
VOICE: Final = "v"
BAN: Final = "b"
BAN_EXCEPTION: Final = "e"
INVITE_EXCEPTION: Final = "I"
KEY: Final = "k"
FORWARD: Final = "f"
LIMIT: Final = "l"
SLOW: Final = "W"
NO_CTCP: Final = "C"
ROLEPLAY: Final = "E"
REGISTERED_SPEAK: Final = "M"
PUBLIC: Final = "P"
REGISTERED_JOIN: Final = "R"
OP_MODERATED: Final = "U"
INVITE_ONLY: Final = "i"
MODERATED: Final = "m"
NO_EXTERNAL: Final = "n"
SECRET: Final = "s"  # noqa: S105 - a channel mode, not a password
TOPIC_LOCK: Final = "t"
AUDITORIUM: Final = "u"

CHANNEL_MODES: Final[dict[str, ChannelMode]] = {
    mode.letter: mode
    for mode in (
        # Ranks from the highest down: the order is the order of PREFIX and of multi-prefix.
        ChannelMode(
            FOUNDER,
            "owner",
            ModeType.MEMBER,
            "is the founder, who owns the channel",
            "~",
            needs=FOUNDER,
        ),
        ChannelMode(
            ADMIN,
            "admin",
            ModeType.MEMBER,
            "is an administrator, which operators cannot remove",
            "&",
            needs=FOUNDER,
        ),
        ChannelMode(OPERATOR, "op", ModeType.MEMBER, "is an operator of the channel", "@"),
        ChannelMode(
            HALF_OPERATOR,
            "halfop",
            ModeType.MEMBER,
            "is a half-operator, with the right to kick, ban and give a voice",
            "%",
        ),
        ChannelMode(
            VOICE,
            "voice",
            ModeType.MEMBER,
            "may speak when the channel is moderated",
            "+",
            needs=HALF_OPERATOR,
        ),
        ChannelMode(
            BAN,
            "ban",
            ModeType.LIST,
            "users that match the mask may neither join nor speak",
            needs=HALF_OPERATOR,
        ),
        ChannelMode(
            BAN_EXCEPTION,
            "banex",
            ModeType.LIST,
            "users that match the mask are exempt from bans",
            needs=HALF_OPERATOR,
        ),
        ChannelMode(
            INVITE_EXCEPTION,
            "invex",
            ModeType.LIST,
            "users that match the mask need no invitation",
            needs=HALF_OPERATOR,
        ),
        ChannelMode(KEY, "key", ModeType.ALWAYS, "joining requires this key"),
        ChannelMode(
            FORWARD,
            f"{VENDOR}forward",
            ModeType.WHEN_SET,
            "users that may not join are forwarded to this channel",
        ),
        ChannelMode(LIMIT, "limit", ModeType.WHEN_SET, "at most this many members"),
        ChannelMode(
            SLOW,
            f"{VENDOR}slow",
            ModeType.WHEN_SET,
            "members without a rank may send one message in this many seconds",
            needs=HALF_OPERATOR,
        ),
        ChannelMode(NO_CTCP, "noctcp", ModeType.FLAG, "nobody may send CTCP, except /me"),
        ChannelMode(
            ROLEPLAY,
            f"{VENDOR}roleplay",
            ModeType.FLAG,
            "NPC, NPCA and SCENE are allowed, for role-play",
        ),
        ChannelMode(
            REGISTERED_SPEAK,
            f"{VENDOR}regmoderated",
            ModeType.FLAG,
            "only members with a rank or an account may speak",
        ),
        ChannelMode(
            PUBLIC,
            f"{VENDOR}public",
            ModeType.FLAG,
            "everybody may read on the web what is said from now on",
            needs=FOUNDER,
        ),
        ChannelMode(
            REGISTERED_JOIN, "regonly", ModeType.FLAG, "only users that are logged in may join"
        ),
        ChannelMode(
            OP_MODERATED,
            f"{VENDOR}opmoderated",
            ModeType.FLAG,
            "messages of members without a rank reach only operators and half-operators",
        ),
        ChannelMode(INVITE_ONLY, "inviteonly", ModeType.FLAG, "joining requires an invitation"),
        ChannelMode(MODERATED, "moderated", ModeType.FLAG, "only members with a rank may speak"),
        ChannelMode(NO_EXTERNAL, "noextmsg", ModeType.FLAG, "only members may speak"),
        ChannelMode(
            SECRET, "secret", ModeType.FLAG, "the channel is hidden from users that are not members"
        ),
        ChannelMode(
            TOPIC_LOCK,
            "topiclock",
            ModeType.FLAG,
            "only operators and half-operators may change the topic",
        ),
        ChannelMode(
            AUDITORIUM,
            f"{VENDOR}auditorium",
            ModeType.FLAG,
            "members without a rank do not see each other, nor each other's JOIN and PART",
        ),
    )
}
_TYPES: Final = {mode.letter: mode.type for mode in CHANNEL_MODES.values()}
RANKS: Final[tuple[ChannelMode, ...]] = tuple(
    mode for mode in CHANNEL_MODES.values() if mode.type is ModeType.MEMBER
)
PREFIXES: Final = "".join(mode.prefix for mode in RANKS)


def _at_least(letter: str) -> frozenset[str]:
    return frozenset(mode.letter for mode in RANKS[: RANKS.index(CHANNEL_MODES[letter]) + 1])


AT_LEAST: Final[dict[str, frozenset[str]]] = {mode.letter: _at_least(mode.letter) for mode in RANKS}
"""By the letter of a rank: that rank and those above it."""

RESTRAINING: Final = frozenset((NO_CTCP, REGISTERED_SPEAK, OP_MODERATED, MODERATED))
"""Flags that can keep a member from speaking. One test finds a channel without them and without
bans, the common case.
"""

INVISIBLE: Final = "i"
BOT: Final = "B"
"""The user mode of bots, and their flag in WHO (IRCv3 bot-mode)."""

REGISTERED_ONLY: Final = "R"
NO_USER_CTCP: Final = "T"
SECURE: Final = "Z"
"""The user mode of a user whose sessions are all encrypted; only the server changes it."""
SERVER_OPERATOR, NOTICES, WALLOPS = "o", "s", "w"
"""The user modes for server operators, server notices and WALLOPS (RFC 2812 §3.1.5)."""


class UserMode(NamedTuple):
    """One user mode, which never has a parameter.

    Args:
        letter: how MODE writes it.
        name: how PROP writes it (IRCv3 `draft/named-modes`).
        meaning: its effect, as help shows it.
    """

    letter: str
    name: str
    meaning: str


USER_MODES: Final[dict[str, UserMode]] = {
    mode.letter: mode
    for mode in (
        UserMode(BOT, "bot", "you are a bot, and others can see it"),
        UserMode(
            REGISTERED_ONLY,
            f"{VENDOR}regonly",
            "only users that are logged in, or on your ACCEPT list, can send you private messages",
        ),
        UserMode(NO_USER_CTCP, f"{VENDOR}noctcp", "nobody can send you CTCP, except /me"),
        UserMode(SECURE, f"{VENDOR}secure", "your connection is encrypted; the server sets it"),
        UserMode(
            INVISIBLE,
            "invisible",
            "users that share no channel with you do not find you by WHO, and do not see your"
            " channels",
        ),
        UserMode(
            SERVER_OPERATOR,
            "oper",
            "you are an operator of the server, by OPER; you can only remove it",
        ),
        UserMode(
            NOTICES,
            "snomask",
            "you receive notices of the server; for operators with the right to see addresses",
        ),
        UserMode(WALLOPS, "wallops", "you receive WALLOPS, messages of operators to every user"),
    )
}

DEFAULT_USER_MODES: Final = "iRT"
"""User modes that config.ini may give every user at first."""


class ModeChange(NamedTuple):
    """One change in a channel mode string: `adding` or removing `mode`, with its parameter (None
    when there was none).
    """

    adding: bool
    mode: ChannelMode
    param: str | None = None


class UserModeChange(NamedTuple):
    """One change in a user mode string: `adding` or removing the mode of a letter."""

    adding: bool
    letter: str


def split_changes(
    text: str, params: Iterable[str], types: Mapping[str, ModeType]
) -> Iterator[tuple[bool, str, str | None]]:
    """Read the mode string of any server, such as `+ov-k`, with its parameters.

    Args:
        text: the mode string.
        params: its parameters.
        types: the types of the modes there (see `isupport.mode_types`); a letter without a type
            takes no parameter.

    Yields: for each change in order whether it adds, the letter, and the parameter; None when it
        takes none or lacks it.
    """
    adding = True
    left = iter(params)
    for letter in text:
        if letter in "+-":
            adding = letter == "+"
            continue
        mode_type = types.get(letter, ModeType.FLAG)
        yield adding, letter, next(left, None) if mode_type.takes_param(adding=adding) else None


def parse_changes(text: str, params: Iterable[str]) -> tuple[list[ModeChange], list[str]]:
    """Read a channel mode string of this server, such as `+ov-k`, with its parameters.

    Returns: the changes in order, and the letters that are no mode here. A list mode without a
        parameter asks for the list; the caller refuses other modes that lack their parameter
        (None).
    """
    changes: list[ModeChange] = []
    unknown: list[str] = []
    for adding, letter, param in split_changes(text, params, _TYPES):
        if mode := CHANNEL_MODES.get(letter):
            changes.append(ModeChange(adding, mode, param))
        else:
            unknown.append(letter)
    return changes, unknown


def format_changes(changes: Iterable[ModeChange]) -> tuple[str, ...]:
    """Format changes as the parameters of MODE: `+ov-k`, then their parameters."""
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


def letters(*types: ModeType) -> str:
    """Return the letters of the modes of these types, in the order of the table."""
    return "".join(mode.letter for mode in CHANNEL_MODES.values() if mode.type in types)


def parse_user_changes(text: str) -> tuple[list[UserModeChange], bool]:
    """Read a user mode string such as `+i-w`.

    Returns: the changes in order, and whether any letter is no mode here.
    """
    changes = [UserModeChange(adding, letter) for adding, letter, _ in split_changes(text, (), {})]
    known = [change for change in changes if change.letter in USER_MODES]
    return known, len(known) < len(changes)
