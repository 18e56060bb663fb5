"""The Credential Manager of Windows, asked whether it has any password before `keyring` is loaded.

Loading the package, which tries the backends of all systems and starts a program to find out the
version of Windows, takes a quarter of the client's start. Most users store no password.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

_GENERIC = 1
"""CRED_TYPE_GENERIC, the type that keyring uses."""
_NOT_FOUND = 1168
"""ERROR_NOT_FOUND."""


class Advapi32(Protocol):
    """The functions of advapi32.dll that are called here."""

    def CredReadW(self, target: str, kind: int, flags: int, credential: Any) -> int:  # noqa: N802
        """Store a pointer to a credential; return 0 on failure."""

    def CredFree(self, credential: Any) -> None:  # noqa: N802
        """Release a credential."""


def may_hold_password(service: str) -> bool:
    """Return whether keyring may have a password for a service; True when that is not certain.

    Only a program of its own for Windows knows that keyring has no further backends installed.
    """
    if sys.platform == "win32" and getattr(sys, "frozen", False) and not _has_configuration():
        import ctypes  # noqa: PLC0415  only here

        library: Any = ctypes.WinDLL("advapi32", use_last_error=True)
        library.CredReadW.argtypes = [
            ctypes.c_wchar_p,
            ctypes.c_uint32,
            ctypes.c_uint32,
            ctypes.c_void_p,
        ]
        library.CredFree.argtypes = [ctypes.c_void_p]
        return is_stored(service, library, ctypes.get_last_error)
    return True


def is_stored(service: str, api: Advapi32, last_error: Callable[[], int]) -> bool:
    """Return whether there is a credential for a service; True when Windows cannot tell.

    keyring stores the newest password under the name of the service itself.

    Args:
        service: the name of the service.
        api: advapi32.
        last_error: returns the code of the error of the last call.
    """
    import ctypes  # noqa: PLC0415

    credential = ctypes.c_void_p()
    if api.CredReadW(service, _GENERIC, 0, ctypes.byref(credential)):
        api.CredFree(credential)
        return True
    return last_error() != _NOT_FOUND


def _has_configuration() -> bool:
    """Return whether the user has chosen a backend, as the documentation of keyring describes."""
    if any(name.startswith(("KEYRING_", "PYTHON_KEYRING_")) for name in os.environ):
        return True
    local = os.environ.get("LOCALAPPDATA") or os.environ.get("ProgramData", ".")  # noqa: SIM112
    return Path(local, "Python Keyring", "keyringrc.cfg").exists()
