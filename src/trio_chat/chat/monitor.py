"""Monitor lists (IRCv3 `monitor`), indexed both ways.

The cost of a user that connects, leaves or changes its nickname is proportional to its watchers.
"""

from collections.abc import Iterable

from trio_chat.chat.users import Session


class MonitorLists:
    """The monitored nicknames of all sessions, whether in use or not. Nicknames are folded.

    In a cluster, the sessions are those of one server: nothing but what these receive depends on
    it.
    """

    def __init__(self) -> None:
        self._watchers: dict[str, dict[Session, None]] = {}
        self._watched: dict[Session, dict[str, str]] = {}

    def targets_of(self, session: Session) -> dict[str, str]:
        """Return the monitor list of a session, in the order of adding: nicknames as written, by
        folded form.
        """
        return dict(self._watched.get(session, ()))

    def nicks(self) -> tuple[str, ...]:
        """Return all monitored nicknames."""
        return tuple(self._watchers)

    def count(self, session: Session) -> int:
        """Return the length of the monitor list of a session."""
        return len(self._watched.get(session, ()))

    def is_monitoring(self, session: Session, folded: str) -> bool:
        """Return whether a session monitors a nickname."""
        return folded in self._watched.get(session, ())

    def add(self, session: Session, folded: str, nick: str) -> None:
        """Add a nickname to the monitor list of a session, which does not have it yet."""
        self._watched.setdefault(session, {})[folded] = nick
        self._watchers.setdefault(folded, {})[session] = None

    def remove(self, session: Session, folded: str) -> None:
        """Remove a nickname from the monitor list of a session, if it is there."""
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
        """Clear the monitor list of a session."""
        for folded in self.targets_of(session):
            self.remove(session, folded)

    def watchers(self, folded: str, *, without: Iterable[Session] = ()) -> tuple[Session, ...]:
        """Return the sessions that monitor a nickname, as a snapshot.

        Args:
            folded: the nickname.
            without: sessions that are left out.
        """
        found = self._watchers.get(folded)
        if not found:
            return ()
        left_out = set(without)
        return tuple(session for session in found if session not in left_out)
