"""Always-on users: of an account one user can stay here under its nickname, in its channels, while
none of its sessions does.

To everyone else such a user is like any other; it just adds no session to what is sent. What must
last of it is plain data here: the user itself, while its place in channels is kept with these
(`registered_channels`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from trio_chat.chat.persistence import DirtySet
from trio_chat.chat.preferences import ALWAYS_ON, Preferences
from trio_chat.chat.users import User
from trio_chat.irc.modes import NOTICES, SERVER_OPERATOR, USER_MODES


class Missed(NamedTuple):
    """Something that a user was not there to see: the id that says when, and a sentence."""

    id: int
    text: str


class AlwaysOnUsers:
    """The always-on users, one of an account.

    Args:
        preferences: say whose accounts are always on.
        dirty: takes note of what has changed.
        most: how many there can be.
    """

    def __init__(self, preferences: Preferences, dirty: DirtySet, most: int) -> None:
        self._preferences = preferences
        self._dirty = dirty
        self._most = most
        self._users: dict[int, User] = {}  # by the numbers of their accounts
        self._missed: dict[
            int, list[Missed]
        ] = {}  # for accounts, also those whose user has been removed

    def __iter__(self) -> Iterator[User]:
        """Give all of them; a snapshot."""
        return iter(tuple(self._users.values()))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._users)

    @property
    def is_full(self) -> bool:
        """Whether there can be no more."""
        return len(self._users) >= self._most

    def of(self, account: int) -> User | None:
        """Return the always-on user of an account, by its number, or None."""
        return self._users.get(account)

    def enable(self, user: User) -> None:
        """Make a user always-on when its account is so and has no such user yet, or end that when
        it is so no longer.
        """
        is_wanted = bool(user.account_id) and self._preferences.is_on(user.account_id, ALWAYS_ON)
        if (
            is_wanted
            and not user.always_on
            and self.of(user.account_id) is None
            and not self.is_full
        ):
            self._users[user.account_id] = user
            user.always_on = True
            self._note_all(user)
        elif user.always_on and not is_wanted:
            self.disable(user)

    def disable(self, user: User) -> None:
        """Make a user leave with its last session, as others do."""
        if user.always_on:
            user.always_on = False
            del self._users[user.account_id]
            self._note_all(user)

    def note(self, user: User) -> None:
        """Have what lasts of a user written down, if anything does."""
        if user.always_on:
            self._dirty.note_user(user.account_id)

    def missed_of(self, account: int) -> list[Missed]:
        """Return what is kept for an account until a session of it is here (`missed`); not to be
        changed.
        """
        return self._missed.get(account, [])

    def keep_missed(self, account: int, kept: list[Missed]) -> None:
        """Keep just these for an account."""
        self._missed[account] = kept

    def take_missed(self, account: int) -> list[Missed]:
        """Return what is kept for an account, which is then kept no longer."""
        return self._missed.pop(account, [])

    def restore_missed(self, account: int, state: Mapping[str, Any]) -> None:
        """Keep for an account what its user's state says; older ones say nothing."""
        if stored := state.get("missed", ()):
            self.keep_missed(account, [Missed(int(number), str(text)) for number, text in stored])

    def _note_all(self, user: User) -> None:
        self._dirty.note_user(user.account_id)
        for channel in user.channels:
            self._dirty.note_channel(channel.folded)


def to_state(user: User, now: float, missed: Iterable[Missed] = ()) -> dict[str, Any]:
    """Return what lasts of an always-on user besides its channels, with what is kept for it
    (`missed`).
    """
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
    """Make the user that a state describes, without sessions and account.

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
    # Nobody is an operator of the server by having been one before it was restarted.
    user.modes = {
        letter
        for letter in state["modes"]
        if letter in USER_MODES and letter not in (SERVER_OPERATOR, NOTICES)
    }
    user.note_security()  # nobody has come yet
    return user
