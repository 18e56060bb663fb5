"""One task that looks at every connection once a second: has it registered in time, is it still there?

A task with a deadline of its own for each of ten thousand clients that do nothing would cost far more than looking at them all.
"""

from collections.abc import Collection
from typing import Protocol

import trio

INTERVAL = 1.0
"""Seconds between two looks, so as much as a client may get above its deadline."""
_LOOKS_PER_TURN = 256
"""After so many looks other tasks get a turn."""


class Watched(Protocol):
    """A connection, as far as this room looks at it."""

    def look(self, now: float) -> None:
        """End the client or ask it for a sign of life, when it is time.

        Args:
            now: seconds of Trio's clock.
        """


async def keep_alive(connections: Collection[Watched]) -> None:
    """Look at all connections, for ever.

    Args:
        connections: those that are there; they may change meanwhile.
    """
    while True:
        await trio.sleep(INTERVAL)
        now = trio.current_time()
        for count, connection in enumerate(tuple(connections), 1):
            connection.look(now)
            if count % _LOOKS_PER_TURN == 0:
                await trio.lowlevel.checkpoint()
