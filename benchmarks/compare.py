"""Comparison of trio-chat with the IRC servers that are installed: the same work for each.

    python benchmarks/compare.py

README.md in this directory explains what is measured and how to read it.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from generator import GeneratorError, generator, program
from report import Report, publish
from scenarios import GROWTH, SCENARIOS, WIRES, Figures, Setting
from subject import (
    OURS,
    SUBJECTS,
    Subject,
    SubjectError,
    allow_files,
    cpu_of_machine,
    cpu_of_ours,
    other_of_ours,
    running,
    with_late_sync,
)

_QUICK = Setting(members=50, senders=2, seconds=1, crowd=100, idle=200, pairs=5, at_once=5)
_SPARE_FILES = 200
_ATTEMPTS = 3
_MOST_BUSY = 0.1
"""Of a core, how much other programs may use during a measurement."""


def main() -> int:
    """Measure, print and save; return 1 if a message was lost, repeated or out of order, else 0."""
    options = _options()
    setting = _QUICK if options.quick else replace(Setting(), **_chosen(options))
    try:
        subjects = _subjects(options.servers, options.other)
        if options.normal and not subjects[0].program:
            subjects.insert(1, with_late_sync(subjects[0]))
        report = _measure(subjects, options, setting)
    except (SubjectError, GeneratorError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    publish(report, "compare", options.json)
    return 1 if report.problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Compare trio-chat with the IRC servers that are installed."
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)} (all)"
    )
    parser.add_argument(
        "--servers",
        default="",
        metavar="NAME,NAME",
        help=f"of {', '.join(SUBJECTS)} (those that are there)",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each server; the table shows medians (3)"
    )
    for name, value in vars(Setting()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), help=f"({value:g})")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where to save everything (benchmarks/results/…)"
    )
    parser.add_argument(
        "--other",
        type=Path,
        action="append",
        default=[],
        metavar="DIRECTORY",
        help="another trio-chat to compare with: the directory that contains the package; may be"
        " repeated",
    )
    parser.add_argument(
        "--normal",
        action="store_true",
        help="measure the first trio-chat with `[storage] synchronous = normal`, too",
    )
    parser.add_argument(
        "--busy", action="store_true", help="accept figures of a machine that has other work"
    )
    parser.add_argument("--quick", action="store_true", help="small and once: does it work?")
    options = parser.parse_args()
    unknown = set(options.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    options.scenarios = options.scenarios or list(SCENARIOS)
    if options.seconds is not None and not 0 < options.seconds <= 60:
        parser.error(
            "--seconds is at most 60: after that a server may ask whether a silent client is still"
            " there"
        )
    return options


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    return {
        name: value for name in vars(Setting()) if (value := getattr(options, name)) is not None
    }


def _subjects(names: str, directories: Sequence[Path]) -> list[Subject]:
    others = [other_of_ours(directory) for directory in directories]
    if not names:
        return others + [subject for subject in SUBJECTS.values() if subject.is_there()]
    by_name = {name.lower(): subject for name, subject in SUBJECTS.items()}
    chosen = []
    for name in names.split(","):
        subject = by_name.get(name.lower())
        if subject is None or not subject.is_there():
            raise SubjectError(f"{name} is not known, or not installed")
        chosen.append(subject)
    return others + chosen


class Bench:
    """The machine that measures.

    Args:
        clients: the largest number of clients of a measurement.
    """

    def __init__(self, clients: int) -> None:
        self.words = program()
        self._clients = clients
        cores = sorted(os.sched_getaffinity(0))
        self._server_core, self._load_core = (
            (cores[0], cores[1]) if len(cores) > 1 else (None, None)
        )

    @property
    def pinning(self) -> str:
        """How the processes are assigned to cores."""
        if self._server_core is None:
            return "not pinned: one core only"
        return "server and load generator on a core each"

    def measure(self, subject: Subject, name: str, setting: Setting) -> Figures:
        """Measure a server once, and how busy other programs were meanwhile.

        Raises:
            GeneratorError: the measurement failed.
        """
        wire = WIRES.get(name, "plain")
        begin, others = time.monotonic(), cpu_of_machine() - cpu_of_ours()
        with (
            running(subject, self._server_core) as server,
            generator(
                self.words, subject.ports[wire], self._clients, self._load_core, wire
            ) as load,
        ):
            figures = SCENARIOS[name](server, load, setting)
        # Both have ended, so that their CPU time is that of children.
        others = cpu_of_machine() - cpu_of_ours() - others
        return {**figures, "others_busy": others / (time.monotonic() - begin)}

    def measure_at_rest(self, subject: Subject, name: str, setting: Setting) -> Figures:
        """Measure again when other programs have disturbed it.

        Raises:
            GeneratorError: they have each time, or the measurement failed.
        """
        for _ in range(_ATTEMPTS):
            figures = self.measure(subject, name, setting)
            if figures["others_busy"] <= _MOST_BUSY:
                return figures
            print(f"  {subject.name}: others used {figures['others_busy']:.0%} of a core")
        raise GeneratorError(
            "other programs kept the machine busy: end them, or accept that with --busy"
        )


def _measure(subjects: Sequence[Subject], options: argparse.Namespace, setting: Setting) -> Report:
    clients = (
        max(*GROWTH, setting.members, setting.crowd + 4, setting.idle, 2 * setting.pairs)
        + setting.at_once
    )
    allow_files(clients + _SPARE_FILES)
    bench = Bench(clients)
    measure = bench.measure if options.busy or options.quick else bench.measure_at_rest
    report = Report(
        servers={subject.name: subject.version() for subject in subjects},
        ours=OURS,
        setting=vars(setting),
        generator=Path(bench.words[-1]).name,
        pinning=bench.pinning,
    )
    for name in options.scenarios:
        print(f"{name}: {(SCENARIOS[name].__doc__ or '').strip()}", flush=True)
        for _ in range(1 if options.quick else options.rounds):
            # In turn, so that other load of the machine affects all servers alike.
            for subject in subjects:
                if name == "capabilities" and not subject.has_capabilities:
                    continue
                if WIRES.get(name, "plain") not in subject.ports:
                    continue
                try:
                    report.add(name, subject.name, measure(subject, name, setting))
                except GeneratorError as error:
                    report.note_problem(name, subject.name, str(error))
    return report


if __name__ == "__main__":
    sys.exit(main())
