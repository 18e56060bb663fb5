"""Snapshots of the state of the chat as plain data, and their digests.

A snapshot has all that the outcome of a later command can depend on, apart from the configuration
and the accounts. It has nothing that belongs to one connection, such as capabilities and a monitor
list. So two servers that have carried out the same commands in the same order have equal snapshots,
whichever clients are connected to which; and a world that is restored goes on as the original does.
"""

import hashlib
import json

from trio_chat.chat.snapshot.world import Snapshot, restore, take

__all__ = ["Snapshot", "digest", "restore", "take"]


def digest(snapshot: Snapshot) -> str:
    """Return the SHA-256 of a snapshot, in hexadecimal."""
    return hashlib.sha256(json.dumps(snapshot, ensure_ascii=False).encode()).hexdigest()
