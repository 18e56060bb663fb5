"""Where passwords are hashed: in threads, a few at once, and never many of the same address."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import trio

from trio_chat.chat.accounts import Busy

T = TypeVar("T")

_AT_ONCE = 2
"""Passwords hashed at the same time: each takes a processor and some tens of megabytes."""
_PER_ADDRESS = 4
"""Passwords of one address that may be waiting."""


class HashingThreads:
    """The threads that a server has for this; accounts and operators share them."""

    def __init__(self) -> None:
        self._limiter = trio.CapacityLimiter(_AT_ONCE)
        self._waiting: Counter[str] = Counter()

    async def run(self, address: str, work: "Callable[..., T]", *args: str) -> T:
        """Run `work` in a thread; when cancelled, it is waited for all the same.

        Raises:
            Busy: this address has enough waiting.
        """
        if self._waiting[address] >= _PER_ADDRESS:
            raise Busy
        self._waiting[address] += 1
        try:
            return await trio.to_thread.run_sync(work, *args, limiter=self._limiter)
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]
