"""Commands in a cluster: what one node carries out alone, and what all see of it."""

from dataclasses import replace
from functools import partial

import pytest

from cluster_simulation import make_world
from cluster_town import Client, ClusterTown
from support import commands
from trio_chat.chat.world import World
from trio_chat.cluster.machine import LogClock

LABELS = "labeled-response batch echo-message"


def make_with(clock: LogClock, **server_info: object) -> World:
    """Return a world with other values of `ServerInfo`."""
    world = make_world(clock)
    world.server_info = replace(world.server_info, **server_info)  # type: ignore[arg-type]
    return world


@pytest.mark.parametrize("service", ["NickServ", "nickserv,*playback"])
def test_a_message_to_a_channel_and_a_service_is_carried_out_where_it_belongs(
    service: str,
) -> None:
    """All nodes send it to the channel; only the node of the client asks the service."""
    town = ClusterTown()
    bob = town.there.person("bob", "JOIN #a")
    ann = town.here.person("ann", "JOIN #a")
    bob.read()
    answer = ann.say(f"PRIVMSG #a,{service} :HELP")
    assert [m.params[0] for m in bob.read()] == ["#a"]
    assert {m.source.partition("!")[0] for m in answer} >= {"NickServ"}
    town.check()


def test_a_label_is_answered_once_by_a_channel_and_a_service() -> None:
    """The answers of both are in one batch."""
    town = ClusterTown()
    ann = town.here.person("ann", "JOIN #a", caps=LABELS)
    answer = ann.say("@label=7 PRIVMSG #a,NickServ,#b :IDENTIFY acc1 secret")
    assert [m.tags["label"] for m in answer if "label" in m.tags] == ["7"]
    labelled = [m for m in answer if "batch" in m.tags]
    assert {m.params[0] for m in labelled} >= {"#a", "NickServ"}
    assert [m.command for m in labelled].count("403") == 1
    assert town.there.world.users["ann"].account == "acc1"
    town.check()


def test_two_services_answer_one_line_in_turn() -> None:
    """Also when the first has to wait for a password."""
    town = ClusterTown()
    ann = town.here.person("ann")
    answer = ann.say("PRIVMSG NickServ,nickserv :IDENTIFY acc1 wrong")
    assert commands(answer) == ["NOTICE", "NOTICE"]


@pytest.mark.parametrize("line", ["INVITATION CREATE #a", "CS INVITATION #a CREATE"])
def test_all_nodes_have_the_same_invitation(line: str) -> None:
    """Its token is drawn by one of them."""
    town = ClusterTown()
    ann = town.here.person("ann", "JOIN #a")
    assert ann.say(line)
    assert len(town.there.world.invitations) == 1
    town.check()


def test_the_password_of_the_server_is_checked_by_the_node_of_the_client() -> None:
    """It is not in the log, and neither is how often it was wrong."""
    town = ClusterTown(partial(make_with, password="open"))
    client = town.here.person("ann")
    assert client.ended == "Password incorrect"
    assert not town.here.world.users
    town.check()


def test_a_client_with_the_password_of_the_server_registers_on_all_nodes() -> None:
    """They need not know it."""
    town = ClusterTown(partial(make_with, password="open"))
    client = Client(town.here)
    client.say("PASS open", "NICK ann", "USER ann 0 * :ann")
    assert list(town.there.world.users) == ["ann"]
    town.check()
