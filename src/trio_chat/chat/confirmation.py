"""The confirmation that an account without a password is to be deleted."""

from typing import NamedTuple


class Confirmation(NamedTuple):
    """A code that a session has to repeat before its account is deleted.

    Args:
        account: the number of the account.
        code: what was shown.
        until: seconds of `World.elapsed` until which it counts.
    """

    account: int
    code: str
    until: float

    def is_for(self, account: int, now: float) -> bool:
        """Return whether it counts for an account at a time."""
        return account == self.account and now < self.until
