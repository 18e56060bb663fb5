"""Server views: each has the link of one server and the state that the model keeps of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import trio

from trio_chat.client.link.link import Link
from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.server import ServerState
from trio_chat.client.screen.deferred import DeferredCall

_MOST_CALLS = 1000


def _calls() -> tuple[
    trio.MemorySendChannel[DeferredCall], trio.MemoryReceiveChannel[DeferredCall]
]:
    return trio.open_memory_channel[DeferredCall](_MOST_CALLS)


@dataclass(slots=True, eq=False)
class ServerView:
    """A server and its link.

    Args:
        link: the link.
        server: the state of the server in the model.
        going_to: the channel that is shown as soon as it is joined, "" for none.
        registers: whether the nickname is to become an account at the next connection.
        calls: the deferred calls of this server.
    """

    link: Link
    server: ServerState
    going_to: str = ""
    registers: bool = False
    calls: tuple[trio.MemorySendChannel[DeferredCall], trio.MemoryReceiveChannel[DeferredCall]] = (
        field(default_factory=_calls)
    )

    def post(self, call: DeferredCall) -> None:
        """Have a call made after the earlier ones of this server, independently of other servers.

        Raises:
            trio.WouldBlock: too many calls are waiting.
        """
        self.calls[0].send_nowait(call)

    async def run_calls(self, done: Callable[[], None]) -> None:
        """Make the calls in order, until cancelled; `done` is called after each."""
        async for call in self.calls[1]:
            await call()
            done()


class ServerViews(list[ServerView]):
    """The views of all servers, in the order in which the servers were added."""

    def of(self, server: ServerState) -> ServerView:
        """Return the view of a server that is in the workspace."""
        return next(view for view in self if view.server is server)

    def find(self, server: ServerState) -> ServerView | None:
        """Return the view of a server, None after the server was removed."""
        return next((view for view in self if view.server is server), None)

    def holding(self, buffer: Buffer) -> ServerView | None:
        """Return the view whose server has a buffer, None after the buffer was closed."""
        return next((view for view in self if buffer in view.server.buffers.values()), None)


class Post(Protocol):
    """A function that defers a call to the task of a server, or to that of the client."""

    def __call__(self, call: DeferredCall, view: ServerView | None = None, /) -> None:
        """Defer a call.

        Args:
            call: the call.
            view: the server whose earlier calls precede it; None for a call that concerns no
                server.
        """
