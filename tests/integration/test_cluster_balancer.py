"""The example of a cluster in contrib/, run as it is, but for addresses and paths."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio
from programs import PATIENCE, Program, program
from test_cluster_programs import Client
from test_reverse_proxies import CONTRIB, PATH, free_port

from redis_fakes import Engine

pytestmark = [pytest.mark.engine, pytest.mark.long]

EXAMPLE = CONTRIB / "cluster"
PASSWORD = "a-password-of-the-engine"
CLIENT = "127.0.0.2"
"""The address of clients; HAProxy connects to the nodes from another one."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with the example's settings."""
    text = (EXAMPLE / "valkey.conf").read_text("utf-8")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if re.match(r"[a-z]", line)]
    options = [(f"--{name}", value.strip('"')) for name, value in lines]
    own = [option for pair in options if pair[0] not in ("--bind", "--dir") for option in pair]
    running = Engine(tmp_path / "engine", *own, "--requirepass", PASSWORD)
    yield running
    running.kill()


class Balanced:
    """Nodes behind HAProxy.

    Args:
        directory: where their files are.
        engine: of their log.
    """

    def __init__(self, directory: Path, engine: Engine) -> None:
        self._directory = directory
        self._engine = engine
        self._places = {
            name: (free_port(), free_port(), free_port()) for name in ("n1", "n2", "n3")
        }
        self.port = free_port()
        self._streams: list[trio.SocketStream] = []
        (directory / "password").write_text(PASSWORD, "utf-8")

    @asynccontextmanager
    async def node(self, name: str) -> AsyncIterator[Program]:
        """Run a node."""
        directory = self._directory / name
        directory.mkdir(exist_ok=True)
        port, health, files = self._places[name]
        text = (EXAMPLE / "node.ini").read_text("utf-8")
        for usual, here in (
            ("port = 5000", f"port = {port}"),
            ("port = 5001", f"port = {files}"),
            ("host = 0.0.0.0", "host = 127.0.0.1"),
            ("port = 9464", f"port = {health}"),
            ("redis://engine:6379", f"redis://127.0.0.1:{self._engine.port}"),
            ("/run/secrets/engine_password", str(self._directory / "password")),
            ("/data/", f"{directory}/"),
        ):
            assert usual in text
            text = text.replace(usual, here)
        (directory / "server.ini").write_text(text, "utf-8")
        command = ["serve", "--config", "server.ini", "--node", name, "--no-qr"]
        command += ["--address", f"http://127.0.0.1:{files}/"]
        async with program(command, directory) as running:
            await running.out.until("listens on")
            yield running

    @asynccontextmanager
    async def balancer(self, *, is_connecting: bool = False) -> AsyncIterator[None]:
        """Run HAProxy, which asks more often than in the example.

        Args:
            is_connecting: whether it checks by connecting to the port for clients only.
        """
        found = shutil.which("haproxy", path=PATH)
        if found is None:
            pytest.skip("NOT TESTED: there is no haproxy")
        text = (EXAMPLE / "haproxy.cfg").read_text("utf-8")
        text = text.replace("bind :5000", f"bind 127.0.0.1:{self.port}")
        text = text.replace("maxconn 20000", "maxconn 100").replace("inter 2s", "inter 50ms")
        text = text.replace("check port 9464 ", "check ")
        for name, (port, health, _) in self._places.items():
            place = f"127.0.0.1:{port}" if is_connecting else f"127.0.0.1:{port} port {health}"
            text = text.replace(f"{name}:5000", place)
        if is_connecting:
            text = re.sub(r"(?m)^ +(option httpchk|http-check).*\n", "", text)
        file = self._directory / "haproxy.cfg"
        file.write_text(text, "utf-8")
        async with trio.open_nursery() as nursery:
            # A client tries until HAProxy listens.
            await nursery.start(trio.run_process, [found, "-db", "-q", "-f", str(file)])
            yield
            for stream in self._streams:
                await stream.aclose()
            nursery.cancel_scope.cancel()

    async def client(self, nick: str) -> Client:
        """Connect through HAProxy, and register; again and again, as clients do."""
        with trio.fail_after(PATIENCE):
            while True:
                try:
                    stream = await trio.open_tcp_stream(
                        "127.0.0.1", self.port, local_address=CLIENT
                    )
                    self._streams.append(stream)
                    one = Client(stream)
                    await one.say(f"NICK {nick}", "USER u 0 * :Real")
                    await one.until(" 001 ")
                except (OSError, trio.BrokenResourceError, AssertionError):
                    await trio.sleep(0.02)
                else:
                    return one


async def test_clients_come_back_to_another_node(engine: Engine, tmp_path: Path) -> None:
    """Clients are spread over the nodes; when one is killed, its clients are there again."""
    place = Balanced(tmp_path, engine)
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(place.node(name)) for name in ("n1", "n2")]
        await stack.enter_async_context(place.balancer())
        ann, bob = await place.client("ann"), await place.client("bob")
        await ann.say("JOIN #a", "WHOIS ann ann")
        await ann.until(" 366 ")
        assert CLIENT in await ann.until(" 338 ")
        await bob.say("JOIN #a")
        await ann.until("JOIN #a")
        nodes[0].process.kill()
        await nodes[0].process.wait()
        carl = await place.client("carl")
        await carl.say("JOIN #a", "PRIVMSG #a :here again")
        await carl.until(" 366 ")


async def test_a_node_without_its_engine_gets_no_clients(engine: Engine, tmp_path: Path) -> None:
    """Nobody could talk there; and when the engine is back, it gets clients again."""
    place = Balanced(tmp_path, engine)
    async with place.node("n1") as node, place.balancer():
        ann = await place.client("ann")
        engine.kill()
        await node.out.until("cannot be reached")
        await ann.say("PRIVMSG ann :waits")
        await trio.to_thread.run_sync(engine.start)
        await ann.until("waits")
        await place.client("bob")


async def test_a_balancer_that_only_connects_finds_the_nodes_that_are_ready(
    engine: Engine, tmp_path: Path
) -> None:
    """A node does not listen while it is without its engine for long, and says why; clients that
    are connected stay.
    """
    place = Balanced(tmp_path, engine)
    async with place.node("n1") as node, place.balancer(is_connecting=True):
        ann = await place.client("ann")
        engine.kill()
        assert "waits for the engine" in await node.out.until("takes no new clients")
        async with program(["health", "--config", "server.ini"], tmp_path / "n1") as health:
            assert "takes no clients" in await health.out.until("The server runs")
            assert await health.wait() == 0
        await trio.to_thread.run_sync(engine.start)
        await node.out.until("listens again")
        await place.client("bob")
        await ann.say("PRIVMSG ann :still here")
        await ann.until("still here")
