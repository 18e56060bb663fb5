"""Uploads through nginx and Caddy, as contrib/ configures them and as distributions do."""

import getpass
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import h11
import pytest
import trio
from programs import PATIENCE
from test_reverse_proxies import NAME, TRUSTED, Configure, Place, caddy, nginx, proxied
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

LARGE = bytes(range(256)) * 12_000
"""More than what a proxy or a socket buffers."""


def buffering(directory: Path, port: int, address: str) -> list[str]:
    """Configure nginx to receive a body before it passes it on, as it does by default."""
    command = nginx()(directory, port, address)
    path = directory / "nginx.conf"
    text = path.read_text("utf-8").replace("proxy_request_buffering off;", "")
    text = text.replace("client_max_body_size 0;", "client_max_body_size 25m;")
    # A worker of another user could not write into the directory of a test.
    path.write_text(f"user {getpass.getuser()};\n{text}", "utf-8")
    return command


@asynccontextmanager
async def token_of_a_guest(place: Place) -> AsyncIterator[str]:
    """Return a header with a token, which is valid as long as its WebSocket is open."""
    opening = WSConnection(ConnectionType.CLIENT)
    request = ws.Request(
        host=f"{NAME}:{place.port}",
        target="/",
        subprotocols=["text.ircv3.net"],
        extra_headers=[(b"Origin", place.origin.encode())],
    )
    lines = ("NICK ann", "USER ann 0 * :Ann", "TOKEN GENERATE FILEHOST")
    async with await place.connect() as stream:
        await stream.send_all(opening.send(request))
        said = ""
        while not (found := re.search(r"TOKEN GENERATE FILEHOST \S+ :?(\S+)", said)):
            opening.receive_data(bytes(await stream.receive_some()))
            for event in opening.events():
                assert not isinstance(event, ws.RejectConnection), event
                if isinstance(event, ws.AcceptConnection):
                    for line in lines:
                        await stream.send_all(opening.send(ws.TextMessage(line)))
                elif isinstance(event, ws.TextMessage):
                    said += f"{event.data}\n"
        yield f"Bearer {found[1]}"


def field(response: h11.Response, name: bytes) -> str:
    """Return a header of an answer."""
    return next(value.decode() for key, value in response.headers if key == name)


WAYS = pytest.mark.parametrize(
    "configure", [nginx(), buffering, caddy], ids=["nginx", "nginx buffering", "caddy"]
)


@WAYS
async def test_a_large_file_goes_through_a_proxy(tmp_path: Path, configure: Configure) -> None:
    """With a length and in chunks; the link has the address of the page, and parts can be read."""
    async with proxied(tmp_path, configure, TRUSTED) as place:
        with trio.fail_after(4 * PATIENCE):
            for length in (
                {"Content-Length": str(len(LARGE))},
                {"Transfer-Encoding": "chunked"},
            ):
                async with token_of_a_guest(place) as token:
                    headers = {"Authorization": token, "Content-Disposition": "attachment"} | length
                    response, _ = await place.ask("POST", "/upload", headers, LARGE)
                assert response.status_code == 201
                link = field(response, b"location")
                assert link.startswith("https://chat.example.org/file/")
                path = link.removeprefix("https://chat.example.org")
                response, data = await place.ask("GET", path, {})
                assert (response.status_code, data) == (200, LARGE)
                response, data = await place.ask("GET", path, {"Range": "bytes=1000-1999"})
                assert (response.status_code, data) == (206, LARGE[1000:2000])


@WAYS
async def test_a_refusal_comes_through_a_proxy(tmp_path: Path, configure: Configure) -> None:
    """Also if the server refuses a file before it has read it: the client learns why."""
    settings = f"{TRUSTED}\n\n[uploads]\nmax_size = 1M"
    async with proxied(tmp_path, configure, settings) as place:
        with trio.fail_after(4 * PATIENCE):
            async with token_of_a_guest(place) as token:
                headers = {"Authorization": token, "Content-Length": str(len(LARGE))}
                response, answer = await place.ask("POST", "/upload", headers, LARGE)
            assert response.status_code == 413
            assert b"larger than 1 MB" in answer
            length = {"Content-Length": str(len(LARGE))}
            response, answer = await place.ask("POST", "/upload", length, LARGE)
            assert response.status_code == 401
            assert b"Log in" in answer
