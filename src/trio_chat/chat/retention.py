"""Retention of messages: set by the operator, and within limits by the owner of a registered
channel. And of uploads to which no message links.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from trio_chat.chat.channel_registration import OFF
from trio_chat.chat.channels import Channel
from trio_chat.chat.history import LAST_ID, Span
from trio_chat.chat.ids import milliseconds
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.uploads import LINK
from trio_chat.chat.world import World

UNLINKED_DAYS: Final = 1
"""The days after which an upload is removed to which nothing links."""
_DAY: Final = 86_400.0


class Rule(NamedTuple):
    """A rule by which messages are deleted.

    Args:
        before: the smallest id that is not deleted.
        only: the folded name of the only affected channel; None for all buffers.
        without: folded names of channels that have rules of their own.
    """

    before: int
    only: str | None = None
    without: tuple[str, ...] = ()


def days(storage: StoragePorts, channel: Channel | None) -> int | None:
    """Return the days after which messages expire: 0 for never, `OFF` if they are not stored.

    Private messages have no channel.
    """
    setting = (
        channel.registration.history
        if channel is not None and channel.registration is not None
        else None
    )
    return effective_days(setting, storage.keep_days, may_be_longer=storage.may_be_longer)


def effective_days(
    setting: int | None, keep_days: int | None, *, may_be_longer: bool
) -> int | None:
    """Return the days that result from the setting of a channel and that of the server; see
    `days`.
    """
    if setting is None or setting == OFF or may_be_longer or not keep_days:
        return keep_days if setting is None else setting
    return min(setting, keep_days)


def oldest(world: World, storage: StoragePorts, channel: Channel | None) -> int:
    """Return the smallest id that may be shown: expired messages are hidden before they are
    deleted.
    """
    return _oldest(world, days(storage, channel))


def _oldest(world: World, number: int | None) -> int:
    if number == OFF:
        return LAST_ID
    if not number:
        return 0
    now = world.steady()
    return world.ids.timeline.oldest(milliseconds(now - number * _DAY), milliseconds(now))


def cut(span: Span, smallest: int) -> Span:
    """Return a span without the ids below the smallest."""
    return span._replace(after=max(span.after, smallest - 1))


def rules(world: World, storage: StoragePorts) -> list[Rule]:
    """Return the rules for what is to be deleted now."""
    special = [
        channel
        for channel in world.channels.values()
        if channel.registration is not None and channel.registration.history is not None
    ]
    general = Rule(
        _oldest(world, storage.keep_days), without=tuple(channel.folded for channel in special)
    )
    found = [
        general,
        *(Rule(oldest(world, storage, channel), only=channel.folded) for channel in special),
    ]
    return [rule for rule in found if rule.before]


def linked_by_state(world: World) -> set[str]:
    """Return the random names of uploads to which something else than a message links: metadata,
    such as an avatar, or the topic of a channel.
    """
    return {name for text in _texts(world) if "/file/" in text for name in LINK.findall(text)}


def _texts(world: World) -> Iterator[str]:
    for values in world.metadata.values():  # of accounts, also of those that are not connected
        yield from values.values()
    for user in world.users.values():
        yield from user.metadata.values()
    for channel in world.channels.values():
        yield from channel.metadata.values()
        if channel.topic is not None:
            yield channel.topic.text
