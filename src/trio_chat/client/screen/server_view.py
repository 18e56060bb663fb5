"""One server of the controller: its link, and how the model sees it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from trio_chat.client.link.link import Link
from trio_chat.client.model.server import ServerState
from trio_chat.client.screen.deferred import DeferredCall

_MOST_JOBS = 1000


def _jobs() -> tuple[trio.MemorySendChannel[DeferredCall], trio.MemoryReceiveChannel[DeferredCall]]:
    return trio.open_memory_channel[DeferredCall](_MOST_JOBS)


@dataclass(slots=True, eq=False)
class ServerView:
    """A server and its link; `going_to` is the channel that the user wants to be in as soon as it
    is joined, `registers` that the nickname is to become an account."""

    link: Link
    server: ServerState
    going_to: str = ""
    registers: bool = False
    jobs: tuple[trio.MemorySendChannel[DeferredCall], trio.MemoryReceiveChannel[DeferredCall]] = (
        field(default_factory=_jobs)
    )

    def post(self, job: DeferredCall) -> None:
        """Have a job done that has to wait: after the earlier jobs of this server, and
        independently of other servers.

        Raises:
            trio.WouldBlock: too much waits already.
        """
        self.jobs[0].send_nowait(job)

    async def do_jobs(self, done: Callable[[], None]) -> None:
        """Do what is wanted of this server, in order, for ever."""
        async for job in self.jobs[1]:
            await job()
            done()
