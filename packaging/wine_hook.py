"""Runtime hook of PyInstaller for programs that are tested under Wine, and never handed on.

Wine lacks the control code SIO_BSP_HANDLE_SELECT, by which Trio finds the socket below others, so
Trio cannot start there (WinError 10045). SIO_BASE_HANDLE is the one that Trio itself tries first,
and it fits sockets without a layer in between.

TRIO_CHAT_TEST_CLOSE=<file> closes the console window as soon as there is such a file, as the button
does: Windows calls the same function in a thread of its own.

TRIO_CHAT_TEST_LEGACY=1 makes the console refuse escape sequences, as that of Windows before 10 and
the legacy mode since then do.
"""

import ctypes
import importlib.abc
import importlib.util
import os
import sys
import threading
import time
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MODULE = "trio._core._io_windows"
CTRL_CLOSE_EVENT = 2
STDIN = -10
SEQUENCES_IN, SEQUENCES_OUT = 0x200, 0x4
"""ENABLE_VIRTUAL_TERMINAL_INPUT and ENABLE_VIRTUAL_TERMINAL_PROCESSING."""


class SocketFinder(importlib.abc.MetaPathFinder):
    """Finds the module of Trio once, and changes it after it was executed."""

    def find_spec(
        self, name: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the specification of Trio's module, with another loader."""
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        specification = importlib.util.find_spec(name)
        assert specification is not None
        assert specification.loader is not None
        execute = specification.loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            find = module._get_underlying_socket
            base = module.WSAIoctls.SIO_BASE_HANDLE
            module._get_underlying_socket = lambda sock, *, which=base: find(sock, which=base)

        specification.loader.exec_module = execute_and_change  # type: ignore[method-assign]
        return specification


def close_when_told(file: str) -> None:
    """Wait for the file, then close the window."""
    while not os.path.exists(file):
        time.sleep(0.05)
    ctypes.windll.kernelbase.CtrlRoutine(CTRL_CLOSE_EVENT)


def refuse_sequences() -> None:
    """Make every later use of SetConsoleMode fail that asks for escape sequences."""
    kernel = ctypes.WinDLL("kernel32")
    kernel.GetStdHandle.restype = ctypes.c_void_p
    find = ctypes.WinDLL.__getattr__

    def find_or_replace(library: Any, name: str) -> Any:
        function = find(library, name)
        if name != "SetConsoleMode":
            return function

        def set_mode(handle: Any, mode: Any) -> int:
            number = getattr(mode, "value", mode)
            is_input = getattr(handle, "value", handle) == kernel.GetStdHandle(STDIN)
            if number & (SEQUENCES_IN if is_input else SEQUENCES_OUT):
                return 0
            return int(function(ctypes.c_void_p(getattr(handle, "value", handle)), number))

        setattr(library, name, set_mode)
        return set_mode

    ctypes.WinDLL.__getattr__ = find_or_replace  # type: ignore[method-assign]


sys.meta_path.insert(0, SocketFinder())
if os.environ.get("TRIO_CHAT_TEST_LEGACY"):
    refuse_sequences()
if file := os.environ.get("TRIO_CHAT_TEST_CLOSE"):
    threading.Thread(target=close_when_told, args=(file,), daemon=True).start()
