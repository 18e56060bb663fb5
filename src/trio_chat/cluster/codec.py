"""The written form of entries: MessagePack, as lists in the order of the fields.

Values of the rules, such as a ban in a change, are written by their fields, too. So a node of
another version must know the same fields; `Begun.rules` sees to that.
"""

from dataclasses import fields
from typing import Any, get_type_hints

import msgspec

from trio_chat.chat import changes
from trio_chat.chat.changes import Change
from trio_chat.cluster.entries import (
    Begun,
    Check,
    Checked,
    Decided,
    Ended,
    Entry,
    Founded,
    Item,
    Lost,
    Registered,
    Reported,
    Said,
    Stopped,
)

# Not by __subclasses__: a dataclass with slots is another class than the one of its statement.
CHANGES: dict[str, type[Change]] = {
    name: kind
    for name, kind in vars(changes).items()
    if isinstance(kind, type) and issubclass(kind, Change) and kind is not Change
}
"""All kinds of changes, by their names."""
_ITEMS: tuple[type[Item], ...] = (
    Begun,
    Registered,
    Said,
    Ended,
    Decided,
    Lost,
    Stopped,
    Founded,
    Check,
    Checked,
    Reported,
)
"""The kinds of items. A kind is written as its place in this list, so the order never changes."""
_NUMBERS = {kind: number for number, kind in enumerate(_ITEMS)}
_DECIDED = _NUMBERS[Decided]
_NAMES = {kind: [field.name for field in fields(kind)] for kind in _ITEMS}


def _types(kind: type[Item]) -> Any:
    hints = get_type_hints(kind)
    return tuple.__class_getitem__(tuple(hints[name] for name in _NAMES[kind]))


_TYPES = {number: _types(kind) for number, kind in enumerate(_ITEMS) if kind is not Decided}


class BadEntry(Exception):
    """What is in the log is no entry, or one of another version."""


def encode(entry: Entry) -> bytes:
    """Return the written form of an entry."""
    items = [_from_item(item) for item in entry.items]
    return msgspec.msgpack.encode((entry.node, entry.epoch, entry.sequence, items))


def decode(data: bytes) -> Entry:
    """Read an entry that `encode` wrote.

    Raises:
        BadEntry: it is none.
    """
    try:
        node, epoch, sequence, items = msgspec.msgpack.decode(
            data, type=tuple[str, int, int, list[list[Any]]]
        )
        return Entry(node, epoch, sequence, tuple(map(_to_item, items)))
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
        raise BadEntry(f"no entry of this version: {error}") from error


def _from_item(item: Item) -> list[Any]:
    kind = type(item)
    number = _NUMBERS[kind]
    if isinstance(item, Decided):
        return [number, type(item.change).__name__, _plain(item.change), item.subjects]
    return [number, *(getattr(item, name) for name in _NAMES[kind])]


def _to_item(written: list[Any]) -> Item:
    number, *values = written
    if number == _DECIDED:
        name, change, subjects = values
        return Decided(
            msgspec.convert(change, type=CHANGES[name]),
            msgspec.convert(subjects, type=tuple[tuple[str, int], ...]),
        )
    item: Item = _ITEMS[number](*msgspec.convert(values, type=_TYPES[number]))
    return item


def _plain(change: Change) -> Any:
    return msgspec.to_builtins(change, builtin_types=(bytes,))
