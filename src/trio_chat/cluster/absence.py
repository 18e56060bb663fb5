"""Users whose node has stopped or is lost: with an account they stay for a while.

A client that comes back on another node finds its user again. So nobody sees users leave when nodes
are restarted one after the other.
"""

from collections.abc import Iterator

from trio_chat.chat.users import User
from trio_chat.chat.world import World

PATIENCE = 60.0
"""Seconds of active time for which such a user stays."""

State = list[tuple[int, float, str]]
"""Users by their identities, until when they stay, and the reason of their QUIT."""


class AbsentUsers:
    """The users that wait for their clients."""

    def __init__(self) -> None:
        self._users: dict[User, tuple[float, str]] = {}

    def add(self, user: User, until: float, reason: str) -> None:
        """Let a user without sessions stay.

        Args:
            user: the user.
            until: the active time at which it leaves.
            reason: shown to others by QUIT.
        """
        self._users[user] = until, reason

    def take_expired(self, world: World, now: float) -> Iterator[tuple[User, str]]:
        """Yield the users that have waited for too long, with the reasons; forget those that need
        not wait any longer.
        """
        for user, (until, reason) in list(self._users.items()):
            if world.users.get(user.folded) is not user or not user.is_expected:
                del self._users[user]
            elif until <= now:
                del self._users[user]
                yield user, reason

    def to_state(self) -> State:
        """Return them as plain data."""
        return [(user.identity, until, reason) for user, (until, reason) in self._users.items()]

    def restore(self, world: World, state: State) -> None:
        """Go on from what `to_state` returned."""
        users = {user.identity: user for user in world.users.values()}
        for identity, until, reason in state:
            if identity in users:
                self.add(users[identity], until, reason)
