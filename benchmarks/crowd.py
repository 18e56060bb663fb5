"""Many clients in one process and thread: plain non-blocking sockets and one selector, so that the
server is what is measured.

Between measurements they say something, wait for an answer and drop the rest (`exchange`); what
happens during a measurement, where every byte is accounted for, is in `phase`.
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
"""So many clients register at the same time: a listener's queue is finite."""


class CrowdError(Exception):
    """The clients cannot do their work; the text is for the user."""


class Client:
    """One connection.

    Attributes:
        stream: what it must receive in the current phase.
        offset: how many bytes of it have come.
        messages: how many whole messages of it have come.
        differs: whether it was sent something else than the others.
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
        """Send; what the socket does not take waits in `outbox` for the next call."""
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
        """Connect until there are so many clients, all of them registered and with these
        capabilities.
        """
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
        """Have some join a channel."""
        for start in range(0, len(clients), _AT_ONCE):
            batch = clients[start : start + _AT_ONCE]
            self.exchange(batch, [f"JOIN {channel}\r\n".encode()] * len(batch), b" 366 ")
        self.barrier()

    def barrier(self) -> None:
        """Wait until everybody has received everything that was under way. It also restarts the
        server's idle timers.
        """
        self._barriers += 1
        token = f"barrier-{self._barriers}-"
        self.exchange(
            self.clients, [f"PING {token}\r\n".encode()] * len(self.clients), token.encode()
        )

    def exchange(self, clients: Sequence[Client], requests: Sequence[bytes], answer: bytes) -> None:
        """Send every client's request and wait until each has been sent something with `answer` in
        it.
        """
        for client, request in zip(clients, requests, strict=True):
            client.answer = b""
            client.send(request)
        waiting = set(clients)

        def look(client: Client, size: int) -> None:
            client.answer += self._view[:size]
            self._pong(client)
            if answer in client.answer:
                waiting.discard(client)
            client.answer = client.answer[client.answer.rfind(b"\n") + 1 :]

        deadline = time.monotonic() + _ANSWER_TIMEOUT
        while waiting:
            self.receive(0.1, look)
            if time.monotonic() > deadline:
                raise CrowdError(
                    f"{len(waiting)} of {len(clients)} clients got no answer with"
                    f" {answer.decode()!r} in it"
                )

    def receive(self, timeout: float, take: Callable[[Client, int], None]) -> None:
        """Wait for bytes, read once from every client that has some, and have them taken from the
        start of `view`.
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
        """Where `receive` puts what it read."""
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
