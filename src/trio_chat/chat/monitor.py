"""Watch lists (IRCv3 MONITOR), indexed both ways: a user that comes, leaves or is renamed costs
only its watchers.
"""

from collections.abc import Iterable

from trio_chat.chat.users import Session


class MonitorLists:
    """The nicknames that sessions watch, whether somebody has them or not. Nicknames are given
    folded.
    """

    def __init__(self) -> None:
        self._watchers: dict[str, dict[Session, None]] = {}
        self._watched: dict[Session, dict[str, str]] = {}

    def targets_of(self, session: Session) -> dict[str, str]:
        """Return what a session watches, in the order in which it was added: the nicknames as it
        wrote them, by folded form.
        """
        return dict(self._watched.get(session, ()))

    def nicks(self) -> tuple[str, ...]:
        """Return all nicknames that anybody watches."""
        return tuple(self._watchers)

    def count(self, session: Session) -> int:
        """Return how many nicknames a session watches."""
        return len(self._watched.get(session, ()))

    def is_monitoring(self, session: Session, folded: str) -> bool:
        """Return whether a session watches a nickname."""
        return folded in self._watched.get(session, ())

    def add(self, session: Session, folded: str, nick: str) -> None:
        """Have a session watch a nickname that it does not watch yet."""
        self._watched.setdefault(session, {})[folded] = nick
        self._watchers.setdefault(folded, {})[session] = None

    def remove(self, session: Session, folded: str) -> None:
        """End a watch, if there is one."""
        watched = self._watched.get(session, {})
        if watched.pop(folded, None) is None:
            return
        if not watched:
            del self._watched[session]
        watchers = self._watchers[folded]
        del watchers[session]
        if not watchers:
            del self._watchers[folded]

    def clear(self, session: Session) -> None:
        """End all watches of a session."""
        for folded in self.targets_of(session):
            self.remove(session, folded)

    def watchers(self, folded: str, *, without: Iterable[Session] = ()) -> tuple[Session, ...]:
        """Return the sessions that watch a nickname, as a snapshot.

        Args:
            folded: the nickname.
            without: sessions to be left out.
        """
        found = self._watchers.get(folded)
        if not found:
            return ()
        left_out = set(without)
        return tuple(session for session in found if session not in left_out)
