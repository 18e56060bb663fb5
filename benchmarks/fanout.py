"""How many deliveries a second, at which latency, for how much CPU and memory: one channel, many members, some of them talking.

    python benchmarks/fanout.py

starts `trio-chat serve` of this checkout, measures it and stops it. README.md beside this file says how to read the result and
how to measure another IRC server.
"""

import argparse
import contextlib
import gc
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from crowd import Crowd, CrowdError, probe
from phase import Phase
from report import Measured, Report, quantiles
from stream import HEADER_BYTES
from subject import Meter, SubjectError, allow_files, pinned, trio_chat

_WARM_CLIENTS = 10
"""The first clients pay for what a server sets up once; memory per connection is counted from there on."""
_SETTLE = 0.5
_QUICK = {"clients": 50, "senders": 2, "seconds": 1.0, "repeat": 1}


def main() -> int:
    """Measure, print, save; 0 when every message came everywhere once and in order, else 1."""
    options = _options()
    try:
        allow_files(options.clients + 100)
        with contextlib.ExitStack() as stack:
            if options.server == "trio-chat":
                port, pid = stack.enter_context(trio_chat(options.clients))
                address = ("127.0.0.1", port)
            else:
                address, pid = options.server, options.pid
            pinning = "not pinned" if options.no_pin else stack.enter_context(pinned(pid))
            report = _measure(options, address, Meter(pid), pinning)
    except (CrowdError, SubjectError) as error:
        print(f"fanout: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return _tell(report, options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how an IRC server delivers to many members of one channel.")
    parser.add_argument("--clients", type=_whole(2), default=500, help="members of the channel (500)")
    parser.add_argument("--senders", type=_whole(1), default=10, help="how many of them talk (10)")
    parser.add_argument("--window", type=_whole(1), default=64, help="saturated: messages each sender keeps in flight (64)")
    parser.add_argument("--rate", type=float, default=100, help="fixed rate: messages a second, all senders together (100)")
    parser.add_argument("--seconds", type=float, default=3, help="how long each run of each phase is, up to 60 (3)")
    parser.add_argument("--repeat", type=_whole(1), default=3, help="runs of each phase; medians are shown (3)")
    parser.add_argument("--size", type=_whole(HEADER_BYTES), default=100, help=f"bytes of text, from {HEADER_BYTES} (100)")
    parser.add_argument("--caps", default="", metavar="CAP,CAP", help="such as server-time,message-tags,echo-message (none)")
    parser.add_argument("--server", type=_server, default="trio-chat", metavar="trio-chat|HOST:PORT", help="what to measure")
    parser.add_argument("--pid", type=int, help="with HOST:PORT: the process whose CPU and memory count")
    parser.add_argument("--no-pin", action="store_true", help="give server and load generator no core of their own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to save everything (benchmarks/results/…)")
    parser.add_argument("--quick", action="store_true", help="50 clients, 2 senders, one second, one run: does it work?")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(_QUICK)
    if not options.senders < options.clients <= 9999:
        parser.error("--clients is at most 9999, and --senders fewer than --clients")
    if not 0 < options.seconds <= 60:
        parser.error("--seconds is at most 60: after that a server may ask whether a silent client is still there")
    if options.rate * options.seconds < 1 or options.size > 400:
        parser.error("--rate times --seconds is at least one message, and --size at most 400")
    return options


def _whole(least: int) -> Callable[[str], int]:
    def whole(written: str) -> int:
        value = int(written)
        if value < least:
            raise argparse.ArgumentTypeError(f"at least {least}")
        return value

    return whole


def _server(written: str) -> str | tuple[str, int]:
    if written == "trio-chat":
        return written
    host, _, port = written.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError("trio-chat, or HOST:PORT")
    return host.strip("[]"), int(port)


def _measure(options: argparse.Namespace, address: tuple[str, int], meter: Meter, pinning: str) -> Report:
    version, offered = probe(address)
    wanted = [cap for cap in options.caps.split(",") if cap]
    caps = [cap for cap in wanted if cap in offered]
    print(f"{version} at {address[0]}:{address[1]}; {pinning}", flush=True)
    print(f"capabilities: {', '.join(caps) or 'none'}", *(f"({cap}: not offered)" for cap in wanted if cap not in offered))
    crowd = Crowd(address, caps)
    gc.disable()  # the generator's own pauses are not the server's latency
    try:
        idle, joined = _fill(crowd, options.clients, meter)
        saturated = [_run(crowd, meter, options, caps, is_saturated=True) for _ in range(options.repeat)]
        paced = [_run(crowd, meter, options, caps, is_saturated=False) for _ in range(options.repeat)]
    finally:
        crowd.close()
    shown = {key: value for key, value in vars(options).items() if key not in ("json", "pid", "quick")}
    return Report(
        server=version, caps=caps, options=shown, pinning=pinning, idle_bytes=idle, joined_bytes=joined,
        saturated=saturated, paced=paced,
    )  # fmt: skip


def _fill(crowd: Crowd, count: int, meter: Meter) -> tuple[float | None, float | None]:
    """Bring everybody into the channel; return the bytes of memory per connection before and after they are in it."""
    warm = min(_WARM_CLIENTS, count // 2)
    found: list[int | None] = []
    steps: list[Callable[[], None]] = [partial(crowd.register, warm), partial(crowd.register, count), crowd.join]
    for step in steps:
        step()
        time.sleep(_SETTLE)
        found.append(meter.memory())
    before, idle, joined = found
    if before is None or idle is None or joined is None:
        return None, None
    return (idle - before) / (count - warm), (joined - before) / (count - warm)


def _run(crowd: Crowd, meter: Meter, options: argparse.Namespace, caps: Sequence[str], *, is_saturated: bool) -> Measured:
    """Do one run of one phase."""
    crowd.barrier()
    gc.collect()
    phase = Phase(crowd, options.senders, options.size, echo="echo-message" in caps)
    latencies = array("q")
    server, generator = meter.cpu(), time.process_time()
    if is_saturated:
        seconds = phase.saturate(options.seconds, options.window)
    else:
        seconds = phase.pace(options.seconds, options.rate, latencies)
    generator = time.process_time() - generator
    after = meter.cpu()
    run = Measured(
        seconds=seconds,
        deliveries=phase.deliveries,
        server_cpu=None if after is None or server is None else after - server,
        generator_cpu=generator,
        latency_ms=quantiles(latencies) if latencies else {},
        problems=phase.problems(),
    )
    kind = "saturated" if is_saturated else "fixed rate"
    print(f"  {kind}: {run.rate:,.0f} deliveries/s", f"{run.cpu_us:.2f} us" if run.cpu_us is not None else "", flush=True)
    return run


def _tell(report: Report, path: Path | None) -> int:
    print(f"\n{report.table()}\n")
    problems = report.problems
    if problems:
        print(f"WRONG: {len(problems)} problems, such as:", *problems[:10], sep="\n  ")
    else:
        print("Every client got every message exactly once, in order for each sender (compared byte for byte, no sampling).")
    for warning in report.warnings():
        print(f"WARNING: {warning}.")
    if path is None:
        path = Path(__file__).parent / "results" / f"fanout-{time.strftime('%Y%m%d-%H%M%S')}.json"
    report.save(path)
    print(f"Saved: {path}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
