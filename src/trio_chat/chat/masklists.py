"""Ban, exception and invitation lists (+b, +e, +I): a mask is parsed once, when it is first
compared. So a server that starts with thousands of channels need not parse all of their masks.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from trio_chat.irc import extbans, masks
from trio_chat.irc.names import fold_or_self


def fold_mask(mask: str) -> str:
    """Return a complete mask in the form that is compared with `User.folded_mask`."""
    nick, _, rest = mask.partition("!")
    user, _, host = rest.partition("@")
    return f"{fold_or_self(nick)}!{user.lower()}@{fold_or_self(host)}"


class Addressed(Protocol):
    """A session, as far as masks are concerned."""

    @property
    def address(self) -> str:
        """Its address."""


class MaskSubject(Protocol):
    """A user, as far as masks are concerned; see `users.User`."""

    @property
    def folded(self) -> str:
        """The folded nickname."""

    @property
    def folded_mask(self) -> str:
        """The folded nick!user@host."""

    @property
    def username(self) -> str:
        """The user name."""

    @property
    def host(self) -> str:
        """The host that others see."""

    @property
    def realname(self) -> str:
        """The real name."""

    @property
    def account(self) -> str:
        """The name of the account, or ""."""

    @property
    def sessions(self) -> Sequence[Addressed]:
        """The sessions."""


Covers = Callable[[MaskSubject], bool]
"""Returns whether a mask covers a user."""


def _of_names(folded: str) -> Covers:
    mask: masks.Mask | None = None

    def covers(user: MaskSubject) -> bool:
        nonlocal mask
        if mask is None:
            mask = masks.parse_mask(folded)
        if mask.network is None and mask.pattern.fullmatch(user.folded_mask):
            return True
        hosts = [session.address.lower() for session in user.sessions] if mask.by_address else []
        if mask.network is not None:
            hosts.append(user.host)
        return bool(hosts) and mask.covers(f"{user.folded}!{user.username.lower()}", hosts)

    return covers


def _of_account(folded: str) -> Covers:
    return _of_text(folded, lambda user: fold_or_self(user.account))


def _of_realname(folded: str) -> Covers:
    return _of_text(folded, lambda user: user.realname.casefold())


def _of_text(folded: str, text_of: Callable[[MaskSubject], str]) -> Covers:
    pattern: re.Pattern[str] | None = None

    def covers(user: MaskSubject) -> bool:
        nonlocal pattern
        if pattern is None:
            pattern = masks.compile_glob(folded)
        text = text_of(user)
        return bool(text and pattern.fullmatch(text))

    return covers


class _Subject(NamedTuple):
    """What of a user a mask is compared with: how it is folded for that, and what then compares."""

    fold: Callable[[str], str]
    read: Callable[[str], Covers]


_SUBJECTS: Final = {
    "": _Subject(fold_mask, _of_names),
    extbans.ACCOUNT: _Subject(fold_or_self, _of_account),
    extbans.REALNAME: _Subject(str.casefold, _of_realname),
}


class ListEntry(NamedTuple):
    """One mask of a ban, exception or invitation list.

    Args:
        mask: the mask as it is shown.
        folded: the folded mask.
        setter: the user that set it (nick!user@host).
        time: when, in seconds of Unix time.
        acts: letters of the extended bans that restrict it to some actions; "" for all that its
            list restricts.
        covers: returns whether it covers a user.
    """

    mask: str
    folded: str
    setter: str
    time: int
    acts: str
    covers: Covers

    def names(self, account: str) -> bool:
        """Return whether the mask is of this account, by its folded name, and of no other."""
        parsed = extbans.parse(self.folded)
        return parsed.subject == extbans.ACCOUNT and parsed.mask == account


def entry(text: str, setter: str, time: int) -> ListEntry:
    """Parse a mask; see `irc.extbans`.

    Args:
        text: the mask as it was written.
        setter: the user who set it.
        time: when, in seconds of Unix time.
    """
    parsed = extbans.parse(text)
    mask = parsed.mask if parsed.subject else masks.complete_mask(parsed.mask)
    subject = _SUBJECTS[parsed.subject]
    folded = subject.fold(mask)
    return ListEntry(
        parsed.prefix + mask,
        parsed.prefix + folded,
        setter,
        time,
        parsed.acts,
        subject.read(folded),
    )


def covers(entries: Iterable[ListEntry], user: MaskSubject, act: str = "") -> bool:
    """Return whether any mask covers a user.

    Args:
        entries: the list.
        user: the user.
        act: the letter of the action of the user, to which some masks are restricted; "" if there
            is none.
    """
    return any(
        entry.covers(user) for entry in entries if not entry.acts or (act and act in entry.acts)
    )
