"""Always-on users: of each account one user can stay, under its nickname and in its channels, while
none of its sessions is connected.

To everyone else such a user is like any other; it adds no session to the recipients of events. The
state of it that persists is plain data here; its memberships persist with the channels
(`registered_channels`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from trio_chat.chat.preferences import ALWAYS_ON, Preferences
from trio_chat.chat.users import User
from trio_chat.irc.modes import NOTICES, SERVER_OPERATOR, USER_MODES


class MissedNotice(NamedTuple):
    """A notice of an event that a user missed: its id, for the time, and a sentence."""

    id: int
    text: str


class AlwaysOnUsers:
    """The always-on users, at most one of an account.

    Args:
        preferences: which accounts are always on.
        most: how many always-on users there can be.

    Attributes:
        missed: the notices that are kept for accounts, by their numbers; also for those whose user
            has been removed. See `trio_chat.chat.missed`.
    """

    def __init__(self, preferences: Preferences, most: int) -> None:
        self._preferences = preferences
        self._most = most
        self._users: dict[int, User] = {}  # by the numbers of their accounts
        self.missed: dict[int, list[MissedNotice]] = {}

    def __iter__(self) -> Iterator[User]:
        """Give all of them; a snapshot."""
        return iter(tuple(self._users.values()))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._users)

    @property
    def is_full(self) -> bool:
        """Whether there can be no further one."""
        return len(self._users) >= self._most

    def of(self, account: int) -> User | None:
        """Return the always-on user of an account, by its number, or None."""
        return self._users.get(account)

    def update(self, user: User) -> None:
        """Make a user always-on when its account is so and has no such user yet, or end that when
        the account is so no longer.
        """
        is_wanted = bool(user.account_id) and self._preferences.is_on(user.account_id, ALWAYS_ON)
        if user.always_on and not is_wanted:
            self.disable(user)
        elif is_wanted and not (user.always_on or self.of(user.account_id) or self.is_full):
            self._users[user.account_id] = user
            user.always_on = True

    def disable(self, user: User) -> None:
        """Make a user leave with its last session, as others do."""
        if user.always_on:
            user.always_on = False
            del self._users[user.account_id]

    def restore(self, users: Iterable[User]) -> None:
        """Have these users, which are always-on already."""
        self._users = {user.account_id: user for user in users}

    def restore_missed(self, account: int, state: Mapping[str, Any]) -> None:
        """Keep the notices that the state of a user has; one of an older version has none."""
        if stored := state.get("missed", ()):
            self.missed[account] = [MissedNotice(int(number), str(text)) for number, text in stored]


def to_state(user: User, now: float, missed: Iterable[MissedNotice] = ()) -> dict[str, Any]:
    """Return what persists of an always-on user besides its memberships, with its notices."""
    return {
        "nick": user.nick,
        "username": user.username,
        "host": user.host,
        "realname": user.realname,
        "signon": user.signon,
        "since": user.since,
        "active": user.idle_since(),
        "seen": now if user.sessions else user.seen,
        "away": user.away,
        "modes": "".join(sorted(user.modes)),
        "missed": [list(entry) for entry in missed],
    }


def from_state(folded: str, state: Mapping[str, Any]) -> User:
    """Return the user that a state describes, without sessions and account.

    Args:
        folded: its nickname as it is compared.
        state: what `to_state` returned.
    """
    user = User(
        state["nick"], folded, state["username"], state["host"], state["realname"], state["signon"]
    )
    user.since = user.identity = state["since"]
    user.active = state["active"]
    user.seen = state["seen"]
    user.away = state["away"]
    # The rights of a server operator end with the server; OPER gives them again.
    user.modes = "".join(
        letter
        for letter in state["modes"]
        if letter in USER_MODES and letter not in (SERVER_OPERATOR, NOTICES)
    )
    user.note_security()  # it has no sessions yet
    return user
