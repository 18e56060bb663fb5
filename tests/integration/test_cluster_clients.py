"""The client of the command line with the addresses of several nodes."""

from pathlib import Path

import pytest
from programs import program
from test_cluster_programs import RedisCluster, client, cluster

pytestmark = [pytest.mark.engine, pytest.mark.long]

__all__ = ("cluster",)  # a fixture

_PROFILE = """
[profile net]
host = 127.0.0.1:{one}, 127.0.0.1:{two}
nick = bob
channels = #a
account = bob
password_command = echo open-sesame
"""


@pytest.mark.parametrize("is_killed", [False, True])
async def test_an_account_is_the_same_at_another_node(
    cluster: RedisCluster, tmp_path: Path, *, is_killed: bool
) -> None:
    """It is logged in again by itself, and has its nickname at once, though the node that is dead
    still counts. Nobody sees it leave when the node is stopped.
    """
    async with (
        cluster.node("n1") as (first, one),
        cluster.node("n2") as (second, two),
    ):
        async with client(one, "bob") as bob, client(two, "ann", "account-notify") as ann:
            await ann.say("JOIN #a")
            await ann.until(" 366 ")
            await bob.say("JOIN #a")
            await bob.until(" 366 ")
            await bob.say("REGISTER * * open-sesame")
            await ann.until("ACCOUNT bob")
        (tmp_path / "client.ini").write_text(_PROFILE.format(one=one, two=two))
        arguments = ["connect", "net", "--config", "client.ini"]
        async with program(arguments, tmp_path) as running:
            chosen = (await running.out.until("Connecting to")).split()[-2]
            await running.out.until("#a")
            is_first = chosen.endswith(f":{one}")
            async with client(two if is_first else one, "eve") as eve:
                await eve.say("JOIN #a")
                await eve.until(" 366 ")
                left = first if is_first else second
                left.process.kill() if is_killed else left.stop()
                await running.out.until("Connecting to")
                await running.out.until("You are logged in as bob")
                assert await running.out.until("Connected as") == "[INFO] Connected as bob."
                await running.say("here")
                await running.out.until("[YOU]: here")
                assert (await eve.until(":bob!")).endswith("PRIVMSG #a :here")
