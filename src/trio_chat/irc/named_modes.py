"""Mode names (IRCv3 `draft/named-modes`): RPL_CHMODELIST, the items of PROP, and MODE as PROP."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from trio_chat.irc.modes import (
    CHANNEL_MODES,
    USER_MODES,
    VENDOR,
    ChannelMode,
    ModeChange,
    ModeType,
    UserMode,
    UserModeChange,
    parse_changes,
    parse_user_changes,
)
from trio_chat.irc.names import is_channel_name

_Mode = TypeVar("_Mode", ChannelMode, UserMode)

MOST_ITEMS: Final = 13
"""RFC 2812 §2.3 allows 15 parameters; a nickname and a channel, or `*`, precede the items."""

_TYPES: Final = {
    ModeType.LIST: 1,
    ModeType.ALWAYS: 2,
    ModeType.WHEN_SET: 3,
    ModeType.FLAG: 4,
    ModeType.MEMBER: 5,
}
_FLAG: Final = _TYPES[ModeType.FLAG]

CHANNEL_MODE_LIST: Final = tuple(
    f"{_TYPES[mode.type]}:{mode.name}={mode.letter}" for mode in CHANNEL_MODES.values()
)
"""The items of RPL_CHMODELIST."""
USER_MODE_LIST: Final = tuple(f"{_FLAG}:{mode.name}={mode.letter}" for mode in USER_MODES.values())
"""The items of RPL_UMODELIST."""

# "Servers implementing non-standard modes may allow clients to send them both with and without
# their vendor prefix."
_CHANNEL_MODES: Final[dict[str, ChannelMode]] = {
    name: mode
    for mode in CHANNEL_MODES.values()
    for name in (mode.name, mode.name.removeprefix(VENDOR))
}
_USER_MODES: Final[dict[str, UserMode]] = {
    name: mode
    for mode in USER_MODES.values()
    for name in (mode.name, mode.name.removeprefix(VENDOR))
}


class BadItem(ValueError):
    """An invalid item of PROP; the message is a sentence.

    Args:
        code: the code of the standard reply.
        name: the name of the mode.
        why: the sentence.
    """

    def __init__(self, code: str, name: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.name = name


def is_change(item: str) -> bool:
    """Return whether an item of PROP changes a mode; one without a sign asks for a list."""
    return item[:1] in ("+", "-")


def read_change(item: str) -> ModeChange:
    """Parse an item such as `+key=pyramids` or `-topiclock`.

    Raises:
        BadItem: there is no such mode, or its parameter is missing, or it takes none.
    """
    adding = item[0] == "+"
    name, equals, param = item[1:].partition("=")
    mode = _named(_CHANNEL_MODES, name)
    if not mode.takes_param(adding=adding):
        _refuse_param(name, equals)
    elif not param and (adding or mode.type is not ModeType.ALWAYS):
        # A key is taken away without naming it.
        raise BadItem(
            "MISSING_VALUE", name, f"{item[0]}{name} needs a value: {item[0]}{name}=<value>"
        )
    return ModeChange(adding, mode, param or None)


def read_list(item: str) -> ChannelMode:
    """Parse an item without a sign, such as `ban`.

    Raises:
        BadItem: it is not the name of a list mode.
    """
    name, equals, _ = item.partition("=")
    if equals:
        raise BadItem(
            "INVALID_SYNTAX",
            name,
            f"To change {name} put + or - before it; to see the list leave the value out",
        )
    mode = _named(_CHANNEL_MODES, name)
    if mode.type is not ModeType.LIST:
        raise BadItem(
            "NOT_LISTMODE", name, f"{name} is not a list; put + or - before it to change it"
        )
    return mode


def read_user_change(item: str) -> UserModeChange:
    """Parse an item for a user, such as `+invisible`.

    Raises:
        BadItem: there is no such mode, or the item has a parameter, or no sign.
    """
    name, equals, _ = item[1:].partition("=")
    if not is_change(item):
        raise BadItem(
            "INVALID_SYNTAX",
            item.partition("=")[0],
            "Modes of a user have no lists; put + or - before the name",
        )
    mode = _named(_USER_MODES, name)
    _refuse_param(name, equals)
    return UserModeChange(item[0] == "+", mode.letter)


def _named(table: dict[str, _Mode], name: str) -> _Mode:
    mode = table.get(name)
    if mode is None:
        raise BadItem("UNKNOWN_MODE", name, "There is no mode of this name")
    return mode


def _refuse_param(name: str, equals: str) -> None:
    if equals:
        raise BadItem("UNEXPECTED_VALUE", name, f"{name} takes no value here")


def from_mode(target: str, params: Sequence[str]) -> list[str]:
    """Translate a MODE to the items of PROP.

    Args:
        target: the channel or the nickname.
        params: the mode string and its parameters.

    Returns: the items; none when a letter has no name, as in a stored MODE from before the mode was
        removed.
    """
    if is_channel_name(target):
        changes, unknown = parse_changes(params[0], params[1:])
        return [] if unknown else _format(changes)
    user_changes, has_unknown = parse_user_changes(params[0])
    return (
        []
        if has_unknown
        else [f"{_sign(adding)}{USER_MODES[letter].name}" for adding, letter in user_changes]
    )


def _format(changes: Iterable[ModeChange]) -> list[str]:
    return [f"{_sign(change.adding)}{with_param(change.mode, change.param)}" for change in changes]


def with_param(mode: ChannelMode, param: str | None) -> str:
    """Format the name of a mode with its parameter, if it has one."""
    return f"{mode.name}={param}" if param else mode.name


def _sign(adding: bool) -> str:
    return "+" if adding else "-"
