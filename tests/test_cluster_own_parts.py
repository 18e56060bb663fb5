"""What a node takes of the outputs of the log."""

from dataclasses import fields, replace
from typing import Any

from cluster_town import Client, ClusterTown
from support import NOON
from trio_chat.chat.changes import PushSubscribed
from trio_chat.chat.events import Event
from trio_chat.chat.history import HistoryTarget
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.users import Nowhere, Session
from trio_chat.cluster.entries import Said
from trio_chat.cluster.machine import Applied
from trio_chat.server.cluster.own_parts import OwnParts


class Collecting(ClusterTown):
    """A cluster that keeps what its nodes would take."""

    def __init__(self) -> None:
        self.taken: dict[str, list[Event]] = {"here": [], "there": []}
        super().__init__()

    def take(self, name: str, applied: list[Applied]) -> None:
        """Keep the events that are for the clients and the devices of a node."""
        parts = OwnParts().of(applied)
        self.taken[name] += [part for part in parts if isinstance(part, Event)]

    def carry_out(self) -> None:
        """Carry out the log."""
        while self.log:
            entry = self.log.pop(0)
            for node in self.nodes:
                self.take(node.name, node.machine.apply(entry, self.now, (node.name, 1)))


def pushed(town: Collecting, name: str) -> list[tuple[str, Any]]:
    """Return what a node pushes, and to which accounts."""
    return [(e.command, e.push_accounts) for e in town.taken[name] if e.push_accounts]


def with_device(town: Collecting) -> Client:
    """Return a client of the second node, whose account has a device."""
    device = PushSubscription("https://push.example/1", b"key", b"auth", 0, NOON, NOON)
    town.here.decide(PushSubscribed(1, device, 4))
    return town.there.person("acc1", account=1)


def test_the_node_of_the_sender_pushes_a_message() -> None:
    """A device must not receive it from each node."""
    town = Collecting()
    with_device(town)
    ann = town.here.person("ann")
    town.here.submit(Said(ann.number, 0, (b"PRIVMSG acc1 :hello",)))
    town.carry_out()
    assert pushed(town, "here") == [("PRIVMSG", (1,))]
    assert pushed(town, "there") == []


def test_all_nodes_take_notifications_away() -> None:
    """The one that has pushed them does; also if no other session is to learn of the marker."""
    town = Collecting()
    bob = with_device(town)
    line = b"MARKREAD ann timestamp=2027-01-15T08:00:00.000Z"
    town.there.submit(Said(bob.number, 0, (line,)))
    town.carry_out()
    assert pushed(town, "here") == pushed(town, "there") == [("MARKREAD", (1,))]


def test_an_event_for_others_is_otherwise_the_same() -> None:
    """Whatever fields events have."""
    session = Session(Nowhere(), "192.0.2.1", NOON)
    event = Event(
        id=1,
        command="PRIVMSG",
        params=("ann", "hello\nthere"),
        source="bob!~b@192.0.2.1",
        recipients=(session,),
        skip=session,
        requires=1,
        account="bob",
        extended=("x",),
        client_tags={"+a": "b"},
        carries_msgid=True,
        history_targets=(HistoryTarget("ann", is_private=True),),
        is_bot=True,
        shift=2,
        server_tags=((1, "a", "b"),),
        account_id=3,
        push_accounts=(4,),
    )
    parts = fields(Event)
    defaults = Event(2, "NOTICE", (), "", ())
    assert all(getattr(event, part.name) != getattr(defaults, part.name) for part in parts)
    assert event.replace() == event
    assert event.replace(recipients=(), push_accounts=(7,)) == replace(
        event, recipients=(), push_accounts=(7,)
    )
