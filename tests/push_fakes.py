"""Fakes for the tests of push messages: devices, a push service, and a client that records.

`PushServiceFake` is a push service over real TLS, in the task group of the test. It decrypts what
arrives as a device would, and answers as it is told. A server in another process accepts its
certificate with `SSL_CERT_FILE`, see `PushServiceFake.authority_file`, and its address with
`private_hosts = localhost`.
"""

import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import h11
import trio
import trustme
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PushSubscribed
from trio_chat.chat.push import (
    KEPT_CAPABILITIES,
    PushSubscription,
    VapidKeys,
    from_base64url,
    to_base64url,
)
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message
from trio_chat.server.push.client import Answer, Outcome, PushClient
from trio_chat.server.push.vapid import make_keys

ALL_CAPS = KEPT_CAPABILITIES
KEYS: VapidKeys = make_keys()
DELIVERED = Answer(Outcome.DELIVERED, "HTTP 201")


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key as an uncompressed point."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class DeviceFake:
    """A device: its endpoint and its private key.

    Args:
        endpoint: the URL at its push service.
    """

    def __init__(self, endpoint: str = "https://push.example.org/ann") -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.p256dh = point(self._key)
        self.auth = os.urandom(16)

    @property
    def keys(self) -> str:
        """The keys as WEBPUSH REGISTER takes them."""
        return f"p256dh={to_base64url(self.p256dh)};auth={to_base64url(self.auth)}"

    @property
    def json(self) -> dict[str, Any]:
        """The subscription as `PushSubscription.toJSON` of a browser returns it."""
        keys = {"p256dh": to_base64url(self.p256dh), "auth": to_base64url(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def subscription(self, caps: int = ALL_CAPS, seen: float = 0.0) -> PushSubscription:
        """Return what the server knows of the device."""
        return PushSubscription(self.endpoint, self.p256dh, self.auth, caps, seen, seen)

    def decrypt(self, body: bytes) -> bytes:
        """Return the message in a body (RFC 8291 §3), without its padding."""
        return decrypt(body, self._key, self.auth)


def decrypt(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """Return the message in a body, as the holder of the keys does."""
    salt, size = body[:16], int.from_bytes(body[16:20])
    assert len(body) <= size == 4096
    sender = body[21 : 21 + body[20]]
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
    shared = key.exchange(ec.ECDH(), public)
    secret = hkdf(auth, shared, b"WebPush: info\0" + point(key) + sender, 32)
    content_key = hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
    padded = AESGCM(content_key).decrypt(nonce, body[21 + body[20] :], None).rstrip(b"\0")
    assert padded.endswith(b"\x02")
    return padded[:-1]


def hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """Derive a key (RFC 5869)."""
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def vapid_claims(header: str) -> dict[str, Any]:
    """Return the claims of an `Authorization` header, whose signature is right (RFC 8292)."""
    scheme, _, rest = header.partition(" ")
    assert scheme == "vapid"
    params = dict(param.strip().split("=", 1) for param in rest.split(","))
    signed, _, signature = params["t"].rpartition(".")
    raw = from_base64url(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), from_base64url(params["k"])
    )
    public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    head, claims = (json.loads(from_base64url(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    assert isinstance(claims, dict)
    return claims


class DeliveryFake:
    """The port to push services: it takes every first message, unless it is told otherwise."""

    def __init__(self) -> None:
        self.why_not = ""
        self.confirmed: list[str] = []
        self.withdrawn: list[int] = []

    async def confirm(self, account: int, subscription: PushSubscription) -> str:
        """Take a first message."""
        self.confirmed.append(subscription.endpoint)
        return self.why_not

    def withdraw(self, number: int) -> None:
        """Note a message that was deleted."""
        self.withdrawn.append(number)


class PushTown(Town):
    """A world with push messages, in which Ann, Bob and Eve have accounts."""

    def __init__(self, **rules: object) -> None:
        self.accounts = accounts = OpenAccounts()
        for name in ("ann", "bob", "eve"):
            accounts.add(name, f"{name}-password")
        rules = {"reservation": "off", **rules}
        server_info = ServerInfo(account_rules=AccountRules(**rules), has_push=True)  # type: ignore[arg-type]
        storage = StoragePorts(history=ListHistory(), accounts=accounts, vapid=KEYS)
        super().__init__(server_info, storage=storage)
        self.delivery = DeliveryFake()
        self.world.push_delivery = self.delivery

    def account(self, nick: str, *joins: str, caps: str = "") -> Person:
        """Return somebody who is logged in to the account of that name."""
        person = self.person(nick, caps=caps)
        person.say(f"NS IDENTIFY {nick} {nick}-password")
        person.say(*(f"JOIN {channel}" for channel in joins))
        person.read()
        return person

    def subscriber(self, nick: str, *joins: str, caps: str = "") -> tuple[Person, DeviceFake]:
        """Return somebody who is logged in and has registered a device."""
        person, device = self.account(nick, *joins, caps=caps), DeviceFake(f"https://p.test/{nick}")
        assert commands(register(person, device))[0] == "WEBPUSH"
        return person, device

    def subscribe(self, account: int, subscription: PushSubscription) -> None:
        """Give an account a device without its push service."""
        apply(self.world, PushSubscribed(account, subscription, 4))

    def devices(self, person: Person) -> list[str]:
        """Return the endpoints of an account."""
        return list(self.world.push.of(person.session.account_id))


def register(person: Person, device: DeviceFake) -> list[Message]:
    """Register a device, and return what comes back."""
    return person.say(f"WEBPUSH REGISTER {device.endpoint} {device.keys}")


class Received(NamedTuple):
    """A message that a push service has taken.

    Args:
        device: for which it is.
        line: the IRC message.
        headers: of the request, with names in lower case.
    """

    device: DeviceFake
    line: str
    headers: Mapping[str, str]


class ClientFake(PushClient):
    """A client that records messages, and answers at once, as it is told.

    Args:
        devices: those that it knows.

    Attributes:
        answers: the next answers by endpoint; what is not in it is delivered.
    """

    def __init__(self, *devices: DeviceFake) -> None:
        super().__init__(lambda host: False)
        self.devices = {device.endpoint: device for device in devices}
        self.answers: dict[str, list[Answer]] = {}
        self._send, self._receive = trio.open_memory_channel[Received](1000)

    async def post(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take a message."""
        device = self.devices[endpoint]
        line = device.decrypt(body).decode()
        self._send.send_nowait(Received(device, line, {k.lower(): v for k, v in headers.items()}))
        answers = self.answers.get(endpoint)
        return answers.pop(0) if answers else DELIVERED

    async def received(self) -> Received:
        """Return the next message, when it arrives."""
        return await self._receive.receive()

    def taken(self) -> list[Received]:
        """Return the messages that have arrived and were not looked at."""
        return [
            self._receive.receive_nowait()
            for _ in range(self._receive.statistics().current_buffer_used)
        ]

    @property
    def is_idle(self) -> bool:
        """Whether every message that has arrived was looked at."""
        return self._receive.statistics().current_buffer_used == 0


Behaviour = Callable[["trio.SSLStream[trio.SocketStream]"], Any]
"""Answers a request in another way than HTTP has it."""


class PushServiceFake:
    """A push service on a port of this machine.

    Attributes:
        status: of its answers.
        answer_headers: of its answers, besides `Content-Length`.
        behaviour: takes the place of its answer, or None.
        requests: how many requests have arrived.
    """

    def __init__(self, port: int, authority: trustme.CA) -> None:
        self._port = port
        self._authority = authority
        self._devices: dict[str, DeviceFake] = {}
        self._names = count(1)
        self._send, self._receive = trio.open_memory_channel[Received](1000)
        self.status = 201
        self.answer_headers: dict[str, str] = {}
        self.behaviour: Behaviour | None = None
        self.requests = 0

    def device(self) -> DeviceFake:
        """Return a new device."""
        path = f"/push/{next(self._names)}"
        self._devices[path] = DeviceFake(f"https://localhost:{self._port}{path}")
        return self._devices[path]

    def authority_file(self, directory: Path) -> Path:
        """Write the certificate by which the push service is verified, for `SSL_CERT_FILE`."""
        path = directory / "push-authority.pem"
        self._authority.cert_pem.write_to_path(str(path))
        return path

    def context(self) -> ssl.SSLContext:
        """Return what a client in this process verifies the push service by."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context

    def client(self, resolve: Iterable[str] = ("127.0.0.1",)) -> PushClient:
        """Return a client that reaches the push service."""
        addresses = list(resolve)

        async def resolved(host: str, port: int) -> list[str]:
            await trio.lowlevel.checkpoint()
            return addresses

        return PushClient(lambda host: host == "localhost", self.context(), resolved)

    async def received(self) -> Received:
        """Return the next message, when it arrives."""
        return await self._receive.receive()

    async def serve(self, stream: "trio.SSLStream[trio.SocketStream]") -> None:
        """Serve one connection."""
        connection = h11.Connection(h11.SERVER)
        try:
            while await self._serve_one(stream, connection):
                connection.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError, ssl.SSLError):
            return  # a client may go away at any time
        finally:
            await trio.aclose_forcefully(stream)

    async def _serve_one(
        self, stream: "trio.SSLStream[trio.SocketStream]", connection: h11.Connection
    ) -> bool:
        request, body = None, b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(bytes(await stream.receive_some()))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return False
        assert request is not None
        self.requests += 1
        if self.behaviour is not None:
            await self.behaviour(stream)
            return False
        self._take(request, body)
        headers = [*self.answer_headers.items(), ("Content-Length", "0")]
        data = connection.send(h11.Response(status_code=self.status, headers=headers))
        await stream.send_all((data or b"") + (connection.send(h11.EndOfMessage()) or b""))
        return connection.our_state is h11.DONE

    def _take(self, request: h11.Request, body: bytes) -> None:
        headers = {name.decode(): value.decode() for name, value in request.headers}
        device = self._devices.get(request.target.decode())
        if device is not None and self.status in range(200, 300):
            assert request.method == b"POST"
            assert headers["content-encoding"] == "aes128gcm"
            assert int(headers["ttl"]) > 0
            claims = vapid_claims(headers["authorization"])
            assert claims["aud"] == f"https://localhost:{self._port}"
            self._send.send_nowait(Received(device, device.decrypt(body).decode(), headers))


@asynccontextmanager
async def push_service(port: int = 0) -> AsyncIterator[PushServiceFake]:
    """Run a push service until the block ends.

    Args:
        port: 0 for any free one.
    """
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    listeners = await trio.open_ssl_over_tcp_listeners(
        port, context, host="127.0.0.1", https_compatible=True
    )
    listener = listeners[0].transport_listener
    assert isinstance(listener, trio.SocketListener)
    service = PushServiceFake(listener.socket.getsockname()[1], authority)
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, service.serve, listeners)
        yield service
        nursery.cancel_scope.cancel()
