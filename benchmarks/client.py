"""Benchmark of the client: its start, its memory with many lines, CPU and latency under load.

    python benchmarks/client.py [--lines N] [--rate N] [--seconds N]

A small server in a thread feeds a real `trio-chat connect` on a pseudo-terminal, so this does not
run on Windows. The latency of a key is the time from writing it to the terminal until its echo is
read there.
"""

import argparse
import contextlib
import os
import pty
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from fcntl import ioctl
from termios import TIOCSWINSZ

import psutil

_PATIENCE = 60
_COMPILED = tempfile.TemporaryDirectory(prefix="trio-chat-bench-")
_STARTS: tuple[tuple[str, dict[bytes, str], tuple[str, ...]], ...] = (
    (
        "full screen",
        {
            b"Opening": "first word",
            b"1 127.0.0.1": "first frame",
            b"#lobby": "being in the channel",
        },
        (),
    ),
    (
        "--plain",
        {b"[INFO]": "first line", b"You have joined": "being in the channel"},
        ("--plain",),
    ),
)
"""Titles of the interfaces, the texts that mark the stages of a start, and the arguments."""


class Feed:
    """A server for one client, which sends the lines that the benchmark gives it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.joined = threading.Event()
        self._client: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        self._client, _ = self._listener.accept()
        with contextlib.suppress(OSError):
            self._answer()

    def _answer(self) -> None:
        assert self._client is not None
        for line in self._client.makefile("r", encoding="utf-8", newline="\r\n"):
            word, *rest = line.split()
            if word == "NICK":
                self.send(f":srv 001 {rest[0]} :hi", ":srv 005 me CHANTYPES=# :are supported")
            elif word == "JOIN":
                self.send(
                    f":me!u@h JOIN {rest[0]}",
                    f":srv 353 me = {rest[0]} :me bob",
                    f":srv 366 me {rest[0]} :End",
                )
                self.joined.set()
            elif word == "PING":
                self.send(f":srv PONG srv {rest[0]}")

    def send(self, *lines: str) -> None:
        """Send lines."""
        assert self._client is not None
        self._client.sendall("".join(f"{line}\r\n" for line in lines).encode())


class Client:
    """`trio-chat connect` on a pseudo-terminal."""

    def __init__(self, port: int, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.begun = time.perf_counter()
        home = tempfile.mkdtemp(prefix="trio-chat-bench-")
        environment = {
            **os.environ,
            "HOME": home,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "COLORTERM": "truecolor",
        }
        # Users do not set this: every start would compile the program again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = _COMPILED.name
        command = [
            sys.executable,
            "-m",
            "trio_chat",
            "connect",
            f"127.0.0.1:{port}",
            "--nick",
            "me",
            *arguments,
        ]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=home
        )
        os.close(slave)
        self.seen = b""

    def read(self, patience: float) -> bytes:
        """Return the output that arrives within `patience` seconds."""
        if not select.select([self.master], [], [], patience)[0]:
            return b""
        data = os.read(self.master, 1 << 20)
        self.seen = (self.seen + data)[-200_000:]
        return data

    def wait_for(self, text: bytes) -> float:
        """Read until this text is drawn; return the seconds since the start."""
        deadline = time.perf_counter() + _PATIENCE
        while text not in self.seen:
            if time.perf_counter() > deadline:
                raise SystemExit(f"{text!r} was never drawn")
            self.read(0.1)
        return time.perf_counter() - self.begun

    def drain(self, seconds: float) -> None:
        """Read for this many seconds."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def close(self) -> None:
        """Kill the client."""
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def start_up(runs: int, signs: Sequence[bytes], *arguments: str) -> list[tuple[float, float]]:
    """Return the median seconds, of the clock and of the CPU, until each of the signs is drawn."""
    times: list[list[tuple[float, float]]] = [[] for _ in signs]
    for run in range(runs + 1):
        feed = Feed()
        client = Client(feed.port, *arguments)
        process = psutil.Process(client.process.pid)
        for sign, seen in zip(signs, times, strict=True):
            wall = client.wait_for(sign)
            if run:  # the first run compiles the program, which a user sees once
                seen.append((wall, sum(process.cpu_times()[:2])))
        client.close()
    return [tuple(map(statistics.median, zip(*seen, strict=True))) for seen in times]  # type: ignore[misc]


def inside() -> tuple[Feed, Client]:
    """Return a client that is in its channel."""
    feed = Feed()
    client = Client(feed.port)
    feed.joined.wait(_PATIENCE)
    client.drain(1)
    return feed, client


def memory(lines: int) -> tuple[float, float]:
    """Return the megabytes of an empty client, and of one with this many lines."""
    feed, client = inside()
    process = psutil.Process(client.process.pid)
    empty = process.memory_info().rss / 1e6
    text = "the quick brown fox jumps over the lazy dog and goes home again"

    def fill() -> None:
        for start in range(0, lines, 500):
            feed.send(
                *(
                    f":bob!u@h PRIVMSG #lobby :{number} {text}"
                    for number in range(start, min(start + 500, lines))
                )
            )

    # In a thread, because the output of the client has to be read meanwhile, or it stops.
    filling = threading.Thread(target=fill, daemon=True)
    filling.start()
    client.wait_for(str(lines - 1).encode())
    filling.join()
    client.drain(1)
    full = process.memory_info().rss / 1e6
    client.close()
    return empty, full


def under_load(rate: int, seconds: float) -> tuple[float, list[float]]:
    """Return the share of a core and the latencies of keys in seconds at a rate of messages."""
    feed, client = inside()
    stop = threading.Event()

    def talk() -> None:
        number = 0
        begin = time.perf_counter()
        while not stop.is_set():
            with contextlib.suppress(OSError):  # the client has been ended
                feed.send(f":bob!u@h PRIVMSG #lobby :message {number} of a talk that never ends")
            number += 1
            time.sleep(max(begin + number / rate - time.perf_counter(), 0))

    threading.Thread(target=talk, daemon=True).start()
    client.drain(2)
    process = psutil.Process(client.process.pid)
    before, begin = sum(process.cpu_times()[:2]), time.perf_counter()
    client.drain(seconds)
    share = (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - begin)
    latencies = [_key(client, letter) for letter in "qzxjkvwy" * 25]
    stop.set()
    client.close()
    return share, latencies


def _key(client: Client, letter: str) -> float:
    """Press a key whose letter is in no message; return the seconds until it is drawn."""
    os.write(client.master, b"\x15")
    client.drain(0.03)
    begin = time.perf_counter()
    os.write(client.master, letter.upper().encode())
    seen = b""
    while letter.upper().encode() not in seen and time.perf_counter() - begin < _PATIENCE:
        seen += client.read(0.1)
    return time.perf_counter() - begin


def main() -> None:
    """Measure, and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    for title, signs, arguments in _STARTS:
        for what, (wall, cpu) in zip(
            signs.values(), start_up(options.runs, list(signs), *arguments), strict=True
        ):
            print(f"start to {what}, {title}: {wall * 1000:.0f} ms (CPU {cpu * 1000:.0f} ms)")
    share, latencies = under_load(options.rate, options.seconds)
    print(f"CPU at {options.rate} messages/s: {share * 100:.1f} % of a core")
    p50, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
    print(
        f"key to echo at {options.rate} messages/s: p50 {p50 * 1000:.1f} ms, p99"
        f" {p99 * 1000:.1f} ms"
    )
    empty, full = memory(options.lines)
    print(f"memory: {empty:.0f} MB, with {options.lines} lines {full:.0f} MB")


if __name__ == "__main__":
    main()
