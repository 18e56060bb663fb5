"""Files between nodes over HTTP: what a node answers, and what another one takes as an answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from fake_servers import until_reset
from trio_chat.chat.uploads import Upload
from trio_chat.server.uploads.copying import UploadCopier
from trio_chat.server.uploads.node_client import NodeClient, NodeFailed, OtherNode
from trio_chat.server.uploads.node_requests import NodeRequests
from upload_site import HOST, Opener, Uploads, basic, field, opener_in, request

NAME = "A" * 22
KEY = bytes(32)


@pytest.fixture
def opened(tmp_path: Path) -> Opener:
    """Return what opens a server with uploads."""
    return opener_in(tmp_path)


def share(uploads: Uploads) -> NodeRequests:
    """Let a server be the node n1; return what signs requests of the node n2 to it."""
    service = uploads.server.uploads
    assert service is not None
    requests = NodeRequests(KEY, "n1", service.clock)
    service.copier = UploadCopier(service.table, service.directory, service.limits, requests, list)
    return NodeRequests(KEY, "n2", service.clock)


async def stored(uploads: Uploads, body: bytes = b"hello") -> tuple[str, str]:
    """Upload a file; return its random name, and its path."""
    _, head, _ = await uploads.put(body, basic())
    path = field(head, "Location").removeprefix(f"http://{HOST}")
    return path.split("/")[2], path


async def test_a_node_gets_a_file(opened: Opener) -> None:
    """By one request, which counts once."""
    async with opened() as uploads:
        other = share(uploads)
        name, _ = await stored(uploads)
        lines = (f"Host: {HOST}", f"Authorization: {other.sign('n1', name)}")
        status, head, body = await uploads.ask(request("GET", f"/cluster/file/{name}", *lines))
        assert (status, body) == (200, b"hello")
        assert field(head, "Content-Length") == "5"
        assert field(head, "Content-Type") == "application/octet-stream"
        status, _, body = await uploads.ask(request("GET", f"/cluster/file/{name}", *lines))
        assert status == 403
        assert b"hello" not in body


async def test_nobody_else_gets_a_file(opened: Opener) -> None:
    """Neither without a signature nor by a password, nor with one for another file."""
    async with opened() as uploads:
        other = share(uploads)
        name, _ = await stored(uploads)
        for authorization in (
            "X-Nothing: 1",
            basic(),
            f"Authorization: {other.sign('n1', NAME)}",
            f"Authorization: {other.sign('n3', name)}",
            f"Authorization: {NodeRequests(bytes(31) + b'1', 'n2', lambda: 0.0).sign('n1', name)}",
        ):
            lines = (f"Host: {HOST}", authorization)
            status, _, body = await uploads.ask(request("GET", f"/cluster/file/{name}", *lines))
            assert status == 403
            assert b"hello" not in body


@pytest.mark.parametrize("path", ["", "x", NAME + "A", f"../{NAME}", f"{NAME}/", f"{NAME}%2f"])
async def test_other_paths(opened: Opener, path: str) -> None:
    """There is nothing."""
    async with opened() as uploads:
        other = share(uploads)
        lines = (f"Host: {HOST}", f"Authorization: {other.sign('n1', path)}")
        assert (await uploads.ask(request("GET", f"/cluster/file/{path}", *lines)))[0] == 404


async def test_a_node_answers_with_its_own_bytes_only(opened: Opener) -> None:
    """One that lacks a file asks no other one, so nodes cannot ask each other in a circle."""
    async with opened() as uploads:
        other = share(uploads)
        name, path = await stored(uploads)
        (uploads.path / name).unlink()
        for asked in (name, NAME):
            lines = (f"Host: {HOST}", f"Authorization: {other.sign('n1', asked)}")
            head = request("GET", f"/cluster/file/{asked}", *lines)
            assert (await uploads.ask(head))[0] == 404
        # The copier does not run here: to others, the file is there at another time.
        status, answer, _ = await uploads.ask(request("GET", path, f"Host: {HOST}"))
        assert (status, field(answer, "Retry-After")) == (503, "15")
        assert (await uploads.ask(request("HEAD", path, f"Host: {HOST}")))[0] == 200


async def test_a_server_in_no_cluster(opened: Opener) -> None:
    """It has no such page."""
    async with opened() as uploads:
        name, _ = await stored(uploads)
        head = request("GET", f"/cluster/file/{name}", f"Host: {HOST}")
        assert (await uploads.ask(head))[0] == 404


@asynccontextmanager
async def listening(answer: bytes, *, is_open: bool = False) -> AsyncIterator[OtherNode]:
    """Run a node that answers so, and closes; or leaves the connection open."""

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive_some()
            await stream.send_all(answer)
            if is_open:
                await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        await nursery.start(trio.serve_listeners, until_reset(handle), listeners)
        port = listeners[0].socket.getsockname()[1]
        yield OtherNode("n1", f"http://127.0.0.1:{port}/")
        nursery.cancel_scope.cancel()


async def got(node: OtherNode, size: int = 5) -> bytes:
    """Return what a client gets of a file."""
    client = NodeClient()
    try:
        async with client.get(node, NAME, size, "trio-chat-node x") as pieces:
            return b"".join([piece async for piece in pieces])
    finally:
        await client.aclose()


async def test_the_client_takes_a_file() -> None:
    """Of the length that it is to have."""
    async with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as node:
        assert await got(node) == b"hello"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/secret\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
)
async def test_the_client_takes_nothing_else(answer: bytes) -> None:
    """Another status, a redirect, another length, no HTTP."""
    async with listening(answer) as node:
        with pytest.raises(NodeFailed):
            await got(node)


async def test_the_client_does_not_wait_for_a_node_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the head and in the body."""
    timeouts = {"connect": 1.0, "read": 0.01, "write": 1.0, "pool": 1.0}
    monkeypatch.setattr("trio_chat.server.uploads.node_client._TIMEOUTS", timeouts)
    for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"):
        async with listening(answer, is_open=True) as node:
            with pytest.raises(NodeFailed):
                await got(node)


async def test_the_client_wants_tls_where_the_address_says_so() -> None:
    """It does not go on without."""
    async with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as node:
        with pytest.raises(NodeFailed):
            await got(node._replace(address=node.address.replace("http:", "https:")))


async def test_the_digest_of_an_upload_is_known(opened: Opener) -> None:
    """Of the bytes as they are stored."""
    async with opened() as uploads:
        name, _ = await stored(uploads)
        service = uploads.server.uploads
        assert service is not None
        found = await service.find(name)
        assert isinstance(found, Upload)
        assert found.digest == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
