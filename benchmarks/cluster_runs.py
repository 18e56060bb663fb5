"""Runs of a cluster: load by clients in processes of their own, a fault, and a check at the end."""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from cluster_check import check_answers, check_stored
from cluster_plan import Plan, Results
from cluster_programs import EngineSet, Node, ProgramError
from subject import Meter

_CLIENTS = Path(__file__).resolve().with_name("cluster_clients.py")
_SATURATION = _CLIENTS.with_name("cluster_saturation.py")
_SAME = 60.0
"""Seconds until all nodes must have stored the same."""
_QUIET = 2.0
"""Seconds after which nothing is stored any longer."""


class ClientProcess:
    """A process of `cluster_clients.py`, or of `cluster_saturation.py` where clients only send
    messages as fast as they can.

    Args:
        plan: what its clients do.
    """

    def __init__(self, plan: Plan) -> None:
        program = _CLIENTS if plan.rate or plan.is_mixed else _SATURATION
        self.process = subprocess.Popen(
            [sys.executable, str(program), plan.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, order: str) -> None:
        """Give it an order."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()

    def answer(self) -> object:
        """Return its next answer."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise ProgramError("the clients have failed")
        return json.loads(line)

    def cpu(self) -> float:
        """Return the seconds of CPU time that it has used."""
        return Meter(self.process.pid).cpu()

    def close(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


@dataclass
class Cluster:
    """What a run has: the engines, and the nodes, some of which may not be started.

    Attributes:
        events: what the fault has done: seconds of `time.monotonic`, and a word.
    """

    directory: Path
    engines: EngineSet
    nodes: list[Node]
    events: list[tuple[float, str]] = field(default_factory=list)

    def note(self, event: str) -> None:
        """Note that something is done to it now."""
        self.events.append((time.monotonic(), event))

    def close(self) -> None:
        """Kill all."""
        for each in self.nodes:
            each.kill()
        self.engines.close()


Fault = Callable[[Cluster], None]
"""Does something to a cluster under load, and returns when it is over."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A run.

    Args:
        rate: messages in a second; 0 for as many as there can be.
        seconds: how long clients talk at least.
        fault: what happens meanwhile, or None.
        is_mixed: whether clients do everything, or only send messages to channels.
        newcomers: nodes that are not started.
    """

    rate: float
    seconds: float
    fault: Fault | None = None
    is_mixed: bool = True
    newcomers: int = 0


@dataclass
class Report:
    """What a run has shown; times in seconds.

    Attributes:
        figures: by their names.
        problems: what must not happen.
    """

    figures: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def run(cluster: Cluster, scenario: Scenario, clients: int, processes: int) -> Report:
    """Put a cluster under load, and check it.

    Args:
        cluster: with nodes that take clients.
        scenario: the load and the fault.
        clients: how many there are.
        processes: of clients.
    """
    share = clients // processes // 2 * 2  # partners are in one process
    nodes = [node.place for node in cluster.nodes[: len(cluster.nodes) - scenario.newcomers]]
    channels = max(1, clients // 6)
    started = [
        ClientProcess(
            Plan(
                nodes=nodes,
                first=number * share,
                clients=share,
                channels=channels,
                rate=scenario.rate / processes,
                is_mixed=scenario.is_mixed,
            )
        )
        for number in range(processes)
    ]
    try:
        for each in started:
            each.answer()
        report, window = _load(cluster, scenario, started)
        return _check(cluster, report, started, window, [f"#c{n}" for n in range(channels)])
    finally:
        for each in started:
            each.close()


def _load(
    cluster: Cluster, scenario: Scenario, started: Sequence[ClientProcess]
) -> tuple[Report, tuple[float, float]]:
    """Have clients talk, and do the fault; return the CPU time, and from when to when it was."""
    report = Report()
    nodes = list(cluster.nodes)  # the fault may take some out
    before = [node.cpu() for node in nodes], cluster.engines.cpu()
    clients_before = sum(each.cpu() for each in started)
    begin = time.monotonic()
    for each in started:
        each.say("begin")
    if scenario.fault is not None:
        time.sleep(scenario.seconds / 4)
        scenario.fault(cluster)
    time.sleep(max(2.0, begin + scenario.seconds - time.monotonic()))
    end = time.monotonic()
    cpu = sum(node.cpu() for node in nodes) - sum(before[0])
    report.figures["node cpu"] = cpu / len(nodes)
    report.figures["engine cpu"] = cluster.engines.cpu() - before[1]
    report.figures["clients cpu"] = sum(each.cpu() for each in started) - clients_before
    for each in started:
        each.say("end")
    for each in started:
        each.answer()
    return report, (begin, end)


def _check(
    cluster: Cluster,
    report: Report,
    started: Sequence[ClientProcess],
    window: tuple[float, float],
    channels: Sequence[str],
) -> Report:
    databases = [node.database for node in cluster.nodes]
    _wait_same(databases)
    report.problems += check_answers([node.place for node in cluster.nodes], channels)
    for each in started:
        each.say(f"check {databases[0]}")
    results = [Results(**each.answer()) for each in started]  # type: ignore[arg-type]
    for result in results:
        report.problems += result.problems
    for each in started:
        each.close()
    time.sleep(_QUIET)  # all users leave
    _wait_same(databases)
    report.problems += check_stored(databases, results)
    for node in cluster.nodes:
        if (code := node.stop()) != 0:
            report.problems.append(f"{node.name} has ended with {code}")
        if "Traceback" in node.text() or "internal error" in node.text():
            report.problems.append(f"{node.name} has had an error: see {node.output}")
    _count(report, results, window)
    return report


def _wait_same(databases: Sequence[Path]) -> None:
    """Wait until nothing is stored any longer, and all nodes have stored up to the same entry."""
    import sqlite3  # noqa: PLC0415

    end = time.monotonic() + _SAME
    while time.monotonic() < end:
        last = set()
        for each in databases:
            with closing(sqlite3.connect(f"file:{each}?mode=ro", uri=True)) as database:
                last.add(database.execute("SELECT max(id), count(*) FROM message").fetchone())
        if len(last) == 1:
            time.sleep(1)
            return
        time.sleep(0.2)


def _count(report: Report, results: Sequence[Results], window: tuple[float, float]) -> None:
    begin, end = window
    echoes = [each for result in results for each in result.echoes if begin <= each[0] <= end]
    moved = {number for result in results for number in result.moved}
    latencies = sorted(latency for _, latency, _ in echoes)
    stable = [latency for _, latency, client in echoes if client not in moved]
    figures = report.figures
    count = len(echoes)
    figures["messages"] = count
    figures["messages/s"] = count / (end - begin)
    figures["p50 ms"] = 1000 * latencies[count // 2] if count else 0
    figures["p99 ms"] = 1000 * latencies[count * 99 // 100] if count else 0
    figures["pause"] = max(stable, default=0.0)
    figures["gap"] = _longest_gap(sorted(when for when, _, client in echoes if client not in moved))
    figures["node us"] = 1e6 * figures.pop("node cpu") / max(1, count)
    figures["engine us"] = 1e6 * figures.pop("engine cpu") / max(1, count)
    figures["clients us"] = 1e6 * figures.pop("clients cpu") / max(1, count)
    figures["sent"] = sum(result.sent for result in results)
    figures["echoed"] = sum(len(result.echoed) for result in results)
    figures["reconnections"] = sum(len(result.moved) for result in results)
    figures["refused"] = sum(result.refused for result in results)
    figures["quits"] = sum(result.quits for result in results)
    figures["account quits"] = sum(result.account_quits for result in results)


def _longest_gap(moments: Sequence[float]) -> float:
    return max((b - a for a, b in itertools.pairwise(moments)), default=0.0)


def together(*actions: Callable[[], object]) -> None:
    """Do several things at the same time."""
    threads = [Thread(target=action) for action in actions]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
