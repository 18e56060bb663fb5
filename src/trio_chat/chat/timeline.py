"""The timeline: the steps of the clock, by which ids and moments are converted.

Between two steps the time of an id is the id less a constant, the shift (`ids`). If the clock was
set back, some moments occur more than once: with the ids before the step, and with those after it.
Moments are milliseconds since 2020.

Imported messages may be older than the first id. The ids of moments before `EARLY_END` are closer
together, so that there is room for them since 1988: 2**13 ids for each millisecond instead of
2**20. No server has given an id to a message of that time, because the program is younger.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from trio_chat.chat.history import LAST_ID

SEQUENCE_BITS: Final = 20
EARLY_BITS: Final = 13
_DAY_MS: Final = 86_400_000
EARLY_END: Final = 91 * _DAY_MS
"""The moment from which on each millisecond has all its ids: 2020-04-01."""
EARLY_BEGIN: Final = EARLY_END - (EARLY_END << SEQUENCE_BITS - EARLY_BITS)
"""The first moment that has ids, 1988-05-11. Both scales meet at `EARLY_END`, because of this
choice.
"""
EARLY_IDS: Final = range(1 << 40, EARLY_END << SEQUENCE_BITS)
"""Early ids. Those of the first day and a half are left out: a database without the clock's time
begins at 0.
"""


def early_id(moment: int) -> int:
    """Return the smallest id of a moment before `EARLY_END`."""
    return (moment - EARLY_BEGIN) << EARLY_BITS


def is_early(number: int) -> bool:
    """Return whether an id has the scale of moments before `EARLY_END`."""
    return number in EARLY_IDS


def early_shift(number: int) -> int:
    """Return the milliseconds by which an early id is ahead of its time."""
    return (number >> SEQUENCE_BITS) - (number >> EARLY_BITS) - EARLY_BEGIN


class ClockStep(NamedTuple):
    """A change of the shift.

    Args:
        first: the first id that has this shift.
        shift: milliseconds by which ids are ahead of their time from there on.
    """

    first: int
    shift: int


class Reference(NamedTuple):
    """A position in the history.

    Args:
        first: smaller ids are before it.
        last: greater ids are after it.
        spots: the ranges of ids (first and last) of a moment; more than one if the clock was set
            back.
    """

    first: int
    last: int
    spots: tuple[tuple[int, int], ...] = ()


class Timeline:
    """All steps of the clock.

    Args:
        steps: those so far, in order of ids.
    """

    def __init__(self, steps: Iterable[ClockStep] = ()) -> None:
        self._steps = [ClockStep(0, 0), *steps]

    @property
    def shift(self) -> int:
        """The shift of new ids."""
        return self._steps[-1].shift

    def steps(self) -> list[list[int]]:
        """Return the steps as lists of the first id and the shift, the oldest first."""
        return [list(step) for step in self._steps[1:]]

    def step(self, first: int, shift: int) -> None:
        """Note that the clock has stepped: ids from this one on have another shift."""
        self._steps.append(ClockStep(first, shift))

    def at(self, number: int) -> int:
        """Return the shift of an id."""
        if is_early(number):
            return early_shift(number)
        return next(step.shift for step in reversed(self._steps) if step.first <= number)

    def reference(self, moment: int) -> Reference:
        """Return the position of a moment.

        If it occurs more than once, "before" is everything before its last occurrence, and "after"
        everything after its first: an answer may contain more than was asked for, but lacks
        nothing.
        """
        if EARLY_BEGIN <= moment < EARLY_END:
            return Reference(early_id(moment), early_id(moment + 1) - 1)
        first, last = -1, -1
        spots: list[tuple[int, int]] = []
        for begin, end, shift in self._stretches():
            low = (moment + shift) << SEQUENCE_BITS
            high = ((moment + shift + 1) << SEQUENCE_BITS) - 1
            if begin < low or not begin:
                first = max(0, min(low, end))
            if last < 0 and low < end:
                last = max(min(high, end - 1), begin - 1, 0)
            if low < end and high >= begin:
                spots.append((max(low, begin), min(high, end - 1)))
        return Reference(first, LAST_ID if last < 0 else last, tuple(spots))

    def oldest(self, moment: int, now: int) -> int:
        """Return the smallest id that is not older than a moment.

        Messages dated later than now are as old as those that follow them; messages dated earlier
        than their predecessors are as new as these. So a clock that was ahead for a while keeps no
        messages for ever, and one that was behind deletes none early.
        """
        if moment < EARLY_END:
            return max(0, early_id(moment))
        found = 0
        for begin, end, shift in self._stretches():
            if (low := min((moment + shift) << SEQUENCE_BITS, end)) > begin:
                found = low
            until = ((end - 1) >> SEQUENCE_BITS) - shift
            if moment <= until <= now:
                break
        return found

    def _stretches(self) -> Iterable[tuple[int, int, int]]:
        """Yield the stretches between steps: the first id, the id after the last, and the shift."""
        ends = [step.first for step in self._steps[1:]] + [LAST_ID]
        for (begin, shift), end in zip(self._steps, ends, strict=True):
            yield begin, end, shift
