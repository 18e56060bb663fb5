"""Passwords kept by the system: the package keyring, where it is installed and has a place to keep
them.

Whatever goes wrong there is no reason to trouble anyone: then no password is known. Everything runs
in threads that are left behind after a while, since a locked keyring may wait for somebody to
unlock it.
"""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any, Protocol

import trio

from trio_chat.client.session.sasl import LoginCredentials

PATIENCE = 30.0
"""Seconds for the user to unlock the keyring."""


def _keyring() -> Any:
    return importlib.import_module("keyring")


class PasswordStore(Protocol):
    """Where passwords come from, and perhaps are kept."""

    async def load(self, account: str) -> LoginCredentials | None:
        """Return what is known for this account, or else for any account on this server."""

    async def are_available(self) -> bool:
        """Return whether passwords can be kept."""

    async def save(self, credentials: LoginCredentials) -> bool:
        """Keep a password; return whether that went well."""


class Keyring:
    """The passwords for one server.

    Args:
        service: what the keyring calls the server.
        module: gets the package; raises ImportError when there is none.
    """

    def __init__(self, service: str, module: Callable[[], Any] = _keyring) -> None:
        self._service = service
        self._module = module

    async def load(self, account: str) -> LoginCredentials | None:
        """Return what is kept for this account, or else for any account on this server."""
        found: LoginCredentials | None = await self._try(lambda: self._load(account))
        return found

    async def are_available(self) -> bool:
        """Return whether passwords can be kept."""
        return bool(await self._try(lambda: self._module().get_keyring().priority > 0))

    async def save(self, credentials: LoginCredentials) -> bool:
        """Keep a password; return whether that went well."""
        return bool(await self._try(lambda: self._save(credentials)))

    async def _try(self, work: Callable[[], Any]) -> Any:
        def tolerant() -> Any:
            try:
                return work()
            except Exception:  # a dozen backends, each with errors of its own
                return None

        with trio.move_on_after(PATIENCE):
            return await trio.to_thread.run_sync(tolerant, abandon_on_cancel=True)
        return None

    def _load(self, account: str) -> LoginCredentials | None:
        module = self._module()
        if password := module.get_password(self._service, account):
            return LoginCredentials(account, password, is_kept=True)
        if found := module.get_credential(self._service, None):
            return LoginCredentials(found.username, found.password, is_kept=True)
        return None

    def _save(self, credentials: LoginCredentials) -> bool:
        self._module().set_password(self._service, credentials.account, credentials.password)
        return True
