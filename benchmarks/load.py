"""The load generator in Python, for machines without a C compiler.

    load.py 127.0.0.1 6667 10000        the server's address, and the largest number of clients

It has the commands `connect`, `join`, `rest`, `fanout`, `check` and `pairs` of `load/main.c`, with
the same results. It is slower: a fast server waits for it, so its figures are lower bounds.
"""

import gc
import json
import sys
import time
from array import array
from collections.abc import Callable

from crowd import Client, Crowd, CrowdError
from phase import Phase
from report import quantiles

_LAST_ANSWER = 15.0


class Load:
    """The commands of the generator.

    Args:
        address: of the server.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._crowd = Crowd(address)
        self._has_echo = False
        self._phase: Phase | None = None

    def connect(self, count: str, caps: str) -> dict[str, object]:
        """Connect until this many clients are registered."""
        wanted = [] if caps == "-" else caps.split(",")
        self._has_echo = "echo-message" in wanted
        begin = time.perf_counter()
        self._crowd.register(int(count), wanted)
        return {"clients": len(self._crowd.clients), "seconds": time.perf_counter() - begin}

    def join(self, channel: str, first: str, count: str) -> dict[str, object]:
        """Join a channel with some of the clients."""
        begin = time.perf_counter()
        self._crowd.join(channel, self._crowd.clients[int(first) : int(first) + int(count)])
        return {"seconds": time.perf_counter() - begin}

    def fanout(
        self,
        members: str,
        senders: str,
        window: str,
        rate: str,
        seconds: str,
        size: str,
        probes: str,
    ) -> dict[str, object]:
        """Send from some members of the channel to all of them."""
        if probes != "0":
            raise CrowdError("only the generator in C measures other clients: install a C compiler")
        gc.collect()
        phase = self._phase = Phase(
            self._crowd, int(members), int(senders), int(size), echo=self._has_echo
        )
        latencies = array("q")
        if float(rate):
            lasted, late = phase.pace(float(seconds), float(rate), latencies)
        else:
            lasted, late = phase.saturate(float(seconds), int(window)), 0.0
        return {
            "seconds": lasted,
            "deliveries": phase.deliveries,
            "late_ms": late * 1000,
            "latency_ms": _quantiles(latencies),
        }

    def check(self) -> dict[str, object]:
        """Return whether each member got every message of the last `fanout` once and in order."""
        problems = self._phase.problems() if self._phase is not None else []
        return {
            "lacking": 0,
            "wrong": len(problems),
            "strays": 0,
            "sample": "; ".join(problems[:3]),
        }

    def rest(self) -> dict[str, object]:
        """Wait until all clients have received everything that was sent to them."""
        self._crowd.barrier()
        return {}

    def pairs(self, pairs: str, seconds: str, size: str) -> dict[str, object]:
        """Let pairs answer each other at once; the first of each pair counts the round trips."""
        clients = self._crowd.clients[: 2 * int(pairs)]
        others = {id(client): number ^ 1 for number, client in enumerate(clients)}
        text = b"x" * int(size)
        sent = dict.fromkeys(others, 0)
        latencies = array("q")

        def send(client: Client) -> None:
            sent[id(client)] = time.perf_counter_ns()
            client.send(b"PRIVMSG b%d :%b\r\n" % (others[id(client)], text))

        def take(client: Client, size: int) -> None:
            # One message of each pair is in flight, so nothing follows its end, and a part of it
            # needs no answer yet.
            mark = b"PRIVMSG b%d :%b\r\n" % (others[id(client)] ^ 1, text)
            client.answer = (client.answer + self._crowd.view[:size])[-2 * len(mark) - 512 :]
            if mark not in client.answer:
                return
            client.answer = b""
            if not others[id(client)] & 1:
                send(client)
                return
            latencies.append(time.perf_counter_ns() - sent[id(client)])
            if is_over:
                waiting.discard(id(client))
            else:
                send(client)

        is_over = False
        begin = time.perf_counter()
        for client in clients[::2]:
            send(client)
        while (lasted := time.perf_counter() - begin) < float(seconds):
            self._crowd.receive(0.01, take)
        count, is_over = len(latencies), True
        waiting = {id(client) for client in clients[::2]}
        while waiting and time.perf_counter() < begin + lasted + _LAST_ANSWER:
            self._crowd.receive(0.01, take)
        return {
            "seconds": lasted,
            "round_trips": count,
            "latency_ms": _quantiles(latencies),
            "lacking": len(waiting),
            "strays": 0,
            "sample": "",
        }


def _quantiles(nanoseconds: "array[int]") -> dict[str, float]:
    found = quantiles(nanoseconds) | {"max": max(nanoseconds) / 1e6} if nanoseconds else {}
    return {"count": len(nanoseconds), **found}


def main() -> int:
    """Read commands, carry them out, and print their results."""
    if sys.argv[4:] not in ([], ["plain"]):
        print(json.dumps({"error": "TLS and WebSocket need the generator in C"}), flush=True)
        return 1
    load = Load((sys.argv[1], int(sys.argv[2])))
    commands: dict[str, Callable[..., dict[str, object]]] = {
        "connect": load.connect,
        "join": load.join,
        "rest": load.rest,
        "fanout": load.fanout,
        "check": load.check,
        "pairs": load.pairs,
    }
    gc.disable()  # a pause of the generator is no latency of the server
    for line in sys.stdin:
        command, *words = line.split()
        try:
            if command not in commands:
                raise CrowdError(f"{command} needs the generator in C: install a C compiler")
            print(json.dumps(commands[command](*words)), flush=True)
        except CrowdError as error:
            print(json.dumps({"error": str(error)}), flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
