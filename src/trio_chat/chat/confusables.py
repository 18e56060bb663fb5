"""Names that look like others: no user can be taken for the owner of an account or for another
user, and no channel for another.

Names in ASCII are not compared with each other, only with those of other scripts (`irc.skeletons`).
What a name costs does not depend on how many there are.
"""

from collections.abc import Iterator, Mapping

from trio_chat.chat.accounts import Account
from trio_chat.irc.skeletons import skeletons


class ConfusableIndex:
    """An index of names by their skeletons."""

    def __init__(self) -> None:
        # By skeleton, folded names in the order of their coming; those in ASCII apart, because they
        # may look alike.
        self._ascii: dict[str, dict[str, None]] = {}
        self._others: dict[str, dict[str, None]] = {}

    def add(self, name: str, folded: str) -> None:
        """Note a name.

        Args:
            name: as it is shown.
            folded: as it is compared.
        """
        index = self._index(folded)
        for looks in skeletons(name, folded):
            index.setdefault(looks, {})[folded] = None

    def remove(self, name: str, folded: str) -> None:
        """Forget a name that was noted, shown in this way."""
        index = self._index(folded)
        for looks in skeletons(name, folded):
            names = index.get(looks, {})
            names.pop(folded, None)
            if not names:
                index.pop(looks, None)

    def of(self, name: str, folded: str) -> Iterator[str]:
        """Give the other names, folded, that look like this one.

        Args:
            name: as it is shown, or would be.
            folded: as it is compared.
        """
        indexes = (self._others,) if folded.isascii() else (self._others, self._ascii)
        for looks in skeletons(name, folded):
            for index in indexes:
                yield from (other for other in index.get(looks, ()) if other != folded)

    def _index(self, folded: str) -> dict[str, dict[str, None]]:
        return self._ascii if folded.isascii() else self._others


class AccountConfusables:
    """The names of accounts by their skeletons, read when they are first asked for and kept from
    then on.
    """

    def __init__(self) -> None:
        self._names = ConfusableIndex()
        self._known = (
            -1
        )  # how many accounts are noted; another number than there are: all are read again

    def add(self, account: Account) -> None:
        """Note an account that was made."""
        self._names.add(account.name, account.folded)
        self._known += 1

    def of(self, known: Mapping[str, Account], name: str, folded: str) -> Iterator[Account]:
        """Give the accounts whose names look like another name.

        Args:
            known: all accounts, and the deleted ones whose names are not free, by their folded
                names.
            name: as it is shown, or would be.
            folded: as it is compared.
        """
        if len(known) != self._known:
            self._names, self._known = ConfusableIndex(), len(known)
            for account in known.values():
                self._names.add(account.name, account.folded)
        yield from (known[other] for other in self._names.of(name, folded) if other in known)
