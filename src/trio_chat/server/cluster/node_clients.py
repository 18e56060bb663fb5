"""The clients of a node: what they do is submitted to the log, and they wait until it is done."""

from collections.abc import Callable, Sequence
from typing import Protocol

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import SessionEnded
from trio_chat.chat.events import Output
from trio_chat.chat.users import Session
from trio_chat.cluster.entries import Ended, Said
from trio_chat.cluster.machine import Applied, Machine
from trio_chat.server.cluster.own_items import OwnItems

_GIVEN_UP = "The connection to the other servers was lost"
_UNAVAILABLE = "The servers cannot agree on anything at the moment, try again later"


class ReplicatedConnection(Protocol):
    """What a node needs of a connection."""

    session: Session

    def take_applied(self, output: Output, ticket: int) -> None:
        """Take what a line of the client led to; its parts were accepted already.

        Args:
            output: the output.
            ticket: of the broadcaster, for the parts.
        """

    def note_in_log(self) -> None:
        """Carry out no other line until `note_applied`."""

    def note_applied(self) -> None:
        """Go on: what was in the log has been carried out and delivered."""

    def end(self, reason: str) -> None:
        """End the connection."""


class NodeClients:
    """The connections of a node, and their sessions.

    Args:
        machine: has the sessions.
        items: takes what they do.
        is_refusing: returns whether nothing is to be submitted at the moment.
    """

    def __init__(self, machine: Machine, items: OwnItems, is_refusing: Callable[[], bool]) -> None:
        self._machine = machine
        self._world = machine.world
        self._items = items
        self._is_refusing = is_refusing
        self._connections: dict[int, ReplicatedConnection] = {}  # by the numbers of their sessions
        self._registering: set[int] = set()
        self._ending: set[int] = set()

    def add(self, connection: ReplicatedConnection) -> None:
        """Serve a connection, whose session has a number. Before the life of the node has begun
        there is none for it, and the client has to connect again.
        """
        self._connections[connection.session.id] = connection
        if not self._items.has_begun:
            connection.end(_GIVEN_UP)

    def discard(self, connection: ReplicatedConnection) -> None:
        """Serve a connection no longer."""
        self._connections.pop(connection.session.id, None)

    def end_all(self) -> None:
        """End all connections, as the others have given this node up."""
        connections, self._connections = list(self._connections.values()), {}
        self._registering.clear()
        self._ending.clear()
        for connection in connections:
            connection.end(_GIVEN_UP)

    def say(self, connection: ReplicatedConnection, lines: tuple[bytes, ...]) -> None:
        """Have lines of a client carried out by all nodes."""
        session = connection.session
        connection.note_in_log()
        item = Said(self._machine.number_of(session), session.caps, lines)
        self._items.submit(item, connection.note_applied)

    def register(self, session: Session) -> None:
        """Have a session registered by all nodes; see `World.registrar`."""
        if session.id in self._registering:
            return
        if self._is_refusing():
            self._connections[session.id].end(_UNAVAILABLE)
            return
        self._registering.add(session.id)
        item = self._machine.registration_of(session)
        self._items.submit(item, lambda: self._note_registered(session))
        self._connections[session.id].note_in_log()

    def end_registering(self) -> None:
        """End the connections whose registration is not known to be carried out. If it will be,
        their sessions leave at once.
        """
        for number in self._registering:
            if number in self._connections:
                self._connections[number].end(_UNAVAILABLE)

    def leave(self, session: Session, reason: str) -> bool:
        """Have a session ended by all nodes; return False if only this one knows it.

        Args:
            session: the session, whose connection is gone.
            reason: shown to others by QUIT.
        """
        is_asked = session.id in self._registering
        if session.user is None and not is_asked:
            return False
        if session.id in self._world.sessions and session.id not in self._ending:
            self._ending.add(session.id)
            item = Ended(self._machine.number_of(session), reason)
            self._items.submit(item, lambda: self._forget(session))
        return True

    def hand_on(self, applied: Sequence[Applied], ticket: int) -> None:
        """Let connections know what their lines led to.

        Args:
            applied: what was carried out.
            ticket: of the broadcaster, for all parts of it.
        """
        for session, output, _ in applied:
            connection = self._connections.get(session.id) if session is not None else None
            if connection is not None:
                connection.take_applied(output, ticket)

    def _note_registered(self, session: Session) -> None:
        self._registering.discard(session.id)
        connection = self._connections.get(session.id)
        if connection is not None:
            connection.note_applied()

    def _forget(self, session: Session) -> None:
        """Forget a session whose registration was refused when its connection was gone already."""
        self._ending.discard(session.id)
        if session in self._world.unregistered:
            apply(self._world, SessionEnded(session.id, ""))
