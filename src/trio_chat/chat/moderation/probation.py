"""Probation of new accounts and addresses, and the count of arrivals, as state.

An account is on probation from its registration on, and an address without an account from its
first connection. Both are named by `rules.sender_key`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, Final, NamedTuple

HOUR: Final = 3600
INVITATION, EMAIL = "invitation", "email"
EXEMPTIONS: Final = (INVITATION, EMAIL)
"""What makes a new account known: an invitation, or a verified e-mail address."""
_MOST = 20_000
"""Accounts and addresses that are remembered."""
_KEPT: Final = 30 * 86_400
"""Seconds for which an address without a connection remains known."""
LISTED_HOURS: Final = 24
"""Hours of probation of an address that is in a block list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationRules:
    """The rules of moderation that config.ini sets.

    Args:
        storm: so many users without an account in a minute are a storm; 0 for none.
        probation_hours: how long probation lasts; 0 for no probation.
        probation_messages: so many accepted messages end it earlier.
        probation_per_minute: messages in a minute of a user on probation.
        probation_exempt: of `EXEMPTIONS`, which accounts have no probation.
    """

    storm: int = 0
    probation_hours: int = 0
    probation_messages: int = 20
    probation_per_minute: int = 6
    probation_exempt: tuple[str, ...] = EXEMPTIONS


class Probation(NamedTuple):
    """An account or an address that is, or was, on probation.

    Args:
        since: when it began, in seconds of `World.steady`.
        seen: when it last connected, in the same seconds.
        accepted: its accepted messages.
        minute: the last minute in which it said something.
        said: what it said in that minute.
        has_ended: whether it is known, by an operator or by the number of its messages.
        is_listed: whether a block list has the address: then messages do not end it.
    """

    since: int
    seen: int
    accepted: int = 0
    minute: int = 0
    said: int = 0
    has_ended: bool = False
    is_listed: bool = False

    def is_on(self, rules: ModerationRules, now: float) -> bool:
        """Return whether it is on probation."""
        hours = (
            max(rules.probation_hours, LISTED_HOURS) if self.is_listed else rules.probation_hours
        )
        return not self.has_ended and now < self.since + hours * HOUR

    def said_now(self, rules: ModerationRules, now: float, *, is_accepted: bool) -> "Probation":
        """Return it after one more message, which may count towards its end."""
        minute = int(now // 60)
        said = self.said + 1 if minute == self.minute else 1
        accepted = self.accepted + is_accepted
        ends = accepted >= rules.probation_messages and not self.is_listed
        return self._replace(accepted=accepted, minute=minute, said=said, has_ended=ends)

    def has_said(self, now: float) -> int:
        """Return how many messages it has sent in this minute."""
        return self.said if self.minute == int(now // 60) else 0


class ProbationTable:
    """The accounts and addresses that are known, or new.

    The ones that have not been seen for longest come first. They are forgotten after a time, and
    earlier when there are too many. As long as the table is full, an address that is missing counts
    as new, so that nobody gets free by many connections.
    """

    def __init__(self) -> None:
        self.all: dict[str, Probation] = {}

    def get(self, key: str) -> Probation | None:
        """Return what is remembered of an account or address."""
        return self.all.get(key)

    def put(self, key: str, probation: Probation) -> None:
        """Remember an account or address; it counts as seen last."""
        self.all.pop(key, None)
        self.all[key] = probation

    def discard(self, key: str) -> None:
        """Forget an account or address."""
        self.all.pop(key, None)

    @property
    def is_full(self) -> bool:
        """Whether one has to be forgotten for the next one."""
        return len(self.all) >= _MOST

    def outdated(self, now: float, rules: ModerationRules, *, is_one_more: bool) -> list[str]:
        """Return what is to be forgotten: what was not seen for long, and if there are too many,
        also the first ones.

        Args:
            now: in seconds of `World.steady`.
            rules: how long probation lasts: nothing is forgotten while it does.
            is_one_more: whether another one is to be remembered.
        """
        before = now - max(_KEPT, rules.probation_hours * HOUR)
        old = [key for key, _ in takewhile(lambda item: item[1].seen < before, self.all.items())]
        most = len(self.all) + is_one_more - _MOST
        return old if len(old) >= most else list(islice(self.all, most))

    def sort(self) -> None:
        """Have the ones that have not been seen for longest first: the store does not."""
        self.all = dict(sorted(self.all.items(), key=lambda item: (item[1].seen, item[0])))

    def to_state(self) -> list[list[Any]]:
        """Return all of it as plain data."""
        return [[key, *each] for key, each in self.all.items()]

    def restore(self, state: list[list[Any]]) -> None:
        """Have what `to_state` returned."""
        for key, *values in state:
            self.all[key] = Probation(*values)


class Arrivals:
    """The last users without an account that have come, to notice a storm of them.

    Attributes:
        times: when they came, the last ones, in seconds of `World.steady`.
        noticed: when operators were last notified of a storm.
    """

    _WINDOW = 60
    _PAUSE = 600

    def __init__(self) -> None:
        self.times: list[int] = []
        self.noticed = 0

    def note(self, now: float, storm: int) -> bool:
        """Note one, and return whether operators are to be notified of a storm now."""
        self.times = [*self.times, int(now)][-storm:]
        if len(self.times) < storm or now - self.times[0] > self._WINDOW:
            return False
        if self.noticed and now - self.noticed < self._PAUSE:
            return False
        self.noticed = int(now)
        return True

    def to_state(self) -> dict[str, Any]:
        """Return it as plain data; nothing if nobody was noted."""
        return {"times": self.times, "noticed": self.noticed} if self.times else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Have what `to_state` returned."""
        self.times, self.noticed = list(state["times"]), state["noticed"]
