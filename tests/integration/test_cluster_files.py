"""Uploaded files in a cluster of programs: each node serves what another one has received."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from programs import PATIENCE, Program, program
from test_cluster_programs import CONFIG, RedisCluster, client
from test_reverse_proxies import free_port

from redis_fakes import engine

pytestmark = [pytest.mark.engine, pytest.mark.long]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """A cluster without nodes, with an engine."""
    with engine(tmp_path / "engine") as running:
        yield RedisCluster(tmp_path, running)


@asynccontextmanager
async def node(
    cluster: RedisCluster, directory: Path, name: str, *, is_sharing: bool = True
) -> AsyncIterator[tuple[Program, int]]:
    """Run a node that other nodes reach by an address."""
    (directory / name).mkdir(exist_ok=True)
    port = free_port()
    config = CONFIG.format(url=cluster.engine.url, name=name, settings="")
    assert "port = 0" in config
    config = config.replace("port = 0", f"port = {port}")
    if is_sharing:
        config += f"address = http://127.0.0.1:{port}\n"
    (directory / name / "server.ini").write_text(config, "utf-8")
    command = ["serve", "--config", "server.ini", "--no-qr"]
    async with program(command, directory / name) as running:
        await running.out.until("listens on")
        yield running, port


async def ask(port: int, method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """Return the answer to a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with trio.fail_after(PATIENCE):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all("\r\n".join((*lines, "", "")).encode() + body)
            return b"".join([data async for data in stream])


async def until(port: int, path: str, status: bytes) -> bytes:
    """Ask for a file until the answer has a status."""
    with trio.fail_after(PATIENCE):
        while True:
            answer = await ask(port, "GET", path)
            if answer.split()[1] == status:
                return answer
            await trio.sleep(0.05)


def stored(directory: Path, name: str, file: str) -> trio.Path:
    """Return where a node has the bytes of a file."""
    return trio.Path(directory / name / "trio-chat.db-uploads" / file)


async def until_there(path: trio.Path, *, is_there: bool = True) -> None:
    """Wait until a file is there, or not there."""
    with trio.fail_after(PATIENCE):
        while True:
            if await path.exists() == is_there:
                return
            await trio.sleep(0.05)


async def test_each_node_serves_what_another_one_has_received(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """Also a part of it, and when that node is gone; a deleted message takes it from all."""
    async with (
        node(cluster, tmp_path, "n2") as (_, two),
        client(two, "bob", "echo-message message-tags draft/message-redaction") as bob,
    ):
        async with (
            node(cluster, tmp_path, "n1") as (first, one),
            client(one, "ann", "echo-message message-tags") as ann,
        ):
            await bob.say("TOKEN GENERATE FILEHOST")
            token = (await bob.until(" GENERATE FILEHOST ")).split()[-1].removeprefix(":")
            body = bytes(range(256)) * 400
            answer = await ask(one, "POST", "/upload", f"Authorization: Bearer {token}", body=body)
            assert answer.split()[1] == b"201", answer
            location = next(line for line in answer.split(b"\r\n") if line.startswith(b"Location"))
            path = "/file/" + location.decode().partition("/file/")[2]
            name = path.split("/")[2]
            # Node 1 may not have reported its address yet.
            answer = await until(two, path, b"200")
            assert answer.partition(b"\r\n\r\n")[2] == body
            answer = await ask(two, "GET", path, "Range: bytes=10-19")
            assert answer.split()[1] == b"206"
            assert answer.endswith(bytes(range(10, 20)))
            assert (await ask(one, "GET", f"/cluster/file/{name}")).split()[1] == b"403"
            await ann.say("JOIN #a")
            await ann.until(" 366 ")
            await bob.say("JOIN #a", f"PRIVMSG #a :see http://127.0.0.1:{one}{path}")
            msgid = (await bob.until("PRIVMSG #a")).partition("msgid=")[2].split(";")[0].split()[0]
            await ann.until("PRIVMSG #a")
            first.process.kill()
            await first.process.wait()
        answer = await ask(two, "GET", path)
        assert answer.partition(b"\r\n\r\n")[2] == body
        await bob.say(f"REDACT #a {msgid}")
        await bob.until("REDACT #a")
        await until(two, path, b"404")
        async with node(cluster, tmp_path, "n1") as (_, one), client(one, "eve"):
            await until(one, path, b"404")
            for each in ("n1", "n2"):
                await until_there(stored(tmp_path, each, name), is_there=False)


async def test_a_node_copies_files_that_nobody_asks_it_for(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """So the death of a node loses no file."""
    async with (
        node(cluster, tmp_path, "n1") as (_, one),
        node(cluster, tmp_path, "n2", is_sharing=False) as (second, _),
        client(one, "ann") as ann,
    ):
        assert any("[cluster] address is empty" in line for line in second.out.lines)
        await ann.say("TOKEN GENERATE FILEHOST")
        token = (await ann.until(" GENERATE FILEHOST ")).split()[-1].removeprefix(":")
        answer = await ask(one, "POST", "/upload", f"Authorization: Bearer {token}", body=b"hello")
        name = answer.partition(b"/file/")[2].split(b"/")[0].decode()
        copy = stored(tmp_path, "n2", name)
        await until_there(copy)
        assert await copy.read_bytes() == b"hello"
