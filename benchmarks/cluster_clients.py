"""Clients of a cluster, in a process of their own: they do everything that users do, and check what
they receive.

The process gets a `Plan` as JSON in its first argument. It answers each line on its standard input
by a line of JSON: `begin` has the clients talk, `end` has them stop and wait for their echoes, and
`check` with the path of a database compares what each client has seen of its channel with what is
stored there.

A client loses its connection when its node dies, and connects to the next one. There it asks for
what was said after the last message that it knows. It sends nothing twice. So each of its messages
must be stored once if its echo came, and at most once otherwise.
"""

import base64
import json
import random
import re
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import trio
from cluster_check import order_problem, stored_msgids
from cluster_plan import CAPS, TOKEN, Plan, Results, parse_line, tag

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
from trio_chat.client.session.sasl import LoginCredentials, SaslPlain, SaslScram

_PASSWORD = "correct horse"
_PAGE = 100
"""Messages of one answer to CHATHISTORY."""
_NUMBER = re.compile(r"u(\d+)")
"""The number of a client, in its nickname."""
_QUIET = 10.0
"""Seconds for the last echoes."""


class Client:
    """One user.

    Args:
        number: of all clients.
        plan: what it does.
        results: shared by all.
    """

    def __init__(self, number: int, plan: Plan, results: Results) -> None:
        self._plan = plan
        self._results = results
        self.number = number
        self._random = random.Random(number)
        self._nick = f"u{number}"
        self._channel = f"#c{number % plan.channels}"
        self._partner = f"u{number ^ 1}"
        self._place = number
        self._kind = number % 3 if plan.is_mixed else 0  # a guest, PLAIN, SCRAM and always on
        self._has_account = False
        self._stream: trio.SocketStream | None = None
        self._count = 0
        self._waiting: dict[str, float] = {}
        self._private: deque[str] = deque()  # those of private messages
        self._seen: list[str] = []  # the ids of the messages in its channel, in order
        self._known: set[str] = set()
        self._live: list[str] | None = None  # those that come while the history is read
        self._last_own = ("", "")  # a mark, and the id of the message
        self._batches: dict[str, tuple[str, str]] = {}  # of open batches: type, and msgid
        self._history: list[str] = []
        self._is_saturating = False
        self.is_ready = trio.Event()
        self.counts_quits = False  # clients leave of themselves before and after
        self.is_over = False

    async def run(self) -> None:
        """Be connected, for ever."""
        while not self.is_over:
            with suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                await self._connect()
            if self._stream is not None:
                await trio.aclose_forcefully(self._stream)
                self._stream = None
            if self.is_ready.is_set() and not self.is_over:
                self._results.moved.append(self.number)
                self.is_ready = trio.Event()
            self._place += 1
            await trio.sleep(0.1 + 0.2 * self._random.random())

    async def talk(self, until: Callable[[], bool]) -> None:
        """Send messages, and do the rest in between."""
        interval = self._plan.clients / self._plan.rate if self._plan.rate else 0.0
        due = time.monotonic() + interval * self._random.random()
        while not until():
            await trio.sleep(max(0.0, due - time.monotonic()))
            await self.is_ready.wait()
            # A client that was cut off does not make good for it.
            due = max(due + interval, time.monotonic() - 0.5)
            if interval:
                await self._act()
            else:
                self._is_saturating = not until()
                if not self._waiting:
                    await self._act()
                await trio.sleep(0.2)
        self._is_saturating = False

    async def wait_quiet(self) -> None:
        """Wait until nothing is to come."""
        with trio.move_on_after(_QUIET):
            while True:
                await self.is_ready.wait()
                if not self._waiting and self._live is None:
                    return
                await trio.sleep(0.02)

    def check(self, stored: dict[str, list[str]]) -> None:
        """Compare what was seen with what is stored.

        Args:
            stored: the ids of the messages of all channels, in order.
        """
        self._results.problems += order_problem(self._nick, self._channel, self._seen, stored)

    async def _connect(self) -> None:
        host, port = self._plan.nodes[self._place % len(self._plan.nodes)]
        self._stream = await trio.open_tcp_stream(host, port)
        self._batches.clear()
        self._waiting.clear()
        self._private.clear()
        await self._say(f"CAP REQ :{CAPS}", f"NICK {self._nick}", "USER u 0 * :A user")
        if self._has_account:
            await self._say(f"AUTHENTICATE {self._mechanism().name}")
        else:
            await self._say("CAP END")
        rest = b""
        with trio.CancelScope() as scope:
            while not self.is_over:
                scope.deadline = trio.current_time() + 60
                data = await self._stream.receive_some(65536)
                if not data:
                    return
                now = time.monotonic()
                *lines, rest = (rest + data).split(b"\r\n")
                for line in lines:
                    await self._take(line.decode(), now)
        if scope.cancelled_caught:
            self._results.problems.append(f"{self._nick} has heard nothing for a minute")

    async def _say(self, *lines: str) -> None:
        if self._stream is not None:
            data = "".join(f"{line}\r\n" for line in lines).encode()
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # the reader notices
                await self._stream.send_all(data)

    def _mechanism(self) -> SaslPlain | SaslScram:
        kind = SaslPlain if self._kind == 1 else SaslScram
        self._sasl = kind(LoginCredentials(f"u{self.number}", _PASSWORD))
        return self._sasl

    async def _take(self, line: str, now: float) -> None:
        tags, source, command, params = parse_line(line)
        handler = getattr(self, f"_on_{command.lower()}", None)
        if handler is not None:
            await handler(tags, source, params, now)

    async def _on_ping(self, _tags: str, _source: str, params: list[str], _now: float) -> None:
        await self._say(f"PONG :{params[-1]}")

    async def _on_authenticate(
        self, _tags: str, _source: str, params: list[str], _now: float
    ) -> None:
        challenge = b"" if params[0] == "+" else base64.b64decode(params[0])
        answer = base64.b64encode(self._sasl.answer(challenge)).decode() or "+"
        await self._say(f"AUTHENTICATE {answer}")

    async def _on_903(self, *_rest: object) -> None:
        await self._say("CAP END")

    async def _on_904(self, _tags: str, _source: str, params: list[str], _now: float) -> None:
        self._results.problems.append(f"{self._nick} cannot log in: {params[-1]}")
        await self._say("QUIT")

    async def _on_433(self, *_rest: object) -> None:
        self._nick = f"u{self.number}x{self._random.randrange(1000)}"
        await self._say(f"NICK {self._nick}")

    async def _on_001(self, _tags: str, _source: str, params: list[str], _now: float) -> None:
        self._nick = params[0]
        if self._kind and not self._has_account:
            await self._say(f"REGISTER u{self.number} * :{_PASSWORD}")
        else:
            await self._begin()

    async def _on_register(self, _tags: str, _source: str, params: list[str], _now: float) -> None:
        if params[0] == "SUCCESS":
            self._has_account = True
            if self._kind == 2:
                await self._say("PRIVMSG NickServ :SET always-on on")
            await self._begin()

    async def _on_fail(self, _tags: str, _source: str, params: list[str], _now: float) -> None:
        if params[1] == "TEMPORARILY_UNAVAILABLE":
            self._results.refused += 1
            self._waiting.clear()
            self._private.clear()
            if not self.is_ready.is_set():
                await self._say("QUIT")
        elif params[0] == "REGISTER":
            if params[1] == "ACCOUNT_EXISTS":
                self._has_account = True
                await self._say("QUIT")
            else:
                self._results.problems.append(f"{self._nick} cannot register: {params}")
        elif params[0] == "CHATHISTORY":
            await self._end_history()

    async def _begin(self) -> None:
        self._live = []
        await self._say(f"JOIN {self._channel}", f"NAMES {self._channel}")

    async def _on_366(self, *_rest: object) -> None:
        if self.is_ready.is_set() or self._live is None:
            return
        if self._seen:
            await self._ask_history(self._seen[-1])
        else:
            await self._end_history()

    async def _ask_history(self, after: str) -> None:
        self._results.pages += 1
        self._history = []
        await self._say(f"CHATHISTORY AFTER {self._channel} msgid={after} {_PAGE}")

    async def _end_history(self) -> None:
        live, self._live = self._live or [], None
        for msgid in live:
            self._note(msgid)
        self.is_ready.set()

    def _note(self, msgid: str) -> None:
        if msgid not in self._known:
            self._known.add(msgid)
            self._seen.append(msgid)

    async def _on_batch(self, tags: str, _source: str, params: list[str], _now: float) -> None:
        name = params[0]
        if name[0] == "+":
            outer = self._batches.get(tag(tags, "batch"), ("", ""))[0]
            kind = "chathistory" if outer == "chathistory" else params[1]
            self._batches[name[1:]] = kind, tag(tags, "msgid")
            if params[1] == "draft/multiline" and params[2] == self._channel:
                self._take_id(kind, tag(tags, "msgid"))
            return
        kind, _msgid = self._batches.pop(name[1:], ("", ""))
        if kind != "chathistory" or self._live is None or tag(tags, "batch") in self._batches:
            return
        page = self._history
        for msgid in page:
            if msgid not in self._live:
                self._note(msgid)
        is_last = len(page) < _PAGE or any(msgid in self._live for msgid in page)
        if is_last:
            await self._end_history()
        else:
            await self._ask_history(page[-1])

    def _take_id(self, kind: str, msgid: str) -> None:
        if kind == "chathistory":
            self._history.append(msgid)
        elif self._live is not None:
            self._live.append(msgid)
        else:
            self._note(msgid)

    async def _on_privmsg(self, tags: str, source: str, params: list[str], now: float) -> None:
        kind, outer = self._batches.get(tag(tags, "batch"), ("", ""))
        msgid = tag(tags, "msgid") or outer
        if params[0] == self._channel and tag(tags, "msgid"):
            self._take_id(kind, msgid)
        found = TOKEN.match(params[-1])
        if kind == "chathistory" or found is None or int(found[1]) != self.number:
            return
        sent = self._waiting.pop(found[0], None)
        if self._private and self._private[0] == found[0]:
            self._private.popleft()
        self._results.echoed.append(found[0])
        if sent is not None:
            self._results.echoes.append((now, now - sent, self.number))
            if self._is_saturating:
                await self._act()
        if params[0] == self._channel:
            self._last_own = found[0], msgid

    async def _on_401(self, *_rest: object) -> None:
        if self._private:  # the partner has another nickname now
            self._waiting.pop(self._private.popleft(), None)

    async def _on_nick(self, _tags: str, source: str, params: list[str], _now: float) -> None:
        if source.partition("!")[0] == self._nick:
            self._nick = params[0]

    async def _on_quit(self, _tags: str, source: str, _params: list[str], _now: float) -> None:
        number = _NUMBER.match(source)
        if not self.counts_quits or number is None:
            return
        if self._plan.is_mixed and int(number[1]) % 3:
            self._results.account_quits += 1
        else:
            self._results.quits += 1

    async def _act(self) -> None:
        """Do something; mostly say something."""
        chance = self._random.random() if self._plan.is_mixed else 0.0
        if chance < 0.65:
            await self._say(f"PRIVMSG {self._channel} :{self._message()} {'x' * 60}")
        elif chance < 0.8:
            token = self._message()
            self._private.append(token)
            await self._say(f"PRIVMSG {self._partner} :{token} in private")
        elif chance < 0.85:
            await self._say(
                f"BATCH +m draft/multiline {self._channel}",
                f"@batch=m PRIVMSG {self._channel} :{self._message()} of several lines",
                f"@batch=m PRIVMSG {self._channel} :the second",
                f"@batch=m;draft/multiline-concat PRIVMSG {self._channel} : one",
                "BATCH -m",
            )
        else:
            await self._do_something_else(chance)

    def _message(self) -> str:
        self._count += 1
        token = f"~{self.number}.{self._count}~"
        self._waiting[token] = time.monotonic()
        self._results.sent += 1
        return token

    async def _do_something_else(self, chance: float) -> None:
        number = self._random.randrange(10_000)
        if chance < 0.88:
            mark, msgid = self._last_own
            if msgid:
                self._last_own = "", ""
                self._results.redacted.append(mark)
                await self._say(f"REDACT {self._channel} {msgid} :oops")
        elif chance < 0.91 and self._has_account:
            stamp = f"2026-01-01T00:00:{number % 60:02}.{number % 1000:03}Z"
            await self._say(f"MARKREAD {self._channel} timestamp={stamp}")
        elif chance < 0.94:
            await self._say(f"METADATA * SET display-name :name {number}")
        elif chance < 0.96:
            await self._say(f"TOPIC {self._channel} :topic {number}")
        elif chance < 0.98 and not self._kind:
            await self._say(f"NICK u{self.number}n{number}")
        else:
            await self._say(f"AWAY :{number}" if number % 2 else "AWAY")


async def _serve(plan: Plan) -> None:
    results = Results()
    clients = [Client(plan.first + number, plan, results) for number in range(plan.clients)]
    orders = trio.lowlevel.FdStream(0)
    is_ending = trio.Event()
    async with trio.open_nursery() as nursery:
        for client in clients:
            nursery.start_soon(client.run)
            if client.number % 20 == 19:
                await client.is_ready.wait()  # not all at once
        for client in clients:
            await client.is_ready.wait()
        print(json.dumps("ready"), flush=True)
        async with trio.open_nursery() as talking:
            async for data in orders:
                order, _, path = data.decode().strip().partition(" ")
                if order == "begin":
                    for client in clients:
                        client.counts_quits = True
                        talking.start_soon(client.talk, is_ending.is_set)
                elif order == "end":
                    is_ending.set()
                    for client in clients:
                        await client.wait_quiet()
                        client.counts_quits = False
                    print(json.dumps("ended"), flush=True)
                elif order == "check":
                    stored = await trio.to_thread.run_sync(stored_msgids, path)
                    for client in clients:
                        client.check(stored)
                    print(json.dumps(asdict(results)), flush=True)
                    break
            talking.cancel_scope.cancel()
        for client in clients:
            client.is_over = True
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(_serve, Plan(**json.loads(sys.argv[1])))
