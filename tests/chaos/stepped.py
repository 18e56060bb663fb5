"""`trio-chat` on a clock that can be stepped: SIGUSR1 turns it an hour back, SIGUSR2 two hours on,
as bad NTP would.

And with memory that can be compared. CPython keeps up to 2,000 freed tuples of each size up to 20
for the next time. Which sizes a server frees many of at once is chance, so these stores grow for
hours, to 5 MB, and look like a leak. Here they are full from the start.
"""

import signal
import sys
import time
from types import FrameType

_real = time.time
_offset = 0.0


def _step(number: int, _frame: FrameType | None) -> None:
    global _offset  # noqa: PLW0603  # the clock of the whole process is what this is about
    _offset += -3600 if number == signal.SIGUSR1 else 7200


time.time = lambda: _real() + _offset
signal.signal(signal.SIGUSR1, _step)
signal.signal(signal.SIGUSR2, _step)

_STORED, _LARGEST = 2000, 20
_stores = [[(size,) * size for _ in range(_STORED)] for size in range(1, _LARGEST + 1)]
del _stores

from trio_chat.cli import main  # noqa: E402  # it takes the clock when it is imported

sys.exit(main())
