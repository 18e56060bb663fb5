"""What fake servers have in common."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

Stream = TypeVar("Stream", bound=trio.abc.Stream)


def until_reset(
    serve: Callable[[Stream], Awaitable[None]],
) -> Callable[[Stream], Awaitable[None]]:
    """Return a handler that ends when its client resets the connection.

    A client that closes it while bytes are on their way resets it, and whether some are is chance.
    """

    async def run(stream: Stream) -> None:
        try:
            await serve(stream)
        except* trio.BrokenResourceError:
            await trio.aclose_forcefully(stream)

    return run
