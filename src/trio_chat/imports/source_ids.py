"""Ids of imported messages: made of the time and the key at the source, and so always the same.

Importing a file twice, or after an interruption, adds nothing that is there already. The sequence
number of an id (`chat.ids`) is a digest of the key, in a range that a server does not reach with
messages of its own: it would have to accept 262,144 messages in a millisecond.
"""

from hashlib import blake2b

from trio_chat.chat.ids import EPOCH_MS
from trio_chat.chat.timeline import (
    EARLY_BEGIN,
    EARLY_BITS,
    EARLY_END,
    SEQUENCE_BITS,
    early_id,
    early_shift,
)

FIRST_TIME = EARLY_BEGIN + EPOCH_MS
"""The first moment that an id can have, in milliseconds of Unix time."""
_DIGEST_BITS = 18


def source_id(time: int, key: str) -> tuple[int, int]:
    """Return the id of a message, and its shift (see `chat.ids`).

    Args:
        time: milliseconds of Unix time, not before `FIRST_TIME`.
        key: identifies the message at the source.
    """
    digest = int.from_bytes(blake2b(key.encode("utf-8", "replace"), digest_size=4).digest())
    moment = time - EPOCH_MS
    if moment < EARLY_END:
        number = early_id(moment) | digest & ((1 << EARLY_BITS) - 1)
        return number, early_shift(number)
    low = 1 << _DIGEST_BITS | digest & ((1 << _DIGEST_BITS) - 1)
    return moment << SEQUENCE_BITS | low, 0


def digest(key: str) -> str:
    """Return six characters that distinguish names that would otherwise be equal."""
    return blake2b(key.encode("utf-8", "replace"), digest_size=3).hexdigest()
