"""Registrations of channels as plain values; `registered_channels` stores and restores them."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from trio_chat.irc.modes import FOUNDER

OFF: Final = -1
"""The number of days of a channel whose messages are not stored."""
MAX_DAYS: Final = 36_500


@dataclass(slots=True)
class ChannelRegistration:
    """The owner, the access list and the history setting of a registered channel.

    Args:
        owner: the number of the account.
        since: seconds of Unix time.
        access: the rank (a letter of `irc.modes.RANKS`) that accounts, by their numbers, receive
            when they join.
        history: the days after which messages expire, `OFF` to store none; None for the default.
    """

    owner: int
    since: int
    access: dict[int, str] = field(default_factory=dict)
    history: int | None = None

    def rank_of(self, account_id: int) -> str:
        """Return the rank that an account may have, by its number; "" for none and for 0."""
        if not account_id:
            return ""
        return FOUNDER if account_id == self.owner else self.access.get(account_id, "")


class HistorySetting(NamedTuple):
    """The number of days that a setting asks for; see `ChannelRegistration.history`."""

    days: int | None


def parse_history(text: str) -> HistorySetting | None:
    """Read a number of days, `off` or `default`; None when it is none of them."""
    word = text.lower()
    if word in _WORDS:
        return HistorySetting(_WORDS[word])
    is_number = (
        word.isascii()
        and word.isdigit()
        and len(word) <= len(str(MAX_DAYS))
        and 1 <= int(word) <= MAX_DAYS
    )
    return HistorySetting(int(word)) if is_number else None


_WORDS: Final = {"off": OFF, "default": None}
