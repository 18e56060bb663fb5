"""Clients of a cluster that talk as fast as they can: each sends its next message when the echo of
the one before has come.

The process takes the same plan and orders as `cluster_clients.py`, and gives the same results. Its
clients only send messages to channels, and lose no connection. So it needs no tasks and no parser,
and leaves most of the processor's time to what is measured.
"""

import json
import re
import select
import socket
import sys
import time
from dataclasses import asdict
from pathlib import Path

from cluster_check import order_problem, stored_msgids
from cluster_plan import CAPS, Plan, Results

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))  # for the check

_MESSAGE = re.compile(rb"msgid=([^; ]+)\S* \S+ PRIVMSG \S+ :(~(\d+)\.\d+~)")
_READY = re.compile(rb" 366 \S+ (\S+) ")
_PING = re.compile(rb"(?:^|\n)PING ([^\r\n]+)|(?:^|\n):\S+ PING ([^\r\n]+)")
_READ = 262_144
_TURN = 1.0
"""Seconds without an event after which orders are looked for again."""
_QUIET = 10.0
"""Seconds for the last echoes."""
_STEP = 20
"""Clients that connect at the same time."""


class _Client:
    """One user; see `cluster_clients.Client`."""

    def __init__(self, number: int, plan: Plan, results: Results) -> None:
        self.number = number
        self.channel = f"#c{number % plan.channels}"
        self.seen: list[str] = []
        self.is_ready = False
        self.has_waiting = False
        self._results = results
        self._mark = str(number).encode()
        self._count = 0
        self._sent = 0.0
        self._rest = b""
        self.socket = socket.create_connection(plan.nodes[number % len(plan.nodes)])
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send(f"CAP REQ :{CAPS}\r\nNICK u{number}\r\nUSER u 0 * :A user\r\nCAP END\r\n")

    def take(self, *, is_talking: bool) -> bool:
        """Read what has come; return False if the connection is lost."""
        data = self.socket.recv(_READ)
        if not data:
            return False
        data = self._rest + data
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        is_echo = False
        for msgid, token, number in _MESSAGE.findall(data, 0, end):
            self.seen.append(msgid.decode())
            if number == self._mark:
                now = time.monotonic()
                self._results.echoed.append(token.decode())
                self._results.echoes.append((now, now - self._sent, self.number))
                is_echo = True
        if is_echo:
            self.has_waiting = False
            if is_talking:
                self.talk()
        if b"PING " in data:
            for one, other in _PING.findall(data, 0, end):
                self._send(f"PONG {(one or other).decode()}\r\n")
        if not self.is_ready:
            self._register(data[:end])
        return True

    def talk(self) -> None:
        """Send the next message."""
        self._count += 1
        self._results.sent += 1
        self.has_waiting = True
        self._sent = time.monotonic()
        self._send(f"PRIVMSG {self.channel} :~{self.number}.{self._count}~ {'x' * 60}\r\n")

    def _register(self, data: bytes) -> None:
        if b" 001 " in data:
            self._send(f"JOIN {self.channel}\r\nNAMES {self.channel}\r\n")
        if _READY.search(data):
            self.is_ready = True

    def _send(self, text: str) -> None:
        self.socket.sendall(text.encode())


class _Clients:
    """All clients of the process.

    Args:
        plan: what they do.
    """

    def __init__(self, plan: Plan) -> None:
        self._results = Results()
        self._poll = select.epoll()
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self._clients: dict[int, _Client] = {}  # by their file descriptors
        self._is_talking = False
        for number in range(plan.first, plan.first + plan.clients):
            client = _Client(number, plan, self._results)
            self._clients[client.socket.fileno()] = client
            self._poll.register(client.socket, select.EPOLLIN)
            if number % _STEP == 0:  # not all at once
                self._wait(client)
        for client in self._clients.values():
            self._wait(client)

    def serve(self) -> None:
        """Carry out orders, until the check is done."""
        _answer("ready")
        while True:
            if not self._turn():
                continue
            order, _, path = sys.stdin.readline().strip().partition(" ")
            if order == "begin":
                self._is_talking = True
                for client in self._clients.values():
                    client.talk()
            elif order == "end":
                self._is_talking = False
                self._wait_quiet()
                _answer("ended")
            else:
                self._check(path)
                return

    def _turn(self) -> bool:
        """Read what has come; return whether there is an order."""
        is_order = False
        for number, _ in self._poll.poll(_TURN):
            client = self._clients.get(number)
            if client is None:
                is_order = True
            elif not client.take(is_talking=self._is_talking):
                self._results.problems.append(f"u{client.number} has lost its connection")
                self._poll.unregister(number)
        return is_order

    def _wait(self, client: _Client) -> None:
        while not client.is_ready:
            self._turn()

    def _wait_quiet(self) -> None:
        end = time.monotonic() + _QUIET
        while any(each.has_waiting for each in self._clients.values()) and time.monotonic() < end:
            self._turn()

    def _check(self, path: str) -> None:
        stored = stored_msgids(path)
        for client in self._clients.values():
            self._results.problems += order_problem(
                f"u{client.number}", client.channel, client.seen, stored
            )
        _answer(asdict(self._results))


def _answer(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _Clients(Plan(**json.loads(sys.argv[1]))).serve()
