"""Priority: a long command gives way to a server that uses its database.

Both would otherwise have the same right to the CPU, and each message would wait for a moment. Only
the process of a command has its priority lowered, for as long as it lives: systems let nobody but
an administrator raise it again.
"""

import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

from trio_chat.storage import lock, turns

_NICE = 10
"""What is added to the nice value. With SCHED_IDLE of Linux a command would get nothing done while
all CPUs are busy: the export of a hundred messages took up to 26 seconds.
"""
_SLICE = 100_000_000
"""Nanoseconds for which a thread of a command has the CPU at a time, the most that Linux takes."""
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The number of the system call, by the kind of processor."""
_BELOW_NORMAL = 0x4000
"""BELOW_NORMAL_PRIORITY_CLASS"""


def give_way(database: Path) -> None:
    """Lower the priority of this process if a server in another one uses the database."""
    if not lock.is_held_elsewhere(database):
        return
    turns.begin_to_rest()
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
            _lengthen_slice()
        with suppress(OSError):
            os.nice(_NICE)


def _lengthen_slice() -> None:
    """Give this thread, and those that it starts, long slices of the CPU (sched_setattr(2)).

    A thread that wakes up and has shorter slices, as each of the server and of the kernel has,
    interrupts it at once, and would otherwise wait until a slice ends; several threads one after
    the other have to do with a message. Linux before 6.12 takes no notice of it.
    """
    import ctypes  # noqa: PLC0415  only beside a server

    number = _SCHED_SETATTR.get(os.uname().machine)
    if number is None or sys.maxsize < 1 << 32:  # calls of a 32-bit process have other numbers
        return
    attributes = struct.pack("=IIQiIQQQ", 48, os.SCHED_BATCH, 0, os.nice(0), 0, _SLICE, 0, 0)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)
