"""LIST with the conditions that ISUPPORT's ELIST names (Modern IRC, LIST)."""

import re
from collections.abc import Callable
from typing import Final

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands import info
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Steps
from trio_chat.irc import masks
from trio_chat.irc import numerics as n
from trio_chat.irc.names import fold_or_self, is_channel_name

_WORK_OF_WORD: Final = 4
"""The work of reading a word, which may be a mask to compile."""

Condition = Callable[[Channel], bool]


_NUMBER: Final = re.compile("([CT]?)([<>])([0-9]{1,9})", re.ASCII | re.IGNORECASE)
_OF: Final[dict[str, Callable[[Channel, float], float | None]]] = {
    # How many members; and how many minutes ago it was made, or its topic was set: no condition
    # covers a topic that is not there.
    "": lambda channel, now: len(channel.members),
    "C": lambda channel, now: (now - channel.created) / 60,
    "T": lambda channel, now: (now - channel.topic.time) / 60 if channel.topic else None,
}


@command(
    "LIST",
    "[<channel or mask>{,<channel or mask>}] [!<mask>] [>n | <n] [C>n | C<n] [T>n | T<n]"
    " [<conditions or server>]",
    help=(
        "List channels with their topics, all conditions separated by commas: !: not this mask; >,"
        " <: by number of members; C: made, T: topic set more or less than n minutes ago."
    ),
    weight=4,
    is_local=True,
)
def list_command(request: Request) -> Steps:
    """List channels that the user may know of."""
    second = [word for word in request.param(1).split(",") if word]
    if second and not any(is_channel_name(word) or _condition(word, 0.0) for word in second):
        if info.is_other_server(request, 1):
            return
        second = []
    exact: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    conditions: list[Condition] = []
    for word in dict.fromkeys((*filter(None, request.param(0).split(",")), *second)):
        yield _WORK_OF_WORD
        if condition := _condition(word, request.world.clock()):
            conditions.append(condition)
        elif masks.has_wildcard(word):
            patterns.append(masks.compile_glob(fold_or_self(word)))
        else:
            exact.add(fold_or_self(word))
    request.reply.numeric(n.RPL_LISTSTART, "Channel")
    channels = request.world.channels
    work = 1 + (len(patterns) + len(conditions)) // 4
    for channel in list(channels.values()):
        yield work
        if channels.get(channel.folded) is not channel or not policy.can_see_channel(
            request.user, channel
        ):
            continue
        if (
            (exact or patterns)
            and channel.folded not in exact
            and not any(pattern.fullmatch(channel.folded) for pattern in patterns)
        ):
            continue
        if all(condition(channel) for condition in conditions):
            topic = channel.topic.text if channel.topic else ""
            request.reply.numeric(
                n.RPL_LIST, channel.name, str(len(channel.members)), args=(topic,)
            )
            yield 1
    request.reply.numeric(n.RPL_LISTEND)


def _condition(word: str, now: float) -> Condition | None:
    """Return what a word demands of a channel; None when it is a name, or a mask of names."""
    if word[0] == "!":
        pattern = masks.compile_glob(fold_or_self(word[1:]))
        return lambda channel: pattern.fullmatch(channel.folded) is None
    match = _NUMBER.fullmatch(word)
    if match is None:
        return None
    of, is_less, limit = _OF[match[1].upper()], match[2] == "<", int(match[3])

    def is_so(channel: Channel) -> bool:
        value = of(channel, now)
        return value is not None and (value < limit if is_less else value > limit)

    return is_so
