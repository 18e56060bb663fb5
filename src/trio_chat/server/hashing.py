"""Hashing threads: a bounded number, for which all clients wait in one fair queue (OWASP, Password
Storage).
"""

import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.attempts import Attempts
from trio_chat.config import LimitSettings
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.server.fair_queue import FairQueue, Lane
from trio_chat.server.lockout import MAX_KEPT, Lockout

T = TypeVar("T")


class HashingThreads:
    """The hashing threads of a server, with counts of the passwords that are checked in them.

    Args:
        limits: how many threads there are, how many tasks may wait, and how many passwords may be
            wrong, checked and made.

    Attributes:
        accounts: the lockout of clients that guess passwords of accounts.
        operators: likewise of operators of the server, so that neither locks out the other.
        gateways: likewise of gateways.
        server: likewise the one of the server, which PASS gives.
        proved: digests, with the secret of this process, of hashes in config.ini and the right
            passwords to them.
    """

    def __init__(self, limits: LimitSettings | None = None) -> None:
        limits = limits or LimitSettings()
        self.accounts, self.operators, self.gateways, self.server = (
            Lockout(kind, limits.failed_logins, limits.failed_logins_per_address, trio.current_time)
            for kind in ("account", "operator", "gateway", "server")
        )
        self.secret = os.urandom(32)
        self.proved: set[bytes] = set()
        self._delay = limits.failed_login_delay
        self._most_made = limits.registrations_per_hour
        self._made = Attempts(3600.0, trio.current_time)
        self._most_checked = limits.password_checks_per_minute
        self._checked = Attempts(60.0, trio.current_time)
        self._queue = FairQueue(limits.password_threads, limits.password_queue)
        self._limiter = trio.CapacityLimiter(limits.password_threads)

    async def check(
        self,
        lockout: Lockout,
        name: str,
        origin: Origin,
        verify: Callable[..., bool],
        *args: str,
        is_decoy: bool = False,
        is_last: bool = True,
    ) -> bool:
        """Return whether a password is right; a wrong one is answered late, and after many none is
        checked.

        Args:
            lockout: the kind of what has passwords.
            name: the account, whether it exists or not.
            origin: where the password comes from.
            verify: compares the next ones, and blocks.
            args: for it.
            is_decoy: whether there is none, and the rest is done to take as long.
            is_last: whether a wrong one counts as wrong; if not, it is checked elsewhere, too.

        Raises:
            Busy: too many were wrong, too many were checked in a minute, or too many wait.
        """
        lockout.refuse(name, origin)
        self._count(lockout, name, origin)
        async with self._queue.place(
            rate_limit_key(origin.address), self._lane(lockout, name, origin)
        ):
            lockout.refuse(name, origin)  # others may have been wrong while this one waited
            is_right = await self._hash(verify, *args) and not is_decoy
            if not is_right and is_last:
                lockout.note_wrong(name, origin)
        if not is_right and is_last:
            await trio.sleep(self._delay)
        return is_right

    async def ask(
        self, lockout: Lockout, name: str, origin: Origin, question: Callable[[], Awaitable[T]]
    ) -> T:
        """Return what a directory says of a password, unless too many were wrong. The caller counts
        a wrong one by `note_wrong`.

        Raises:
            Busy: too many were wrong, or too many were checked in a minute.
        """
        lockout.refuse(name, origin)
        self._count(lockout, name, origin)
        return await question()

    async def note_wrong(self, lockout: Lockout, name: str, origin: Origin) -> None:
        """Count a wrong proof for which nothing was hashed, and wait as for a wrong password."""
        lockout.note_wrong(name, origin)
        await trio.sleep(self._delay)

    async def make_new(
        self, origin: Origin, work: Callable[..., T], *args: str, by_operator: bool = False
    ) -> T:
        """Hash the password of a new account, which counts for its address unless an operator makes
        it.

        Raises:
            Busy: this address has made too many accounts in an hour, or too many wait.
        """
        address = rate_limit_key(origin.address)
        if not by_operator:
            if self._made.count(address) >= self._most_made:
                raise Busy("Many accounts were registered from your address, try again later")
            self._made.note(address)  # before it is hashed: several may come at once
        async with self._queue.place(
            address, Lane.SUSPECT if self.accounts.is_suspect(origin) else Lane.UNKNOWN
        ):
            return await self._hash(work, *args)

    async def change(self, name: str, origin: Origin, work: Callable[..., T], *args: str) -> T:
        """Hash the new password of an account after its owner has logged in.

        Raises:
            Busy: too many passwords of this account were hashed in a minute, or too many wait.
        """
        self._count(self.accounts, name, origin)
        async with self._queue.place(
            rate_limit_key(origin.address), self._lane(self.accounts, name, origin)
        ):
            return await self._hash(work, *args)

    async def hash_anew(self, work: Callable[..., T], *args: str) -> T:
        """Hash a password that was right just now; it has waited in the queue already."""
        return await self._hash(work, *args)

    async def _hash(self, work: Callable[..., T], *args: str) -> T:
        """Run a blocking function in a thread; it is waited for also when cancelled."""
        return await trio.to_thread.run_sync(work, *args, limiter=self._limiter)

    def _count(self, lockout: Lockout, name: str, origin: Origin) -> None:
        key = (lockout, name[:MAX_KEPT], rate_limit_key(origin.address))
        if self._checked.count(key) >= self._most_checked:
            raise Busy(
                "Many passwords for that name were checked from your address, try again in a minute"
            )
        self._checked.note(key)

    @staticmethod
    def _lane(lockout: Lockout, name: str, origin: Origin) -> Lane:
        if lockout.is_known(name, origin):
            return Lane.KNOWN
        return Lane.SUSPECT if lockout.is_suspect(origin) else Lane.UNKNOWN
