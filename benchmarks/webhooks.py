"""Cost of a webhook: the latency of its answers, and of messages in the channel meanwhile.

`python benchmarks/webhooks.py` starts `trio-chat serve` of this checkout with a history. Ten
members are in a channel. Requests of a webhook come at a constant rate, each on one of a few
connections that stay open, and one member sends messages. First without the webhook, then with it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import trio

ROOT = Path(__file__).parent.parent
_PATIENCE = 60.0
"""Seconds for the start of a server."""
CONFIG = """\
[server]
host = 127.0.0.1
port = {port}
tls = off
lobby = #bench
[discovery]
enabled = no
[hooks]
per_minute = 100000
"""
BODY = json.dumps({"text": "*deploy* of shop: <https://ci.example/42|build 42> is done"}).encode()


class Figures(NamedTuple):
    """Latencies in seconds.

    Args:
        answers: of requests, until the answer.
        messages: of messages, until another member has them.
    """

    answers: list[float]
    messages: list[float]


async def lines(stream: trio.SocketStream, wanted: bytes) -> None:
    """Receive until some bytes have come."""
    data = b""
    while wanted not in data:
        data = data[-100:] + bytes(await stream.receive_some())


async def listening(port: int) -> None:
    """Wait until the server takes clients.

    Raises:
        trio.TooSlowError: it does not, perhaps because it has failed.
    """
    with trio.fail_after(_PATIENCE):
        while True:
            await trio.sleep(0.2)
            try:
                await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
            except OSError:
                continue
            return


async def member(port: int, nick: str) -> trio.SocketStream:
    """Return a connection in the channel."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    await stream.send_all(f"NICK {nick}\r\nUSER {nick} 0 * :x\r\nJOIN #bench\r\n".encode())
    await lines(stream, b" 366 ")
    return stream


async def drop(stream: trio.SocketStream) -> None:
    """Receive, for ever."""
    while await stream.receive_some():
        pass


async def _post(port: int, path: str, rate: float, place: int, found: list[float]) -> None:
    """Send requests, each when it is due, however late the answer before came."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    due = trio.current_time() + place / rate
    for _ in range(900):  # a connection carries a thousand
        await trio.sleep_until(due)
        await stream.send_all(request)
        await lines(stream, b"\r\n\r\nok")
        found.append(trio.current_time() - due)
        due += _CONNECTIONS / rate


_CONNECTIONS = 5


async def _measure(port: int, path: str, rate: float, seconds: float) -> Figures:
    figures = Figures([], [])
    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(drop, await member(port, f"m{number}"))
        sender, receiver = await member(port, "sender"), await member(port, "receiver")
        nursery.start_soon(drop, sender)
        for place in range(_CONNECTIONS if rate else 0):
            nursery.start_soon(_post, port, path, rate, place, figures.answers)
        end = trio.current_time() + seconds
        while (began := trio.current_time()) < end:
            await sender.send_all(f"PRIVMSG #bench :at {began}\r\n".encode())
            await lines(receiver, f":at {began}".encode())
            figures.messages.append(trio.current_time() - began)
            await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    return figures


def shown(values: list[float]) -> str:
    """Return the median and the 99th percentile."""
    quantiles = statistics.quantiles(values, n=100)
    return f"{quantiles[49] * 1000:7.2f} ms {quantiles[98] * 1000:7.2f} ms  ({len(values)})"


def cpu(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


async def _run(options: argparse.Namespace, directory: Path) -> None:
    (directory / "config.ini").write_text(CONFIG.format(port=options.port))
    program = [sys.executable, "-m", "trio_chat"]
    quiet = {"cwd": directory, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    async with trio.open_nursery() as nursery:
        server: trio.Process = await nursery.start(
            partial(trio.run_process, [*program, "serve"], check=False, **quiet)
        )
        await listening(options.port)
        command = [*program, "hook", "add", "#bench", "--name", "bench"]
        made = await trio.run_process(
            command, capture_stdout=True, stderr=subprocess.DEVNULL, cwd=directory
        )
        path = "/hooks/" + made.stdout.decode().strip().rpartition("/")[2]
        await trio.sleep(6)  # until the server has noticed it
        for rate in (0.0, *options.rates):
            before = cpu(server.pid)
            figures = await _measure(options.port, path, rate, options.seconds)
            busy = (cpu(server.pid) - before) / options.seconds
            print(f"{rate:5.0f} requests a second, CPU {busy:.1%}:    median        p99")
            if figures.answers:
                print(f"   answers   {shown(figures.answers)}")
            print(f"   messages  {shown(figures.messages)}", flush=True)
        server.terminate()


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs="*", default=[50.0, 200.0])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--port", type=int, default=5978)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        trio.run(_run, options, Path(directory))


if __name__ == "__main__":
    main()
