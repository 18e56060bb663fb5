"""Confusable names (UTS #39): users cannot imitate accounts or other users, nor channels other
channels.

ASCII names are compared with names of other scripts only, not with each other (`irc.skeletons`).
The cost of a lookup does not depend on the number of names.
"""

from collections.abc import Iterator, Mapping

from trio_chat.chat.accounts import Account
from trio_chat.irc.skeletons import skeletons


class ConfusableIndex:
    """An index of names by their skeletons."""

    def __init__(self) -> None:
        # By skeleton, folded names in the order of adding. ASCII names are apart, because they are
        # not confusable with each other.
        self._ascii: dict[str, dict[str, None]] = {}
        self._others: dict[str, dict[str, None]] = {}

    def add(self, name: str, folded: str) -> None:
        """Add a name.

        Args:
            name: as it is shown.
            folded: as it is compared.
        """
        index = self._index(folded)
        for looks in skeletons(name, folded):
            index.setdefault(looks, {})[folded] = None

    def remove(self, name: str, folded: str) -> None:
        """Remove a name that was added in this spelling."""
        index = self._index(folded)
        for looks in skeletons(name, folded):
            names = index.get(looks, {})
            names.pop(folded, None)
            if not names:
                index.pop(looks, None)

    def of(self, name: str, folded: str) -> Iterator[str]:
        """Yield the other names, folded, that are confusable with this one.

        Args:
            name: the name as it is or would be shown.
            folded: the folded name.
        """
        indexes = (self._others,) if folded.isascii() else (self._others, self._ascii)
        for looks in skeletons(name, folded):
            for index in indexes:
                yield from (other for other in index.get(looks, ()) if other != folded)

    def _index(self, folded: str) -> dict[str, dict[str, None]]:
        return self._ascii if folded.isascii() else self._others


class AccountConfusables:
    """An index of account names by their skeletons, built at the first lookup."""

    def __init__(self) -> None:
        self._names = ConfusableIndex()
        # How many accounts are noted; another number than there are: all are read again.
        self._known = -1

    def add(self, account: Account) -> None:
        """Add a new account."""
        self._names.add(account.name, account.folded)
        self._known += 1

    def of(self, known: Mapping[str, Account], name: str, folded: str) -> Iterator[Account]:
        """Yield the accounts whose names are confusable with a name.

        Args:
            known: all accounts, and the deleted ones whose names are not free, by their folded
                names.
            name: the name as it is or would be shown.
            folded: the folded name.
        """
        if len(known) != self._known:
            self._names, self._known = ConfusableIndex(), len(known)
            for account in known.values():
                self._names.add(account.name, account.folded)
        yield from (known[other] for other in self._names.of(name, folded) if other in known)
