"""Reports of measurements: a table to read, and JSON to compare."""

import json
import os
import platform
import re
import time
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Protocol

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
_SHOWN = (
    "server_busy",
    "generator_busy",
    "others_busy",
    "visits_per_second",
    "sent_late_ms",
    "ready_ms",
    "memory_mib",
    "not_told_of_shutdown",
)
"""Figures that describe the measurement, or that other servers are not compared by."""


@dataclass(kw_only=True)
class Report:
    """The results of one run of compare.py.

    Args:
        servers: the version of each server, by name.
        ours: the name of ours.
        setting: the parameters of the load.
        generator: the name of the load generator.
        pinning: how the processes were assigned to cores.
    """

    servers: Mapping[str, str]
    ours: str
    setting: Mapping[str, float]
    generator: str
    pinning: str
    problems: list[str] = field(default_factory=list)
    runs: dict[str, dict[str, list[Mapping[str, float]]]] = field(default_factory=dict)
    load: list[float] = field(default_factory=list)

    def add(self, scenario: str, server: str, figures: Mapping[str, float]) -> None:
        """Add the figures of one measurement, and print the first of them."""
        self.runs.setdefault(scenario, {}).setdefault(server, []).append(figures)
        self.load.append(os.getloadavg()[0])
        first = ", ".join(f"{name} {_number(value)}" for name, value in list(figures.items())[:3])
        print(f"  {server}: {first}", flush=True)

    def note_problem(self, scenario: str, server: str, problem: str) -> None:
        """Add that a measurement failed, and print why."""
        self.problems.append(f"{scenario}, {server}: {problem}")
        print(f"  {self.problems[-1]}", flush=True)

    def medians(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return the median of each figure, by scenario, server and name."""
        return {
            scenario: {
                server: {name: median(run[name] for run in runs) for name in runs[0]}
                for server, runs in by_server.items()
            }
            for scenario, by_server in self.runs.items()
        }

    def ratios(self) -> dict[str, dict[str, float]]:
        """Return the ratio of each of our figures to that of the best rival."""
        found: dict[str, dict[str, float]] = {}
        for scenario, by_server in self.medians().items():
            ours = by_server.get(self.ours, {})
            rivals = [figures for server, figures in by_server.items() if server != self.ours]
            for name, value in ours.items():
                best = _best(name, [figures[name] for figures in rivals if name in figures])
                if best and not name.endswith(_SHOWN):
                    found.setdefault(scenario, {})[name] = value / best
        return found

    def table(self) -> str:
        """Return the medians, with ratios to the best rival."""
        ratios, names = self.ratios(), list(self.servers)
        wide = max(14, *(len(name) + 2 for name in names))
        lines = [f"{'':<44}{''.join(f'{name:>{wide}}' for name in names)}{'to the best':>14}"]
        for scenario, by_server in self.medians().items():
            lines.append(scenario)
            for figure in next(iter(by_server.values())):
                cells = [by_server.get(name, {}).get(figure) for name in names]
                ratio = ratios.get(scenario, {}).get(figure)
                texts = ("-" if cell is None else _number(cell) for cell in cells)
                shown = "".join(f"{text:>{wide}}" for text in texts)
                lines.append(f"  {figure:<42}{shown}{'' if ratio is None else f'{ratio:.2f}':>14}")
        lines += [
            "",
            *(f"WRONG: {problem}" for problem in self.problems),
            *(f"WARNING: {text}" for text in self.warnings()),
        ]
        return "\n".join(lines)

    def warnings(self) -> list[str]:
        """Return reasons to distrust the figures."""
        found = []
        for scenario, by_server in self.medians().items():
            for server, figures in by_server.items():
                for name, generator in figures.items():
                    if not name.endswith("generator_busy"):
                        continue
                    busy = figures[name.replace("generator", "server")]
                    if generator > 0.9 and generator > busy:
                        found.append(
                            f"{scenario}, {server}: the load generator was the bottleneck ({name}"
                            f" {generator:.0%})"
                        )
        return found

    def save(self, path: Path) -> None:
        """Write the results as JSON."""
        machine = {
            "python": platform.python_version(),
            "system": platform.platform(),
            "processor": _processor(),
        }
        found = {
            "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "machine": machine,
            "load_average": {"least": min(self.load, default=0), "most": max(self.load, default=0)},
            "medians": self.medians(),
            "ratios": self.ratios(),
            **{
                name: getattr(self, name)
                for name in ("servers", "setting", "generator", "pinning", "problems", "runs")
            },
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def quantiles(nanoseconds: "array[int]") -> dict[str, float]:
    """Return the quantiles in milliseconds."""
    ordered = sorted(nanoseconds)
    return {
        name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6
        for name, share in QUANTILES.items()
    }


def _best(name: str, values: list[float]) -> float | None:
    if not values:
        return None
    return max(values) if name.endswith("_per_second") else min(values)


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    name = re.search(r"model name\s*: (.*)", text)
    return name[1] if name else platform.processor()


class Saved(Protocol):
    """Results that can be printed and saved."""

    def table(self) -> str:
        """Return the results as a table."""

    def save(self, path: Path) -> None:
        """Write the results as JSON."""


def publish(found: Saved, kind: str, path: Path | None) -> None:
    """Print results and save them.

    Args:
        found: the results.
        kind: the first word of the file's name.
        path: the file, or None for a new one in benchmarks/results.
    """
    print(f"\n{found.table()}\n")
    path = (
        path or Path(__file__).parent / "results" / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    )
    found.save(path)
    print(f"Saved: {path}")
