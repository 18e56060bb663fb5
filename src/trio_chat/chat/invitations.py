"""Invitations by a token, which a link contains: they let its holder into a channel, or register an
account.

Only the hash of a token is kept. An invitation of a channel belongs to the channel that there is,
whatever its name: it ends with it, and with its registration.

A user that has used an invitation can come back with the same token, which a client needs when its
connection breaks: by its account, or without one by its nickname and address. Whoever was kicked
cannot.
"""

import base64
import hashlib
import hmac
import logging
import math
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from trio_chat.chat import durations
from trio_chat.chat.attempts import Attempts

log = logging.getLogger("trio_chat")

MOST = 50
"""Invitations of one channel, and of one account for others."""
MOST_USES = 1000
DEFAULT_LIFETIME = 7 * 86_400
"""Seconds for which an invitation is valid when nothing else is said."""
_TOKEN_BYTES = 16
TOKEN_LENGTH = 26
"""Characters of a token: 128 bits in base32, which can be read out and typed."""
MOST_WRONG = 100
"""Wrong tokens of one address in `WINDOW`, after which none is looked at."""
WINDOW = 600.0
_KICKED = "-"
"""Stands before the hash of a user that was kicked."""
SHOWN = 8
"""Characters of the hash by which an invitation is named in lists."""


Holder = tuple[str, ...]
"""By what a user is known that uses an invitation; the first one is remembered."""


class Invitation(NamedTuple):
    """An invitation.

    Args:
        digest: the hash of the token, in hexadecimal.
        channel: `Channel.founded` of the channel; 0 for an account.
        setter: the account, or the nickname, of the user that has made it.
        account: the number of that account, or 0.
        created: seconds of Unix time.
        expires: seconds of Unix time; 0 for never.
        uses: how many users can use it; 0 for any number.
        used_by: hashes of the users that have, unless any number can.
    """

    digest: str
    channel: int
    setter: str
    account: int
    created: int
    expires: int
    uses: int
    used_by: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The name in lists."""
        return self.digest[:SHOWN]

    @property
    def left(self) -> int | None:
        """How many users can still use it; None for any number."""
        return max(0, self.uses - len(self.used_by)) if self.uses else None

    def is_over(self, now: float) -> bool:
        """Return whether it has expired."""
        return bool(self.expires) and self.expires <= now

    def has_admitted(self, holder: "Holder") -> bool:
        """Return whether a user has used it, and was not kicked since."""
        return not self._hashes(holder).isdisjoint(self.used_by)

    def admits(self, holder: "Holder") -> bool:
        """Return whether a user can use it; the first time, or again."""
        names = self._hashes(holder)
        if not names.isdisjoint(self.used_by):
            return True
        return self.left != 0 and names.isdisjoint(one.lstrip(_KICKED) for one in self.used_by)

    @property
    def is_personal(self) -> bool:
        """Whether it is like INVITE, which names one user and overrules a ban: it can be used once,
        and was not.
        """
        return self.uses == 1 and not self.used_by

    def used(self, holder: "Holder") -> "Invitation":
        """Return the invitation after a user has used it."""
        if not self.uses or self.has_admitted(holder):
            return self
        return self._replace(used_by=(*self.used_by, self._hash(holder[0])))

    def unused(self, holder: "Holder") -> "Invitation":
        """Return the invitation as if a user had not used it."""
        names = self._hashes(holder)
        return self._replace(used_by=tuple(one for one in self.used_by if one not in names))

    def without(self, holder: "Holder") -> "Invitation":
        """Return the invitation after a user was kicked."""
        names = self._hashes(holder)
        return self._replace(
            used_by=tuple(_KICKED + one if one in names else one for one in self.used_by)
        )

    def describe(self, now: float) -> str:
        """Return what there is to say of it, for people."""
        uses = {None: "any number of uses", 0: "used up", 1: "1 use left"}.get(
            self.left, f"{self.left} uses left"
        )
        expires = (
            f"valid for {durations.show(max(1, math.ceil(self.expires - now)))}"
            if self.expires
            else "valid until it is revoked"
        )
        return f"{self.id}: {uses}, {expires}, by {self.setter}"

    def _hashes(self, holder: "Holder") -> set[str]:
        return set(map(self._hash, holder))

    def _hash(self, holder: str) -> str:
        return hashlib.sha256(f"{self.digest} {holder}".encode()).hexdigest()[:32]


class InvitationTable(Protocol):
    """The stored invitations; those that change here are written with the other state."""

    async def load(self) -> list[Invitation]:
        """Return all of them."""

    async def changes(self) -> int:
        """Return a number that grows whenever an invitation is stored or deleted, also by another
        process.
        """


class Terms(NamedTuple):
    """For how many users an invitation is, and for how long.

    Args:
        uses: 0 for any number.
        seconds: 0 for ever.
    """

    uses: int = 1
    seconds: int = DEFAULT_LIFETIME


def make_token() -> str:
    """Return a new token."""
    return base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().rstrip("=").lower()


def digest_of(token: str) -> str:
    """Return the hash of a token, in whatever case it was typed."""
    return hashlib.sha256(token.lower().encode("utf-8", "surrogatepass")).hexdigest()


def looks_like_token(text: str) -> bool:
    """Return whether a text has the form of a token, so that it is no ordinary key of a channel."""
    return len(text) == TOKEN_LENGTH and text.isascii() and text.isalnum()


def holder_of(account: int, folded: str, host: str) -> Holder:
    """Return by what a user is known that uses an invitation.

    Args:
        account: the number of its account, or 0.
        folded: its folded nickname.
        host: its address, or the cloak of it.
    """
    guest = f"{folded}@{host}"
    return (f"account {account}", guest) if account else (guest,)


def registrant(folded: str) -> Holder:
    """Return by what a user is known that registers an account of a name by an invitation."""
    return (f"registers {folded}",)


def parse_terms(words: Collection[str]) -> Terms | None:
    """Read a number of uses and a duration, in this order; None when they are neither.

    `0` and `any` stand for any number, `0` and `never` for no end.
    """
    uses, duration, *rest = (*words, "", "") if len(words) < 2 else words
    terms = Terms()
    if any(rest):
        return None
    if uses:
        number = "0" if uses.lower() == "any" else uses
        if not (number.isascii() and number.isdecimal() and len(number) <= len(str(MOST_USES))):
            return None
        terms = terms._replace(uses=int(number))
    if duration:
        seconds = durations.parse("0" if duration.lower() == "never" else duration)
        if seconds is None:
            return None
        terms = terms._replace(seconds=seconds)
    return terms if terms.uses <= MOST_USES else None


class Invitations:
    """All invitations.

    Args:
        clock: returns seconds of Unix time by which they expire.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong = Attempts(WINDOW, clock)  # by address
        self._all: dict[str, Invitation] = {}  # by digest
        self._of_channels: dict[int, set[str]] = {}  # digests, by channel

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Invitation]:
        return iter(self._all.values())

    def get(self, digest: str) -> Invitation | None:
        """Return an invitation, whether it has expired or not."""
        return self._all.get(digest)

    def put(self, invitation: Invitation) -> None:
        """Have an invitation, in the place of one with the same token."""
        self._all[invitation.digest] = invitation
        self._of_channels.setdefault(invitation.channel, set()).add(invitation.digest)

    def discard(self, digest: str) -> None:
        """Have an invitation no longer, if there is one."""
        invitation = self._all.pop(digest, None)
        if invitation is None:
            return
        digests = self._of_channels[invitation.channel]
        digests.discard(digest)
        if not digests:
            del self._of_channels[invitation.channel]

    def forget_channel(self, channel: int) -> None:
        """Have no invitation of a channel any longer."""
        for digest in self._of_channels.pop(channel, ()):
            del self._all[digest]

    def of_channel(self, channel: int) -> list[Invitation]:
        """Return the invitations of a channel that are in force, the oldest first; those for
        accounts for 0.
        """
        now = self._clock()
        found = (self._all[digest] for digest in self._of_channels.get(channel, ()))
        valid = (one for one in found if not one.is_over(now))
        return sorted(valid, key=lambda one: (one.created, one.digest))

    def to_state(self) -> dict[str, Any]:
        """Return all of them, and the wrong tokens that are counted, as plain data."""
        return {
            "all": [list(invitation) for invitation in self],
            "wrong": self._wrong.to_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Have what `to_state` returned."""
        for fields in state["all"]:
            known = dict(zip(Invitation._fields, fields, strict=False))
            known["used_by"] = tuple(known.get("used_by", ()))
            self.put(Invitation(**known))
        self._wrong.restore(state["wrong"])

    def made_by(self, account: int) -> list[Invitation]:
        """Return the invitations for accounts that an account has made."""
        return [one for one in self.of_channel(0) if one.account == account]

    def find(self, channel: int, token: str) -> Invitation | None:
        """Return the invitation of a channel with a token; None when there is none, or it has
        expired.
        """
        return self.find_digest(channel, digest_of(token)) if looks_like_token(token) else None

    def find_digest(self, channel: int, digest: str) -> Invitation | None:
        """Return the invitation of a channel by the hash of its token; see `find`."""
        found = self._all.get(digest)
        if found is None or not hmac.compare_digest(found.digest, digest):
            return None
        return found if found.channel == channel and not found.is_over(self._clock()) else None

    def note_wrong(self, address: str) -> None:
        """Count a wrong token of an address; the first one after which others are refused is
        logged.
        """
        if self._wrong.note(address) == MOST_WRONG:
            log.warning(
                "too many wrong invitations from %s: refused for %s",
                address,
                durations.show(WINDOW),
            )

    def why_refused(self, address: str) -> str:
        """Return why no token of an address is looked at, or ""."""
        if self._wrong.count(address) < MOST_WRONG:
            return ""
        when = durations.show(self._wrong.remaining(address))
        return f"Too many wrong invitations came from your address, try again in {when}"

    def expired(self) -> list[str]:
        """Return the digests of those that have expired."""
        now = self._clock()
        return [digest for digest, one in self._all.items() if one.is_over(now)]
