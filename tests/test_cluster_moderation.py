"""Moderation in a cluster: slow mode, filters, held messages and reports are those of all nodes."""

from collections.abc import Iterator

import pytest

from cluster_town import Client, ClusterTown
from support import commands, find

CAPS = "message-tags echo-message batch labeled-response"


@pytest.fixture
def town() -> Iterator[ClusterTown]:
    """Return a cluster; its nodes have the same state in the end."""
    town = ClusterTown()
    yield town
    town.check()


@pytest.fixture
def ann(town: ClusterTown) -> Client:
    """Return the operator of #a."""
    return town.here.person("ann", "JOIN #a", caps=CAPS)


@pytest.fixture
def bob(town: ClusterTown, ann: Client) -> Client:
    """Return a member of #a at the other node."""
    bob = town.there.person("bob", "JOIN #a", caps=CAPS)
    ann.read()
    return bob


def test_slow_mode_holds_on_all_nodes(town: ClusterTown, ann: Client, bob: Client) -> None:
    """The node of the sender answers; no node delivers."""
    ann.say("MODE #a +W 30")
    bob.read()
    assert commands(bob.say("PRIVMSG #a :one")) == ["PRIVMSG"]
    assert bob.say("PRIVMSG #a :two")[0].params[1] == "SLOW_MODE"
    assert commands(ann.read()) == ["PRIVMSG"]


def test_a_message_is_held_and_released_across_nodes(
    town: ClusterTown, ann: Client, bob: Client
) -> None:
    """The operator is at another node than the sender; all nodes store it once."""
    ann.say("CS FILTER #a ADD hold spam")
    assert bob.say("PRIVMSG #a :s.p.a.m")[0].params[1] == "MESSAGE_HELD"
    assert find(ann.read(), "NOTICE").params[1] == "Held message 1 of bob: s.p.a.m"
    assert [node.history.said for node in town.nodes] == [[], []]
    ann.say("CS HELD #a RELEASE 1")
    assert find(bob.read(), "PRIVMSG").params == ("#a", "s.p.a.m")
    stored = [[record.text for record in node.history.said] for node in town.nodes]
    assert stored == [["s.p.a.m"], ["s.p.a.m"]]


def test_raid_mode_is_of_all_nodes(town: ClusterTown, ann: Client, bob: Client) -> None:
    """A member without an account is silent at each of them."""
    ann.say("CS RAID #a ON")
    assert "raid mode" in find(bob.read(), "NOTICE").params[1]
    assert bob.say("PRIVMSG #a :tea")[0].params[1] == "RAID_MODE"


def test_a_report_reaches_operators_at_another_node(
    town: ClusterTown, ann: Client, bob: Client
) -> None:
    """The node of the member finds the message; all nodes have the report."""
    ann.say("PRIVMSG #a :tea")
    bob.say("CS REPORT #a ann rude")
    town.carry_out()
    assert "Report 1 by bob (rude)" in find(ann.read(), "NOTICE").params[1]
    for node in town.nodes:
        moderation = node.world.channels["#a"].moderation
        assert moderation is not None
        assert [each.reason for each in moderation.reports] == ["rude"]
