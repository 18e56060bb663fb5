"""The accounts in memory, by their names and by their numbers."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from trio_chat.chat.accounts import Account


async def _nothing_to_wait_for() -> None:
    pass


class AccountIndex:
    """All accounts, and the deleted accounts whose names are not free; see `Accounts`."""

    def __init__(self) -> None:
        self.last = 0
        self._known: dict[str, Account] = {}
        self._by_id: dict[int, Account] = {}
        self._dropped: dict[str, Account] = {}
        self._dropped_by_id: dict[int, Account] = {}
        self._taken: dict[str, Account] = {}
        self._versions: dict[int, int] = {}
        self.revision = 0
        self.wait_stored: Callable[[], Awaitable[None]] = _nothing_to_wait_for
        self.known: Mapping[str, Account] = self._known
        self.by_id: Mapping[int, Account] = self._by_id
        self.dropped: Mapping[str, Account] = self._dropped
        self.dropped_by_id: Mapping[int, Account] = self._dropped_by_id
        self.taken: Mapping[str, Account] = self._taken

    def version(self, account: int) -> int:
        """Return how often logins to an account were invalidated; see `Accounts.version`."""
        return self._versions.get(account, 0)

    def invalidate(self, account: int) -> None:
        """Note that what was checked before is valid no longer; see `Accounts.invalidate`."""
        self._versions[account] = self.version(account) + 1
        self.revision += 1

    def note(self, account: Account) -> None:
        """Note an account."""
        self.last = max(self.last, account.id)
        self._known[account.folded] = self._by_id[account.id] = self._taken[account.folded] = (
            account
        )

    def drop(self, account: Account) -> None:
        """Note that an account was deleted, and that its name is not free."""
        self.last = max(self.last, account.id)
        self._versions.pop(account.id, None)
        self.revision += 1
        if self._by_id.pop(account.id, None) is not None:
            del self._known[account.folded]
        self._dropped[account.folded] = self._dropped_by_id[account.id] = self._taken[
            account.folded
        ] = account

    def release(self, folded: str) -> bool:
        """Note that the name of a deleted account is free; return whether it was not."""
        account = self._dropped.pop(folded, None)
        if account is None:
            return False
        del self._dropped_by_id[account.id], self._taken[folded]
        return True

    def replace(self, accounts: Iterable[Account], dropped: Iterable[Account]) -> list[Account]:
        """Replace the noted accounts by these; return the accounts that are gone."""
        before = list(self.by_id.values())
        self._clear()
        for account in accounts:
            self.note(account)
        for account in dropped:
            self.drop(account)
        return [account for account in before if account.id not in self.by_id]

    def to_state(self) -> dict[str, Any]:
        """Return the accounts as plain data, in the order of their numbers."""
        return {
            "known": [list(self.by_id[number]) for number in sorted(self.by_id)],
            "dropped": [list(self.dropped_by_id[number]) for number in sorted(self.dropped_by_id)],
            "last": self.last,
            "versions": [[number, self._versions[number]] for number in sorted(self._versions)],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Have what `to_state` returned, and nothing else."""
        self._clear()
        for fields in state["known"]:
            self.note(Account(*fields))
        for fields in state["dropped"]:
            self.drop(Account(*fields))
        self.last = state["last"]
        self._versions = dict(state["versions"])

    def _clear(self) -> None:
        for index in (self._known, self._dropped, self._taken):
            index.clear()
        for index_by_id in (self._by_id, self._dropped_by_id):
            index_by_id.clear()
