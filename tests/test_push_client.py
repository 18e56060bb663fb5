"""The client of push services: over real TLS, against hostile ones, and for public addresses
only.
"""

import socket
import ssl
import threading
from collections.abc import Iterable

import httpcore2
import pytest
import trio
import trio.testing

from push_fakes import KEYS, DeviceFake, PushServiceFake, push_service
from support import Clock
from trio_chat.server.push import client as client_module
from trio_chat.server.push.addresses import is_public
from trio_chat.server.push.client import Answer, Outcome, PushClient, answer_of
from trio_chat.server.push.encryption import encrypt
from trio_chat.server.push.vapid import VapidSigner

HEADERS = {"Content-Encoding": "aes128gcm", "TTL": "60"}
Stream = trio.SSLStream[trio.SocketStream]


async def post(
    service: PushServiceFake, device: DeviceFake, client: PushClient | None = None
) -> Answer:
    """Send a message to a device, and close the client."""
    client = client or service.client()
    origin = device.endpoint.partition("/push")[0]
    signer = VapidSigner(KEYS, Clock())
    headers = HEADERS | {"Authorization": signer.header(origin, "mailto:ann@example.org")}
    try:
        return await client.post(
            device.endpoint, headers, encrypt(b"hello", device.p256dh, device.auth)
        )
    finally:
        await client.aclose()


async def test_a_message_arrives() -> None:
    """A push service over TLS takes a message, which its device can decrypt."""
    async with push_service() as service:
        device = service.device()
        answer = await post(service, device)
        assert answer == Answer(Outcome.DELIVERED, "HTTP 201")
        received = await service.received()
    assert (received.device, received.line) == (device, "hello")


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (404, {}, Answer(Outcome.GONE, "HTTP 404")),
        (410, {}, Answer(Outcome.GONE, "HTTP 410")),
        (429, {"Retry-After": "120"}, Answer(Outcome.LATER, "HTTP 429", 120.0)),
        (503, {}, Answer(Outcome.LATER, "HTTP 503")),
        (403, {}, Answer(Outcome.REFUSED, "HTTP 403")),
        (413, {}, Answer(Outcome.REFUSED, "HTTP 413")),
    ],
)
async def test_a_status_says_what_became_of_a_message(
    status: int, headers: dict[str, str], expected: Answer
) -> None:
    """Each status of RFC 8030 has its outcome, over the wire."""
    async with push_service() as service:
        service.status, service.answer_headers = status, headers
        assert await post(service, service.device()) == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    """A push service cannot send the server to another address."""
    async with push_service() as service, push_service() as inner:
        service.status = status
        service.answer_headers = {"Location": inner.device().endpoint}
        answer = await post(service, service.device())
        assert answer.outcome is Outcome.REFUSED
        assert (service.requests, inner.requests) == (1, 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("99999999999999999999", 86_400.0),
        ("9" * 5000, 86_400.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("soon", 0.0),
        ("", 0.0),
        ("Fri, 99 Foo 9999 99:99:99 GMT", 0.0),
        ("\xff", 0.0),
        ("²", 0.0),
    ],
)
def test_retry_after_is_bounded(text: str, seconds: float) -> None:
    """Whatever a push service asks for, the server waits for a day at most."""
    answer = answer_of(503, {b"Retry-After": text.encode("latin-1")})
    assert answer == Answer(Outcome.LATER, "HTTP 503", seconds)


async def test_a_push_service_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gives up after the deadline, and the connection is closed."""
    monkeypatch.setattr(client_module, "TIMEOUT", 0.3)
    closed = trio.Event()

    async def silent(stream: Stream) -> None:
        while await stream.receive_some():
            pass
        closed.set()

    async with push_service() as service:
        service.behaviour = silent
        answer = await post(service, service.device())
        await closed.wait()
    assert answer.outcome is Outcome.LATER
    assert "no answer" in answer.reason


async def test_a_body_without_end() -> None:
    """The status counts, little of the body is read, and the connection is closed."""

    async def endless(stream: Stream) -> None:
        await stream.send_all(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:  # until the client has closed the connection
            await stream.send_all(b"400\r\n" + b"x" * 1024 + b"\r\n")

    async with push_service() as service:
        service.behaviour = endless
        assert (await post(service, service.device())).outcome is Outcome.DELIVERED


async def test_a_body_that_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """A push service that has answered has taken the message, however the answer ends."""
    monkeypatch.setattr(client_module, "TIMEOUT", 0.5)

    async def stalled(stream: Stream) -> None:
        await stream.send_all(b"HTTP/1.1 410 Gone\r\nContent-Length: 1000\r\n\r\nx")
        while await stream.receive_some():
            pass

    async with push_service() as service:
        service.behaviour = stalled
        assert (await post(service, service.device())).outcome is Outcome.GONE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
        b"HTTP/1.1 201 Created\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_http(data: bytes) -> None:
    """Nonsense counts as a push service that is out of order, and harms nothing."""

    async def nonsense(stream: Stream) -> None:
        await stream.send_all(data)
        raise trio.BrokenResourceError

    async with push_service() as service:
        service.behaviour = nonsense
        assert (await post(service, service.device())).outcome is Outcome.LATER


async def test_a_certificate_of_another_name() -> None:
    """A push service whose certificate is not for its name gets no message."""
    async with push_service() as service:
        device = service.device()
        device.endpoint = device.endpoint.replace("localhost", "push.test")
        client = PushClient(lambda host: True, service.context(), addresses("127.0.0.1"))
        answer = await post(service, device, client)
        assert service.requests == 0
    assert answer.outcome is Outcome.LATER
    assert "certificate" in answer.reason


async def test_a_certificate_of_an_unknown_authority() -> None:
    """A push service whose certificate nobody vouches for gets no message."""
    async with push_service() as service:
        client = PushClient(lambda host: True, ssl.create_default_context(), addresses("127.0.0.1"))
        answer = await post(service, service.device(), client)
        assert service.requests == 0
    assert "certificate" in answer.reason
    assert "localhost" not in answer.reason


# Addresses


def addresses(*found: str | Iterable[str]) -> client_module.Resolver:
    """Return a resolver that gives these addresses, the next ones at each call."""
    calls = [[one] if isinstance(one, str) else list(one) for one in found]

    async def resolved(host: str, port: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        return calls.pop(0) if len(calls) > 1 else calls[0]

    return resolved


PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "not an address",
    "",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public(address: str) -> None:
    """An address in a network of the server, however it is written, is not public."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::200e", "64:ff9b::8.8.8.8"],
)
def test_an_address_that_is_public(address: str) -> None:
    """Addresses of the Internet are public, by NAT64 too."""
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_connection_to_an_address_that_is_not_public(address: str) -> None:
    """A name that leads into the network of the server is refused without a connection."""
    async with push_service() as service:
        client = PushClient(lambda host: False, service.context(), addresses(address))
        answer = await post(service, service.device(), client)
        assert service.requests == 0
    assert answer == Answer(Outcome.REFUSED, "its address is not public")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"]
)
async def test_no_connection_to_a_literal_address(host: str) -> None:
    """An endpoint with an address in it, in any notation, is resolved by the system as others
    are.
    """
    client = PushClient(lambda host: False)
    answer = await client.post(f"https://{host}:9/", HEADERS, b"x")
    await client.aclose()
    assert answer.outcome in (Outcome.REFUSED, Outcome.LATER)
    assert answer.reason in ("its address is not public", "it cannot be reached")


async def test_a_resolver_that_hangs_takes_few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others remain for the rest of the server, although an abandoned thread goes on."""
    may_end, begun = threading.Event(), threading.Semaphore(0)

    def hang(*_: object, **__: object) -> list[object]:
        begun.release()
        may_end.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(client_module.resolved, f"{number}.example", 443)
            for _ in range(8):
                await trio.to_thread.run_sync(begun.acquire)
            await trio.testing.wait_all_tasks_blocked()
            assert not begun.acquire(blocking=False)
            assert trio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
            nursery.cancel_scope.cancel()
    finally:
        may_end.set()


async def test_a_name_that_changes_its_meaning() -> None:
    """A name is resolved once for a connection: the address that was checked is the one that is
    connected to (DNS rebinding).
    """
    async with push_service() as service:
        # The second answer would be let through, if there was a second question.
        client = PushClient(lambda host: False, service.context(), addresses("10.0.0.1", "8.8.8.8"))
        answer = await post(service, service.device(), client)
    assert answer.reason == "its address is not public"


async def test_a_private_address_among_public_ones_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the public addresses of a name are connected to."""
    tried: list[str] = []

    async def refused(self: object, host: str, *rest: object) -> httpcore2.AsyncNetworkStream:
        await trio.lowlevel.checkpoint()
        tried.append(host)
        raise httpcore2.ConnectError

    monkeypatch.setattr(httpcore2.TrioBackend, "connect_tcp", refused)
    client = PushClient(
        lambda host: False,
        ssl.create_default_context(),
        addresses(["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "8.8.8.8"]),
    )
    answer = await client.post("https://push.test/", HEADERS, b"x")
    await client.aclose()
    assert tried == ["8.8.8.8", "2606:4700::1111"]
    assert answer == Answer(Outcome.LATER, "it cannot be reached")


async def test_the_next_address_is_tried() -> None:
    """Where one address does not answer, the next one may."""
    async with push_service() as service:
        client = service.client(["127.0.0.2", "127.0.0.1"])
        assert (await post(service, service.device(), client)).outcome is Outcome.DELIVERED


async def test_a_name_that_does_not_exist() -> None:
    """A push service that cannot be resolved may be back later."""

    async def nothing(host: str, port: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        raise OSError("Name or service not known")

    async with push_service() as service:
        client = PushClient(lambda host: True, service.context(), nothing)
        answer = await post(service, service.device(), client)
    assert answer == Answer(Outcome.LATER, "it cannot be reached")
