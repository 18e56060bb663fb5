"""Bans of the server: masks (KLINE), addresses and networks (DLINE), accounts (SUSPEND). All are in
memory; the edge stores them.

A banned client receives the reason with ERR_YOUREBANNEDCREEP and ERROR. Addresses are looked up by
the prefixes of their networks and not by trying each ban, because each new connection is looked up.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple, Protocol

from trio_chat.chat import coverage, durations
from trio_chat.chat.masklists import fold_mask
from trio_chat.irc import masks
from trio_chat.irc.addresses import parse_address
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.masks import BadMask, Mask, Network, format_network, parse_network
from trio_chat.irc.message import truncate
from trio_chat.irc.names import fold_or_self

MAX_REASON: Final = 200
"""Bytes of a reason."""
MAX_MASK: Final = 200
"""Bytes of a mask."""
_WIDEST: Final = {4: 8, 6: 16}
"""The shortest prefix that can be banned."""
_LEAST_LETTERS: Final = 3
"""The minimum number of characters, other than wildcards and punctuation, of a mask."""


class BanKind(Enum):
    """What a ban is of; the value is how it is stored, and the letter by which STATS shows it."""

    MASK = "k"
    ADDRESS = "d"
    ACCOUNT = "a"


class Ban(NamedTuple):
    """A ban.

    Args:
        kind: the kind of mask.
        mask: the mask, in the form that `normalise` returns.
        setter: the operator.
        reason: the reason, which a banned user receives.
        created: seconds of Unix time.
        expires: seconds of Unix time, or 0 for never.
        account_id: the number of the account, of which `mask` is the name; or 0.
    """

    kind: BanKind
    mask: str
    setter: str
    reason: str
    created: int
    expires: int = 0
    account_id: int = 0

    @property
    def key(self) -> tuple[BanKind, str]:
        """By which it is found."""
        return self.kind, (
            str(self.account_id) if self.kind is BanKind.ACCOUNT else fold(self.kind, self.mask)
        )

    def is_over(self, now: float) -> bool:
        """Return whether it has expired."""
        return bool(self.expires) and self.expires <= now

    def describe(self, now: float) -> str:
        """Return reason, setter and time for operators."""
        left = f"{durations.show(max(1, self.expires - now))} left" if self.expires else "for ever"
        return f"{self.reason} [by {self.setter}, {left}]"


BanKey = tuple[BanKind, str]


class BanTable(Protocol):
    """The stored bans; those that change here are written with the other state (`persistence`)."""

    async def load(self) -> list[Ban]:
        """Return all of them."""

    async def changes(self) -> int:
        """Return a number that grows whenever a ban is stored or deleted, also by another
        process.
        """


def normalise(kind: BanKind, text: str, lengths: Lengths | None = None) -> str:
    """Return the canonical form of a mask that is to be banned.

    Args:
        kind: the kind of mask.
        text: the mask as it was written.
        lengths: the maximum lengths of names; the defaults if it is None.

    Raises:
        BadMask: it is not a mask, covers nearly every user, or can cover none.
    """
    if kind is BanKind.ADDRESS:
        return format_network(_narrow(parse_network(text)))
    if kind is BanKind.ACCOUNT:
        return text
    mask = complete(text)
    coverage.check(mask, lengths or Lengths())
    name, _, host = mask.rpartition("@")
    network = masks.host_network(host)
    if sum(char.isalnum() for char in (mask if network is None else name)) < _LEAST_LETTERS:
        if network is None:
            raise BadMask(
                f"The mask {mask} would cover nearly everybody; it needs {_LEAST_LETTERS} letters"
                " or digits"
            )
        _narrow(network)
    return mask


def complete(text: str) -> str:
    """Return a mask as `nick!user@host`, whether it is of any use or not."""
    return masks.complete_mask(truncate(text.replace(" ", "_"), MAX_MASK))


def _narrow(network: Network) -> Network:
    """Return a network that is not too wide to be banned."""
    if network.prefixlen < _WIDEST[network.version]:
        widest = _WIDEST[network.version]
        raise BadMask(f"The network {network} is too wide; the widest one is a /{widest}")
    return network


def fold(kind: BanKind, mask: str) -> str:
    """Return how a ban's mask is compared."""
    return {BanKind.MASK: fold_mask, BanKind.ACCOUNT: fold_or_self, BanKind.ADDRESS: str.lower}[
        kind
    ](mask)


def find(bans: Iterable[Ban], kind: BanKind, mask: str) -> Ban | None:
    """Return the ban of a mask, or None; of accounts that had one name after the other, the
    newest.
    """
    folded = fold(kind, mask)
    found = [ban for ban in bans if ban.kind is kind and fold(kind, ban.mask) == folded]
    return max(found, key=lambda ban: ban.created, default=None)


def _place(ban: Ban) -> tuple[tuple[int, int], int]:
    """Return where the ban of a network is found: by version and length of the prefix, then by the
    prefix.
    """
    network = parse_network(ban.mask)
    return (network.version, network.prefixlen), int(network.network_address) >> (
        network.max_prefixlen - network.prefixlen
    )


class Bans:
    """All bans of the server.

    Args:
        clock: returns seconds of Unix time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all: dict[BanKey, Ban] = {}
        self._networks: dict[tuple[int, int], dict[int, Ban]] = {}  # see `_place`
        self._masks: dict[BanKey, Mask] = {}

    def __len__(self) -> int:
        return len(self._all)

    def add(self, ban: Ban) -> None:
        """Have a ban, in the place of one of the same mask."""
        self._all[ban.key] = ban
        if ban.kind is BanKind.ADDRESS:
            place, prefix = _place(ban)
            self._networks.setdefault(place, {})[prefix] = ban
        elif ban.kind is BanKind.MASK:
            self._masks[ban.key] = masks.parse_mask(ban.key[1])

    def get(self, key: BanKey) -> Ban | None:
        """Return a ban, whether it has expired or not."""
        return self._all.get(key)

    def find(self, kind: BanKind, mask: str) -> Ban | None:
        """Return the ban of a mask; of accounts that had one name after the other, the newest."""
        return find(self._all.values(), kind, mask)

    def of_kind(self, kind: BanKind) -> list[Ban]:
        """Return all bans of a kind that are in force, the oldest first."""
        now = self._clock()
        return sorted(
            (ban for ban in self._all.values() if ban.kind is kind and not ban.is_over(now)),
            key=lambda ban: (ban.created, ban.mask),
        )

    def dated_after(self, now: float) -> list[Ban]:
        """Return the bans that were set by a clock that was ahead, as if they had been set now:
        they are in force for as long as they were meant to be.
        """
        return [
            ban._replace(
                created=int(now),
                expires=ban.expires - (ban.created - int(now)) if ban.expires else 0,
            )
            for ban in self._all.values()
            if ban.created > now + 1
        ]

    def expired(self) -> list[BanKey]:
        """Return the keys of the bans that have expired."""
        now = self._clock()
        return [key for key, ban in self._all.items() if ban.is_over(now)]

    def of_address(self, address: str) -> Ban | None:
        """Return what bans an address, or None."""
        parsed = parse_address(address) if self._networks else None
        if parsed is None:
            return None
        number, bits, now = int(parsed), parsed.max_prefixlen, self._clock()
        for (version, size), bans in self._networks.items():
            if version == parsed.version:
                ban = bans.get(number >> (bits - size))
                if ban is not None and not ban.is_over(now):
                    return ban
        return None

    def of_account(self, account: int) -> Ban | None:
        """Return what bans an account, by its number, or None."""
        ban = self._all.get((BanKind.ACCOUNT, str(account)))
        return None if ban is None or ban.is_over(self._clock()) else ban

    def of_masks(self, name: str, hosts: Collection[str]) -> Ban | None:
        """Return the ban that covers a session or user, or None.

        Args:
            name: the folded `nick!user`.
            hosts: what may stand behind it, folded: the address, and the host that others see.
        """
        now = self._clock()
        for key, mask in self._masks.items():
            if mask.covers(name, hosts) and not self._all[key].is_over(now):
                return self._all[key]
        return None

    def replace(self, bans: Collection[Ban], dirty: Collection[BanKey]) -> None:
        """Have these bans, besides those that are not stored yet.

        Args:
            bans: as the table has them.
            dirty: keys of bans that have changed here and are not stored yet.
        """
        stored = {ban.key: ban for ban in bans if ban.key not in dirty}
        for key in [key for key in self._all if key not in stored and key not in dirty]:
            self.discard(key)
        for key, ban in stored.items():
            if self._all.get(key) != ban:
                self.add(ban)

    def __iter__(self) -> Iterator[Ban]:
        return iter(self._all.values())

    def discard(self, key: BanKey) -> None:
        """Have a ban no longer, if there is one."""
        ban = self._all.pop(key, None)
        if ban is not None and ban.kind is BanKind.ADDRESS:
            place, prefix = _place(ban)
            del self._networks[place][prefix]
            if not self._networks[place]:
                del self._networks[place]
        self._masks.pop(key, None)
