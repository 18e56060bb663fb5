"""A cluster under load and faults: real nodes, a real engine, and clients that do everything.

Each run ends with a check: whether every message whose echo has come is stored on every node, once
and in the same order, whether the other tables are equal, whether all nodes answer alike, and
whether clients that changed the node have seen everything. The exit code is 1 if something is
wrong.
"""

import argparse
import json
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cluster_programs import ENGINES, Engines, Node, ProgramError
from cluster_runs import Cluster, Report, Scenario, run, together

_AWAY = 8.0
"""Seconds for which the engine is away, or a node is frozen."""
_NICKNAMES = 200


def _kill_node(cluster: Cluster) -> None:
    _kill(cluster, 0)
    time.sleep(7)
    cluster.nodes[0].start()
    cluster.note("started")


def _kill(cluster: Cluster, number: int) -> None:
    cluster.nodes[number].kill()
    cluster.note(f"{cluster.nodes[number].name} killed")


def _kill_engine(cluster: Cluster) -> None:
    _be_without_engine(cluster, 1.0)


def _take_engine_away(cluster: Cluster) -> None:
    _be_without_engine(cluster, _AWAY)


def _be_without_engine(cluster: Cluster, seconds: float) -> None:
    cluster.engines.primary.kill()
    cluster.note("engine killed")
    time.sleep(seconds)
    cluster.engines.primary.start()
    cluster.note("engine started")


def _kill_primary(cluster: Cluster) -> None:
    cluster.engines.primary.kill()
    cluster.note("primary killed")
    time.sleep(_AWAY)
    cluster.engines.primary.start()
    cluster.note("primary started, as a replica")


def _freeze_primary(cluster: Cluster) -> None:
    cluster.engines.primary.signal(signal.SIGSTOP)
    cluster.note("primary frozen")
    time.sleep(_AWAY)
    cluster.engines.primary.signal(signal.SIGCONT)
    cluster.note("primary goes on, as a replica")


def _freeze_node(cluster: Cluster) -> None:
    cluster.nodes[0].freeze()
    cluster.note("frozen")
    time.sleep(_AWAY)
    cluster.nodes[0].go_on()
    cluster.note("goes on")
    time.sleep(3)


def _kill_in_turn(cluster: Cluster) -> None:
    for number in range(len(cluster.nodes)):
        _kill(cluster, number)
        time.sleep(2)
        cluster.nodes[number].start()
        time.sleep(1)


def _kill_node_and_engine(cluster: Cluster) -> None:
    together(cluster.nodes[0].kill, cluster.engines.primary.kill)
    cluster.note("node and engine killed")
    time.sleep(1)
    cluster.engines.primary.start()
    cluster.nodes[0].start()
    cluster.note("started")
    time.sleep(2)


def _restart_in_turn(cluster: Cluster) -> None:
    for node in cluster.nodes:
        node.stop()
        cluster.note(f"{node.name} stopped")
        node.start()
        time.sleep(1)


def _join(cluster: Cluster) -> None:
    begin = time.monotonic()
    cluster.nodes[-1].start()
    cluster.note(f"the newcomer has caught up after {time.monotonic() - begin:.1f} s")


def _want_nicknames(cluster: Cluster) -> None:
    """Have clients of all nodes want the same nicknames, in opposite orders."""
    names = [f"wanted{number}" for number in range(_NICKNAMES)]
    winners: dict[str, int] = {}
    connections: list[tuple[socket.socket, str]] = []
    for number, node in enumerate(cluster.nodes):
        connections += [
            (socket.create_connection(node.place), name)
            for name in (names if number % 2 == 0 else reversed(names))
        ]
    for connection, name in connections:
        connection.sendall(f"NICK {name}\r\nUSER w 0 * :w\r\n".encode())
    for connection, name in connections:
        answer = b""
        while b" 001 " not in answer and b" 433 " not in answer:
            if not (data := connection.recv(65536)):
                break
            answer += data
        winners[name] = winners.get(name, 0) + (b" 001 " in answer)
    for connection, _name in connections:
        connection.close()
    wrong = [name for name, count in winners.items() if count != 1]
    cluster.note(f"{len(winners) - len(wrong)} of {len(winners)} nicknames have one winner")
    if wrong:
        raise ProgramError(f"nicknames with no winner, or several: {wrong}")


SCENARIOS = {
    "steady300": Scenario(rate=300, seconds=15, is_mixed=False),
    "steady900": Scenario(rate=900, seconds=15, is_mixed=False),
    "mixed": Scenario(rate=300, seconds=15),
    "saturated": Scenario(rate=0, seconds=10, is_mixed=False),
    "node-killed": Scenario(rate=300, seconds=15, fault=_kill_node),
    "engine-killed": Scenario(rate=300, seconds=12, fault=_kill_engine),
    "engine-away": Scenario(rate=300, seconds=20, fault=_take_engine_away),
    "node-frozen": Scenario(rate=300, seconds=20, fault=_freeze_node),
    "nodes-in-turn": Scenario(rate=300, seconds=25, fault=_kill_in_turn),
    "node-and-engine": Scenario(rate=300, seconds=15, fault=_kill_node_and_engine),
    "rolling-restart": Scenario(rate=300, seconds=15, fault=_restart_in_turn),
    "nicknames": Scenario(rate=100, seconds=5, fault=_want_nicknames),
    "newcomer": Scenario(rate=0, seconds=30, fault=_join, newcomers=1, is_mixed=False),
}
FAILOVERS = {
    "primary-killed": Scenario(rate=300, seconds=16, fault=_kill_primary),
    "primary-frozen": Scenario(rate=300, seconds=16, fault=_freeze_primary),
}
"""Scenarios that need Sentinels."""
_COLUMNS = (
    ("messages", "messages", 0),
    ("messages/s", "a second", 0),
    ("p50 ms", "p50 ms", 1),
    ("p99 ms", "p99 ms", 1),
    ("pause", "longest s", 2),
    ("gap", "gap s", 2),
    ("node us", "us a node", 0),
    ("engine us", "us engine", 0),
    ("clients us", "us clients", 0),
    ("reconnections", "moved", 0),
    ("refused", "refused", 0),
    ("quits", "QUIT", 0),
    ("account quits", "QUIT acct", 0),
)


def _run(name: str, options: argparse.Namespace, directory: Path) -> Report:
    scenario = (SCENARIOS | FAILOVERS)[name]
    engines = Engines(options.engine, directory, options.replicas)
    cluster = Cluster(directory, engines, [])
    try:
        for number in range(options.nodes + scenario.newcomers):
            node = Node(f"n{number}", directory / f"n{number}", engines.url, options.launch)
            cluster.nodes.append(node)
            if number < options.nodes:
                node.start()
        report = run(cluster, scenario, options.clients, options.processes)
        if name == "rolling-restart" and (seen := report.figures.get("account quits", 0)):
            report.problems.append(f"{seen:.0f} times a user with an account was seen to leave")
        for when, event in cluster.events:
            print(f"    {when - cluster.events[0][0]:5.1f} s: {event}")
        return report
    except ProgramError as error:
        return Report(problems=[str(error)])
    finally:
        cluster.close()


def _print(name: str, report: Report) -> None:
    cells = [f"{report.figures.get(key, 0):>10.{digits}f}" for key, _, digits in _COLUMNS]
    print(f"{name:16}{''.join(cells)}  {'ok' if not report.problems else 'WRONG'}", flush=True)
    for problem in report.problems:
        print(f"    {problem}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the scenarios that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS | FAILOVERS)
    )
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--clients", type=int, default=240)
    parser.add_argument("--processes", type=int, default=2, help="of clients")
    found = next(filter(shutil.which, ENGINES), ENGINES[0])
    parser.add_argument("--engine", default=found, help="the program of the engine")
    parser.add_argument("--replicas", type=int, default=0, help="of the engine, with 3 Sentinels")
    parser.add_argument("--json", type=Path, help="a file for the results")
    parser.add_argument("--keep", type=Path, help="a directory for databases and outputs")
    parser.add_argument("--launch", nargs="*", default=[sys.executable], help="starts a node")
    options = parser.parse_args(arguments)
    known = list(SCENARIOS | FAILOVERS if options.replicas else SCENARIOS)
    if unknown := set(options.scenarios) - set(known):
        parser.error(f"there is no scenario {', '.join(unknown)}")
    print(f"{'':16}{''.join(f'{title:>10}' for _, title, _ in _COLUMNS)}", flush=True)
    reports: dict[str, Report] = {}
    for name in options.scenarios or known:
        with tempfile.TemporaryDirectory() as temporary:
            reports[name] = _run(name, options, (options.keep or Path(temporary)) / name)
        _print(name, reports[name])
    if options.json is not None:
        text = json.dumps({name: vars(report) for name, report in reports.items()}, indent=1)
        options.json.write_text(text + "\n", "utf-8")
    return int(any(report.problems for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
