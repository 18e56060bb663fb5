"""Priority: a long command gives way to a server that uses its database.

Both would otherwise have the same right to the CPU, and each message would wait for a moment. Only
the process of a command has its priority lowered, for as long as it lives: systems let nobody but
an administrator raise it again.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from trio_chat.storage import lock, turns

_NICE = 10
"""What is added to the nice value. With the least priority (19, or SCHED_IDLE of Linux) a command
would get nothing done on a busy machine.
"""
_BELOW_NORMAL = 0x4000
"""BELOW_NORMAL_PRIORITY_CLASS"""


def give_way(database: Path) -> None:
    """Lower the priority of this process if a server in another one uses the database."""
    if not lock.is_held_elsewhere(database):
        return
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  only on Windows

        library = ctypes.WinDLL("kernel32")
        library.GetCurrentProcess.restype = ctypes.c_void_p
        library.SetPriorityClass.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        library.SetPriorityClass(library.GetCurrentProcess(), _BELOW_NORMAL)
    else:
        if sys.platform == "linux":
            turns.keep_priority()
            # When a thread of this policy wakes up, it interrupts no thread of the server.
            with suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        with suppress(OSError):
            os.nice(_NICE)
