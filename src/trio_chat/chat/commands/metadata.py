"""METADATA: keys and values of users and channels (IRCv3 draft/metadata-2). They are kept as long as the user or the channel."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from trio_chat.chat import metadata, policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.registry import Request, command
from trio_chat.chat.users import User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.message import fold_words
from trio_chat.irc.names import fold_or_self, is_channel_name
from trio_chat.irc.numerics import Numeric

SYNC_AT_ONCE = 100
"""Values up to which a client that joins a channel is told them at once; with more, when it asks for them."""
_SYNC_LATER = "5"
"""Seconds after which it may ask."""
_KEYS_PER_LINE = 12
_ROOM = 350


@command(
    "METADATA",
    "<target> GET <key>… | LIST | SET <key> [:<value>] | CLEAR | SYNC, METADATA * SUB <key>… | UNSUB <key>… | SUBS",
    min_params=2,
    weight=2,
    help="Show or change what you, others and channels say of themselves; * is you. SUB has you told of changes of a key.",
)
def metadata_command(request: Request) -> None:
    """Carry out one of the subcommands."""
    subcommand = request.params[1].upper()
    if subcommand in _SUBSCRIPTIONS:
        _SUBSCRIPTIONS[subcommand](request)
        return
    handler = _SUBCOMMANDS.get(subcommand)
    if handler is None:
        _fail(request, "SUBCOMMAND_INVALID", request.params[1], text="The subcommands are those that HELP METADATA shows")
        return
    target = _find(request)
    if target is None:
        _fail(request, "INVALID_TARGET", request.params[0], text="There is no such user or channel")
    elif subcommand in ("GET", "SET") and not request.param(2):
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "METADATA")
    else:
        handler(request, target)


def _fail(request: Request, code: str, *context: str, text: str) -> None:
    request.reply.fail("METADATA", code, *context, text=text)


def _find(request: Request) -> User | Channel | None:
    word, world = request.params[0], request.world
    if word == "*":
        return request.user
    if not is_channel_name(word):
        return world.users.get(fold_or_self(word))
    channel = world.channels.get(fold_or_self(word))
    return channel if channel is not None and policy.can_see_channel(request.user, channel) else None


def _may_read(request: Request, target: User | Channel) -> bool:
    if policy.can_read_metadata(request.user, target):
        return True
    _fail(request, "KEY_NO_PERMISSION", metadata.name(target), "*", text="Only members of this channel may see its metadata")
    return False


def _may_write(request: Request, target: User | Channel, key: str) -> bool:
    if policy.can_write_metadata(request.user, target):
        return True
    text = "You may set metadata of yourself, and of channels that you are an operator of"
    _fail(request, "KEY_NO_PERMISSION", metadata.name(target), key, text=text)
    return False


def _is_key(request: Request, key: str) -> bool:
    if metadata.is_key(key):
        return True
    _fail(request, "KEY_INVALID", key, text="A key has at most 64 of a-z, 0-9, _ . / and -")
    return False


def _send_value(request: Request, target: User | Channel, key: str) -> None:
    value = target.metadata.get(key)
    if value is None:
        request.reply.numeric(n.RPL_KEYNOTSET, metadata.name(target), key)
    else:
        request.reply.numeric(n.RPL_KEYVALUE, metadata.name(target), key, metadata.EVERYBODY, args=(value,))


def _get(request: Request, target: User | Channel) -> None:
    if not _may_read(request, target):
        return
    with request.reply.batch("metadata", metadata.name(target)):
        for key in request.params[2:]:
            if _is_key(request, key):
                _send_value(request, target, key)


def _list(request: Request, target: User | Channel) -> None:
    if not _may_read(request, target):
        return
    with request.reply.batch("metadata", metadata.name(target)):
        for key in target.metadata:
            _send_value(request, target, key)


def _set(request: Request, target: User | Channel) -> None:
    key, limits = request.params[2], request.world.lengths
    if not _is_key(request, key) or not _may_write(request, target, key):
        return
    if len(request.params) == 3:
        if target.metadata.pop(key, None) is None:
            _fail(request, "KEY_NOT_SET", metadata.name(target), key, text="There is no such key to remove")
            return
    elif len(request.params[3].encode()) > limits.metadata_bytes:
        _fail(request, "VALUE_INVALID", text=f"A value has at most {limits.metadata_bytes} bytes")
        return
    elif key not in target.metadata and len(target.metadata) >= limits.metadata_keys:
        _fail(request, "LIMIT_REACHED", metadata.name(target), text=f"There can be at most {limits.metadata_keys} keys")
        return
    else:
        target.metadata[key] = request.params[3]
    _send_value(request, target, key)
    _tell(request, target, key)


def _clear(request: Request, target: User | Channel) -> None:
    if not _may_write(request, target, "*"):
        return
    keys = list(target.metadata)
    target.metadata.clear()
    with request.reply.batch("metadata", metadata.name(target)):
        for key in keys:
            _send_value(request, target, key)  # "equivalently to using METADATA SET on all currently-set keys with no value"
    for key in keys:
        _tell(request, target, key)


def _tell(request: Request, target: User | Channel, key: str) -> None:
    if isinstance(target, User):
        request.world.residents.note(target)
    for event in metadata.changed(request.world, request.user, target, key, request.session):
        request.reply.emit(event)


def _sync(request: Request, target: User | Channel) -> None:
    if _may_read(request, target):
        members = target.members if isinstance(target, Channel) and target in request.user.channels else ()
        with request.reply.batch("metadata", metadata.name(target)):
            for params in _followed(request, [target, *members]):
                request.reply.send("METADATA", params)


def _followed(request: Request, targets: Iterable[User | Channel]) -> Iterator[tuple[str, ...]]:
    """Give the parameters of METADATA for all keys of targets that the client follows."""
    for target in targets:
        for key, value in target.metadata.items():
            if key in request.session.subscriptions:
                yield metadata.name(target), key, metadata.EVERYBODY, value


def _subscribe(request: Request) -> None:
    subscriptions, limit = request.session.subscriptions, request.world.lengths.metadata_subs
    done: dict[str, None] = {}
    for key in request.params[2:]:
        if len(subscriptions) >= limit:
            _fail(request, "TOO_MANY_SUBS", key, text=f"You can follow at most {limit} keys")
            break
        if _is_key(request, key):
            subscriptions[key] = done[key] = None
    _send_keys(request, n.RPL_METADATASUBOK, done)
    if done and request.session.effective & cap.METADATA:
        for channel in request.user.channels:
            request.reply.numeric(n.RPL_METADATASYNCLATER, channel.name, _SYNC_LATER)


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
        for line in fold_words(words[start : start + _KEYS_PER_LINE], _ROOM):
            request.reply.numeric(numeric, *line.split())


_SUBCOMMANDS: dict[str, Callable[[Request, User | Channel], None]] = {
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


def on_registration(request: Request) -> None:
    """Tell a client what is known of it, "before RPL_ENDOFMOTD or ERR_NOMOTD"; "an empty batch" when that is nothing."""
    if request.session.effective & cap.METADATA:
        with request.reply.batch("metadata", request.user.nick):
            for key, value in request.user.metadata.items():
                request.reply.send("METADATA", (request.user.nick, key, metadata.EVERYBODY, value))


def introduce(request: Request, channel: Channel) -> None:
    """Tell the members of a channel about who has just joined."""
    for event in metadata.introduced(request.world, request.user, channel):
        request.reply.emit(event)


def on_join(request: Request, channel: Channel) -> None:
    """Tell a client that has come into a channel about it and its members."""
    if not request.session.subscriptions or not request.session.effective & cap.METADATA:
        return
    found = list(islice(_followed(request, [channel, *channel.members]), SYNC_AT_ONCE + 1))
    if len(found) > SYNC_AT_ONCE:
        request.reply.numeric(n.RPL_METADATASYNCLATER, channel.name, _SYNC_LATER)
        return
    with request.reply.batch("metadata", channel.name):
        for params in found:
            request.reply.send("METADATA", params)


def on_monitor(request: Request, users: Iterable[User]) -> None:
    """Tell a client about people whom it watches from now on."""
    if request.session.subscriptions and request.session.effective & cap.METADATA:
        for params in _followed(request, users):
            request.reply.send("METADATA", params)


def on_whois(request: Request, user: User) -> None:
    """Show the metadata of somebody to clients that know what it is."""
    if request.session.effective & cap.METADATA:
        for key, value in user.metadata.items():
            request.reply.numeric(n.RPL_WHOISKEYVALUE, user.nick, key, metadata.EVERYBODY, args=(value,))
