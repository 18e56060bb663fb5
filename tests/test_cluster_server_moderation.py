"""Moderation of the whole server in a cluster: its filters, raid mode and probation are common."""

from dataclasses import replace

import pytest

from cluster_simulation import ROOT, make_world
from cluster_town import Client, ClusterTown
from support import commands, find
from trio_chat.chat.changes import OperatorAppointed, ProbationBegun
from trio_chat.chat.moderation import desk
from trio_chat.chat.moderation.probation import ModerationRules
from trio_chat.chat.world import World
from trio_chat.cluster.machine import LogClock

RULES = ModerationRules(storm=3, probation_hours=24, probation_messages=2)


def moderated(clock: LogClock) -> World:
    """Return a world with probation."""
    world = make_world(clock)
    world.server_info = replace(world.server_info, moderation=RULES)
    return world


@pytest.fixture
def town() -> ClusterTown:
    """Return a cluster with probation."""
    return ClusterTown(moderated)


@pytest.fixture
def root(town: ClusterTown) -> Client:
    """Return an operator of the server with +s, at one node."""
    root = town.here.person("root")
    town.here.decide(OperatorAppointed("root", ROOT.sealed()))
    town.carry_out()
    root.say("MODE root +s", "JOIN #a")
    return root


@pytest.fixture
def bob(town: ClusterTown, root: Client) -> Client:
    """Return a guest at the other node, in #a."""
    bob = town.there.person("bob", "JOIN #a", caps="message-tags")
    root.read()
    return bob


def notices(client: Client) -> list[str]:
    """Return the notices that came."""
    return [each.params[-1] for each in client.read() if each.command == "NOTICE"]


def test_a_filter_and_its_queue_are_common(town: ClusterTown, root: Client, bob: Client) -> None:
    """An operator at one node decides on a message of the other."""
    root.say("FILTER ADD hold viagra")
    bob.read()
    assert bob.say("PRIVMSG #a :viagra")[-1].params[1] == "MESSAGE_HELD"
    assert notices(root) == ["*** Held message 1 of bob to #a: viagra"]
    assert [len(desk.list_held(node.world)) for node in town.nodes] == [1, 1]
    released = root.say("HELD RELEASE 1")
    assert "PRIVMSG" in commands([*released, *root.read()])
    assert find(bob.read(), "PRIVMSG").params == ("#a", "viagra")
    town.check()


def test_probation_is_common(town: ClusterTown, root: Client, bob: Client) -> None:
    """Messages at one node end it at all; what one node learns of an address holds at all."""
    assert bob.say("PRIVMSG #a :http://evil.com")[-1].params[1] == "PROBATION"
    carl = town.here.person("carl", "JOIN #a", address="192.0.2.7")
    carl.read()
    carl.say("PRIVMSG #a :one", "PRIVMSG #a :two")
    carl.read()
    assert "FAIL" not in commands(carl.say("PRIVMSG #a :http://evil.com"))
    town.there.decide(ProbationBegun("192.0.2.7", is_listed=True))
    town.carry_out()
    assert carl.say("PRIVMSG #a :http://evil.com")[-1].params[1] == "PROBATION"
    town.check()


def test_raid_mode_is_common(town: ClusterTown, root: Client, bob: Client) -> None:
    """For a newcomer at another node."""
    root.say("RAID ON")
    assert bob.say("PRIVMSG #a :hi")[-1].params[1] == "RAID_MODE"
    assert commands(bob.say("JOIN #b")) == ["477"]
    town.check()


def test_a_storm_is_noticed_on_all_nodes(town: ClusterTown, root: Client) -> None:
    """Wherever the users come."""
    for number, node in enumerate((town.there, town.here, town.there)):
        node.person(f"u{number}")
    assert [node.world.moderation.arrivals.noticed for node in town.nodes] == [town.now] * 2
    town.check()
