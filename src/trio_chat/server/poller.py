"""The poller: one task that waits for bytes of many sockets, and calls the function of each.

A client's task need not run for each received line. Where the system has epoll, one task polls all
sockets at once and executes the lines in place; a client's own task sleeps until it has to wait, or
an error occurs. Waiting in each task would cost a system call, a wake-up and a task switch for each
line: a third of the cost of a private message.
"""

import logging
import select
from collections.abc import Callable
from typing import Final, Protocol

import outcome
import trio

from trio_chat.server.lingering import LingeringSockets

log = logging.getLogger("trio_chat")

_EVENTS_PER_TURN: Final = 256
"""Sockets in a row; then other tasks are scheduled. With fewer, the PING of a client waits for more
rounds while thousands of others send something.
"""
_LONGEST_TURN: Final = 0.005
"""Seconds after which they are scheduled in between: a line can be expensive."""


class Poller(Protocol):
    """Waits for sockets to be readable."""

    async def run(self) -> None:
        """Wait, for ever. Tasks in `watch` must have ended before this is cancelled."""

    async def watch(self, descriptor: int, on_readable: Callable[[], bool]) -> None:
        """Call a function each time a socket is readable, until it returns true or this is
        cancelled.

        Args:
            descriptor: the socket's; one may be watched only once at a time.
            on_readable: must not block, and may be called when nothing can be read. An exception in
                it is raised here, or only logged when this was cancelled before.

        Raises:
            trio.ClosedResourceError: `forget` was called.
        """

    def forget(self, descriptor: int) -> None:
        """End the watching of a socket that is about to be closed, if it is watched."""

    @property
    def can_wake(self) -> bool:
        """Whether `wake` does anything."""

    def wake(self, descriptor: int) -> None:
        """End the watching of a socket as if its function had returned true, if it is watched."""

    @property
    def lingering(self) -> LingeringSockets | None:
        """The sockets that linger; None where each task has to wait for its own."""


def best_poller() -> Poller:
    """Return the cheapest poller of this system."""
    return EpollPoller() if hasattr(select, "epoll") else TaskPoller()


class TaskPoller:
    """A poller in which each task waits by itself; works wherever Trio does."""

    async def run(self) -> None:
        """Do nothing: there is nothing to be done for all."""
        await trio.sleep_forever()

    async def watch(self, descriptor: int, on_readable: Callable[[], bool]) -> None:
        """Wait, call, and wait again; see `Poller`."""
        is_enough = False
        while not is_enough:
            await trio.lowlevel.wait_readable(descriptor)
            # It may have been after the bytes had come.
            await trio.lowlevel.checkpoint_if_cancelled()
            is_enough = on_readable()

    def forget(self, descriptor: int) -> None:
        """Wake the waiting task; see `Poller`."""
        trio.lowlevel.notify_closing(descriptor)

    @property
    def can_wake(self) -> bool:
        """False: a task that waits by itself has to be cancelled."""
        return False

    def wake(self, descriptor: int) -> None:
        """Do nothing; see `Poller`."""

    @property
    def lingering(self) -> LingeringSockets | None:
        """None; see `Poller`."""
        return None


class _Watch:
    """A task that waits for a socket; with a method to abort that, which takes less memory than a
    closure.
    """

    __slots__ = ("_descriptor", "_poller", "on_readable", "task")

    def __init__(
        self,
        poller: "EpollPoller",
        descriptor: int,
        task: trio.lowlevel.Task,
        on_readable: Callable[[], bool],
    ) -> None:
        self._poller = poller
        self._descriptor = descriptor
        self.task = task
        self.on_readable = on_readable

    def abort(self, _: object) -> trio.lowlevel.Abort:
        """Let the task be cancelled."""
        self._poller.stop(self._descriptor)
        return trio.lowlevel.Abort.SUCCEEDED


class EpollPoller:
    """A poller in which one task waits for all, by an epoll nested in Trio's (Linux)."""

    def __init__(self) -> None:
        self._watches: dict[int, _Watch] = {}
        self._epoll = select.epoll()
        self._lingering = LingeringSockets(self._epoll)

    @property
    def lingering(self) -> LingeringSockets | None:
        """The sockets that linger; see `Poller`."""
        return self._lingering

    async def run(self) -> None:
        """Wait for all; see `Poller`."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._lingering.run)
                await self._poll()
        finally:
            self._lingering.close()

    async def _poll(self) -> None:
        now = trio.lowlevel.current_clock().current_time  # two calls less than by trio.current_time
        with self._epoll:
            while True:
                await trio.lowlevel.wait_readable(self._epoll.fileno())
                began = now()
                # By level, not by edge: what is not read now is reported again.
                for descriptor, _ in self._epoll.poll(0, _EVENTS_PER_TURN):
                    if now() - began > _LONGEST_TURN:
                        await trio.lowlevel.checkpoint()
                        began = now()
                    self._attend(descriptor)

    def _attend(self, descriptor: int) -> None:
        watch = self._watches.get(descriptor)
        if watch is None:  # what was done for one socket may have ended the watching of another
            self._lingering.attend(descriptor)
            return
        try:
            is_enough = watch.on_readable()
        except Exception as error:  # it ends the watching task and no other
            if not self._end(descriptor, watch, outcome.Error(error)):
                log.exception("internal error while reading for a client that had just been ended")
        else:
            if is_enough:
                self._end(descriptor, watch, outcome.Value(None))

    def _end(self, descriptor: int, watch: _Watch, result: outcome.Outcome[None]) -> bool:
        """Wake the watching task, unless it has been cancelled since, perhaps by itself; return
        whether it was woken.
        """
        if self._watches.get(descriptor) is not watch:
            return False
        self.stop(descriptor)
        trio.lowlevel.reschedule(watch.task, result)
        return True

    def stop(self, descriptor: int) -> None:
        """End the watching of a socket, and wake nobody."""
        if not self._epoll.closed:
            # It is closed when the polling task has failed, and the watching tasks are cancelled.
            self._epoll.unregister(descriptor)
        del self._watches[descriptor]

    async def watch(self, descriptor: int, on_readable: Callable[[], bool]) -> None:
        """Wait until the one task says that it is over; see `Poller`."""
        if descriptor in self._watches:
            raise trio.BusyResourceError("this socket is watched already")
        await trio.lowlevel.checkpoint_if_cancelled()
        self._epoll.register(descriptor, select.EPOLLIN)
        watch = _Watch(self, descriptor, trio.lowlevel.current_task(), on_readable)
        self._watches[descriptor] = watch
        await trio.lowlevel.wait_task_rescheduled(watch.abort)

    def forget(self, descriptor: int) -> None:
        """Wake the watching task; see `Poller`."""
        if (watch := self._watches.get(descriptor)) is not None:
            self._end(
                descriptor, watch, outcome.Error(trio.ClosedResourceError("closed by another task"))
            )

    @property
    def can_wake(self) -> bool:
        """True; see `Poller`."""
        return True

    def wake(self, descriptor: int) -> None:
        """Wake the watching task; see `Poller`."""
        if (watch := self._watches.get(descriptor)) is not None:
            self._end(descriptor, watch, outcome.Value(None))
