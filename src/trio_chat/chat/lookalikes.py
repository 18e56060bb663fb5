"""Names that look like others: nobody can be taken for somebody who has an account, or who is here.

Names in ASCII are not compared with each other (`irc.skeletons`), so of a chat without other names nothing is kept or computed.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from trio_chat.chat.accounts import Account
from trio_chat.irc.skeletons import skeleton

if TYPE_CHECKING:
    from trio_chat.chat.users import User


class Lookalikes:
    """What the names beyond ASCII of users and accounts look like. Names are given folded."""

    def __init__(self) -> None:
        self._users: dict[str, dict[str, User]] = {}
        self._accounts: dict[str, list[str]] = {}
        self._known = 0  # how many accounts there were when that was made

    def add(self, user: "User") -> None:
        """Note a user who has come, or has taken another nickname."""
        if not user.folded.isascii():
            self._users.setdefault(skeleton(user.folded), {})[user.folded] = user

    def remove(self, user: "User") -> None:
        """Forget a user's nickname."""
        if not user.folded.isascii():
            looks = skeleton(user.folded)
            others = self._users.get(looks, {})
            others.pop(user.folded, None)
            if not others:
                self._users.pop(looks, None)

    def accounts_changed(self) -> None:
        """Forget what accounts look like, because one is gone; that there are more is noticed."""
        self._known = -1

    def users(self, users: "Mapping[str, User]", folded: str) -> "Iterator[User]":
        """Give the users who have other names that look the same.

        Args:
            users: all, by their names.
            folded: the name.
        """
        looks = skeleton(folded)
        if looks != folded and looks in users:
            yield users[looks]
        for name, user in self._users.get(looks, {}).items():
            if name != folded:
                yield user

    def accounts(self, known: Mapping[str, Account], folded: str) -> Iterator[Account]:
        """Give the accounts that have other names that look the same.

        Args:
            known: all, by their names.
            folded: the name.
        """
        if len(known) != self._known:
            self._read(known)
        looks = skeleton(folded)
        for name in (*([looks] if looks != folded else ()), *self._accounts.get(looks, ())):
            if name != folded and name in known:
                yield known[name]

    def _read(self, known: Mapping[str, Account]) -> None:
        self._known = len(known)
        self._accounts = {}
        for name in known:
            if not name.isascii():
                self._accounts.setdefault(skeleton(name), []).append(name)
