"""Benchmark of growth: what a server with many members, channels or connections costs.

    python benchmarks/growth.py [SCENARIO ...] [--members N] [--channels N] [--idle N]
                                [--storm N] [--storm-channels N] [--storm-joins N]
                                [--messages N] [--database FILE] [--quick]
                                [--server NAME | --other DIRECTORY]

Without a name all scenarios are run, one after another, each with a new server. CPU is that of the
server's process, so other programs disturb it little. The worst delay of a PING, which a process of
its own measures, tells how long the event loop was held; there, other programs count.
"""

import argparse
import contextlib
import multiprocessing
import os
import platform
import resource
import selectors
import signal
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import growth_data
from crowd import CHANNEL, Client, Crowd, CrowdError
from subject import OURS, SUBJECTS, Running, Subject, SubjectError, other_of_ours, running

_WARM = 10
_SPARE_FILES = 200
_PING_INTERVAL = 0.01
_RESTS = 10.0
_SETTLED = 3.0
"""Seconds after which memory is that of an empty server: a start has processes of its own."""
_REPEATS = 20
_STARTS = 5
_REHASHES = 5


@dataclass(frozen=True)
class Sizes:
    """How much of everything there is."""

    members: int
    channels: int
    idle: int
    storm: int
    storm_channels: int
    storm_joins: int
    messages: int
    database: Path | None
    server: Subject = field(repr=False)


class TlsSocket:
    """An encrypted socket that behaves as a plain one that does not block.

    Args:
        sock: connected.
        context: for the handshake, which this waits for.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = context.wrap_socket(sock)
        self._sock.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close it."""
        self._sock.close()

    def send(self, data: bytes) -> int:
        """Send, as `socket.send` does."""
        try:
            return self._sock.send(data)
        except ssl.SSLWantWriteError:
            raise BlockingIOError from None

    def recv_into(self, buffer: bytearray) -> int:
        """Read everything that is there, as the selector does not know what is decrypted."""
        size, view = 0, memoryview(buffer)
        with contextlib.suppress(ssl.SSLWantReadError):
            while size < len(view) and (count := self._sock.recv_into(view[size:])):
                size += count
            return size
        if not size:
            raise BlockingIOError
        return size


class TlsCrowd(Crowd):
    """Clients that encrypt."""

    _context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _context.check_hostname = False
    _context.verify_mode = ssl.CERT_NONE

    def _connect(self) -> Client:
        client = super()._connect()
        self._selector.unregister(client.sock)
        client.sock.settimeout(10)
        client.sock = TlsSocket(client.sock, self._context)  # type: ignore[assignment]
        self._selector.register(client.sock, selectors.EVENT_READ, client)
        return client


@contextlib.contextmanager
def _running(subject: Subject, database: Path | None = None) -> Iterator[Running]:
    """Run a server, mostly with an empty database, until its memory has settled, and stop it at the
    end.
    """
    with running(subject, None, database) as server:
        time.sleep(_SETTLED)
        yield server


def _probe(port: int, pipe: Connection) -> None:
    """Send one PING after another until the pipe says so, and return the worst delay there."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(b"NICK probe\r\nUSER probe 0 * :probe\r\nPING begin\r\n")
        data = b""
        while b"begin" not in data:
            data = data[-100:] + sock.recv(65_536)
        pipe.send(0.0)
        worst = 0.0
        while not pipe.poll(_PING_INTERVAL):
            began, data = time.perf_counter(), b""
            sock.sendall(b"PING measured\r\n")
            while b"measured" not in data:
                part = sock.recv(65_536)
                if not part:
                    pipe.send(float("nan"))
                    return
                data = data[-100:] + part
            worst = max(worst, time.perf_counter() - began)
        pipe.send(worst)


@contextlib.contextmanager
def _delay(server: Running) -> Iterator[Callable[[], float]]:
    """Measure inside of this context; yield what returns the worst delay, once, and ends it."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_probe, args=(server.port, there), daemon=True)
    process.start()
    here.recv()

    def worst() -> float:
        here.send(None)
        return float(here.recv())

    try:
        yield worst
    finally:
        process.kill()
        process.join()


def _row(title: str, value: float, unit: str, *, digits: int = 1) -> None:
    print(f"  {title:<58}{value:>12,.{digits}f} {unit}", flush=True)


def _cost(server: Running, crowd: Crowd, title: str, request: Callable[[int], str]) -> None:
    """Print what a request of the first client costs, until all clients have its effects."""
    operator = crowd.clients[0]
    with _delay(server) as worst:
        cpu = 0.0
        for number in range(_REPEATS):
            token = f"done-{number}"
            before = server.meter.cpu()
            lines = f"{request(number)}\r\nPING {token}\r\n".encode()
            crowd.exchange([operator], [lines], token.encode())
            # What the server still sends to others belongs to the request.
            time.sleep(0.2)
            cpu += server.meter.cpu() - before
            _drain(crowd)
        _row(f"{title}: CPU", cpu / _REPEATS * 1000, "ms", digits=2)
        _row(f"{title}: worst PING meanwhile", worst() * 1000, "ms")


def _drain(crowd: Crowd) -> None:
    """Read what has come for all clients."""
    sizes: list[int] = []

    def note(_: Client, size: int) -> None:
        sizes.append(size)

    crowd.receive(0.0, note)
    while sizes:
        sizes.clear()
        crowd.receive(0.0, note)


def members(sizes: Sizes) -> None:
    """Measure one channel with many members."""
    with _running(sizes.server) as server:
        crowd = Crowd(("127.0.0.1", server.port))
        crowd.register(_WARM, ())
        empty = server.meter.memory()
        crowd.register(sizes.members, ())
        crowd.join(CHANNEL, crowd.clients)
        _row("memory a member", (server.meter.memory() - empty) / sizes.members / 1024, "KiB")
        text = "x" * 100
        _cost(server, crowd, "message", lambda _: f"PRIVMSG {CHANNEL} :{text}")
        _cost(server, crowd, "MODE", lambda n: f"MODE {CHANNEL} {'+-'[n % 2]}m")
        _cost(server, crowd, "NAMES", lambda _: f"NAMES {CHANNEL}")
        _cost(server, crowd, "WHO", lambda _: f"WHO {CHANNEL}")
        _cost(server, crowd, "KICK", lambda n: f"KICK {CHANNEL} b{n + 1}")
        _cost(server, crowd, "PART and JOIN", lambda _: f"PART {CHANNEL}\r\nJOIN {CHANNEL}")


def channels(sizes: Sizes) -> None:
    """Measure many channels: 100 clients that share them, then LIST and a new configuration."""
    with _running(sizes.server) as server:
        crowd = Crowd(("127.0.0.1", server.port))
        crowd.register(100, ())
        empty = server.meter.memory()
        each = max(1, sizes.channels // 100)
        for number in range(each):
            requests = [f"JOIN #c{number}-{who}\r\n".encode() for who in range(100)]
            crowd.exchange(crowd.clients, requests, b" 366 ")
        _row("memory a channel", (server.meter.memory() - empty) / (each * 100) / 1024, "KiB")
        began = time.perf_counter()
        crowd.exchange(crowd.clients[:1], [b"LIST\r\n"], b" 322 ")
        _row("LIST: first channel after", (time.perf_counter() - began) * 1000, "ms")
        crowd.barrier()
        _cost(server, crowd, "LIST", lambda _: "LIST")
        with _delay(server) as worst:
            server.process.send_signal(signal.SIGHUP)
            time.sleep(2)
            _row("new configuration: worst PING meanwhile", worst() * 1000, "ms")


def idle(sizes: Sizes) -> None:
    """Measure connections that do nothing, plain and with TLS."""
    for kind, crowd_of in (("plain", Crowd), ("TLS", TlsCrowd)):
        with _running(sizes.server) as server:
            crowd = crowd_of(("127.0.0.1", server.port))
            crowd.register(_WARM, ())
            empty, cpu = server.meter.memory(), server.meter.cpu()
            crowd.register(sizes.idle, ())
            _row(
                f"{kind}: memory a connection",
                (server.meter.memory() - empty) / (sizes.idle - _WARM) / 1024,
                "KiB",
            )
            _row(
                f"{kind}: CPU to connect and register",
                (server.meter.cpu() - cpu) / (sizes.idle - _WARM) * 1e6,
                "us",
            )
            cpu = server.meter.cpu()
            time.sleep(_RESTS)
            cost = (server.meter.cpu() - cpu) * 60 / _RESTS
            _row(f"{kind}: CPU a minute of a connection at rest", cost / sizes.idle * 1e6, "us")
            _row(f"{kind}: CPU a minute of all", cost, "s", digits=3)
            # The next server's clients need the descriptors.
            for client in crowd.clients:
                client.sock.close()


def storm(sizes: Sizes) -> None:
    """Measure clients that all come back: as fast as they are let in, and each into its
    channels.
    """
    with _running(sizes.server) as server, _delay(server) as worst:
        crowd = Crowd(("127.0.0.1", server.port))
        began, cpu = time.perf_counter(), server.meter.cpu()
        crowd.register(sizes.storm, ())
        _row("registered after", time.perf_counter() - began, "s")
        _row("CPU until then", server.meter.cpu() - cpu, "s")
        _row("worst PING until then", worst() * 1000, "ms")
        with _delay(server) as worst_of_joins:
            requests = [
                f"JOIN {','.join(_channels_of(number, sizes))}\r\nPING in\r\n".encode()
                for number in range(len(crowd.clients))
            ]
            crowd.exchange(crowd.clients, requests, b"PONG")
            crowd.barrier()
            _row("and in their channels after", time.perf_counter() - began, "s")
            _row("CPU", server.meter.cpu() - cpu, "s")
            _row("memory", server.meter.memory() / 1024**2, "MiB")
            _row("worst PING of the JOINs", worst_of_joins() * 1000, "ms")


def _channels_of(client: int, sizes: Sizes) -> list[str]:
    """Return the channels of a client that comes back: all have as many members."""
    first = client * sizes.storm_joins
    numbers = range(first, first + min(sizes.storm_joins, sizes.storm_channels))
    return [f"{CHANNEL}{number % sizes.storm_channels}" for number in numbers]


def start(sizes: Sizes) -> None:
    """Measure the start with a database of messages and registered channels, and REHASH there."""
    with tempfile.TemporaryDirectory(prefix="trio-chat-bench-") as name:
        path = sizes.database or Path(name) / "growth.db"
        _row("writing the database", growth_data.make(path, sizes.messages, sizes.channels), "s")
        _row("its size", path.stat().st_size / 1e6, "MB")
        found: dict[Path | None, list[tuple[float, float]]] = {None: [], path: []}
        for _ in range(_STARTS):
            for database, starts in found.items():
                with running(sizes.server, None, database) as server:
                    began = time.perf_counter()
                    # It listens before it has read the database, so that nobody is refused.
                    Crowd(("127.0.0.1", server.port)).register(1, ())
                    ready = server.ready + time.perf_counter() - began
                    starts.append((ready, server.meter.cpu()))
        for database, title in ((None, "empty"), (path, "full")):
            ready, cpu = (statistics.median(each) for each in zip(*found[database], strict=True))
            _row(f"{title}: the first client is registered after", ready * 1000, "ms", digits=0)
            _row(f"{title}: CPU until then", cpu * 1000, "ms", digits=0)
            with _running(sizes.server, database) as server:
                _row(f"{title}: memory", server.meter.memory() / 1024**2, "MiB")
                with _delay(server) as worst:
                    for _ in range(_REHASHES):
                        server.process.send_signal(signal.SIGHUP)
                        time.sleep(1)
                    _row(f"{title}: REHASH: worst PING meanwhile", worst() * 1000, "ms")
                _row(f"{title}: memory then", server.meter.memory() / 1024**2, "MiB")


_SCENARIOS: dict[str, Callable[[Sizes], None]] = {
    "members": members,
    "channels": channels,
    "idle": idle,
    "storm": storm,
    "start": start,
}


def main() -> int:
    """Run the scenarios that were named; return the exit code."""
    parser = argparse.ArgumentParser(description="What a server with much of everything costs.")
    parser.add_argument("scenarios", nargs="*", choices=[*_SCENARIOS, []], metavar="SCENARIO")
    parser.add_argument("--members", type=int, default=10_000, help="members (members)")
    parser.add_argument("--channels", type=int, default=10_000, help="channels (channels)")
    parser.add_argument("--idle", type=int, default=50_000, help="connections (idle)")
    parser.add_argument("--storm", type=int, default=2000, help="clients that come back (storm)")
    parser.add_argument("--storm-channels", type=int, default=1, help="of all of them (storm)")
    parser.add_argument("--storm-joins", type=int, default=1, help="channels of each (storm)")
    parser.add_argument("--messages", type=int, default=1_000_000, help="in the database (start)")
    parser.add_argument(
        "--database", type=Path, metavar="FILE", help="use this one, or create and keep it (start)"
    )
    servers = parser.add_mutually_exclusive_group()
    servers.add_argument(
        "--server",
        choices=SUBJECTS,
        default=OURS,
        help="another one (not in start)",
    )
    servers.add_argument(
        "--other",
        type=Path,
        metavar="DIRECTORY",
        help="another trio-chat: the directory that contains the package",
    )
    parser.add_argument("--quick", action="store_true", help="200 of each")
    given = parser.parse_args()
    try:
        server = SUBJECTS[given.server] if given.other is None else other_of_ours(given.other)
        if not server.is_there():
            raise SubjectError(f"{server.name} is not installed")
    except SubjectError as error:
        parser.error(str(error))
    names = given.scenarios or [
        name for name in _SCENARIOS if name != "start" or not server.program
    ]
    if server.program and "start" in names:
        parser.error(f"{server.name} has no database like that of start")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = 200 if given.quick else min(hard, 28_000) - _SPARE_FILES
    wanted = (given.members, given.channels, given.idle, given.storm)
    sizes = Sizes(
        *(min(number, most) for number in wanted),
        storm_channels=given.storm_channels,
        storm_joins=given.storm_joins,
        messages=min(given.messages, 200 if given.quick else given.messages),
        database=given.database,
        server=server,
    )
    print(server.version(), f"({server.source})" if given.other else "")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, descriptors {hard}", end="")
    print(f" (were {soft}), load {os.getloadavg()[0]:.1f}")
    if max(wanted) > most and not given.quick:
        print(f"Descriptors and ports allow {most} clients, which is less than was wanted")
    for name in names:
        print(f"{name}: {sizes}")
        try:
            _SCENARIOS[name](sizes)
        except (CrowdError, SubjectError) as error:
            print(f"  FAILED: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
