"""METADATA SUB, UNSUB and SUBS: a client subscribes to keys."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Final

from trio_chat.chat import metadata
from trio_chat.chat.commands.metadata_requests import fail, is_key
from trio_chat.chat.commands.metadata_sync import SYNC_AT_ONCE, SYNC_LATER, followed
from trio_chat.chat.metadata import Target
from trio_chat.chat.registry import Request
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.message import wrap_words
from trio_chat.irc.numerics import Numeric

_KEYS_PER_LINE: Final = 12
_ROOM: Final = 350


def subscribe(request: Request) -> None:
    """Subscribe a client to keys, and send it their present values."""
    subscriptions, limit = request.session.subscriptions, request.world.lengths.metadata_subs
    done: dict[str, None] = {}
    for key in request.params[2:]:
        if len(subscriptions) >= limit:
            fail(
                request,
                "subs",
                key=key,
                limit=str(limit),
                text=f"You can follow at most {limit} keys",
            )
            break
        if is_key(request, key):
            subscriptions[key] = done[key] = None
    _send_keys(request, n.RPL_METADATASUBOK, done)
    if done and request.session.user is not None and request.session.effective & cap.METADATA:
        _show_subscribed(request, done)


def _show_subscribed(request: Request, keys: Collection[str]) -> None:
    """Send a client the values of new subscriptions; for targets with too many values, that it has
    to ask.
    """
    if metadata.dialect(request.session).syncs_all:
        request.reply.numeric(n.RPL_METADATASYNCLATER, metadata.EVERYTHING, "0")
        return
    room = SYNC_AT_ONCE
    shown: set[Target] = set()
    for targets in targets_followed(request):
        new = [target for target in targets if target not in shown]
        lines = list(islice(followed(request, new, keys), room + 1))
        if len(lines) > room:
            request.reply.numeric(n.RPL_METADATASYNCLATER, metadata.name(targets[0]), SYNC_LATER)
            continue
        room -= len(lines)
        shown.update(new)
        for line in lines:
            request.reply.send(*line)


def targets_followed(request: Request) -> Iterator[list[Target]]:
    """Yield the targets of which a client receives updates, in groups for which it could ask:
    "themselves", "users they are currently monitoring", "channels they are joined to" with "other
    clients in the channels".
    """
    world = request.world
    yield [request.user]
    for folded in world.monitor.targets_of(request.session):
        if user := world.users.get(folded):
            yield [user]
    for channel in request.user.channels:
        yield [channel, *channel.members]


def unsubscribe(request: Request) -> None:
    """End subscriptions."""
    done = dict.fromkeys(key for key in request.params[2:] if is_key(request, key))
    for key in done:
        request.session.subscriptions.pop(key, None)
    _send_keys(request, n.RPL_METADATAUNSUBOK, done)


def list_subscriptions(request: Request) -> None:
    """List the subscriptions of a client."""
    with request.reply.batch("metadata-subs"):
        _send_keys(request, n.RPL_METADATASUBS, request.session.subscriptions)


def _send_keys(request: Request, numeric: Numeric, keys: Iterable[str]) -> None:
    words = list(keys)
    for start in range(0, len(words), _KEYS_PER_LINE):
        for line in wrap_words(words[start : start + _KEYS_PER_LINE], _ROOM):
            request.reply.numeric(numeric, *line.split())
