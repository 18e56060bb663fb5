"""Listening of a node only while it takes clients, so that a load balancer that checks by
connecting finds the nodes that are ready.

The listeners have listened for a moment at the start, so that a port that is in use was an error at
once.
"""

import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import trio

from trio_chat.server import systemd
from trio_chat.server.listeners import BatchListener, pause_all
from trio_chat.storage.lock import note_waiting

log = logging.getLogger("trio_chat")

_LOOK = 0.1
"""Seconds between two looks at the node."""
_NOTE = 2.0
"""Seconds after which it is noted again what the node waits for; see `lock.noted_waiting`."""
_MORE_TIME = 30
"""Seconds that systemd waits for the next notification of a node that starts."""


class Ready(Protocol):
    """What is asked: the readiness of a node."""

    @property
    def takes_clients(self) -> bool:
        """Whether new clients can connect."""

    def why_not(self) -> str:
        """Return why it cannot serve clients."""


class NodeListening:
    """Listeners that listen while a node takes clients.

    Args:
        readiness: of the node.
        listeners: paused in the beginning.
        database: beside it is noted what the node waits for; None for nowhere.
        notify: sends systemd a state.
    """

    def __init__(
        self,
        readiness: Ready,
        listeners: Sequence[BatchListener],
        database: Path | None,
        notify: Callable[[str], None] = systemd.notify,
    ) -> None:
        self._readiness = readiness
        self._listeners = listeners
        self._database = database
        self._notify = notify
        self._noted = ""
        self._noted_at = 0.0
        self._first = trio.Event()

    async def wait_first(self) -> None:
        """Wait until the listeners listen for the first time."""
        await self._first.wait()

    async def run(self, note_places: Callable[[], Awaitable[None]]) -> None:
        """Pause and resume the listeners, for ever.

        Args:
            note_places: notes where the listeners listen.

        Raises:
            ListenError: another program has taken a port.
        """
        while True:
            await self._wait_ready()
            for listener in self._listeners:
                await listener.resume()
            await note_places()
            self._notify("STATUS=")
            if self._first.is_set():
                log.warning("this node listens again")
            self._first.set()
            if sys.platform == "win32":  # a port cannot be bound again while it has connections
                await trio.sleep_forever()
            while self._readiness.takes_clients:  # noqa: ASYNC110  # time alone ends that
                await trio.sleep(_LOOK)
            pause_all(self._listeners)
            log.warning("this node takes no new clients: it %s", self._readiness.why_not())

    async def _wait_ready(self) -> None:
        while not self._readiness.takes_clients:
            await self._note(self._readiness.why_not())
            await trio.sleep(_LOOK)

    async def _note(self, reason: str) -> None:
        """Say what the node waits for, to systemd and to `trio-chat health`."""
        now = trio.current_time()
        if reason == self._noted and now < self._noted_at + _NOTE:
            return
        self._noted, self._noted_at = reason, now
        more = "" if self._first.is_set() else f"\nEXTEND_TIMEOUT_USEC={_MORE_TIME * 1_000_000}"
        self._notify(f"STATUS={reason}{more}")
        if self._database is not None:
            try:
                await trio.to_thread.run_sync(note_waiting, self._database, reason)
            except OSError as error:
                log.debug("the lock file cannot be written: %s", error)
