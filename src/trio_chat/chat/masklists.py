"""Ban, exception and invitation lists: a mask is read once, when it is set; whom it covers is then one comparison."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from trio_chat.chat.users import User
from trio_chat.irc import extbans, masks
from trio_chat.irc.names import fold_or_self


def fold_mask(mask: str) -> str:
    """Return a complete mask in the form that is compared with `User.folded_mask`."""
    nick, _, rest = mask.partition("!")
    user, _, host = rest.partition("@")
    return f"{fold_or_self(nick)}!{user.lower()}@{fold_or_self(host)}"


_SUBJECTS: dict[str, Callable[[User], str]] = {
    "": lambda user: user.folded_mask,
    extbans.ACCOUNT: lambda user: fold_or_self(user.account),
    extbans.REALNAME: lambda user: user.realname.casefold(),
}
_FOLDS: dict[str, Callable[[str], str]] = {
    "": fold_mask,
    extbans.ACCOUNT: fold_or_self,
    extbans.REALNAME: str.casefold,
}


class ListEntry(NamedTuple):
    """One mask of a ban, exception or invitation list.

    Args:
        mask: as it is shown.
        folded: how it is compared with other masks.
        setter: who set it (nick!user@host).
        time: when, in seconds of Unix time.
        acts: letters of the extended bans that say what it is about; "" for everything that its list is about.
        subject: what of a user it is compared with.
        pattern: what that is compared to.
        by_address: whether the mask names an address, so that it is compared with those that a cloak hides, too.
    """

    mask: str
    folded: str
    setter: str
    time: int
    acts: str
    subject: Callable[[User], str]
    pattern: re.Pattern[str]
    by_address: bool

    def covers(self, user: User) -> bool:
        """Tell whether the mask covers a user."""
        subject = self.subject(user)
        if subject and self.pattern.fullmatch(subject):
            return True
        return self.by_address and any(self.pattern.fullmatch(text) for text in user.address_masks())


def entry(text: str, setter: str, time: int) -> ListEntry:
    """Read a mask; see `irc.extbans`.

    Args:
        text: as somebody wrote it.
        setter: who set it.
        time: when, in seconds of Unix time.
    """
    parsed = extbans.parse(text)
    mask = parsed.mask if parsed.subject else masks.complete(parsed.mask)
    folded = _FOLDS[parsed.subject](mask)
    return ListEntry(
        parsed.prefix + mask, parsed.prefix + folded, setter, time,
        parsed.acts, _SUBJECTS[parsed.subject], masks.compiled(folded), not parsed.subject and masks.names_address(folded),
    )  # fmt: skip


def covers(entries: Iterable[ListEntry], user: User, act: str = "") -> bool:
    """Tell whether any mask covers a user.

    Args:
        entries: the list.
        user: who.
        act: the letter of what the user wants to do that some masks are about alone; "" when there is no such letter for it.
    """
    return any(entry.covers(user) for entry in entries if not entry.acts or (act and act in entry.acts))
