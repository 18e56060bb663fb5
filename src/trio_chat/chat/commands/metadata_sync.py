"""METADATA SYNC, and the values of subscribed keys as a client receives them."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from trio_chat.chat import metadata, policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.metadata_requests import may_read
from trio_chat.chat.metadata import Target
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Steps
from trio_chat.chat.users import PendingRegistration

SYNC_AT_ONCE: Final = 100
"""The maximum number of values that a client receives unasked when it joins a channel; with more it
has to ask.
"""
SYNC_LATER: Final = "5"
"""Seconds after which it may ask."""
Line = tuple[str, tuple[str, ...]]


def sync(request: Request, target: Target) -> Steps | None:
    """Send the values of subscribed keys of a user, or of a channel and its members."""
    if not may_read(request, target):
        return None
    is_member = isinstance(target, Channel) and target in request.user.channels
    members = list(target.members) if is_member and isinstance(target, Channel) else []
    return _send_followed(request, metadata.name(target), [target, *members])


def sync_everything(request: Request) -> Steps:
    """Send all metadata that a client subscribed to, once: of its channels, their members, and
    monitored users.
    """
    return _send_followed(request, metadata.EVERYTHING, _everything(request))


def _everything(request: Request) -> Iterator[Target]:
    user, world = request.user, request.world
    channels = list(user.channels)
    yield from channels
    yield user
    for channel in channels:
        if channel in user.channels:
            yield from list(channel.members)
    for folded in world.monitor.targets_of(request.session):
        if folded in world.users:
            yield world.users[folded]


def _send_followed(request: Request, about: str, targets: Iterable[Target]) -> Steps:
    done: set[Target] = set()
    with request.reply.batch("metadata", about):
        for target in targets:
            yield 1
            if target in done or not _is_still_seen(request, target):
                continue
            done.add(target)
            for line in list(followed(request, [target])):  # it may change between two parts
                request.reply.send(*line)
                yield 1


def _is_still_seen(request: Request, target: Target) -> bool:
    """Return whether a user is still here, or a channel may still be read."""
    if isinstance(target, Channel):
        return policy.can_read_metadata(request.user, target)
    return (
        isinstance(target, PendingRegistration) or request.world.users.get(target.folded) is target
    )


def followed(
    request: Request, targets: Iterable[Target], keys: Collection[str] | None = None
) -> Iterator[Line]:
    """Yield the lines for keys of targets: the given keys, or all that the client subscribed to."""
    spoken = metadata.dialect(request.session)
    wanted = request.session.subscriptions if keys is None else keys
    for target in targets:
        for key, value in target.metadata.items():
            if key in wanted:
                yield spoken.line(metadata.name(target), key, value)
