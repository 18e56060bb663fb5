"""Proxies: SOCKS5 and HTTP CONNECT, exceptions, and names that must not be resolved locally."""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio

from edge import edge
from fake_servers import until_reset
from support import NOON
from trio_chat.client import trust
from trio_chat.client.known_servers import KnownServers
from trio_chat.client.proxies import Tunnel, choose, connect_through
from trio_chat.client.session.connecting import CannotConnectError, connect_tcp
from trio_chat.client.session.session import is_local
from trio_chat.client.trust import Connector, Security
from trio_chat.config import ListenerSettings, Settings, StorageSettings
from trio_chat.config.proxies import Proxy, parse

pytest.importorskip("python_socks")

ONION = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion"
GREETING = b":srv NOTICE * :hello\r\n"


class Greeter:
    """A server behind the proxy that greets and echoes."""

    def stream(self, nursery: trio.Nursery) -> trio.abc.Stream:
        """Return the client's end of a connection to it."""
        ours, theirs = trio.testing.memory_stream_pair()

        async def echo() -> None:
            await theirs.send_all(GREETING)
            async for data in theirs:
                await theirs.send_all(data)

        nursery.start_soon(echo)
        return ours


class FakeProxy:
    """A proxy on this machine; it remembers what it was asked for.

    Args:
        answer: of HTTP, or the code of SOCKS5.
        at_once: whether what the server says comes in one packet with the answer of HTTP.
    """

    def __init__(self, nursery: trio.Nursery, answer: Any = None, *, at_once: bool = False) -> None:
        self.asked: list[str] = []
        self.credentials: list[bytes] = []
        self.server: Any = Greeter()
        self.port = 0
        self._nursery, self._answer, self._at_once = nursery, answer, at_once

    async def start(self, scheme: str) -> str:
        """Listen; return the URL."""
        serve = self._socks if scheme.startswith("socks") else self._http
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self._nursery.start_soon(trio.serve_listeners, until_reset(serve), listeners)
        self.port = listeners[0].socket.getsockname()[1]
        return f"{scheme}://127.0.0.1:{self.port}"

    async def _socks(self, stream: trio.SocketStream) -> None:
        methods = (await _exactly(stream, 2))[1]
        offered = await _exactly(stream, methods)
        await stream.send_all(b"\x05\x02" if 2 in offered else b"\x05\x00")
        if 2 in offered:
            for _word in range(2):
                head = await _exactly(stream, 1 if self.credentials else 2)
                self.credentials.append(await _exactly(stream, head[-1]))
            await stream.send_all(b"\x01\x00")
        kind = (await _exactly(stream, 4))[3]
        host = (
            (await _exactly(stream, (await _exactly(stream, 1))[0])).decode()
            if kind == 3
            else f"address {kind}"
        )
        if kind == 1:
            await _exactly(stream, 4)
        self.asked.append(f"{host}:{int.from_bytes(await _exactly(stream, 2), 'big')}")
        code = self._answer or 0
        await stream.send_all(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))
        if not code:
            await self._pump(stream)

    async def _http(self, stream: trio.SocketStream) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await _exactly(stream, 1)
        self.asked.append(head.split()[1].decode())
        self.credentials += [
            line.split()[-1]
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"proxy-auth")
        ]
        answer = self._answer or b"HTTP/1.1 200 Connection established\r\nVia: us\r\n\r\n"
        if self._at_once:
            server = self.server.stream(self._nursery)
            await stream.send_all(answer + await server.receive_some())
            await self._pump(stream, server)
            return
        for byte in answer:
            await stream.send_all(bytes([byte]))
        if self._answer is None:
            await self._pump(stream)
        await stream.aclose()

    async def _pump(self, stream: trio.abc.Stream, server: trio.abc.Stream | None = None) -> None:
        server = server or self.server.stream(self._nursery)

        async def copy(
            source: trio.abc.Stream, target: trio.abc.Stream, scope: trio.CancelScope
        ) -> None:
            try:
                async for data in source:
                    await target.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(copy, stream, server, nursery.cancel_scope)
            nursery.start_soon(copy, server, stream, nursery.cancel_scope)
        await trio.aclose_forcefully(stream)
        await trio.aclose_forcefully(server)


async def _exactly(stream: trio.SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await stream.receive_some(size - len(data)) or pytest.fail("the client hangs up")
    return data


@asynccontextmanager
async def proxy(
    scheme: str, answer: Any = None, **how: Any
) -> AsyncIterator[tuple[FakeProxy, str]]:
    """Run a proxy."""
    async with trio.open_nursery() as nursery:
        running = FakeProxy(nursery, answer, **how)
        yield running, await running.start(scheme)
        nursery.cancel_scope.cancel()


class Resolver(trio.abc.HostnameResolver):
    """Fails the test when a name is looked up here."""

    async def getaddrinfo(self, host: Any, *args: Any, **kwargs: Any) -> Any:
        """Be asked for a name."""
        await trio.lowlevel.checkpoint()
        pytest.fail(f"{host} was looked up")

    async def getnameinfo(self, sockaddr: Any, flags: int) -> Any:
        """Be asked for an address."""
        await trio.lowlevel.checkpoint()
        pytest.fail(f"{sockaddr} was looked up")


@pytest.fixture
async def no_dns() -> None:
    """Have no name looked up."""
    await trio.lowlevel.checkpoint()
    trio.socket.set_custom_hostname_resolver(Resolver())


@pytest.fixture(autouse=True)
def _no_proxies_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "http"])
@pytest.mark.parametrize("host", [ONION, "chat.example.org", "чат.рф", "192.0.2.7"])
async def test_the_proxy_looks_up_the_name(scheme: str, host: str, no_dns: None) -> None:
    """RFC 7686 §2: the name of an onion service never reaches DNS; nor does any other that a proxy
    is there for.
    """
    async with proxy(scheme) as (running, url):
        stream = await connect_through(parse(url), host, 6667)
        await stream.send_all(b"x")
        data = b""
        while not data.endswith(b"x"):
            data += await stream.receive_some()
        assert data == GREETING + b"x"
        shown = (
            {"чат.рф": "xn--80aa4b.xn--p1ai"}.get(host, host)
            if scheme == "http" or host != "192.0.2.7"
            else "address 1"
        )
        assert running.asked[0].partition(":")[0].startswith(("xn--", shown))
        assert running.asked[0].endswith(":6667")
        await stream.aclose()


async def test_what_comes_in_one_packet_with_the_answer_is_not_lost() -> None:
    """RFC 9110 §9.3.6: what follows the header section of a 2xx answer to CONNECT is from the
    server.
    """
    async with proxy("http", at_once=True) as (_running, url):
        stream = await connect_through(parse(url), "srv.test", 6667)
        assert await stream.receive_some(4) + await stream.receive_some() == GREETING
        await stream.aclose()


@pytest.mark.parametrize(
    ("scheme", "shown"), [("socks5", [b"ann", b"s:cret"]), ("http", [b"YW5uOnM6Y3JldA=="])]
)
async def test_credentials_of_the_url(scheme: str, shown: list[bytes]) -> None:
    """RFC 1929, RFC 7617: they are sent to the proxy, percent-decoded."""
    async with proxy(scheme) as (running, url):
        stream = await connect_through(
            parse(url.replace("//", "//ann:s%3Acret@")), "srv.test", 6667
        )
        assert running.credentials == shown
        await stream.aclose()


@pytest.mark.parametrize(
    ("scheme", "answer", "reason"),
    [
        ("socks5", 5, "Connection refused"),
        ("http", b"HTTP/1.1 407 s3cret\r\n\r\n", "407 Proxy Authentication Required"),
        ("http", b"SSH-2.0-OpenSSH\r\n\r\n", "this is no HTTP proxy"),
        ("http", b"HTTP/1.1 999 no\r\n\r\n", "999"),
    ],
)
async def test_a_refusal_is_a_sentence_without_credentials(
    scheme: str, answer: Any, reason: str
) -> None:
    """It names the server, the proxy and the reason; what the proxy says itself is not shown."""
    async with proxy(scheme, answer) as (_running, url):
        with pytest.raises(CannotConnectError, match=reason) as caught:
            await connect_through(parse(url.replace("//", "//ann:s3cret@")), "srv.test", 6667)
        assert f"srv.test:6667 through the proxy {url}" in str(caught.value)
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_that_is_not_there(scheme: str) -> None:
    """The proxy is named as what does not answer."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(CannotConnectError, match=r"the proxy itself: .*refused"):
            await connect_through(parse(url), "srv.test", 6667)


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_that_says_nothing(
    scheme: str, autojump_clock: trio.testing.MockClock
) -> None:
    """It is given up after a while, and no connection is left behind."""
    silent, theirs = [], trio.Event()

    async def serve(stream: trio.SocketStream) -> None:
        silent.append(stream)
        theirs.set()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        autojump_clock.autojump_threshold = 0.05
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        with pytest.raises(CannotConnectError, match="no answer"):
            await connect_through(
                Proxy(scheme, "127.0.0.1", listener.socket.getsockname()[1]), "srv.test", 6667
            )
        await theirs.wait()
        with trio.fail_after(100):
            while await silent[0].receive_some():
                pass
        nursery.cancel_scope.cancel()


async def test_socks_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install."""
    monkeypatch.setitem(sys.modules, "python_socks", None)
    monkeypatch.setitem(sys.modules, "python_socks.async_.trio.v2", None)
    with pytest.raises(CannotConnectError, match=r'pip install .*\[proxy\]"'):
        await connect_through(Proxy("socks5", "127.0.0.1", 1), "srv.test", 6667)


async def test_an_onion_service_without_a_proxy(no_dns: None) -> None:
    """RFC 7686 §2: applications that do not implement tor should not look up such names."""
    with pytest.raises(CannotConnectError, match="only Tor reaches it"):
        await connect_tcp(f"Chat.{ONION.upper()}.", 6667)


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_tls_through_a_proxy(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is encrypted and known by its certificate as it is without a proxy."""

    async def direct(host: str, port: int, _records: object = None) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        pytest.fail("a direct connection")

    monkeypatch.setattr(trust, "connect_tcp", direct)
    async with (
        edge(Settings(storage=StorageSettings(file=tmp_path / "chat.db"))) as here,
        proxy(scheme) as (running, url),
    ):

        class Behind:
            def stream(self, nursery: trio.Nursery) -> trio.abc.Stream:
                return here.stream(ListenerSettings(name=""))

        running.server = Behind()
        monkeypatch.setenv("ALL_PROXY", url)
        known = KnownServers(tmp_path / "known" / "known_servers")
        noon = datetime.fromtimestamp(NOON, UTC)
        stream = await Connector("chat.example.org", 5000, Security(), known, lambda: noon)()
        assert isinstance(stream, trio.SSLStream)
        assert await known.get("chat.example.org:5000") == f"key {here.server.encryption.facts.key}"
        assert set(running.asked) == {"chat.example.org:5000"}
        await trio.aclose_forcefully(stream)


async def test_a_server_behind_a_proxy_on_this_machine_is_not_on_it() -> None:
    """Tor listens here; a password must not be sent unencrypted because of that."""
    async with proxy("socks5") as (_running, url):
        stream = await connect_through(parse(url), "srv.test", 6667)
        assert isinstance(stream, Tunnel)
        assert not is_local(stream)
        await stream.aclose()


@pytest.mark.parametrize(
    ("host", "exceptions", "is_direct"),
    [
        ("chat.example.org", "", False),
        ("chat.example.org", "*", True),
        ("chat.example.org", "example.com, .Example.org", True),
        ("CHAT.example.org.", "chat.example.org", True),
        ("badexample.org", "example.org", False),
        ("chat.example.org", "example.org:5000", True),
        ("chat.example.org", "example.org:6697", False),
        ("192.0.2.7", "192.0.2.0/24", True),
        ("2001:db8::7", "2001:db8::/32", True),
        ("2001:db8::7", "[2001:db8::7]", True),
        ("192.0.2.7", "2.7", False),
        ("localhost", "", True),
        ("127.0.0.1", "", True),
        ("::1", "", True),
    ],
)
def test_what_goes_past_the_proxy(host: str, exceptions: str, is_direct: bool) -> None:
    """NO_PROXY as curl reads it, and this machine always."""
    environment = {"ALL_PROXY": "socks5h://127.0.0.1:9050", "no_proxy": exceptions}
    assert (choose(host, 5000, "", environment) is None) == is_direct


def test_the_configuration_comes_before_the_environment() -> None:
    """`none` means direct, a URL means that proxy, whatever the environment has; small letters come
    first there.
    """
    environment = {"ALL_PROXY": "http://a:1", "all_proxy": "http://b:2", "NO_PROXY": "*"}
    assert choose("srv.test", 1, "none", environment) is None
    assert str(choose("srv.test", 1, "socks5h://[::1]", environment)) == "socks5://[::1]:1080"
    assert str(choose("srv.test", 1, "", environment | {"NO_PROXY": ""})) == "http://b:2"
    assert choose("srv.test", 1, "", {}) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://a:1",
        "socks4://u:s3cret@a",
        "a:1",
        "socks5://u@a",
        "http://a/x",
        "http://a:99999",
        "http://:5",
    ],
)
def test_a_proxy_that_cannot_be_used_means_no_direct_connection(url: str) -> None:
    """A user that has set one expects that nothing bypasses it; the URL is not shown, since a
    password may be in it.
    """
    with pytest.raises(CannotConnectError, match="ALL_PROXY") as caught:
        choose("srv.test", 1, "", {"ALL_PROXY": url})
    assert url not in str(caught.value)
    with pytest.raises(ValueError, match=r"^no proxy$"):
        parse(url)


def test_a_proxy_as_text_has_no_credentials() -> None:
    """Not in errors, not in what is logged."""
    wanted = parse("socks5h://ann:s3cret@tor.example:9150")
    assert (wanted.user, wanted.password) == ("ann", "s3cret")
    assert "s3cret" not in f"{wanted} {wanted!r}"
