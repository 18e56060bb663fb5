"""Comparison of trio-chat with the IRC servers that are installed: the same work for each.

    python benchmarks/compare.py

README.md in this directory explains what is measured and how to read it.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from generator import GeneratorError, generator, program
from report import Report, publish
from scenarios import GROWTH, SCENARIOS, Setting
from subject import OURS, SUBJECTS, Subject, SubjectError, allow_files, running

_QUICK = Setting(members=50, senders=2, seconds=1, crowd=100, idle=200, pairs=5, at_once=5)
_SPARE_FILES = 200


def main() -> int:
    """Measure, print and save; return 1 if a message was lost, repeated or out of order, else 0."""
    options = _options()
    setting = _QUICK if options.quick else replace(Setting(), **_chosen(options))
    try:
        subjects = _subjects(options.servers)
        clients = (
            max(*GROWTH, setting.members, setting.crowd + 4, setting.idle, 2 * setting.pairs)
            + setting.at_once
        )
        allow_files(clients + _SPARE_FILES)
        report = _measure(
            subjects, options.scenarios, setting, 1 if options.quick else options.rounds, clients
        )
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


def _subjects(names: str) -> list[Subject]:
    if not names:
        return [subject for subject in SUBJECTS.values() if subject.is_there()]
    by_name = {name.lower(): subject for name, subject in SUBJECTS.items()}
    chosen = []
    for name in names.split(","):
        subject = by_name.get(name.lower())
        if subject is None or not subject.is_there():
            raise SubjectError(f"{name} is not known, or not installed")
        chosen.append(subject)
    return chosen


def _measure(
    subjects: Sequence[Subject], names: Sequence[str], setting: Setting, rounds: int, clients: int
) -> Report:
    words = program()
    cores = sorted(os.sched_getaffinity(0))
    server_core, load_core = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    report = Report(
        servers={subject.name: subject.version() for subject in subjects},
        ours=OURS,
        setting=vars(setting),
        generator=Path(words[-1]).name,
        pinning=(
            "not pinned: one core only"
            if server_core is None
            else "server and load generator on a core each"
        ),
    )
    for name in names:
        print(f"{name}: {(SCENARIOS[name].__doc__ or '').strip()}", flush=True)
        for _ in range(rounds):
            # In turn, so that other load of the machine affects all servers alike.
            for subject in subjects:
                if name == "capabilities" and not subject.has_capabilities:
                    continue
                with (
                    running(subject, server_core) as server,
                    generator(words, subject.port, clients, load_core) as load,
                ):
                    try:
                        figures = SCENARIOS[name](server, load, setting)
                    except GeneratorError as error:
                        report.note_problem(name, subject.name, str(error))
                        continue
                report.add(name, subject.name, figures)
    return report


if __name__ == "__main__":
    sys.exit(main())
