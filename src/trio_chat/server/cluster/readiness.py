"""The readiness of a node: whether it can serve clients at the moment, and why not."""

import logging
import time

import trio

from trio_chat.server.cluster.log import LogUnavailable

log = logging.getLogger("trio_chat")

PATIENCE = 5.0
"""Seconds without the engine after which commands are refused instead of waiting."""


class Readiness:
    """What a node knows of its engine and of its progress.

    Attributes:
        is_serving: whether the life of the node has begun and is not over.
        obstacle: what else it waits for before it takes clients, or "".
    """

    def __init__(self) -> None:
        self.is_serving = False
        self.obstacle = ""
        self._unavailable_since: float | None = None
        self._unavailable = ""
        self._first = 0.0
        self._last = 0.0

    @property
    def is_cut_off(self) -> bool:
        """Whether the engine cannot be reached."""
        return self._unavailable_since is not None

    @property
    def is_cut_off_for_long(self) -> bool:
        """Whether the engine cannot be reached for so long that commands are refused."""
        since = self._unavailable_since
        return since is not None and trio.current_time() - since > PATIENCE

    @property
    def takes_clients(self) -> bool:
        """Whether new clients can connect. A failover of the engine is shorter than the patience:
        they wait for its end.
        """
        return self.is_serving and not self.obstacle and not self.is_cut_off_for_long

    def why_not(self) -> str:
        """Return why the node cannot serve clients at this moment; "" if it can."""
        if self.is_cut_off:
            return f"waits for the engine of the cluster: {self._unavailable}"
        if self.is_serving:
            return self.obstacle
        if self._last <= self._first:
            return "catches up with the log of the cluster"
        done = (self._last - self._first) / max(time.time() - self._first, 1.0)
        return f"catches up with the log of the cluster: {min(99, int(100 * done))} %"

    def note_carried_out(self, first: float, last: float) -> None:
        """Note the times of the first and the last entry of a batch that was carried out."""
        self._first = self._first or first
        self._last = last

    def note_unavailable(self, error: LogUnavailable) -> None:
        """Note that the engine could not be reached."""
        self._unavailable = str(error)
        if self._unavailable_since is None:
            self._unavailable_since = trio.current_time()
            log.error("the log of the cluster cannot be reached, nobody can talk: %s", error)

    def note_available(self) -> None:
        """Note that the engine was reached."""
        if self._unavailable_since is not None:
            away = trio.current_time() - self._unavailable_since
            self._unavailable_since = None
            log.warning("the log of the cluster is reached again, after %.1f s", away)
