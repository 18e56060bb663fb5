"""The end of a long command by SIGTERM, as of systemd or a timeout: it removes its unfinished files
as after Ctrl+C, since messages are in them.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from trio_chat.admin.exit_codes import TERMINATED


@contextmanager
def by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block with `SystemExit` instead of ending the process at once."""
    if current_thread() is not main_thread():  # of a test
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(TERMINATED)
