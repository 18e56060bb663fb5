"""What was measured, as numbers with names, as a table for people and as JSON for comparison."""

import json
import platform
import re
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
_BUSY = 0.9
"""From this share of its core on a process has no time left."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run of one phase.

    Args:
        seconds: from the first message sent to the last delivery.
        deliveries: messages times receivers.
        server_cpu: seconds of CPU time, or None when unknown.
        generator_cpu: seconds of CPU time.
        latency_ms: quantiles, empty when not measured.
        problems: what was lost, doubled or out of order.
    """

    seconds: float
    deliveries: int
    server_cpu: float | None
    generator_cpu: float
    latency_ms: dict[str, float]
    problems: list[str]

    @property
    def rate(self) -> float:
        """Deliveries per second."""
        return self.deliveries / self.seconds

    @property
    def cpu_us(self) -> float | None:
        """Microseconds of the server's CPU time for one delivery."""
        return None if self.server_cpu is None else self.server_cpu / self.deliveries * 1e6

    @property
    def server_busy(self) -> float | None:
        """The share of a core that the server used."""
        return None if self.server_cpu is None else self.server_cpu / self.seconds

    @property
    def generator_busy(self) -> float:
        """The share of a core that the load generator used."""
        return self.generator_cpu / self.seconds


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that one benchmark found out."""

    server: str
    caps: list[str]
    options: dict[str, object]
    pinning: str
    idle_bytes: float | None
    joined_bytes: float | None
    saturated: list[Measured]
    paced: list[Measured]

    @property
    def problems(self) -> list[str]:
        """All that is wrong, from all runs."""
        return [problem for run in (*self.saturated, *self.paced) for problem in run.problems]

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        summary = {
            name: {key: _median([read(run) for run in runs]) for key, read in _READ.items()}
            for name, runs in (("saturated", self.saturated), ("paced", self.paced))
        }
        machine = {"python": platform.python_version(), "system": platform.platform(), "processor": _processor()}
        found = {"when": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": machine, "medians": summary, **asdict(self)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")

    def table(self) -> str:
        """Return the table."""
        options = self.options
        rows = [
            ("", f"saturated, {options['window']} in flight", f"{options['rate']:g} messages/s"),
            ("deliveries per second", *self._both(lambda run: run.rate, "{:,.0f}")),
            ("server CPU per delivery, us", *self._both(lambda run: run.cpu_us, "{:.2f}")),
            ("server CPU busy", *self._both(lambda run: run.server_busy, "{:.0%}")),
            ("load generator CPU busy", *self._both(lambda run: run.generator_busy, "{:.0%}")),
            *((f"latency {name}, ms", "-", self._cell(self.paced, _latency(name), "{:.2f}")) for name in QUANTILES),
        ]
        lines = [f"{name:<32}{first:>26}{second:>20}" for name, first, second in rows]
        lines.append(f"{'memory per idle connection':<32}{_kib(self.idle_bytes):>26}{'registered':>20}")
        lines.append(f"{'':<32}{_kib(self.joined_bytes):>26}{'in the channel':>20}")
        return "\n".join(lines)

    def warnings(self) -> list[str]:
        """Return what makes the figures worth less than they look."""
        found = []
        runs = self.saturated
        generator = median([run.generator_busy for run in runs])
        server = _median([run.server_busy for run in runs])
        if server is None:
            found.append(
                "the server's CPU and memory are unknown: give its process id with --pid (outside Linux: install psutil)"
            )
        if generator > _BUSY and (server is None or server < generator):
            found.append("the load generator was the bottleneck of the saturated phase: the server can do more")
        elif server is not None and server < _BUSY:
            found.append("the server was not busy in the saturated phase: a larger --window or a quieter machine gives more")
        if median([run.generator_busy for run in self.paced]) > _BUSY:
            found.append("the load generator was busy at the fixed rate: its own delay is in the latencies; lower --rate")
        return found

    def _both(self, read: Callable[[Measured], float | None], form: str) -> tuple[str, str]:
        return self._cell(self.saturated, read, form), self._cell(self.paced, read, form)

    @staticmethod
    def _cell(runs: Sequence[Measured], read: Callable[[Measured], float | None], form: str) -> str:
        value = _median([read(run) for run in runs])
        return "unknown" if value is None else form.format(value)


def quantiles(nanoseconds: "array[int]") -> dict[str, float]:
    """Return the quantiles in milliseconds."""
    ordered = sorted(nanoseconds)
    return {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6 for name, share in QUANTILES.items()}


def _latency(name: str) -> Callable[[Measured], float | None]:
    return lambda run: run.latency_ms.get(name)


_READ: dict[str, Callable[[Measured], float | None]] = {
    "deliveries_per_second": lambda run: run.rate,
    "server_cpu_us_per_delivery": lambda run: run.cpu_us,
    "server_busy": lambda run: run.server_busy,
    "generator_busy": lambda run: run.generator_busy,
    **{f"latency_ms_{name}": _latency(name) for name in QUANTILES},
}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _kib(size: float | None) -> str:
    if size is None:
        return "unknown"
    # A server that had as many clients before takes no new memory for them.
    return f"{size / 1024:.1f} KiB" if size > 0 else "start it afresh"


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        told = ""
    name = re.search(r"model name\s*: (.*)", told)
    return name[1] if name else platform.processor()
