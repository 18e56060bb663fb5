"""Steps of the clock: which ids belong to which moments, where it was set back and ids went on
ahead of it.

Between two steps the time of an id is the id less a constant, the shift (`ids`). Where the clock
was set back, the same moment is there twice or more: of messages said while it was wrong, and of
those said since. Moments are milliseconds since 2020.
"""

from collections.abc import Iterable
from typing import NamedTuple

from trio_chat.chat.history import LAST_ID

SEQUENCE_BITS = 20


class ClockStep(NamedTuple):
    """Where the shift changes.

    Args:
        first: the first id that has this shift.
        shift: milliseconds by which ids are ahead of their time.
    """

    first: int
    shift: int


class Reference(NamedTuple):
    """A place in the history.

    Args:
        first: ids that are smaller are before it.
        last: ids that are greater are after it.
        spots: of a moment, the ranges of ids, first and last, that are of it: more than one where
            the clock was set back.
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

    def step(self, first: int, shift: int) -> None:
        """Note that the clock has stepped: ids from this one on have another shift."""
        self._steps.append(ClockStep(first, shift))

    def at(self, number: int) -> int:
        """Return the shift of an id."""
        return next(step.shift for step in reversed(self._steps) if step.first <= number)

    def reference(self, moment: int) -> Reference:
        """Return the place of a moment.

        Where it is there more than once, "before" is all that came before its last occurrence, and
        "after" all that came after its first: some of it is shown that is not asked for, but
        nothing is left out.
        """
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
        """Return the smallest id of what is not older than a moment.

        What claims to be later than now is as old as what follows it; what claims to be older than
        what was there before it is as new as that. So neither a clock that was ahead for a while
        keeps messages for ever, nor one that was behind makes them be forgotten.
        """
        found = 0
        for begin, end, shift in self._stretches():
            if (low := min((moment + shift) << SEQUENCE_BITS, end)) > begin:
                found = low
            until = ((end - 1) >> SEQUENCE_BITS) - shift
            if moment <= until <= now:
                break
        return found

    def _stretches(self) -> Iterable[tuple[int, int, int]]:
        """Give the stretches between steps: the first id, the one after the last, and the shift."""
        ends = [step.first for step in self._steps[1:]] + [LAST_ID]
        for (begin, shift), end in zip(self._steps, ends, strict=True):
            yield begin, end, shift
