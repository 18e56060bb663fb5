"""The load generator in Python, for where there is no C compiler: the same orders and answers as
`load/main.c`, more slowly.

    load.py 127.0.0.1 6667 10000        the server's address, and how many clients there can be

A fast server waits for it: what it measures of one is a lower bound. It knows `connect`, `join`,
`rest`, `fanout`, `check` and `pairs`.
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
    """Carries out orders.

    Args:
        address: the server's.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._crowd = Crowd(address)
        self._has_echo = False
        self._phase: Phase | None = None

    def connect(self, count: str, caps: str) -> dict[str, object]:
        """Connect until there are so many clients, all of them registered."""
        wanted = [] if caps == "-" else caps.split(",")
        self._has_echo = "echo-message" in wanted
        begin = time.perf_counter()
        self._crowd.register(int(count), wanted)
        return {"clients": len(self._crowd.clients), "seconds": time.perf_counter() - begin}

    def join(self, channel: str, first: str, count: str) -> dict[str, object]:
        """Have some join a channel."""
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
        """Have some members say something and all of them get it."""
        if probes != "0":
            raise CrowdError(
                "what others feel can be measured by the generator in C only: install a C compiler"
            )
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
        """Say whether in the last `fanout` everybody got everything once and in order."""
        problems = self._phase.problems() if self._phase is not None else []
        return {
            "lacking": 0,
            "wrong": len(problems),
            "strays": 0,
            "sample": "; ".join(problems[:3]),
        }

    def rest(self) -> dict[str, object]:
        """Wait until everybody has received everything that was under way."""
        self._crowd.barrier()
        return {}

    def pairs(self, pairs: str, seconds: str, size: str) -> dict[str, object]:
        """Have pairs answer each other at once; the first of each counts the round trips."""
        clients = self._crowd.clients[: 2 * int(pairs)]
        others = {id(client): number ^ 1 for number, client in enumerate(clients)}
        text = b"x" * int(size)
        sent = dict.fromkeys(others, 0)
        latencies = array("q")

        def say(client: Client) -> None:
            sent[id(client)] = time.perf_counter_ns()
            client.send(b"PRIVMSG b%d :%b\r\n" % (others[id(client)], text))

        def take(client: Client, size: int) -> None:
            # One message of each pair is under way: more than its end never comes, less of it needs
            # no answer yet.
            mark = b"PRIVMSG b%d :%b\r\n" % (others[id(client)] ^ 1, text)
            client.answer = (client.answer + self._crowd.view[:size])[-2 * len(mark) - 512 :]
            if mark not in client.answer:
                return
            client.answer = b""
            if not others[id(client)] & 1:
                say(client)
                return
            latencies.append(time.perf_counter_ns() - sent[id(client)])
            if is_over:
                waiting.discard(id(client))
            else:
                say(client)

        is_over = False
        begin = time.perf_counter()
        for client in clients[::2]:
            say(client)
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
    """Read orders and answer them."""
    load = Load((sys.argv[1], int(sys.argv[2])))
    orders: dict[str, Callable[..., dict[str, object]]] = {
        "connect": load.connect,
        "join": load.join,
        "rest": load.rest,
        "fanout": load.fanout,
        "check": load.check,
        "pairs": load.pairs,
    }
    gc.disable()  # the generator's own pauses are not the server's latency
    for line in sys.stdin:
        order, *words = line.split()
        try:
            if order not in orders:
                raise CrowdError(f"{order} needs the generator in C: install a C compiler")
            print(json.dumps(orders[order](*words)), flush=True)
        except CrowdError as error:
            print(json.dumps({"error": str(error)}), flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
