"""The console window of Windows: its close button, its end after an error, its escape sequences.

Every function takes the functions of kernel32 that it calls, so that tests can pass their own. On
other systems `kernel32` returns None, and nothing here has an effect.
"""

import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from trio_chat.i18n import _
from trio_chat.installation import is_onefile_child

_ENDINGS = (2, 5, 6)
"""CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT and CTRL_SHUTDOWN_EVENT."""
_PATIENCE = 4.5
"""Seconds for the shutdown. Windows ends the process 5 seconds after the window was closed."""
_SIGBREAK: int = getattr(signal, "SIGBREAK", signal.SIGINT)
_STDIN, _STDOUT = -10, -11
_SEQUENCES_IN, _SEQUENCES_OUT = 0x200, 0x4
"""ENABLE_VIRTUAL_TERMINAL_INPUT and ENABLE_VIRTUAL_TERMINAL_PROCESSING."""
_MOST_PROCESSES = 8

_handlers: list[Any] = []
"""The handlers that Windows calls; they must not be collected."""


class Kernel32(Protocol):
    """The functions of kernel32.dll that are called here."""

    def SetConsoleCtrlHandler(self, handler: Any, add: int) -> int:  # noqa: N802
        """Add a handler of console events."""

    def GetConsoleProcessList(self, ids: Any, count: int) -> int:  # noqa: N802
        """Return the number of processes that share the console."""

    def GetStdHandle(self, number: int) -> Any:  # noqa: N802
        """Return the handle of a standard stream."""

    def GetConsoleMode(self, handle: Any, mode: Any) -> int:  # noqa: N802
        """Store the mode of a console; return 0 when the handle is none."""

    def SetConsoleMode(self, handle: Any, mode: Any) -> int:  # noqa: N802
        """Set the mode of a console; return 0 when it refuses."""


def kernel32() -> Kernel32 | None:
    """Return kernel32.dll; None on other systems."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  only on Windows, and so below

        library = ctypes.WinDLL("kernel32")  # not ctypes.windll: its types are those of everybody
        library.GetStdHandle.restype = ctypes.c_void_p
        library.GetConsoleMode.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        library.SetConsoleMode.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        api: Kernel32 = library
        return api
    return None


def end_cleanly_on_close(
    api: Kernel32 | None,
    wait: Callable[[float], None] = time.sleep,
    raise_signal: Callable[[int], None] = signal.raise_signal,
) -> None:
    """Turn the close button, log-off and shutdown into SIGBREAK, for the rest of the process.

    Windows ends the process when the handler returns. So the handler, which has a thread of its
    own, waits while the main thread shuts down and exits with its exit code.

    Args:
        api: kernel32; with None, nothing happens.
        wait: waits for seconds.
        raise_signal: raises a signal in this process.
    """
    if api is None:
        return

    import ctypes  # noqa: PLC0415

    def handle(event: int) -> int:
        if event not in _ENDINGS or not callable(signal.getsignal(_SIGBREAK)):
            return 0  # Windows ends the process: there is nothing to shut down
        raise_signal(_SIGBREAK)
        wait(_PATIENCE)
        return 1

    # Both calling conventions are the same, except on 32-bit Windows.
    kind = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
    _handlers.append(kind(ctypes.c_int, ctypes.c_uint32)(handle))
    api.SetConsoleCtrlHandler(_handlers[-1], 1)


def keep_open(code: int, api: Kernel32 | None, ask: Callable[[str], object] = input) -> None:
    """Wait for Enter after an error if the window would vanish with its text.

    Args:
        code: the exit code.
        api: kernel32; with None, nothing happens.
        ask: shows a text and reads a line.
    """
    if not code or api is None or not _owns_console(api):
        return
    try:
        ask(_("\nPress Enter to close this window. "))
    except (EOFError, KeyboardInterrupt, OSError):
        return


def _owns_console(api: Kernel32) -> bool:
    """Return whether no other program uses the console: it opened for this one, by a double click.

    A script of Python is started by a launcher, and in a virtual environment by one more.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    import ctypes  # noqa: PLC0415

    own = 1 + is_onefile_child()
    if not getattr(sys, "frozen", False):
        own += sys.argv[0].lower().endswith(".exe") + (sys.prefix != sys.base_prefix)
    ids = (ctypes.c_uint32 * _MOST_PROCESSES)()
    return 0 < api.GetConsoleProcessList(ids, _MOST_PROCESSES) <= own


def enable_sequences(api: Kernel32) -> bool:
    """Make the console of standard output interpret escape sequences; return whether it does."""
    return _set_mode(api, _STDOUT, _SEQUENCES_OUT) is not None


def accepts_sequences(api: Kernel32) -> bool:
    """Return whether the console can draw by escape sequences and send keys as such; change
    nothing.

    The console of Windows before 10, and its legacy mode since then, refuse it.
    """
    before = [
        (number, _set_mode(api, number, flag))
        for number, flag in ((_STDOUT, _SEQUENCES_OUT), (_STDIN, _SEQUENCES_IN))
    ]
    for number, mode in before:
        if mode is not None:
            api.SetConsoleMode(api.GetStdHandle(number), mode)
    return all(mode is not None for _number, mode in before)


def _set_mode(api: Kernel32, number: int, flag: int) -> int | None:
    """Add a flag to the mode of a standard stream; return the mode before, None when refused."""
    import ctypes  # noqa: PLC0415

    handle, mode = api.GetStdHandle(number), ctypes.c_uint32()
    if not api.GetConsoleMode(handle, ctypes.byref(mode)):
        return None
    return mode.value if api.SetConsoleMode(handle, mode.value | flag) else None
