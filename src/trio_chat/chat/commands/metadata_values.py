"""METADATA GET, LIST, SET and CLEAR: values of keys are shown and changed."""

import re
from collections.abc import Mapping
from typing import Final

from trio_chat.chat import metadata
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MetadataSet
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.metadata_requests import fail, is_key, may_read, may_write
from trio_chat.chat.metadata import Target
from trio_chat.chat.moderation import server_rules
from trio_chat.chat.moderation.server import PROFILES
from trio_chat.chat.registry import Request
from trio_chat.chat.users import PendingRegistration, User
from trio_chat.irc import numerics as n

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def get(request: Request, target: Target) -> None:
    """Show the values of keys."""
    if not may_read(request, target):
        return
    with request.reply.batch("metadata", metadata.name(target)):
        for key in request.params[2:]:
            if is_key(request, key):
                _send_value(request, target, key)


def list_all(request: Request, target: Target) -> None:
    """Show all keys with their values."""
    if not may_read(request, target):
        return
    with request.reply.batch("metadata", metadata.name(target)):
        for key in target.metadata:
            _send_value(request, target, key)


def set_value(request: Request, target: Target) -> None:
    """Set a key, or remove it."""
    key = request.params[2]
    if not is_key(request, key) or not may_write(request, target, key):
        return
    value = request.params[3] if len(request.params) > 3 else None
    if value == "" and metadata.dialect(request.session).empty_removes:
        value = None
    is_done = _remove(request, target, key) if value is None else _put(request, target, key, value)
    if is_done:
        _send_value(request, target, key)


def clear(request: Request, target: Target) -> None:
    """Remove all keys."""
    if not may_write(request, target, "*"):
        return
    keys = list(target.metadata)
    with request.reply.batch("metadata", metadata.name(target)):
        # "equivalently to using METADATA SET on all currently-set keys with no value"
        for key in keys:
            request.reply.numeric(n.RPL_KEYNOTSET, metadata.name(target), key)
    _change(request, target, dict.fromkeys(keys))


def _send_value(request: Request, target: Target, key: str) -> None:
    value = target.metadata.get(key)
    if value is None:
        request.reply.numeric(n.RPL_KEYNOTSET, metadata.name(target), key)
    else:
        request.reply.numeric(
            n.RPL_KEYVALUE, metadata.name(target), key, metadata.EVERYBODY, args=(value,)
        )


def _remove(request: Request, target: Target, key: str) -> bool:
    shown = metadata.name(target)
    if key in target.metadata:
        _change(request, target, {key: None})
    elif metadata.dialect(request.session).must_exist:
        fail(request, "absent", target=shown, key=key, text="There is no such key to remove")
        return False
    return True


def _put(request: Request, target: Target, key: str, value: str) -> bool:
    limits, shown, known = request.world.lengths, metadata.name(target), target.metadata
    if len(value.encode()) > limits.metadata_bytes:
        fail(request, "value", key=key, text=f"A value has at most {limits.metadata_bytes} bytes")
        return False
    if _CONTROL.search(value):
        fail(request, "value", key=key, text="A value has no control characters")
        return False
    if server_rules.refuses(request, PROFILES, value, f"metadata {key}"):
        why = server_rules.why_not_text(request, "The value", value)
        fail(request, "value", key=key, text=why)
        return False
    if key not in known and len(known) >= limits.metadata_keys:
        most = str(limits.metadata_keys)
        fail(request, "keys", target=shown, limit=most, text=f"There can be at most {most} keys")
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
