"""The examples of nginx, Caddy and Traefik in contrib/, run as they are, but for ports and
certificates.
"""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import h11
import pytest
import trio
import trustme
from programs import PATIENCE, Program, server
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

CONTRIB = Path(__file__).parent.parent.parent / "contrib"
NAME = "chat.example.org"
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
"""Where the proxies are; nginx is often in directories of the administrator's PATH alone."""
CLIENT = "127.0.0.2"
"""The address that a client has; the proxy connects to the server from another one."""
Configure = Callable[[Path, int, str], list[str]]


@dataclass(frozen=True)
class Place:
    """A proxy in front of a server.

    Args:
        host: the server.
        port: where the proxy listens.
        context: trusts the proxy's certificate.
    """

    host: Program
    port: int
    context: ssl.SSLContext

    @property
    def origin(self) -> str:
        """The origin of the page."""
        return f"https://{NAME}:{self.port}"

    async def connect(self) -> trio.SSLStream[trio.SocketStream]:
        """Connect as a browser does."""
        raw = await trio.open_tcp_stream("127.0.0.1", self.port, local_address=CLIENT)
        stream = trio.SSLStream(raw, self.context, server_hostname=NAME)
        try:
            await stream.do_handshake()
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return stream

    async def get(self, path: str, headers: dict[str, str]) -> tuple[h11.Response, bytes]:
        """Return the answer to a request for a page."""
        return await self.ask("GET", path, headers)

    async def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[h11.Response, bytes]:
        """Return the answer to a request, which may come before the whole body was sent."""
        connection = h11.Connection(h11.CLIENT)
        fields = {"Host": f"{NAME}:{self.port}", "Connection": "close"} | headers
        response, answer = None, b""
        async with await self.connect() as stream, trio.open_nursery() as nursery:

            async def send() -> None:
                try:
                    for at in range(0, len(body), 65536):
                        data = connection.send(h11.Data(data=body[at : at + 65536]))
                        await stream.send_all(data or b"")
                    await stream.send_all(connection.send(h11.EndOfMessage()) or b"")
                except trio.BrokenResourceError:
                    pass

            request = h11.Request(method=method, target=path, headers=list(fields.items()))
            await stream.send_all(connection.send(request) or b"")
            nursery.start_soon(send)
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(bytes(await stream.receive_some()))
                elif isinstance(event, h11.Response):
                    response = event
                elif isinstance(event, h11.Data):
                    answer += event.data
                elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                    break
            nursery.cancel_scope.cancel()
        assert response is not None
        return response, answer


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def nginx(host: str = "$http_host", *, is_bare: bool = False, read_timeout: str = "") -> Configure:
    """Return what configures nginx.

    Args:
        host: what it sends as the requested host.
        is_bare: whether it sends no more than what a WebSocket needs and the client's address.
        read_timeout: after how long without data from the server it closes a connection.
    """

    def configure(directory: Path, port: int, address: str) -> list[str]:
        example = (CONTRIB / "nginx.conf").read_text("utf-8")
        example = re.sub(r"\n.*listen \[::\]:443 ssl;", "", example)
        example = example.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        example = example.replace("server 127.0.0.1:5000", f"server {address}")
        example = re.sub(r"/etc/letsencrypt\S*fullchain", f"{directory}/chain", example)
        example = re.sub(r"/etc/letsencrypt\S*privkey", f"{directory}/key", example)
        example = example.replace("Host $http_host", f"Host {host}")
        if host == "$proxy_host":  # as without the line, and as most have it, without a group
            example = example.replace("http://trio_chat", f"http://{address}")
        if is_bare:
            example = re.sub(r"\n.*X-Forwarded-Proto.*", "", example)
        if read_timeout:
            example = example.replace(
                "proxy_http_version 1.1;",
                f"proxy_http_version 1.1; proxy_read_timeout {read_timeout};",
            )
        (directory / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {directory}/pid; error_log stderr;\n"
            "events { worker_connections 64; }\n"
            f"http {{ access_log off; client_body_temp_path {directory}/body;"
            f" proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;"
            f" uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;\n"
            f"{example}\n}}\n",
            "utf-8",
        )
        return ["nginx", "-p", str(directory), "-c", str(directory / "nginx.conf")]

    return configure


def caddy(directory: Path, port: int, address: str) -> list[str]:
    """Configure Caddy; return its command."""
    example = (CONTRIB / "Caddyfile").read_text("utf-8")
    assert "127.0.0.1:5000" in example
    example = example.replace("127.0.0.1:5000", address)
    site = f"{NAME}:{port} {{\n\tbind 127.0.0.1\n\ttls {directory}/chain.pem {directory}/key.pem"
    example = example.replace(f"\n{NAME} {{", f"\n{site}")
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    (directory / "Caddyfile").write_text(options + example, "utf-8")
    return ["caddy", "run", "--config", str(directory / "Caddyfile"), "--adapter", "caddyfile"]


def traefik(directory: Path, port: int, address: str) -> list[str]:
    """Configure Traefik; return its command."""
    example = (CONTRIB / "traefik.yml").read_text("utf-8")
    for usual, here in (
        ("http://127.0.0.1:5000", f"http://{address}"),
        ("        certResolver: letsencrypt\n", "        options: default\n"),
    ):
        assert usual in example
        example = example.replace(usual, here)
    example += (
        "tls:\n  certificates:\n"
        f"    - certFile: {directory}/chain.pem\n      keyFile: {directory}/key.pem\n"
    )
    (directory / "traefik.yml").write_text(example, "utf-8")
    static = directory / "static.yml"
    static.write_text(
        f"entryPoints:\n  websecure:\n    address: 127.0.0.1:{port}\n"
        f"providers:\n  file:\n    filename: {directory}/traefik.yml\n    watch: false\n"
        "global:\n  checkNewVersion: false\n  sendAnonymousUsage: false\n",
        "utf-8",
    )
    return ["traefik", f"--configFile={static}"]


@asynccontextmanager
async def proxied(directory: Path, configure: Configure, settings: str) -> AsyncIterator[Place]:
    """Run a server and a proxy in front of it."""
    authority = trustme.CA()
    certificate = authority.issue_cert(NAME)
    certificate.private_key_pem.write_to_path(directory / "key.pem")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(directory / "chain.pem", append=True)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with server(directory, settings) as (host, address):
        port = free_port()
        command = configure(directory, port, address)
        command[0] = shutil.which(command[0], path=PATH) or command[0]
        if not os.path.isabs(command[0]):
            pytest.skip(f"contrib/ is NOT tested with {command[0]}: it is not installed")
        log = directory / "proxy.txt"
        with log.open("wb") as output:
            process = await trio.lowlevel.open_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"HOME": str(directory), "PATH": PATH},
            )
            try:
                await until_listening(process, port, log)
                place = Place(host, port, context)
                await until_configured(place)
                yield place
            finally:
                process.terminate()
                with trio.move_on_after(PATIENCE, shield=True):
                    await process.wait()


async def until_listening(process: trio.Process, port: int, log: Path) -> None:
    """Wait until a proxy accepts connections."""
    with trio.fail_after(PATIENCE):
        while True:
            assert process.poll() is None, f"see {log}"
            try:
                await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
            except OSError:
                await trio.sleep(0.05)
            else:
                return


async def until_configured(place: Place) -> None:
    """Wait until a proxy passes requests on: Traefik listens before it has read its routes."""
    with trio.fail_after(PATIENCE):
        while True:
            try:
                response, _ = await place.get("/health", {})
            except trio.BrokenResourceError:  # it has no certificate yet
                await trio.sleep(0.05)
                continue
            if response.status_code != 404:
                return
            await trio.sleep(0.05)


Fields = list[tuple[bytes, bytes]]


async def chat(place: Place, pings: int = 0, fields: Fields | None = None) -> str:
    """Open a WebSocket as the page does, and register; return what the server says then.

    Args:
        place: the proxy.
        pings: to be answered before the end.
        fields: of the request, besides the usual ones.
    """
    opening = WSConnection(ConnectionType.CLIENT)
    request = ws.Request(
        host=f"{NAME}:{place.port}",
        target="/",
        subprotocols=["text.ircv3.net"],
        extra_headers=[(b"Origin", place.origin.encode()), *(fields or [])],
    )
    async with await place.connect() as stream:
        await stream.send_all(opening.send(request))
        said = ""
        with trio.fail_after(PATIENCE):
            while not re.search(" (422|376) ", said) or said.count("\nPING") < pings:
                opening.receive_data(bytes(await stream.receive_some()))
                for event in opening.events():
                    assert not isinstance(event, ws.RejectConnection), event
                    if isinstance(event, ws.AcceptConnection):
                        for line in ("NICK ann", "USER ann 0 * :Ann"):
                            await stream.send_all(opening.send(ws.TextMessage(line)))
                    elif isinstance(event, ws.TextMessage):
                        said += f"{event.data}\n"
                        if event.data.startswith("PING"):
                            pong = event.data.replace("PING", "PONG")
                            await stream.send_all(opening.send(ws.TextMessage(pong)))
    return said


TRUSTED = "proxies = 127.0.0.1\nurl = https://chat.example.org/"


@pytest.mark.parametrize(
    "configure",
    [
        nginx(),
        nginx("$host"),
        nginx("$host", is_bare=True),
        nginx("$proxy_host"),
        caddy,
        traefik,
    ],
    ids=["nginx", "nginx host", "nginx bare", "nginx default host", "caddy", "traefik"],
)
async def test_a_browser_chats_through_a_proxy(tmp_path: Path, configure: Configure) -> None:
    """The page with its files, and the WebSocket; the server knows the address of the client, also
    where the proxy leaves out the port or sends its own name.
    """
    async with proxied(tmp_path, configure, TRUSTED) as place:
        with trio.fail_after(4 * PATIENCE):
            response, body = await place.get("/", {"Accept": "text/html"})
            assert response.status_code == 200
            for path in re.findall(rb'(?:src|href)="(/[^"#]+)"', body)[:12]:
                answer, data = await place.get(path.decode(), {"Accept-Encoding": "gzip"})
                assert (answer.status_code, bool(data)) == (200, True)
            assert " 001 ann " in await chat(place)
            await place.host.out.until(f"connected {CLIENT}")


FORGED = [
    (b"X-Forwarded-For", b"203.0.113.9"),
    (b"X-Forwarded-Host", NAME.encode()),
    (b"X-Forwarded-Proto", b"http"),
    (b"X-Real-Ip", b"203.0.113.9"),
]


@pytest.mark.parametrize("configure", [nginx(), caddy, traefik], ids=["nginx", "caddy", "traefik"])
async def test_a_client_cannot_forge_its_address(tmp_path: Path, configure: Configure) -> None:
    """The proxy writes what the client has written anew."""
    async with proxied(tmp_path, configure, TRUSTED) as place:
        with trio.fail_after(4 * PATIENCE):
            assert " 001 ann " in await chat(place, fields=FORGED)
            await place.host.out.until(f"connected {CLIENT}")


@pytest.mark.parametrize(
    "configure", [nginx("$host"), caddy, traefik], ids=["nginx", "caddy", "traefik"]
)
async def test_a_page_works_through_a_proxy_that_is_not_trusted(
    tmp_path: Path, configure: Configure
) -> None:
    """The most common mistake: the client has the address of the proxy, and nothing is refused."""
    async with proxied(tmp_path, configure, "url = https://chat.example.org/") as place:
        with trio.fail_after(4 * PATIENCE):
            response, _ = await place.get("/", {"Accept": "text/html"})
            assert response.status_code == 200
            assert " 001 ann " in await chat(place)


async def test_a_silent_client_stays_connected_through_a_proxy(tmp_path: Path) -> None:
    """The server asks it for a sign of life more often than nginx closes connections (60 s; here
    both times are shorter).
    """
    settings = f"{TRUSTED}\n[limits]\nwebsocket_ping_interval = 0.5"
    async with proxied(tmp_path, nginx(read_timeout="2s"), settings) as place:
        assert (await chat(place, pings=6)).count("\nPING") == 6
