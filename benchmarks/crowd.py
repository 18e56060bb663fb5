"""A crowd of clients in one thread: non-blocking sockets and one selector.

So little is done for a byte that the server, and not the crowd, is measured. Between measurements
the clients send a request, wait for its answer and drop the rest (`exchange`). During a
measurement, `phase` accounts for every byte.
"""

import contextlib
import re
import selectors
import socket
import time
from collections.abc import Callable, Sequence

from stream import Stream

CHANNEL = "#bench"
_BUFFER = 1 << 20
_ANSWER_TIMEOUT = 60.0
_AT_ONCE = 100
"""Clients that register at the same time; the queue of a listener is finite."""


class CrowdError(Exception):
    """The clients cannot go on; the text is for the user."""


class Client:
    """One connection.

    Attributes:
        stream: the bytes that the client has to receive in the current phase.
        offset: the number of bytes received of it.
        messages: the number of complete messages received of it.
        differs: whether the server sent this client other bytes than the others.
    """

    __slots__ = ("answer", "differs", "messages", "offset", "outbox", "sock", "stream")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.outbox = b""
        self.answer = b""
        self.stream = Stream()
        self.offset = 0
        self.messages = 0
        self.differs = False

    def send(self, data: bytes) -> None:
        """Send; bytes that the socket does not accept stay in `outbox` until the next call."""
        self.outbox += data
        with contextlib.suppress(BlockingIOError):
            self.outbox = self.outbox[self.sock.send(self.outbox) :]


class Crowd:
    """All clients.

    Args:
        address: the server's.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._selector = selectors.DefaultSelector()
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._barriers = 0
        self.clients: list[Client] = []

    def register(self, count: int, caps: Sequence[str]) -> None:
        """Connect until `count` clients are registered with these capabilities."""
        while len(self.clients) < count:
            first = len(self.clients)
            batch = [self._connect() for _ in range(min(_AT_ONCE, count - first))]
            wanted = f"CAP REQ :{' '.join(caps)}\r\n" if caps else ""
            hellos = [
                f"{wanted}NICK b{first + number}\r\nUSER bench 0 * :bench\r\nCAP END\r\n".encode()
                for number in range(len(batch))
            ]
            self.exchange(batch, hellos, b" 001 ")
        self.barrier()

    def join(self, channel: str, clients: Sequence[Client]) -> None:
        """Join a channel with some of the clients."""
        for start in range(0, len(clients), _AT_ONCE):
            batch = clients[start : start + _AT_ONCE]
            self.exchange(batch, [f"JOIN {channel}\r\n".encode()] * len(batch), b" 366 ")
        self.barrier()

    def barrier(self) -> None:
        """Wait until all clients have received everything that was sent to them.

        This also restarts the server's idle timers.
        """
        self._barriers += 1
        token = f"barrier-{self._barriers}-"
        self.exchange(
            self.clients, [f"PING {token}\r\n".encode()] * len(self.clients), token.encode()
        )

    def exchange(self, clients: Sequence[Client], requests: Sequence[bytes], answer: bytes) -> None:
        """Send the request of each client, and wait until each has received `answer`."""
        for client, request in zip(clients, requests, strict=True):
            client.answer = b""
            client.send(request)
        waiting = set(clients)

        def inspect(client: Client, size: int) -> None:
            client.answer += self._view[:size]
            self._pong(client)
            if answer in client.answer:
                waiting.discard(client)
            client.answer = client.answer[client.answer.rfind(b"\n") + 1 :]

        deadline = time.monotonic() + _ANSWER_TIMEOUT
        while waiting:
            self.receive(0.1, inspect)
            if time.monotonic() > deadline:
                raise CrowdError(
                    f"{len(waiting)} of {len(clients)} clients got no answer with"
                    f" {answer.decode()!r} in it"
                )

    def receive(self, timeout: float, take: Callable[[Client, int], None]) -> None:
        """Wait for bytes, and read once from each client that has some.

        Args:
            timeout: in seconds.
            take: called with the client and the number of bytes, which are at the start of `view`.
        """
        for key, _ in self._selector.select(timeout):
            client: Client = key.data
            try:
                size = client.sock.recv_into(self._buffer)
            except BlockingIOError:
                continue
            except OSError as error:
                raise CrowdError(f"the server closed a connection: {error}") from None
            if not size:
                reason = client.answer.decode(errors="replace").strip()
                raise CrowdError(f"the server closed a connection: {reason or 'no reason given'}")
            take(client, size)

    @property
    def view(self) -> memoryview:
        """The buffer that `receive` reads into."""
        return self._view

    def _connect(self) -> Client:
        try:
            sock = socket.create_connection(self._address, timeout=10)
        except OSError as error:
            raise CrowdError(
                f"cannot connect to {self._address[0]}:{self._address[1]}: {error}"
            ) from None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        client = Client(sock)
        self._selector.register(sock, selectors.EVENT_READ, client)
        self.clients.append(client)
        return client

    @staticmethod
    def _pong(client: Client) -> None:
        if b"PING " in client.answer:
            for cookie in re.findall(rb"(?m)^(?::\S+ )?PING (\S+)\r?\n", client.answer):
                client.send(b"PONG " + cookie + b"\r\n")
