"""Scenarios of load: each measures a server that has just been started, and returns figures."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from generator import Answer, Generator, GeneratorError
from subject import Running

Figures = dict[str, float]
CAPS = "server-time,message-tags,echo-message"
RATES = (10, 100, 1000)
"""Messages a second in the channel whose latency is measured."""
GROWTH = (10, 100, 1000, 5000)
"""Members of the channel that grows."""
_GENTLE = 50_000
"""The most deliveries a second in the growing channel, at the gentle pace."""
_SLOW = 5
"""The factor by which a measurement with few messages is longer."""
_SETTLE = 0.5
"""Seconds for a server to give memory back before it is measured; no server reports that."""
_WARM = 10
"""Clients for which a server sets up what it needs once; memory is counted from there on."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The parameters of the load.

    Args:
        members: of the channel.
        senders: the number of members that send.
        window: messages that each sender keeps in flight when the channel is saturated.
        rate: messages a second otherwise, of all senders together.
        seconds: of a measurement.
        size: bytes of a message's text.
        crowd: members of the large channel.
        idle: connections that do nothing.
        pairs: of clients that answer each other.
        at_once: clients that connect and leave at the same time.
    """

    members: int = 500
    senders: int = 10
    window: int = 64
    rate: float = 100
    seconds: float = 3
    size: int = 100
    crowd: int = 2000
    idle: int = 10_000
    pairs: int = 50
    at_once: int = 50


Scenario = Callable[[Running, Generator, Setting], Figures]
SCENARIOS: dict[str, Scenario] = {}
"""The scenarios by name, in the order of the table."""
WIRES = {"encrypted": "tls", "websocket": "websocket"}
"""What clients speak IRC over, by the names of scenarios; `plain` in the others."""


def scenario(function: Scenario) -> Scenario:
    """Add a function to the table under its own name."""
    SCENARIOS[function.__name__] = function
    return function


@scenario
def channel(server: Running, load: Generator, setting: Setting) -> Figures:
    """One channel: as fast as possible, then at a gentle pace."""
    empty = _enter(server, load, setting.members, "-")
    memory = {
        "memory_in_channel_kib": (server.meter.memory() - empty) / 1024 / (setting.members - _WARM)
    }
    saturated = _fanout(server, load, setting, setting.members, rate=0)
    paced = _fanout(server, load, setting, setting.members, rate=setting.rate)
    return memory | _prefixed("saturated", saturated) | _prefixed("paced", paced)


@scenario
def capabilities(server: Running, load: Generator, setting: Setting) -> Figures:
    """The same, with the capabilities that real clients negotiate."""
    _enter(server, load, setting.members, CAPS)
    saturated = _fanout(server, load, setting, setting.members, rate=0)
    paced = _fanout(server, load, setting, setting.members, rate=setting.rate)
    return _prefixed("saturated", saturated) | _prefixed("paced", paced)


@scenario
def single(server: Running, load: Generator, setting: Setting) -> Figures:
    """One channel, one message in flight at a time: nothing can be done in batches."""
    _enter(server, load, setting.members, "-")
    alone = replace(setting, senders=1, window=1)
    return _fanout(server, load, alone, setting.members, rate=0)


@scenario
def rates(server: Running, load: Generator, setting: Setting) -> Figures:
    """One channel at several paces."""
    _enter(server, load, setting.members, "-")
    figures: Figures = {}
    for rate in RATES:
        # At a slow pace it takes longer until there are enough messages to measure.
        seconds = setting.seconds * (_SLOW if rate == min(RATES) else 1)
        paced = _fanout(server, load, replace(setting, seconds=seconds), setting.members, rate=rate)
        figures |= _prefixed(f"{rate}_a_second", paced)
    return figures


@scenario
def small(server: Running, load: Generator, setting: Setting) -> Figures:
    """One channel of ten, one message a second: what most channels are like."""
    _enter(server, load, _WARM, "-")
    seconds = setting.seconds * _SLOW
    return _fanout(server, load, replace(setting, seconds=seconds), _WARM, rate=1)


@scenario
def encrypted(server: Running, load: Generator, setting: Setting) -> Figures:
    """The same as `channel`, over TLS."""
    return channel(server, load, setting)


@scenario
def websocket(server: Running, load: Generator, setting: Setting) -> Figures:
    """The same as `channel`, over WebSocket."""
    return channel(server, load, setting)


@scenario
def crowd(server: Running, load: Generator, setting: Setting) -> Figures:
    """One large channel at a gentle pace."""
    _enter(server, load, setting.crowd, "-")
    return _prefixed("paced", _fanout(server, load, setting, setting.crowd, rate=setting.rate))


@scenario
def private(server: Running, load: Generator, setting: Setting) -> Figures:
    """Pairs of clients that answer each other at once."""
    load.ask(f"connect {2 * setting.pairs} -")
    load.ask("rest")
    with _costs(server, load) as costs:
        found = _checked(load.ask(f"pairs {setting.pairs} {setting.seconds} {setting.size}"))
    trips = found["round_trips"]
    return {
        "round_trips_per_second": trips / found["seconds"],
        "server_cpu_us_per_message": costs["server_cpu"] / max(1, 2 * trips) * 1e6,
        "latency_p50_ms": found["latency_ms"]["p50"],
        "latency_p99_ms": found["latency_ms"]["p99"],
        **_busy(costs, found),
    }


@scenario
def coming(server: Running, load: Generator, setting: Setting) -> Figures:
    """Connecting, registering, joining a channel, leaving."""
    load.ask("connect 2 -")
    with _costs(server, load) as costs:
        found = _checked(load.ask(f"churn {setting.at_once} {setting.seconds}"))
    return {
        "cycles_per_second": found["cycles"] / found["seconds"],
        "server_cpu_us_per_cycle": costs["server_cpu"] / max(1, found["cycles"]) * 1e6,
        "cycle_p50_ms": found["latency_ms"]["p50"],
        "cycle_p99_ms": found["latency_ms"]["p99"],
        **_busy(costs, found),
    }


@scenario
def idle(server: Running, load: Generator, setting: Setting) -> Figures:
    """Many registered connections that do nothing, and their notification of the shutdown."""
    load.ask(f"connect {_WARM} -")
    time.sleep(_SETTLE)
    empty = server.meter.memory()
    with _costs(server, load) as costs:
        found = load.ask(f"connect {setting.idle} -")
    time.sleep(_SETTLE)
    figures = {
        "memory_per_connection_kib": (
            (server.meter.memory() - empty) / 1024 / (setting.idle - _WARM)
        ),
        "registered_per_second": (setting.idle - _WARM) / found["seconds"],
        "server_cpu_us_per_registration": costs["server_cpu"] / (setting.idle - _WARM) * 1e6,
    }
    load.ask("end 30")
    begin = time.monotonic()
    server.process.terminate()
    ended = load.wait()
    server.process.wait(30)
    return figures | {
        "shutdown_seconds": time.monotonic() - begin,
        "not_told_of_shutdown": setting.idle - ended["farewells"],
    }


@scenario
def fairness(server: Running, load: Generator, setting: Setting) -> Figures:
    """The latency of other clients while one channel is saturated."""
    _enter(server, load, setting.members, "-", aside=2)
    found = load.ask(_fanout_order(setting, setting.members, rate=0, probes=1))
    _checked(load.ask("check"))
    return _felt(found)


@scenario
def visitors(server: Running, load: Generator, setting: Setting) -> Figures:
    """The latency of other clients while two clients join and leave a large channel."""
    load.ask(f"connect {setting.crowd + 4} -")
    load.ask(f"join #bench 0 {setting.crowd}")
    load.ask(f"join #aside {setting.crowd + 2} 2")
    found = load.ask(f"visits {setting.crowd} 2 {setting.seconds}")
    return {"visits_per_second": found["visits"] / found["seconds"], **_felt(found)}


@scenario
def growth(server: Running, load: Generator, setting: Setting) -> Figures:
    """The cost of a delivery in a channel that grows."""
    figures: Figures = {}
    joined = 0
    for members in GROWTH:
        load.ask(f"connect {members} -")
        load.ask(f"join #bench {joined} {members - joined}")
        joined = members
        saturated = _fanout(server, load, setting, members, rate=0)
        paced = _fanout(server, load, setting, members, rate=min(setting.rate, _GENTLE / members))
        for kind, found in (("saturated", saturated), ("paced", paced)):
            figures[f"{kind}_{members}_members_server_cpu_us_per_delivery"] = found[
                "server_cpu_us_per_delivery"
            ]
    return figures


@scenario
def start(server: Running, load: Generator, setting: Setting) -> Figures:
    """From the start of the process until it accepts a connection."""
    return {"ready_ms": server.ready * 1000, "memory_mib": server.meter.memory() / 1024 / 1024}


def _enter(server: Running, load: Generator, members: int, caps: str, aside: int = 0) -> int:
    """Fill the channel; return the memory of the server with few clients."""
    load.ask(f"connect {_WARM} {caps}")
    time.sleep(_SETTLE)
    empty = server.meter.memory()
    load.ask(f"connect {members + aside} {caps}")
    load.ask(f"join #bench 0 {members}")
    if aside:
        load.ask(f"join #aside {members} {aside}")
    time.sleep(_SETTLE)
    return empty


def _fanout(
    server: Running, load: Generator, setting: Setting, members: int, rate: float
) -> Figures:
    load.ask("rest")
    with _costs(server, load) as costs:
        found = load.ask(_fanout_order(setting, members, rate))
    _checked(load.ask("check"))
    figures = {
        "deliveries_per_second": found["deliveries"] / found["seconds"],
        "server_cpu_us_per_delivery": costs["server_cpu"] / found["deliveries"] * 1e6,
        **_busy(costs, found),
    }
    if rate or setting.senders == setting.window == 1:
        figures |= {
            f"latency_{name}_ms": found["latency_ms"][name] for name in ("p50", "p99", "p99.9")
        }
    if rate:
        figures["sent_late_ms"] = found["late_ms"]
    return figures


def _fanout_order(setting: Setting, members: int, rate: float, probes: int = 0) -> str:
    senders = min(setting.senders, members - 1)
    return (
        f"fanout {members} {senders} {setting.window} {rate} {setting.seconds} {setting.size}"
        f" {probes}"
    )


def _felt(found: Answer) -> Figures:
    return {
        f"{name}_{quantile}_ms": found[f"{name}_ms"][quantile]
        for name in ("aside", "ping")
        for quantile in ("p50", "p99", "max")
    }


@contextmanager
def _costs(server: Running, load: Generator) -> Iterator[Figures]:
    costs: Figures = {}
    begin, own = server.meter.cpu(), load.cpu()
    yield costs
    costs["server_cpu"] = server.meter.cpu() - begin
    costs["generator_cpu"] = load.cpu() - own


def _busy(costs: Figures, found: Answer) -> Figures:
    return {
        f"{who}_busy": costs[f"{who}_cpu"] / found["seconds"] for who in ("server", "generator")
    }


def _checked(found: Answer) -> Answer:
    """Return the figures, unless messages were lost, repeated or out of order."""
    if found.get("lacking") or found.get("wrong") or found["strays"]:
        problems = ", ".join(
            f"{name}: {found[name]}" for name in ("lacking", "wrong", "strays") if found.get(name)
        )
        raise GeneratorError(
            f"not everybody got every message once and in order ({problems}): {found['sample']}"
        )
    return found


def _prefixed(prefix: str, figures: Figures) -> Figures:
    return {f"{prefix}_{name}": value for name, value in figures.items()}
