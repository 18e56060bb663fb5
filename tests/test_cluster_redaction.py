"""Deletion of messages in a cluster: one node decides, and all delete the message."""

import pytest

from cluster_simulation import make_world
from cluster_town import Client, ClusterTown
from support import commands, find
from trio_chat.chat.apply import messages
from trio_chat.chat.changes import MessageRedacted
from trio_chat.chat.ids import parse_msgid
from trio_chat.cluster.decisions import decide
from trio_chat.cluster.machine import Machine

CAPS = "message-tags echo-message draft/message-redaction batch labeled-response"


@pytest.fixture
def town() -> ClusterTown:
    """Return a cluster without users."""
    return ClusterTown()


def msgid(client: Client, target: str = "#a") -> str:
    """Have a client say something; return its msgid."""
    said = find(client.say(f"PRIVMSG {target} :oops"), "PRIVMSG").tags["msgid"]
    for node in client.node.town.nodes:
        for session in node.world.sessions.values():
            if isinstance(session.sink, Client):
                session.sink.read()
    return said


def texts(town: ClusterTown) -> list[list[str]]:
    """Return what is stored on each node."""
    return [[record.text for record in node.history.said] for node in town.nodes]


def test_all_nodes_delete_a_message_and_say_so_to_their_clients(town: ClusterTown) -> None:
    """A client without the capability learns nothing."""
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    bob = town.there.person("bob", "JOIN #a", caps=CAPS)
    eve = town.there.person("eve", "JOIN #a")
    said = msgid(ann)
    assert texts(town) == [["oops"], ["oops"]]
    assert find(ann.say(f"REDACT #a {said} :sorry"), "REDACT").params == ("#a", said, "sorry")
    assert find(bob.read(), "REDACT").params == ("#a", said, "sorry")
    assert eve.read() == []
    assert texts(town) == [[], []]
    town.check()


def test_a_second_deletion_sends_nothing_more(town: ClusterTown) -> None:
    """It was decided on before the first one was carried out."""
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    bob = town.there.person("bob", "JOIN #a", caps=CAPS)
    said = msgid(ann)
    number = parse_msgid(said)
    assert number is not None
    session = ann.session.id
    change = MessageRedacted("ann", session, "#a", "", "#a", number, "", is_deleted=False)
    town.here.decide(change)
    town.there.decide(change)
    town.carry_out()
    assert commands(ann.read()) == ["REDACT"]
    assert commands(bob.read()) == ["REDACT"]
    assert find(ann.say(f"REDACT #a {said}"), "FAIL").params[1] == "UNKNOWN_MSGID"
    town.check()


def test_the_node_of_the_client_checks_the_right(town: ClusterTown) -> None:
    """Nothing is decided on otherwise."""
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    bob = town.there.person("bob", "JOIN #a", caps=CAPS)
    said = msgid(ann)
    assert find(bob.say(f"REDACT #a {said}"), "FAIL").params[1] == "REDACT_FORBIDDEN"
    assert texts(town) == [["oops"], ["oops"]]
    assert ann.read() == []


def test_a_channel_that_was_renamed_meanwhile(town: ClusterTown) -> None:
    """The change is for the channel, whatever it is called."""
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    said = msgid(ann)
    number = parse_msgid(said)
    assert number is not None
    change = MessageRedacted("ann", ann.session.id, "#a", "", "#a", number, "", is_deleted=False)
    decided = decide(town.here.world, change)
    ann.say("RENAME #a #b")
    town.here.submit(decided)
    town.here.decisions.add()
    town.carry_out()
    assert find(ann.read(), "REDACT").params == ("#b", said)
    assert texts(town) == [[], []]


def test_a_private_message_is_deleted_on_all_nodes(town: ClusterTown) -> None:
    """Both sides learn of it, each by the name of the other."""
    ann = town.here.person("ann", "NS IDENTIFY acc1 secret", caps=CAPS)
    bob = town.there.person("bob", "NS IDENTIFY acc2 secret", caps=CAPS)
    said = msgid(ann, "bob")
    assert texts(town) == [["oops"], ["oops"]]
    assert find(ann.say(f"REDACT bob {said}"), "REDACT").params == ("bob", said)
    assert find(bob.read(), "REDACT").params == ("bob", said)
    assert texts(town) == [[], []]


def test_deleting_ends_the_idle_time(town: ClusterTown) -> None:
    """On all nodes, as the time is a part of the state."""
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    said = msgid(ann)
    town.now += 100
    ann.say(f"REDACT #a {said}")
    assert ann.session.active == town.now
    town.check()


def test_deleted_messages_are_in_a_snapshot_and_bounded(
    town: ClusterTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that starts again must not send REDACT where the others do not."""
    monkeypatch.setattr(messages, "_REMEMBERED", 2)
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    for _ in range(3):
        ann.say(f"REDACT #a {msgid(ann)}")
    assert len(town.here.world.redacted) == 2
    restored = Machine(make_world)
    restored.restore(town.here.machine.to_state())
    assert list(restored.world.redacted) == list(town.here.world.redacted)
