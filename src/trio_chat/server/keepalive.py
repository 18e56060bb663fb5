"""Timeouts of connections: one task checks every second whether they registered in time and still
answer.

A task with its own deadline for each of ten thousand idle clients would cost far more.
"""

from collections.abc import Callable, Collection
from typing import Protocol

import trio

LONGEST_INTERVAL, SHORTEST_INTERVAL = 1.0, 0.02
"""Seconds between two checks, by which a client may exceed its deadline."""
_LOOKS_IN_A_DEADLINE = 4
_LOOKS_PER_TURN = 256
"""Connections checked in a row; then other tasks are scheduled."""


class TimedConnection(Protocol):
    """A connection that checks its own deadlines."""

    def check_timeouts(self, now: float) -> None:
        """End the client or send it a PING, when that is due.

        Args:
            now: seconds of Trio's clock.
        """


async def keep_alive(
    connections: Collection[TimedConnection], shortest_deadline: Callable[[], float] | None = None
) -> None:
    """Check all connections, for ever.

    Args:
        connections: the current ones; the collection may change meanwhile.
        shortest_deadline: returns the shortest time, in seconds, after which anything is to happen
            to a client.
    """
    interval = LONGEST_INTERVAL
    while True:
        if shortest_deadline is not None:  # each time, because REHASH may have changed it
            interval = min(
                LONGEST_INTERVAL, max(SHORTEST_INTERVAL, shortest_deadline() / _LOOKS_IN_A_DEADLINE)
            )
        due = trio.current_time() + interval
        await trio.sleep_until(due)
        now = trio.current_time()
        if now - due > LONGEST_INTERVAL:
            # The process was suspended: bytes that clients have sent since are read first.
            continue
        for count, connection in enumerate(tuple(connections), 1):
            connection.check_timeouts(now)
            if count % _LOOKS_PER_TURN == 0:
                await trio.lowlevel.checkpoint()
