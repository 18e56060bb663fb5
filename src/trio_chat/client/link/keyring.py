"""Passwords stored by the system: the package keyring, where it is installed and has a backend.

Any error means that no password is known, since the user can type one. Every call runs in a thread
that is abandoned after a while, since a locked keyring may wait for the user to unlock it.
"""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import trio

from trio_chat.client.link.windows_vault import may_hold_password
from trio_chat.client.session.sasl import LoginCredentials

PATIENCE = 30.0
"""Seconds for the user to unlock the keyring."""


def _keyring() -> Any:
    return importlib.import_module("keyring")


class PasswordStore(Protocol):
    """A source of passwords that may store others."""

    async def load(self, account: str) -> LoginCredentials | None:
        """Return the stored password of this account, or else of any account on this server."""

    async def are_available(self) -> bool:
        """Return whether passwords can be stored."""

    async def save(self, credentials: LoginCredentials) -> bool:
        """Store a password; return whether that succeeded."""


class Keyring:
    """The passwords for one server.

    Args:
        service: the name of the server in the keyring.
        module: returns the package; raises ImportError when it is not installed.
        may_hold: returns whether a password may be stored for a service; loading the package is
            slow.
    """

    def __init__(
        self,
        service: str,
        module: Callable[[], Any] = _keyring,
        may_hold: Callable[[str], bool] = may_hold_password,
    ) -> None:
        self._service = service
        self._module = module
        self._may_hold = may_hold

    async def load(self, account: str) -> LoginCredentials | None:
        """Return the stored password of this account, or else of any account on this server."""
        found: LoginCredentials | None = await self._try(lambda: self._load(account))
        return found

    async def are_available(self) -> bool:
        """Return whether passwords can be stored."""
        return bool(await self._try(lambda: self._module().get_keyring().priority > 0))

    async def save(self, credentials: LoginCredentials) -> bool:
        """Store a password; return whether that succeeded."""
        return bool(await self._try(lambda: self._save(credentials)))

    async def _try(self, work: Callable[[], Any]) -> Any:
        def tolerant() -> Any:
            try:
                return work()
            except Exception:  # a dozen backends have errors of their own
                return None

        with trio.move_on_after(PATIENCE):
            return await trio.to_thread.run_sync(tolerant, abandon_on_cancel=True)
        return None

    def _load(self, account: str) -> LoginCredentials | None:
        if not self._may_hold(self._service):
            return None
        module = self._module()
        if password := module.get_password(self._service, account):
            return LoginCredentials(account, password, is_kept=True)
        if found := module.get_credential(self._service, None):
            return LoginCredentials(found.username, found.password, is_kept=True)
        return None

    def _save(self, credentials: LoginCredentials) -> bool:
        self._module().set_password(self._service, credentials.account, credentials.password)
        return True


class KeyringGroup:
    """The passwords for a network with several addresses.

    Args:
        rings: those for each address.
    """

    def __init__(self, rings: Sequence[PasswordStore]) -> None:
        self._rings = tuple(rings)

    async def load(self, account: str) -> LoginCredentials | None:
        """Return the stored password of this account, or else of any account, at any address."""
        other: LoginCredentials | None = None
        with trio.move_on_after(PATIENCE):  # for all of them: a keyring is locked as a whole
            for ring in self._rings:
                found = await ring.load(account)
                if found is not None and found.account == account:
                    return found
                other = other or found
        return other

    async def are_available(self) -> bool:
        """Return whether passwords can be stored."""
        return await self._rings[0].are_available()

    async def save(self, credentials: LoginCredentials) -> bool:
        """Store a password for every address; return whether that succeeded."""
        return all([await ring.save(credentials) for ring in self._rings])
