"""Admission: limits on the simultaneous connections of an address, and on new ones a minute.

Connections that request pages by HTTP have limits of their own: a browser opens several, and many
browsers may share an address. They leave those of the chat to the chat.

A subscriber usually has one IPv4 address but a whole /64 of IPv6, so a /64 counts as one address.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from trio_chat.config import LimitSettings
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.server.peer import is_in
from trio_chat.server.token_bucket import TokenBucket

log = logging.getLogger("trio_chat")

MOST_ADDRESSES = 65_536
"""Addresses that are remembered. When there are more, the one without a connection that was used
longest ago is dropped.
"""
PAGE_FACTOR: Final = 6
"""Connections for pages for each one that may chat: what a browser opens to one server."""
PAGE_SHARE: Final = 4
"""One of so many of all connections may be for pages, when many addresses request them."""
PAGE_LEAST: Final = 2 * PAGE_FACTOR
"""Connections that may be for pages on any server: two browsers can load the page at once."""
RAID_SHARE: Final = 4
"""In raid mode an address may make one of so many connections that it may make else."""
REQUEST_BURST = 2000
REQUEST_RATE: Final = 100.0
"""Requests of an address at once, as of twenty first visits, and then a second: those take a
hundredth of a processor. More are delayed.
"""


class _Address(TokenBucket):
    """The connections of one address, and a budget for new ones."""

    __slots__ = ("connections", "is_told", "requests")

    def __init__(self, burst: int, now: float) -> None:
        super().__init__(burst, burst / 60, now)
        self.connections = 0
        self.is_told = False  # whether the log knows that it is being refused
        self.requests: TokenBucket | None = None  # of HTTP


class ConnectionPermit:
    """A permit for one connection, which counts while the block runs.

    It is counted once, as soon as the client's address is known: behind a proxy, that is later.

    Args:
        admission: counts connections for the chat.
        pages: counts those for pages.
    """

    __slots__ = ("_admission", "_is_counted", "_is_for_pages", "_known", "_pages")

    def __init__(self, admission: "Admission", pages: "PageAdmission") -> None:
        self._admission = admission
        self._pages = pages
        self._is_counted = False
        self._is_for_pages = False
        self._known: _Address | None = None

    def __enter__(self) -> "ConnectionPermit":
        """Begin; nothing is counted yet."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop counting it."""
        self._stop()

    def count(self, host: str) -> str:
        """Count it for the chat, unless that was done; return why it is refused, or ""."""
        if self._is_counted:
            return ""
        self._stop()
        self._is_counted = True
        refusal, self._known = self._admission.admit(host)
        return refusal

    def count_for_pages(self, host: str | None) -> str:
        """Count it for pages, and no longer for the chat; return why it is refused, or "".

        Args:
            host: the client; None when a proxy requests for many.
        """
        if self._known is not None:
            self._known.tokens += 1
        self._stop()
        self._is_counted = False
        if refusal := self._pages.enter():
            return refusal
        self._is_for_pages = True
        if host is not None:
            refusal, self._known = self._pages.admit(host)
        return refusal

    def _stop(self) -> None:
        if self._known is not None:
            self._known.connections -= 1
        if self._is_for_pages:
            self._pages.open -= 1
        self._known, self._is_for_pages = None, False


class AdmissionStatistics(NamedTuple):
    """How admission stands; see `Admission.statistics`.

    Args:
        addresses: that are remembered.
        refused: connections that were refused so far.
        pages: connections for pages that are open.
    """

    addresses: int
    refused: int
    pages: int = 0


class HasLimits(Protocol):
    """An owner of limits, which REHASH may replace."""

    @property
    def limits(self) -> LimitSettings:
        """The limits."""


class Admission:
    """Counts connections by address.

    Args:
        owner: has the limits; changed ones hold from the next connection on.
        clock: returns seconds that never go back.
        factor: how many times the limits are permitted.
        is_raided: returns whether the server is in raid mode, in which an address may connect less
            often.
    """

    def __init__(
        self,
        owner: HasLimits,
        clock: Callable[[], float],
        factor: int = 1,
        is_raided: Callable[[], bool] = lambda: False,
    ) -> None:
        self._owner = owner
        self._clock = clock
        self._factor = factor
        self._is_raided = is_raided
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self._refused = 0

    def admit(self, host: str) -> tuple[str, _Address | None]:
        """Count a connection of an address; for `ConnectionPermit`, which counts it off again.

        Returns:
            Why it is refused, or ""; and what is to be counted off, or None.
        """
        if self._is_exempt(host):
            return "", None
        key = rate_limit_key(host)
        known = self._known(key)
        reason = self._why_not(known)
        if reason:
            self._refused += 1
            if not known.is_told:  # once: a flood of connections must not flood the log
                log.warning("connections from %s are refused for now: %s", key, reason)
            known.is_told = True
            return reason, None
        known.is_told = False
        known.tokens -= 1
        known.connections += 1
        return "", known

    def statistics(self) -> AdmissionStatistics:
        """Return a snapshot of the numbers."""
        return AdmissionStatistics(len(self._addresses), self._refused)

    def _is_exempt(self, host: str) -> bool:
        return is_in(host, self._owner.limits.connections_exempt)

    def _known(self, key: str) -> _Address:
        """Return what is known of an address, as of now."""
        now, burst = self._clock(), self._owner.limits.connections_per_minute * self._factor
        if self._is_raided():
            burst = max(1, burst // RAID_SHARE)
        known = self._addresses.get(key)
        if known is None:
            known = self._addresses[key] = _Address(burst, now)
            self._forget_some()
        self._addresses.move_to_end(key)
        known.size, known.rate = float(burst), burst / 60  # REHASH may have changed the limit
        known.refill(now)
        return known

    def _why_not(self, known: _Address) -> str:
        if known.connections >= self._owner.limits.connections_per_address * self._factor:
            return "Too many connections from your address"
        if known.tokens < 1:
            return "Too many connections from your address in a short time, try again in a minute"
        return ""

    def _forget_some(self) -> None:
        if len(self._addresses) <= MOST_ADDRESSES:
            return
        for key, known in self._addresses.items():  # oldest first
            if not known.connections:
                del self._addresses[key]
                return


class PageAdmission(Admission):
    """Counts connections for pages by address, and all of them.

    Args:
        owner: has the limits.
        clock: returns seconds that never go back.
    """

    def __init__(self, owner: HasLimits, clock: Callable[[], float]) -> None:
        super().__init__(owner, clock, PAGE_FACTOR)
        self.open = 0
        """All connections for pages, also those of proxies."""
        self._is_told = False  # whether the log knows that they are refused

    def enter(self) -> str:
        """Count a connection, whoever has it; return why it is refused, or ""."""
        if self.open >= self._most:
            if not self._is_told:
                log.warning("requests for pages are refused for now: %d connections", self.open)
            self._is_told = True
            self._refused += 1
            return "This server answers as many requests as it can, try again in a minute"
        self._is_told = self._is_told and not self.is_roomy
        self.open += 1
        return ""

    def delay(self, host: str) -> float:
        """Charge an address for a request; return by how many seconds its answer is delayed.

        Refusing would break the page of many visitors that share an address.
        """
        if self._is_exempt(host):
            return 0.0
        known, now = self._known(rate_limit_key(host)), self._clock()
        if known.requests is None:
            known.requests = TokenBucket(REQUEST_BURST, REQUEST_RATE, now)
        known.requests.refill(now)
        known.requests.tokens -= 1
        return max(0.0, -known.requests.tokens / REQUEST_RATE)

    def statistics(self) -> AdmissionStatistics:
        """Return a snapshot of the numbers."""
        return super().statistics()._replace(pages=self.open)

    @property
    def is_roomy(self) -> bool:
        """Whether a connection may wait for another request."""
        return self.open <= self._most // 2

    @property
    def _most(self) -> int:
        return max(PAGE_LEAST, self._owner.limits.clients // PAGE_SHARE)
