"""Memory of the process of the server."""

import os

_STATM = "/proc/self/statm"
"""Sizes of the process in pages, the resident one second (proc(5)). Linux has it in memory."""


def resident_bytes(path: str = _STATM) -> int | None:
    """Return the bytes of memory that the process has; None where the system does not say so."""
    try:
        with open(path, "rb") as file:
            pages = int(file.read(200).split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
