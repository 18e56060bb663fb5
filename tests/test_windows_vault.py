"""The Credential Manager of Windows, asked before the package keyring is loaded."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trio_chat.client.link import windows_vault
from trio_chat.client.link.keyring import Keyring
from trio_chat.client.link.windows_vault import is_stored, may_hold_password

NOT_FOUND, ACCESS_DENIED = 1168, 5
GENERIC = 1


class FakeVault:
    """The functions of advapi32 that are called, with the credentials of these services."""

    def __init__(self, *services: str, error: int = NOT_FOUND) -> None:
        self._services = services
        self._error = error
        self.unreleased = 0

    def CredReadW(self, target: str, kind: int, flags: int, credential: Any) -> int:  # noqa: N802
        """Store a pointer."""
        assert (kind, flags) == (GENERIC, 0)
        if target not in self._services:
            return 0
        credential._obj.value = 1
        self.unreleased += 1
        return 1

    def CredFree(self, credential: Any) -> None:  # noqa: N802
        """Release it."""
        assert credential.value == 1
        self.unreleased -= 1

    def last_error(self) -> int:
        """Return the code."""
        return self._error


def test_a_password_that_is_stored_is_found() -> None:
    """The credential itself is released at once."""
    vault = FakeVault("trio-chat srv.test")
    assert is_stored("trio-chat srv.test", vault, vault.last_error)
    assert not vault.unreleased


def test_only_a_vault_that_answers_has_no_password() -> None:
    """Any other failure is left to keyring."""
    assert not is_stored("x", FakeVault(), FakeVault().last_error)
    assert is_stored("x", FakeVault(), FakeVault(error=ACCESS_DENIED).last_error)


async def test_the_package_is_not_loaded_without_a_password() -> None:
    """That is what takes the time."""

    def module() -> Any:
        raise AssertionError

    asked: list[str] = []

    def may_hold(service: str) -> bool:
        asked.append(service)
        return False

    ring = Keyring("trio-chat srv.test", module, may_hold)
    assert await ring.load("ann") is None
    assert asked == ["trio-chat srv.test"]


@pytest.mark.parametrize("frozen", [True, False])
def test_keyring_is_asked_where_it_may_have_other_backends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, frozen: bool
) -> None:
    """Those of another system, of an installed package, or of the user's choice."""
    assert may_hold_password("x")
    monkeypatch.setattr(windows_vault, "sys", _windows(frozen=frozen))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    if not frozen:
        assert may_hold_password("x")
        return
    (tmp_path / "Python Keyring").mkdir()
    (tmp_path / "Python Keyring" / "keyringrc.cfg").touch()
    assert may_hold_password("x")
    (tmp_path / "Python Keyring" / "keyringrc.cfg").unlink()
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    assert may_hold_password("x")


def _windows(*, frozen: bool) -> Any:
    return SimpleNamespace(platform="win32", frozen=frozen)
