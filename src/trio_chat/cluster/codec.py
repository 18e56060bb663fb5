"""The written form of entries: MessagePack, as lists in the order of the fields.

Releases differ in what they write. A later release adds kinds of items and of changes at the end,
and fields at the end of an item, with defaults: an item of an earlier release lacks them. What is
added is written only while the version of the rules that is in force has it, so that each node can
read it. A node that reads something unknown stops, because it would go on with another state.
`Begun` and `Reported` are written before a version is in force: their added fields are ignored by
an earlier release. Values in a change, such as a ban, are written by their fields, too.
"""

from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import msgspec

from trio_chat.chat import changes
from trio_chat.chat.changes import Change
from trio_chat.cluster.entries import (
    Begun,
    CertificateGiven,
    CertificateWanted,
    Check,
    Checked,
    Decided,
    Ended,
    Entry,
    Founded,
    Item,
    Lost,
    Raised,
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
ITEMS: tuple[type[Item], ...] = (
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
    Raised,
    CertificateWanted,
    CertificateGiven,
)
"""The kinds of items. A kind is written as its place in this list, so the order never changes."""
_NUMBERS = {kind: number for number, kind in enumerate(ITEMS)}
_DECIDED = _NUMBERS[Decided]
_NAMES = {kind: [field.name for field in fields(kind)] for kind in ITEMS}


_LEAST = {kind: sum(field.default is MISSING for field in fields(kind)) for kind in ITEMS}
"""How many fields an item of the first release with its kind has."""
_OPEN = (Begun, Reported)
"""Kinds whose added fields are ignored by an earlier release."""


def _tuples(kind: type[Item]) -> dict[int, Any]:
    """Return the types of the written fields of a kind, by how many of them there are."""
    hints = get_type_hints(kind)
    types = tuple(hints[name] for name in _NAMES[kind])
    return {
        count: tuple.__class_getitem__(types[:count])
        for count in range(_LEAST[kind], len(types) + 1)
    }


_READ = {
    (number, count): read
    for number, kind in enumerate(ITEMS)
    if kind is not Decided
    for count, read in _tuples(kind).items()
}
"""The types of written fields, by the number of the kind and how many there are."""

_SAID = _NUMBERS[Said]
_ONLY_LINES = msgspec.msgpack.Decoder(
    tuple[str, int, int, list[tuple[int, int, int, tuple[bytes, ...]]]]
)
"""Reads an entry whose items are all `Said`."""


class BadEntry(Exception):
    """What is in the log is no entry."""


class LaterEntry(BadEntry):
    """An entry has what a later release of trio-chat has added."""


def encode(entry: Entry) -> bytes:
    """Return the written form of an entry."""
    items = [_from_item(item) for item in entry.items]
    return msgspec.msgpack.encode((entry.node, entry.epoch, entry.sequence, items))


def decode(data: bytes) -> Entry:
    """Read an entry that `encode` wrote.

    Raises:
        BadEntry: it is none.
        LaterEntry: it has what a later release has added.
    """
    lines = _only_lines(data)
    if lines is not None:
        return lines
    try:
        node, epoch, sequence, items = msgspec.msgpack.decode(
            data, type=tuple[str, int, int, list[list[Any]]]
        )
        return Entry(node, epoch, sequence, tuple(map(_to_item, items)))
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise BadEntry(f"no entry of this version: {error}") from error


def _only_lines(data: bytes) -> Entry | None:
    """Read an entry that has only lines of clients, as most have under load; None if it has
    something else. This takes a third of the time.
    """
    try:
        node, epoch, sequence, items = _ONLY_LINES.decode(data)
    except (msgspec.MsgspecError, ValueError):
        return None
    if any(item[0] != _SAID for item in items):
        return None
    said = [Said(session, caps, lines) for _, session, caps, lines in items]
    return Entry(node, epoch, sequence, tuple(said))


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
        if isinstance(name, str) and name.isidentifier() and name not in CHANGES:
            raise LaterEntry(f"the change {name} is unknown")
        return Decided(
            msgspec.convert(change, type=CHANGES[name]),
            msgspec.convert(subjects, type=tuple[tuple[str, int], ...]),
        )
    if isinstance(number, int) and number >= len(ITEMS):
        raise LaterEntry(f"the kind of item {number} is unknown")
    kind, read = ITEMS[number], _READ.get((number, len(values)))
    if read is None:
        if len(values) < _LEAST[kind]:
            raise BadEntry(f"{kind.__name__} lacks fields")
        if kind not in _OPEN:
            raise LaterEntry(f"{kind.__name__} has unknown fields")
        most = len(_NAMES[kind])
        del values[most:]
        read = _READ[number, most]
    item: Item = kind(*msgspec.convert(values, type=read))
    return item


def _plain(change: Change) -> Any:
    return msgspec.to_builtins(change, builtin_types=(bytes,))
