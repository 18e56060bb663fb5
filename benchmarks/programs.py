"""Webhooks, a bot, an import and an export at once: what they cost a channel, and what is lost.

`python benchmarks/programs.py` starts `trio-chat serve` of this checkout. Ten members are in a
channel, in which one of them sends ten messages a second: first alone, then while a webhook sends
50 a second, a bot answers two commands a second, `trio-chat import` imports a long log into another
channel, and `trio-chat export` writes the history of a third again and again. `--short` has them
import many logs, and export the few messages of the channel itself, so that most of their time is
the start of Python.

The latency of a message ends when the kernel has its line for the last member, where the kernel
says when that was.

Every member has to receive each message once and in order, and a last export has to have them.
Anything else is a loss, and the program ends with status 1.
"""

import argparse
import itertools
import json
import math
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import trio
import trio.socket
from webhooks import CONFIG, cpu, lines, listening, shown

LIMITS = """\
[limits]
flood_exempt = 127.0.0.0/8
"""
BOT = """\
from trio_chat.bot import Bot, ChatMessage

bot = Bot("answerer", channels=["#bench"])


@bot.command
async def echo(message: ChatMessage, *, text: str) -> None:
    await message.reply(text)


bot.main()
"""
WORDS = re.compile(rb" PRIVMSG #bench :(?:answerer: )?(chat|hook|!echo bot|bot) (\d+)")
LOG = 50_000
"""Messages of a log."""
CONNECTIONS = 5
POSTS = 900
"""Requests of a connection; the server closes it after a thousand."""
MEMBERS = 10
_TIMESTAMPS = 35 if sys.platform == "linux" else None
"""`SO_TIMESTAMPNS`, which Python does not name."""
SETTLING = 15.0
"""Seconds from the start of the programs to the measurement, and before that of the chat alone: the
server tidies up the history that it has imported, and the bot starts once and not all the time.
"""
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


async def received(sock: trio.socket.SocketType) -> tuple[bytes, float]:
    """Return received bytes, and when the last of them came, in seconds of Unix time.

    The time is that of the kernel where it has one (Linux): this program shares the processors with
    all that it starts, and its own waiting for one is no latency of the server.
    """
    if _TIMESTAMPS is None:
        return await sock.recv(65536), time.time()
    data, ancillary, _, _ = await sock.recvmsg(65536, socket.CMSG_SPACE(16))
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _TIMESTAMPS):
            seconds, nanoseconds = struct.unpack("qq", value)
            return data, seconds + nanoseconds / 1e9
    return data, time.time()


class Member:
    """A member of the channel, which notes what it receives.

    Args:
        stream: its connection.

    Attributes:
        got: the numbers of the messages, by their kind.
        arrivals: the times at which the numbers of the kind `chat` came.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.got: dict[str, list[int]] = defaultdict(list)
        self.arrivals: dict[int, float] = {}

    async def receive(self) -> None:
        """Receive until the connection ends."""
        rest = b""
        while True:
            data, arrived = await received(self.stream.socket)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\r\n")
            for line in whole:
                if line.startswith(b"PING"):
                    await self.stream.send_all(b"PONG" + line[4:] + b"\r\n")
                elif found := WORDS.search(line):
                    kind, number = found[1].decode(), int(found[2])
                    self.got[kind].append(number)
                    if kind == "chat":
                        self.arrivals[number] = arrived


class Load:
    """What is sent.

    Args:
        port: that of the server.
        directory: its directory.

    Attributes:
        sent: how many messages of each kind.
        confirmed: how long each answer to the webhook took, in seconds.
        imports, exports: how often each of these programs ended well.
    """

    def __init__(self, port: int, directory: Path) -> None:
        self.port = port
        self.directory = directory
        self.sent: dict[str, int] = defaultdict(int)
        self.due: dict[int, float] = {}
        self.confirmed: list[float] = []
        self.imports = self.exports = 0

    def command(self, *arguments: str) -> list[str]:
        """Return a command line of the program."""
        return [sys.executable, "-m", "trio_chat", *arguments]

    async def say(
        self, stream: trio.SocketStream, kind: str, rate: float, until: float = math.inf
    ) -> None:
        """Send numbered messages at a mean rate, each at a random time.

        At regular times each would always be as far from the requests to the webhook, which come
        at those, and runs would differ by that distance.
        """
        chance = random.Random(0)
        due = trio.current_time()
        while due < until:
            await trio.sleep_until(due)
            number = self.sent[kind]
            self.sent[kind] += 1
            if kind == "chat":
                self.due[number] = time.time()
            await stream.send_all(f"PRIVMSG #bench :{kind} {number}\r\n".encode())
            due += chance.uniform(0.5, 1.5) / rate

    async def post(self, path: str, rate: float, place: int) -> None:
        """Send the numbers of one place to the webhook, each when it is due."""
        begin = trio.current_time()
        for turn in itertools.count():
            if turn % POSTS == 0:
                stream = await trio.open_tcp_stream("127.0.0.1", self.port)
            number = turn * CONNECTIONS + place
            await trio.sleep_until(due := begin + number / rate)
            body = json.dumps({"text": f"hook {number}"}).encode()
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            await stream.send_all(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            self.sent["hook"] += 1
            await lines(stream, b"\r\n\r\nok")
            self.confirmed.append(trio.current_time() - due)

    async def import_logs(self, pattern: str) -> None:
        """Import one log after the other."""
        for directory in sorted(self.directory.glob(pattern)):
            command = self.command("import", "irc", directory.name, "--timezone", "UTC")
            await trio.run_process(command, cwd=self.directory, **QUIET)
            self.imports += 1

    async def export(self, channel: str) -> None:
        """Export a channel again and again."""
        while True:
            await self.export_to("again.jsonl", channel)
            self.exports += 1

    async def export_to(self, name: str, channel: str = "#bench") -> None:
        """Export a channel once."""
        command = self.command("export", channel, "--output", name, "--force")
        await trio.run_process(command, cwd=self.directory, **QUIET)


def write_log(directory: Path, seed: int, channel: str = "old", count: int = LOG) -> None:
    """Write a log of WeeChat with messages of the year 2020 and later."""
    chance = random.Random(seed)
    when = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=10 * seed)
    directory.mkdir()
    log = directory / f"irc.net.#{channel}.weechatlog"
    with log.open("w", encoding="utf-8") as file:
        for number in range(count):
            when += timedelta(seconds=chance.randrange(30))
            text = " ".join(chance.choices(("tea", "coffee", "the", "server", "is", "up"), k=8))
            file.write(f"{when:%Y-%m-%d %H:%M:%S}\tnick{number % 20}\t{text} {number}\n")


async def join(port: int, nick: str) -> Member:
    """Return a new member of the channel."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    await stream.send_all(
        f"CAP REQ echo-message\r\nNICK {nick}\r\nUSER {nick} 0 * :x\r\n"
        "CAP END\r\nJOIN #bench\r\n".encode()
    )
    await lines(stream, b" 366 ")
    if _TIMESTAMPS is not None:
        stream.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, True)
    return Member(stream)


def losses(load: Load, members: list[Member], last: Path) -> list[str]:
    """Return what a member or the history lacks, or has twice or in another order.

    Answers of the bot and messages of several connections of the webhook have no order.
    """
    found = []
    stored: dict[str, list[int]] = defaultdict(list)
    for row in last.read_text(encoding="utf-8").splitlines():
        if match := WORDS.match(b" PRIVMSG #bench :" + json.loads(row)["text"].encode()):
            stored[match[1].decode()].append(int(match[2]))
    expected = dict(load.sent, bot=load.sent["!echo bot"])
    for kind, count in expected.items():
        for place, got in enumerate((*(member.got[kind] for member in members), stored[kind])):
            in_order = got if kind in ("chat", "!echo bot") else sorted(got)
            if in_order != list(range(count)):
                where = "the history" if place == len(members) else f"member {place}"
                missing = sorted(set(range(count)) - set(got))[:10]
                found.append(f"{where}: {len(got)} of {count} {kind!r}; missing {missing}")
    return found


async def settled(load: Load, members: list[Member]) -> None:
    """Wait until everything has come, ten seconds at most."""
    expected = dict(load.sent, bot=load.sent["!echo bot"])
    with trio.move_on_after(10):
        while any(  # noqa: ASYNC110  # the members are looked at, not what they wait for
            len(each.got[kind]) < expected[kind] for each in members for kind in expected
        ):
            await trio.sleep(0.1)


def report(load: Load, name: str, first: int, seconds: float, busy: float, to: Member) -> None:
    """Print the latencies of the messages from one number on."""
    sent = {number: due for number, due in load.due.items() if number >= first}
    values = [to.arrivals[each] - due for each, due in sent.items() if each in to.arrivals]
    print(f"{name}, {seconds:.0f} s, CPU of the server {busy:.1%}:    median        p99")
    print(f"   messages  {shown(values)}", flush=True)


async def measure(load: Load, server: int, options: argparse.Namespace) -> list[str]:
    """Send without and with the other programs; return what was lost."""
    seconds = options.seconds
    members = [await join(load.port, f"m{number}") for number in range(MEMBERS)]
    async with trio.open_nursery() as nursery:
        for each in members:
            nursery.start_soon(each.receive)
        for name, is_with in (("chat alone", False), ("with all programs", True)):
            async with trio.open_nursery() as sending:
                sending.start_soon(load.say, members[0].stream, "chat", 10.0)
                if is_with:
                    await start_programs(load, sending, members, seconds, options)
                await trio.sleep(SETTLING)
                first, before = load.sent["chat"], cpu(server)
                await trio.sleep(seconds)
                busy = (cpu(server) - before) / seconds
                sending.cancel_scope.cancel()
            await settled(load, members)
            report(load, name, first, seconds, busy, members[-1])
        nursery.cancel_scope.cancel()
    if load.confirmed:
        print(f"   answers to the webhook  {shown(load.confirmed)}")
    print(f"   {load.imports} imports ended, {load.exports} exports; sent: {dict(load.sent)}")
    await load.export_to("last.jsonl")
    return losses(load, members, load.directory / "last.jsonl")


async def start_programs(
    load: Load,
    nursery: trio.Nursery,
    members: list[Member],
    seconds: float,
    options: argparse.Namespace,
) -> None:
    """Start everything but the chat. What a cancelled client has sent is still counted."""
    command = load.command("hook", "add", "#bench", "--name", "bench")
    made = await trio.run_process(command, capture_stdout=True, stderr=None, cwd=load.directory)
    path = "/hooks/" + made.stdout.decode().strip().rpartition("/")[2]
    bot = [sys.executable, "bot.py", "--plaintext", f"127.0.0.1:{load.port}"]
    nursery.start_soon(partial(trio.run_process, bot, cwd=load.directory, check=False))
    await trio.sleep(6)  # until the server has noticed the webhook, and the bot is there
    # The last commands have time to be answered: the end of the measurement stops the bot.
    until = trio.current_time() + SETTLING + seconds - 2
    nursery.start_soon(load.say, members[1].stream, "!echo bot", 2.0, until)
    for place in range(CONNECTIONS if options.rate else 0):
        nursery.start_soon(load.post, path, options.rate, place)
    if "import" not in options.without:
        nursery.start_soon(load.import_logs, "logs*")
    if "export" not in options.without:
        nursery.start_soon(load.export, "#bench" if options.short else "#archive")


async def run(options: argparse.Namespace, directory: Path) -> list[str]:
    """Run the server and the measurements in a directory."""
    (directory / "config.ini").write_text(CONFIG.format(port=options.port) + LIMITS)
    (directory / "bot.py").write_text(BOT)
    count = math.ceil((SETTLING + options.seconds) / 2)  # a log takes more than two seconds
    if options.short:
        for number in range(count):
            write_log(directory / f"logs{number:04}", number)
    else:
        write_log(directory / "logs", 0, count=count * LOG)
    write_log(directory / "archive", 0, "archive", 4 * LOG)
    load = Load(options.port, directory)
    async with trio.open_nursery() as nursery:
        start = partial(
            trio.run_process, load.command("serve"), check=False, cwd=directory, **QUIET
        )
        server: trio.Process = await nursery.start(start)
        await listening(options.port)
        if not options.short:
            await load.import_logs("archive")
            load.imports = 0
        found = await measure(load, server.pid, options)
        server.terminate()
    return found


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0, help="requests to the webhook a second")
    parser.add_argument("--without", choices=("import", "export"), nargs="*", default=())
    parser.add_argument("--short", action="store_true", help="many short imports and exports")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--port", type=int, default=5979)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = trio.run(run, options, Path(directory))
    print("\n".join(found) or "nothing was lost")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
