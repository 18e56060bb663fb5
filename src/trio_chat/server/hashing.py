"""Where passwords are hashed: in threads, a few at once, never many of the same address, and none of who guesses."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import trio

from trio_chat.chat.accounts import Busy
from trio_chat.config import LimitSettings
from trio_chat.server.admission import household
from trio_chat.server.attempts import Attempts

T = TypeVar("T")

_AT_ONCE = 2
"""Passwords hashed at the same time: each takes a processor and some tens of megabytes."""
_PER_ADDRESS = 4
"""Passwords of one address that may be waiting."""


WINDOW = 600.0
"""Seconds in which wrong passwords are counted."""


class HashingThreads:
    """The threads that a server has for this; accounts and operators share them, and the count of wrong passwords.

    Args:
        limits: how many of those there may be, how long their answers take, and how many accounts an address may make.
    """

    def __init__(self, limits: LimitSettings | None = None) -> None:
        limits = limits or LimitSettings()
        self.delay = limits.failed_login_delay
        self.made = Attempts(limits.registrations_per_hour, 3600.0, trio.current_time)
        self.wrong = Attempts(limits.failed_logins, WINDOW, trio.current_time)
        self._limiter = trio.CapacityLimiter(_AT_ONCE)
        self._waiting: Counter[str] = Counter()

    async def run(self, address: str, work: "Callable[..., T]", *args: str) -> T:
        """Run `work` in a thread; when cancelled, it is waited for all the same.

        Raises:
            Busy: this address has enough waiting.
        """
        who = household(address)
        if self._waiting[who] >= _PER_ADDRESS:
            raise Busy
        self._waiting[who] += 1
        try:
            return await trio.to_thread.run_sync(work, *args, limiter=self._limiter)
        finally:
            self._waiting[who] -= 1
            if not self._waiting[who]:
                del self._waiting[who]

    async def check(self, address: str, verify: "Callable[..., bool]", hashed: str, password: str, *, is_decoy: bool) -> bool:
        """Tell whether a password is right; a wrong one is answered late, and after many from an address none is looked at.

        Args:
            address: where it comes from.
            verify: compares the next two, and blocks.
            hashed: what was kept.
            password: what was said.
            is_decoy: whether nothing was kept, and this is there to take as long.

        Raises:
            Busy: this address has been wrong too often, or has enough waiting.
        """
        self.refuse_guesser(address)
        if await self.run(address, verify, hashed, password) and not is_decoy:
            return True
        await self.note_wrong(address)
        return False

    def refuse_guesser(self, address: str) -> None:
        """Raise `Busy` when an address has been wrong too often."""
        if self.wrong.are_spent(address):
            raise Busy("Too many wrong passwords came from your address, try again later")

    async def note_wrong(self, address: str) -> None:
        """Count a wrong password, and wait before it is said that it was wrong."""
        self.wrong.note(address)
        await trio.sleep(self.delay)
