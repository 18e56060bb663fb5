"""Defects in the handlers of commands, in a cluster: one client ends, and the nodes go on alike."""

from collections.abc import Iterator

import pytest

from cluster_town import ClusterTown
from support import commands
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import TopicSet
from trio_chat.chat.registry import COMMANDS, Request, command
from trio_chat.chat.response import Steps


@pytest.fixture(autouse=True)
def defective_commands() -> Iterator[None]:
    """Have commands that fail: at once, after a change of the state, and in the middle of an
    answer.
    """

    @command("FAILS", help="Fail.")
    def fails(request: Request) -> None:
        raise ZeroDivisionError

    @command("FAILSLATE", help="Fail after a change.")
    def fails_late(request: Request) -> None:
        request.reply.emit_all(apply(request.world, TopicSet("#a", "changed", request.user.folded)))
        raise ZeroDivisionError

    @command("FAILSINSTEPS", help="Fail in the middle of an answer.")
    def fails_in_steps(request: Request) -> Steps:
        for number in range(2000):
            request.reply.send("NOTICE", (request.user.nick, str(number)))
            yield 1
        raise ZeroDivisionError

    yield
    for name in ("FAILS", "FAILSLATE", "FAILSINSTEPS"):
        del COMMANDS[name]


@pytest.mark.parametrize("line", ["FAILS", "FAILSLATE", "FAILSINSTEPS"])
def test_a_defect_ends_one_client_on_all_nodes(line: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once by each node, others see a QUIT, and the states stay the same."""
    town = ClusterTown()
    ann, bob = town.here.person("ann", "JOIN #a"), town.there.person("bob", "JOIN #a")
    ann.read()
    ann.say(line)
    assert ann.ended == "Internal error"
    assert commands(bob.read())[-1] == "QUIT"
    assert len([record for record in caplog.records if record.exc_info]) == 2
    town.check()
    assert "ann" not in town.there.world.users
    assert commands(bob.say("PRIVMSG #a :still here", "TOPIC #a"))
    town.check()


def test_a_node_without_memory_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only one node lacks must not lead it to another state."""
    town = ClusterTown()
    ann = town.here.person("ann")

    def lacks_memory(request: Request) -> None:
        raise MemoryError

    monkeypatch.setitem(COMMANDS, "FAILS", COMMANDS["FAILS"]._replace(handler=lacks_memory))
    with pytest.raises(MemoryError):
        ann.say("FAILS")
