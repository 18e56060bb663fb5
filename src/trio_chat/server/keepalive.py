"""One task that looks at every connection once a second: has it registered in time, is it still
there?

A task with a deadline of its own for each of ten thousand clients that do nothing would cost far
more than looking at them all.
"""

from collections.abc import Callable, Collection
from typing import Protocol

import trio

LONGEST_INTERVAL, SHORTEST_INTERVAL = 1.0, 0.02
"""Seconds between two looks, so as much as a client may get above its deadline."""
_LOOKS_IN_A_DEADLINE = 4
_LOOKS_PER_TURN = 256
"""After so many looks other tasks get a turn."""


class TimedConnection(Protocol):
    """A connection, as far as this room looks at it."""

    def check_timeouts(self, now: float) -> None:
        """End the client or ask it for a sign of life, when it is time.

        Args:
            now: seconds of Trio's clock.
        """


async def keep_alive(
    connections: Collection[TimedConnection], shortest_deadline: Callable[[], float] | None = None
) -> None:
    """Look at all connections, for ever.

    Args:
        connections: those that are there; they may change meanwhile.
        shortest_deadline: returns the shortest time, in seconds, after which anything is to happen
            to a client.
    """
    interval = LONGEST_INTERVAL
    while True:
        if shortest_deadline is not None:  # asked each time, as the configuration may be read again
            interval = min(
                LONGEST_INTERVAL, max(SHORTEST_INTERVAL, shortest_deadline() / _LOOKS_IN_A_DEADLINE)
            )
        due = trio.current_time() + interval
        await trio.sleep_until(due)
        now = trio.current_time()
        if (
            now - due > LONGEST_INTERVAL
        ):  # the server itself was stopped: bytes that clients have sent since are read first
            continue
        for count, connection in enumerate(tuple(connections), 1):
            connection.check_timeouts(now)
            if count % _LOOKS_PER_TURN == 0:
                await trio.lowlevel.checkpoint()
