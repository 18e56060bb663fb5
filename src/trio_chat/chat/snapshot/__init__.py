"""Snapshots of the state of the chat as plain data, and their digests.

A snapshot has all that the outcome of a later command can depend on, apart from the configuration
and the accounts. It has nothing that belongs to one connection, such as capabilities and a monitor
list. So two servers that have carried out the same commands in the same order have equal snapshots,
whichever clients are connected to which; and a world that is restored goes on as the original does.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from trio_chat.chat.snapshot.world import (
    Snapshot,
    Steps,
    finished,
    restore,
    take,
    take_in_steps,
)

__all__ = [
    "Snapshot",
    "Steps",
    "digest",
    "finished",
    "restore",
    "take",
    "take_in_steps",
    "to_json",
]

_DEPTH = 3
"""So that a part is a user or a channel at most: of the world in the state of a machine, its lists,
and their entries.
"""


def digest(snapshot: Snapshot) -> str:
    """Return the SHA-256 of a snapshot, in hexadecimal."""
    found = hashlib.sha256()
    for part in to_json(snapshot):
        found.update(part)
    return found.hexdigest()


def to_json(value: Any, depth: int = _DEPTH) -> Iterator[bytes]:
    """Yield a snapshot as JSON in small parts: a thread that makes it must let others run.

    Args:
        value: the snapshot, or a part of it.
        depth: the levels that are taken apart.
    """
    if depth and isinstance(value, dict):
        parts = ((json.dumps(key).encode() + b":", each) for key, each in value.items())
        yield from _joined(b"{", parts, b"}", depth)
    elif depth and isinstance(value, list):
        yield from _joined(b"[", ((b"", each) for each in value), b"]", depth)
    else:
        yield json.dumps(value, ensure_ascii=False).encode()


def _joined(
    begin: bytes, parts: Iterable[tuple[bytes, Any]], end: bytes, depth: int
) -> Iterator[bytes]:
    yield begin
    separator = b""
    for head, value in parts:
        yield separator + head
        yield from to_json(value, depth - 1)
        separator = b","
    yield end
