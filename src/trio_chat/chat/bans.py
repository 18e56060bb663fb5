"""Bans of the server: masks (KLINE), addresses and networks (DLINE), accounts (SUSPEND). All are in
memory; the edge keeps them.

Who is banned is told why, with ERR_YOUREBANNEDCREEP and ERROR. Addresses are found by their
networks' prefixes and not by trying each ban, because everybody who connects is looked up.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple, Protocol

from trio_chat.chat import coverage, durations
from trio_chat.chat.masklists import fold_mask
from trio_chat.irc import masks
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.masks import BadMask, Mask, Network, format_network, parse_address, parse_network
from trio_chat.irc.message import truncate
from trio_chat.irc.names import fold_or_self

MAX_REASON = 200
"""Bytes of a reason."""
MAX_MASK = 200
"""Bytes of a mask."""
_WIDEST = {4: 8, 6: 16}
"""The shortest prefix that can be banned."""
_LEAST_LETTERS = 3
"""Characters, besides wildcards and punctuation, that a mask needs."""


class Kind(Enum):
    """What a ban is of; the value is how it is stored, and the letter by which STATS shows it."""

    MASK = "k"
    ADDRESS = "d"
    ACCOUNT = "a"


class Ban(NamedTuple):
    """A ban.

    Args:
        kind: of what.
        mask: whom it covers, in the form that `normalise` returns.
        setter: the operator.
        reason: what who is banned is told.
        created: seconds of Unix time.
        expires: seconds of Unix time, or 0 for never.
        account_id: the number of the account, of which `mask` is the name; or 0.
    """

    kind: Kind
    mask: str
    setter: str
    reason: str
    created: int
    expires: int = 0
    account_id: int = 0

    @property
    def key(self) -> tuple[Kind, str]:
        """By which it is found."""
        return self.kind, (
            str(self.account_id) if self.kind is Kind.ACCOUNT else fold(self.kind, self.mask)
        )

    def is_over(self, now: float) -> bool:
        """Return whether it has expired."""
        return bool(self.expires) and self.expires <= now

    def describe(self, now: float) -> str:
        """Return reason, setter and time for operators."""
        left = f"{durations.show(max(1, self.expires - now))} left" if self.expires else "for ever"
        return f"{self.reason} [by {self.setter}, {left}]"


Key = tuple[Kind, str]
BanChanges = Mapping[Key, Ban | None]
"""What is to be written down: None forgets one."""


class BanTable(Protocol):
    """Where bans last."""

    async def load(self) -> list[Ban]:
        """Return all of them."""

    async def save(self, changes: BanChanges) -> None:
        """Keep changes, all or nothing."""

    async def changes(self) -> int:
        """Return a number that grows whenever a ban is written or forgotten, by whomever."""


def normalise(kind: Kind, text: str, lengths: Lengths | None = None) -> str:
    """Return the one way to write what is to be banned.

    Args:
        kind: of what.
        text: the mask as it was written.
        lengths: how long names can be; the usual ones when it is None.

    Raises:
        BadMask: it is none, covers nearly everybody, or can cover nobody.
    """
    if kind is Kind.ADDRESS:
        return format_network(_narrow(parse_network(text)))
    if kind is Kind.ACCOUNT:
        return text
    mask = complete(text)
    coverage.check(mask, lengths or Lengths())
    name, _, host = mask.rpartition("@")
    network = masks.host_network(host)
    if sum(char.isalnum() for char in (mask if network is None else name)) < _LEAST_LETTERS:
        if network is None:
            raise BadMask(
                f"{mask} would cover nearly everybody; a mask needs {_LEAST_LETTERS} letters or"
                " digits"
            )
        _narrow(network)
    return mask


def complete(text: str) -> str:
    """Return a mask as `nick!user@host`, whether it is of any use or not."""
    return masks.complete_mask(truncate(text.replace(" ", "_"), MAX_MASK))


def _narrow(network: Network) -> Network:
    """Return a network that is not too wide to be banned."""
    if network.prefixlen < _WIDEST[network.version]:
        raise BadMask(f"{network} is too wide; the widest network is a /{_WIDEST[network.version]}")
    return network


def fold(kind: Kind, mask: str) -> str:
    """Return how a ban's mask is compared."""
    return {Kind.MASK: fold_mask, Kind.ACCOUNT: fold_or_self, Kind.ADDRESS: str.lower}[kind](mask)


def find(bans: Iterable[Ban], kind: Kind, mask: str) -> Ban | None:
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


def _nothing() -> None:
    pass


class Bans:
    """All bans of the server.

    Args:
        clock: returns seconds of Unix time.

    Attributes:
        unsaved: keys of what has changed and is not written down.
        noted: how often something has changed.
        on_change: called when something is to be written down.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all: dict[Key, Ban] = {}
        self._networks: dict[tuple[int, int], dict[int, Ban]] = {}  # see `_place`
        self._masks: dict[Key, Mask] = {}
        self.unsaved: set[Key] = set()
        self.noted = 0
        self.on_change: Callable[[], None] = _nothing

    def __len__(self) -> int:
        return len(self._all)

    def add(self, ban: Ban) -> None:
        """Have a ban, in the place of one of the same mask."""
        self._put(ban)
        self._note(ban.key)

    def get(self, key: Key) -> Ban | None:
        """Return a ban, whether it has expired or not."""
        return self._all.get(key)

    def restore(self, key: Key, before: Ban | None) -> None:
        """Take a ban back that should not have been made."""
        self._take(key)
        if before is not None:
            self._put(before)
        self._note(key)

    def remove(self, kind: Kind, mask: str) -> Ban | None:
        """Lift a ban and return it; None when there is none. Of accounts that had one name after
        the other, the newest.
        """
        found = find(self._all.values(), kind, mask)
        ban = self._take(found.key) if found else None
        if ban is not None:
            self._note(ban.key)
        return ban

    def of_kind(self, kind: Kind) -> list[Ban]:
        """Return all bans of a kind that are in force, the oldest first."""
        self.forget_expired()
        return sorted(
            (ban for ban in self._all.values() if ban.kind is kind),
            key=lambda ban: (ban.created, ban.mask),
        )

    def mend(self, now: float) -> None:
        """Have bans that were made by a clock that was ahead be made now, and last as long as they
        were to.
        """
        for ban in [ban for ban in self._all.values() if ban.created > now + 1]:
            later = ban.created - int(now)
            self.add(
                ban._replace(created=int(now), expires=ban.expires - later if ban.expires else 0)
            )

    def forget_expired(self) -> None:
        """Lift what has expired."""
        now = self._clock()
        for key in [key for key, ban in self._all.items() if ban.is_over(now)]:
            self._take(key)
            self._note(key)

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
        ban = self._all.get((Kind.ACCOUNT, str(account)))
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

    def changes(self) -> dict[Key, Ban | None]:
        """Return what is to be written down; from now on it counts as written."""
        changes = {key: self._all.get(key) for key in self.unsaved}
        self.unsaved = set()
        return changes

    def put_back(self, keys: Iterable[Key]) -> None:
        """Count what `changes` returned as not written down."""
        self.unsaved.update(keys)

    def replace(self, bans: list[Ban]) -> list[Ban]:
        """Have these bans, besides what is not written down; return those that are new here."""
        known = {ban.key: ban for ban in bans if ban.key not in self.unsaved}
        for key in [key for key in self._all if key not in known and key not in self.unsaved]:
            self._take(key)
        new = [ban for key, ban in known.items() if self._all.get(key) != ban]
        for ban in new:
            self._put(ban)
        return new

    def __iter__(self) -> Iterator[Ban]:
        return iter(self._all.values())

    def _put(self, ban: Ban) -> None:
        self._all[ban.key] = ban
        if ban.kind is Kind.ADDRESS:
            place, prefix = _place(ban)
            self._networks.setdefault(place, {})[prefix] = ban
        elif ban.kind is Kind.MASK:
            self._masks[ban.key] = masks.parse_mask(ban.key[1])

    def _take(self, key: Key) -> Ban | None:
        ban = self._all.pop(key, None)
        if ban is not None and ban.kind is Kind.ADDRESS:
            place, prefix = _place(ban)
            del self._networks[place][prefix]
            if not self._networks[place]:
                del self._networks[place]
        self._masks.pop(key, None)
        return ban

    def _note(self, key: Key) -> None:
        self.unsaved.add(key)
        self.noted += 1
        self.on_change()
