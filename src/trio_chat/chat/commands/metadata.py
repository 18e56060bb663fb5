"""METADATA: keys and values of users and channels (IRCv3 draft/metadata-2, draft/metadata-3).

Metadata of accounts and registered channels is persistent; other metadata ends with the user or
channel.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice

from trio_chat.chat import metadata, policy
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MetadataAdopted, MetadataSet
from trio_chat.chat.channels import Channel
from trio_chat.chat.metadata import Target
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Steps
from trio_chat.chat.users import PendingRegistration, User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.message import wrap_words
from trio_chat.irc.names import fold_or_self, is_channel_name
from trio_chat.irc.numerics import Numeric

SYNC_AT_ONCE = 100
"""The maximum number of values that a client receives unasked when it joins a channel; with more it
has to ask.
"""
_SYNC_LATER = "5"
"""Seconds after which it may ask."""
_QUOTA_SECONDS = "300"
"""Seconds after which a client with an exhausted quota may try again."""
_KEYS_PER_LINE = 12
_ROOM = 350


@command(
    "METADATA",
    "<target> GET <key>… | LIST | SET <key> [:<value>] | CLEAR | SYNC, METADATA * SUB <key>… |"
    " UNSUB <key>… | SUBS",
    min_params=2,
    needs_registration=False,
    weight=2,
    help=(
        "Show or change the metadata of users and channels; * is you. SUB notifies you"
        " of changes of a key."
    ),
)
def metadata_command(request: Request) -> Steps | None:
    """Carry out one of the subcommands; before registration only those about oneself."""
    subcommand = request.params[1].upper()
    if subcommand in _NEED_KEY and not request.param(2):
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "METADATA")
        return None
    if subcommand in _SUBSCRIPTIONS:
        _SUBSCRIPTIONS[subcommand](request)
        return None
    handler = _SUBCOMMANDS.get(subcommand)
    if handler is None:
        _fail(
            request,
            "subcommand",
            key=request.params[1],
            text="The subcommands are those that HELP METADATA shows",
        )
    elif (
        subcommand == "SYNC"
        and request.params[0].upper() == metadata.EVERYTHING
        and request.session.user is not None
    ):
        return _sync_everything(request)
    elif (target := _find(request)) is None:
        _fail(request, "target", target=request.params[0], text="There is no such user or channel")
    else:
        return handler(request, target)
    return None


def _fail(request: Request, reason: str, *, text: str, **words: str) -> None:
    """Reply that a request failed, in the client's dialect and with those of `target`, `key` and
    `limit` that it has.
    """
    code, which = metadata.dialect(request.session).failures[reason]
    request.reply.fail("METADATA", code, *(words[word] for word in which), text=text)


def _find(request: Request) -> Target | None:
    word, world = request.params[0], request.world
    user = request.session.user
    if user is None:
        # "MUST use `*` to target themselves"
        return request.session.pending if word == "*" else None
    if word == "*":
        return user
    if not is_channel_name(word):
        return world.users.get(fold_or_self(word))
    channel = world.channels.get(fold_or_self(word))
    return channel if channel is not None and policy.can_see_channel(user, channel) else None


def _may_read(request: Request, target: Target) -> bool:
    if isinstance(target, PendingRegistration) or policy.can_read_metadata(request.user, target):
        return True
    text = "Only members of this channel may see its metadata"
    _fail(request, "permission", target=metadata.name(target), key="*", text=text)
    return False


def _may_write(request: Request, target: Target, key: str) -> bool:
    shown = metadata.name(target)
    if not isinstance(target, PendingRegistration) and not policy.can_write_metadata(
        request.user, target
    ):
        text = "You may set metadata of yourself, and of channels that you are an operator of"
        _fail(request, "permission", target=shown, key=key, text=text)
        return False
    world = request.world
    wait = metadata.seconds_to_wait(
        request.session, world.elapsed(), world.lengths.metadata_changes
    )
    if wait:
        _fail(
            request,
            "rate",
            target=shown,
            key=key,
            limit=str(wait),
            text=f"Too many changes, try again in {wait} seconds",
        )
        return False
    why_not = "" if isinstance(target, PendingRegistration) else world.quotas.why_not(request.user)
    if why_not:
        _fail(request, "rate", target=shown, key=key, limit=_QUOTA_SECONDS, text=why_not)
    return not why_not


def _is_key(request: Request, key: str) -> bool:
    if metadata.is_key(key):
        return True
    _fail(request, "key", key=key, text="A key has at most 64 of a-z, 0-9, _ . / and -")
    return False


def _send_value(request: Request, target: Target, key: str) -> None:
    value = target.metadata.get(key)
    if value is None:
        request.reply.numeric(n.RPL_KEYNOTSET, metadata.name(target), key)
    else:
        request.reply.numeric(
            n.RPL_KEYVALUE, metadata.name(target), key, metadata.EVERYBODY, args=(value,)
        )


def _get(request: Request, target: Target) -> None:
    if not _may_read(request, target):
        return
    with request.reply.batch("metadata", metadata.name(target)):
        for key in request.params[2:]:
            if _is_key(request, key):
                _send_value(request, target, key)


def _list(request: Request, target: Target) -> None:
    if not _may_read(request, target):
        return
    with request.reply.batch("metadata", metadata.name(target)):
        for key in target.metadata:
            _send_value(request, target, key)


def _set(request: Request, target: Target) -> None:
    key = request.params[2]
    if not _is_key(request, key) or not _may_write(request, target, key):
        return
    value = request.params[3] if len(request.params) > 3 else None
    if value == "" and metadata.dialect(request.session).empty_removes:
        value = None
    is_done = _remove(request, target, key) if value is None else _put(request, target, key, value)
    if is_done:
        _send_value(request, target, key)


def _remove(request: Request, target: Target, key: str) -> bool:
    shown = metadata.name(target)
    if key in target.metadata:
        _change(request, target, {key: None})
    elif metadata.dialect(request.session).must_exist:
        _fail(request, "absent", target=shown, key=key, text="There is no such key to remove")
        return False
    return True


def _put(request: Request, target: Target, key: str, value: str) -> bool:
    limits, shown, known = request.world.lengths, metadata.name(target), target.metadata
    if len(value.encode()) > limits.metadata_bytes:
        _fail(request, "value", key=key, text=f"A value has at most {limits.metadata_bytes} bytes")
        return False
    if key not in known and len(known) >= limits.metadata_keys:
        most = str(limits.metadata_keys)
        _fail(request, "keys", target=shown, limit=most, text=f"There can be at most {most} keys")
        return False
    if known.get(key) != value:  # an unchanged value is not announced
        _change(request, target, {key: value})
    elif _is_dirty(request, target):
        request.reply.confirm_again()
    return True


def _is_dirty(request: Request, target: Target) -> bool:
    """Return whether metadata could not be stored, so that a client confirms it once more."""
    dirty = request.world.dirty
    if isinstance(target, Channel):
        return target.folded in dirty.channels
    return isinstance(target, User) and target.account_id in dirty.metadata


def _clear(request: Request, target: Target) -> None:
    if not _may_write(request, target, "*"):
        return
    keys = list(target.metadata)
    with request.reply.batch("metadata", metadata.name(target)):
        # "equivalently to using METADATA SET on all currently-set keys with no value"
        for key in keys:
            request.reply.numeric(n.RPL_KEYNOTSET, metadata.name(target), key)
    _change(request, target, dict.fromkeys(keys))


def _change(
    request: Request,
    target: Target,
    values: Mapping[str, str | None],
) -> None:
    """Set or remove keys, and notify the sessions that are subscribed to them."""
    if isinstance(target, PendingRegistration):
        for key, value in values.items():
            if value is None:
                del target.metadata[key]
            else:
                target.metadata[key] = value
    elif values:
        change = MetadataSet(
            target.folded, tuple(values.items()), request.user.folded, request.session.id
        )
        request.reply.emit_all(apply(request.world, change))


def _sync(request: Request, target: Target) -> Steps | None:
    if not _may_read(request, target):
        return None
    is_member = isinstance(target, Channel) and target in request.user.channels
    members = list(target.members) if is_member and isinstance(target, Channel) else []
    return _send_followed(request, metadata.name(target), [target, *members])


def _sync_everything(request: Request) -> Steps:
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
            for line in list(_followed(request, [target])):  # it may change between two parts
                request.reply.send(*line)
                yield 1


def _is_still_seen(request: Request, target: Target) -> bool:
    """Return whether a user is still here, or a channel may still be read."""
    if isinstance(target, Channel):
        return policy.can_read_metadata(request.user, target)
    return (
        isinstance(target, PendingRegistration) or request.world.users.get(target.folded) is target
    )


Line = tuple[str, tuple[str, ...]]


def _followed(
    request: Request, targets: Iterable[Target], keys: Collection[str] | None = None
) -> Iterator[Line]:
    """Yield the lines for keys of targets: the given keys, or all that the client subscribed to."""
    spoken = metadata.dialect(request.session)
    wanted = request.session.subscriptions if keys is None else keys
    for target in targets:
        for key, value in target.metadata.items():
            if key in wanted:
                yield spoken.line(metadata.name(target), key, value)


def _subscribe(request: Request) -> None:
    subscriptions, limit = request.session.subscriptions, request.world.lengths.metadata_subs
    done: dict[str, None] = {}
    for key in request.params[2:]:
        if len(subscriptions) >= limit:
            _fail(
                request,
                "subs",
                key=key,
                limit=str(limit),
                text=f"You can follow at most {limit} keys",
            )
            break
        if _is_key(request, key):
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
    for targets in _targets_followed(request):
        new = [target for target in targets if target not in shown]
        lines = list(islice(_followed(request, new, keys), room + 1))
        if len(lines) > room:
            request.reply.numeric(n.RPL_METADATASYNCLATER, metadata.name(targets[0]), _SYNC_LATER)
            continue
        room -= len(lines)
        shown.update(new)
        for line in lines:
            request.reply.send(*line)


def _targets_followed(request: Request) -> Iterator[list[Target]]:
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


def _unsubscribe(request: Request) -> None:
    done = dict.fromkeys(key for key in request.params[2:] if _is_key(request, key))
    for key in done:
        request.session.subscriptions.pop(key, None)
    _send_keys(request, n.RPL_METADATAUNSUBOK, done)


def _list_subscriptions(request: Request) -> None:
    with request.reply.batch("metadata-subs"):
        _send_keys(request, n.RPL_METADATASUBS, request.session.subscriptions)


def _send_keys(request: Request, numeric: Numeric, keys: Iterable[str]) -> None:
    words = list(keys)
    for start in range(0, len(words), _KEYS_PER_LINE):
        for line in wrap_words(words[start : start + _KEYS_PER_LINE], _ROOM):
            request.reply.numeric(numeric, *line.split())


_SUBCOMMANDS: dict[str, Callable[[Request, Target], Steps | None]] = {
    "GET": _get,
    "LIST": _list,
    "SET": _set,
    "CLEAR": _clear,
    "SYNC": _sync,
}
_SUBSCRIPTIONS: dict[str, Callable[[Request], None]] = {
    "SUB": _subscribe,
    "UNSUB": _unsubscribe,
    "SUBS": _list_subscriptions,
}
_NEED_KEY = frozenset(("GET", "SET", "SUB", "UNSUB"))


def on_registration(request: Request, values: Mapping[str, str]) -> None:
    """Send a client the metadata of its user, "before RPL_ENDOFMOTD or ERR_NOMOTD"; "an empty
    batch" when there is none.

    Args:
        request: the request that completes the registration.
        values: the values set before the registration. They are set now, and sessions that monitor
            the nickname are notified.
    """
    session, user = request.session, request.user
    before = user.metadata.copy()
    if values:
        apply(request.world, MetadataAdopted(user.folded, tuple(values.items())))
    is_new = user.metadata != before
    if user.metadata and (is_new or len(user.sessions) == 1):
        for event in metadata.changed(request.world, user, user, list(user.metadata), session):
            request.reply.emit(event)
    if session.effective & cap.METADATA:
        spoken = metadata.dialect(session)
        with request.reply.batch("metadata", user.nick):
            for key, value in user.metadata.items():
                request.reply.send(*spoken.line(user.nick, key, value))


def on_join(request: Request, channel: Channel) -> None:
    """Send a client that joined a channel the metadata of the channel and its members."""
    if not request.session.subscriptions or not request.session.effective & cap.METADATA:
        return
    found = list(islice(_followed(request, [channel, *channel.members]), SYNC_AT_ONCE + 1))
    if len(found) > SYNC_AT_ONCE:
        request.reply.numeric(n.RPL_METADATASYNCLATER, channel.name, _SYNC_LATER)
        return
    with request.reply.batch("metadata", channel.name):
        for line in found:
            request.reply.send(*line)


def on_monitor(request: Request, users: Iterable[User]) -> None:
    """Send a client the metadata of newly monitored users."""
    if request.session.subscriptions and request.session.effective & cap.METADATA:
        for line in _followed(request, users):
            request.reply.send(*line)


def on_whois(request: Request, user: User) -> None:
    """Show the metadata of a user to clients with the capability."""
    if request.session.effective & cap.METADATA:
        for key, value in user.metadata.items():
            request.reply.numeric(
                n.RPL_WHOISKEYVALUE, user.nick, key, metadata.EVERYBODY, args=(value,)
            )
