"""A cluster of two nodes without an engine: the log is carried out by both as soon as somebody
waits for it.
"""

from collections.abc import Callable

from cluster_simulation import make_world
from deliveries import deliveries
from storage_fakes import ListHistory
from support import NOON, run_now
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Change, SessionEnded
from trio_chat.chat.decided_events import DecidedEvents
from trio_chat.chat.dispatch import handle_line, is_local
from trio_chat.chat.events import Output
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.cluster.codec import decode, encode
from trio_chat.cluster.decisions import decide
from trio_chat.cluster.entries import Begun, Ended, Entry, Item, Said
from trio_chat.cluster.machine import LogClock, Machine
from trio_chat.cluster.own_decisions import OwnDecisions
from trio_chat.irc.message import Message, parse
from trio_chat.server.broadcaster import records_of

MakeWorld = Callable[[LogClock], World]


class Client:
    """A client of a node, and the sink of its session."""

    send_raw = None

    def __init__(self, node: "Node", address: str = "192.0.2.1") -> None:
        self.node = node
        self.session = Session(self, address, node.town.now)
        self.received = b""
        self.ended = ""
        node.world.connect(self.session)

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Take bytes from the server."""
        self.received += data

    def end(self, reason: str) -> None:
        """Be ended by the server."""
        self.ended = self.ended or reason

    def say(self, *lines: str) -> list[Message]:
        """Send lines, which are carried out; return what came back."""
        for line in lines:
            self.node.execute(self, line)
            self.node.town.carry_out()
        return self.read()

    def read(self) -> list[Message]:
        """Return what was received since the last time."""
        data, self.received = self.received, b""
        return [parse(line.decode()) for line in data.split(b"\r\n")[:-1]]

    def leave(self) -> None:
        """Be disconnected."""
        if self.session.user is None:
            apply(self.node.world, SessionEnded(self.session.id, ""))
        self.node.submit(Ended(self.number, self.ended or "Connection closed"))
        self.node.town.carry_out()

    @property
    def number(self) -> int:
        """The number of its session in items."""
        return self.node.machine.number_of(self.session)


class Node:
    """A node of the cluster."""

    def __init__(self, town: "ClusterTown", name: str, make: MakeWorld) -> None:
        self.town = town
        self.name = name
        self.sequence = 0
        self.machine = Machine(make)
        self.decisions = OwnDecisions()
        self.world.decider = self.decide
        self.world.settle = self.settle
        self.world.registrar = self.register

    @property
    def world(self) -> World:
        """The world of its machine."""
        return self.machine.world

    @property
    def history(self) -> ListHistory:
        """The history of its world."""
        assert self.world.storage is not None
        assert isinstance(self.world.storage.history, ListHistory)
        return self.world.storage.history

    def submit(self, item: Item) -> None:
        """Append an item; it is read as it is written."""
        self.sequence += 1
        self.town.log.append(decode(encode(Entry(self.name, 1, self.sequence, (item,)))))

    def decide(self, change: Change) -> DecidedEvents:
        """Have a change carried out by all nodes."""
        self.submit(decide(self.world, change))
        return self.decisions.add()

    async def settle(self) -> None:
        """Carry out what was appended."""
        self.town.carry_out()

    def register(self, session: Session) -> None:
        """Have a session registered by all nodes."""
        pending = session.pending
        assert pending is not None
        self.submit(self.machine.registration_of(session))

    def execute(self, client: Client, line: str) -> None:
        """Carry out a line of a client here, or have it carried out by all."""
        if client.session.user is None or is_local(parse(line)):
            self.deliver(handle_line(self.world, client.session, line.encode()), client)
        else:
            self.submit(Said(client.number, client.session.caps, (line.encode(),)))

    def deliver(self, output: Output, client: Client | None) -> None:
        """Store and deliver an output to the clients of this node, and the rest of it if it is
        theirs.
        """
        run_now(self.history.commit(records_of([output])))
        for session, data, is_reply in deliveries(output.parts):
            session.sink.send(data, is_reply=is_reply)
        if client is None:
            return
        if output.close:
            client.end(output.close)
        if output.more is not None:
            self.deliver(output.more(), client)
        if output.later is not None:
            self.deliver(run_now(output.later()), client)

    def person(
        self,
        nick: str,
        *lines: str,
        caps: str = "",
        address: str = "192.0.2.1",
        account: int = 0,
    ) -> Client:
        """Return somebody registered, after some lines, with everything read by all clients.

        Args:
            nick: the nickname.
            lines: what was sent after the registration.
            caps: capabilities.
            address: of the client.
            account: the number of an account that it has logged in to before.
        """
        client = Client(self, address)
        if account and self.world.accounts is not None:
            client.session.set_account(self.world.accounts.by_id[account])
        if caps:
            client.say(f"CAP REQ :{caps}")
        client.say(f"NICK {nick}", f"USER {nick} 0 * :{nick}", "CAP END", *lines)
        for node in self.town.nodes:
            for session in node.world.sessions.values():
                if isinstance(session.sink, Client):
                    session.sink.read()
        return client


class ClusterTown:
    """A cluster of two nodes.

    Args:
        make: returns the world of each.
    """

    def __init__(self, make: MakeWorld = make_world) -> None:
        self.now = NOON
        self.log: list[Entry] = []
        self.nodes = [Node(self, name, make) for name in ("here", "there")]
        self.here, self.there = self.nodes
        for node in self.nodes:
            node.submit(Begun(""))
        self.carry_out()

    def carry_out(self) -> None:
        """Have both nodes carry out what is in the log, until there is no more."""
        while self.log:
            entry = self.log.pop(0)
            applied = [
                (node, each)
                for node in self.nodes
                for each in node.decisions.divide(
                    node.machine.apply(entry, self.now, (node.name, 1))
                )
            ]
            for node, (session, output, _) in applied:  # which may append more, and wait for it
                sink = session.sink if session is not None else None
                node.deliver(output, sink if isinstance(sink, Client) else None)

    def check(self) -> None:
        """Check that both have the same state."""
        assert self.here.machine.digest() == self.there.machine.digest()
