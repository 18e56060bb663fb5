"""A cluster whose network is partitioned and whose clocks are set, at random, under load.

Each node, each engine and each Sentinel is a machine of its own: a network namespace of Linux.
Packets are dropped in one direction or in both, or some of them; nodes and engines are frozen; and
clocks are set forward and back. Then all is well again. With PostgreSQL nothing that was
acknowledged may be lost. With Redis or Valkey, whose failover may lose what was acknowledged, a
node that has seen what was lost must stop and say so. The exit code is 1 if something is wrong.
"""

import argparse
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cluster_network import Network, enter
from cluster_postgres import PostgresEngine
from cluster_programs import ENGINES, Engines, EngineSet, Node, Program, ProgramError
from cluster_runs import Cluster, Report, Scenario, run

_NODES = ["node0", "node1", "node2"]
_ENGINES = ["engine0", "engine1", "engine2"]
_SENTINELS = ["sentinel0", "sentinel1", "sentinel2"]
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d ")
_REASON = re.compile("the (log|state|database|engine) ")
_LOST = re.compile(r"has (?:lost (\d+)|missed|got in another order)")
_CALM = 20.0
"""Seconds after the last fault, in which all connect again."""
_STEPS = (-600.0, -61.0, -5.0, -0.5, 0.5, 5.0, 61.0, 600.0)
"""Seconds after the true time, to which a clock is set."""


class Faults:
    """Random faults of a network.

    Args:
        network: the network.
        engines: the names of the machines of the engines and Sentinels.
        programs: what runs on each machine.
        chance: decides.
    """

    def __init__(
        self,
        network: Network,
        engines: Sequence[str],
        programs: dict[str, Program],
        chance: random.Random,
    ) -> None:
        self._network = network
        self._engines = [name for name in engines if name.startswith("engine")]
        self._others = list(engines)
        self._programs = programs
        self._chance = chance
        self.kinds: list[Callable[[], str]] = [
            self._part_node,
            self._part_nodes,
            self._part_all,
            self._lose,
            self._freeze,
        ]
        if len(self._engines) > 1:
            self.kinds += [self._part_engine, self._part_engine, self._leave_one_node]
        if network.has_clocks:
            self.kinds += [self._set_clock, self._set_clock]

    def heal(self) -> None:
        """End the faults, but for clocks that have been set."""
        self._network.heal()
        for each in self._programs.values():
            if each.process is not None and each.process.poll() is None:
                each.signal(signal.SIGCONT)

    def _part(self, some: Sequence[str], others: Sequence[str]) -> str:
        """Drop packets from some to others, or from others to some, or both."""
        kind = self._chance.choice(("->", "<-", "<->"))
        if kind != "<-":
            self._network.cut(some, others)
        if kind != "->":
            self._network.cut(others, some)
        return f"{'+'.join(some)} {kind} {'+'.join(others)} cut"

    def _part_node(self) -> str:
        return self._part([self._chance.choice(_NODES)], self._others)

    def _part_nodes(self) -> str:
        return self._part(self._chance.sample(_NODES, 2), self._some(self._others))

    def _part_engine(self) -> str:
        """Cut an engine off from others of the kind, or from Sentinels."""
        engine = self._chance.choice(self._engines)
        return self._part([engine], self._some([e for e in self._others if e != engine]))

    def _leave_one_node(self) -> str:
        """Leave an engine with one node, and perhaps another engine; others may elect a new one."""
        engines = self._chance.sample(self._engines, self._chance.choice((1, 2)))
        some = [*engines, self._chance.choice(_NODES)]
        return self._part(some, [e for e in (*_NODES, *self._others) if e not in some])

    def _part_all(self) -> str:
        everything = [*_NODES, *self._others]
        some = self._chance.sample(everything, len(everything) // 2)
        return self._part(some, [each for each in everything if each not in some])

    def _lose(self) -> str:
        """Lose a share of all packets to a machine."""
        target = self._chance.choice([*_NODES, *self._engines])
        self._network.cut([*_NODES, *self._others], [target], 0.2)
        return f"{target} gets four packets of five"

    def _freeze(self) -> str:
        name = self._chance.choice([*_NODES, *self._others])
        program = self._programs[name]
        if program.process is not None and program.process.poll() is None:
            program.signal(signal.SIGSTOP)
        return f"{name} frozen"

    def _set_clock(self) -> str:
        name = self._chance.choice([*_NODES, *self._others])
        offset = self._chance.choice(_STEPS)
        self._network.set_clock(name, offset)
        return f"the clock of {name} set to {offset:+} s"

    def _some(self, names: Sequence[str]) -> list[str]:
        return self._chance.sample(names, self._chance.randint(1, len(names)))


def _torment(cluster: Cluster, faults: Faults, chance: random.Random, seconds: float) -> None:
    """Do one or two things at a time to a cluster, until the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for kind in chance.sample(faults.kinds, chance.choice((1, 1, 2))):
            cluster.note(kind())
        time.sleep(chance.choice((0.3, 1, 2, 4, 8, 12)))
        faults.heal()
        cluster.note("healed")
        if all(map(_has_stopped, cluster.nodes)):
            return
        time.sleep(chance.choice((0.2, 1, 3, 6)))
    time.sleep(_CALM)


def _has_stopped(node: Node) -> bool:
    return node.process is None or node.process.poll() is not None


class _AllStopped(Exception):
    """No node is left that could be compared with another."""


def _take_out_stopped(cluster: Cluster, report: Report) -> None:
    """Take nodes out that have stopped; those that have not said why are a problem."""
    for node in list(cluster.nodes):
        if not _has_stopped(node):
            continue
        cluster.nodes.remove(node)
        # A summary of what was logged often may come after the reason.
        lines = [line for line in node.text().splitlines() if not _LOGGED.match(line)]
        last = lines[-1] if lines else ""
        cluster.note(f"{node.name} had stopped: {last}")
        if "Traceback" in node.text() or not _REASON.match(last):
            report.problems.append(f"{node.name} has stopped without a reason: {last}")
        elif isinstance(cluster.engines, PostgresEngine):
            report.problems.append(f"{node.name} has stopped: {last}")
    if not cluster.nodes:
        raise _AllStopped


def _take_out_losses(report: Report) -> None:
    """Take what the engine has lost out of the problems, as a node has stopped and said so."""
    lost = [found for each in report.problems if (found := _LOST.search(each))]
    report.problems = [each for each in report.problems if not _LOST.search(each)]
    report.figures["said to be lost"] = max((int(each[1] or 0) for each in lost), default=0)


def _run(options: argparse.Namespace, directory: Path) -> Report:
    is_postgres = options.engine == "postgres"
    standbys = options.standbys if is_postgres else 0
    machines = _ENGINES[: 1 + standbys] if is_postgres else [*_ENGINES, *_SENTINELS]
    with _network([*_NODES, *machines], directory) as network:
        hosts = [network.host(name) for name in machines]
        engines: EngineSet
        if is_postgres:
            engines = PostgresEngine(directory, hosts, min(standbys, options.replicas))
        else:
            engines = Engines(options.engine, directory, 2, hosts)
            engines.url = engines.url.replace("replicas=1", f"replicas={options.replicas}")
        cluster = Cluster(directory, engines, [])
        report = Report()
        try:
            for name in _NODES:
                node = Node(name, directory / name, engines.url, host=network.host(name))
                cluster.nodes.append(node)
                node.start()
            programs: dict[str, Program] = dict(zip(machines, engines.all, strict=True))
            programs |= {node.name: node for node in cluster.nodes}
            chance = random.Random(options.seed)
            faults = Faults(network, machines, programs, chance)

            def fault(cluster: Cluster) -> None:
                _torment(cluster, faults, chance, options.seconds)
                _take_out_stopped(cluster, report)

            scenario = Scenario(rate=options.rate, seconds=8, fault=fault)
            found = run(cluster, scenario, options.clients, 2)
            if len(cluster.nodes) < len(_NODES):
                _take_out_losses(found)
            found.problems += report.problems
            return found
        except _AllStopped:
            cluster.note("no node is left, so nothing is compared")
            return report
        except ProgramError as error:
            report.problems.append(str(error))
            return report
        finally:
            for when, event in cluster.events:
                print(f"    {when - cluster.events[0][0]:6.1f} s: {event}")
            cluster.close()


@contextmanager
def _network(names: Sequence[str], directory: Path) -> Iterator[Network]:
    directory.mkdir(parents=True, exist_ok=True)
    network = Network(names, directory)
    try:
        yield network
    finally:
        network.close()


def main(arguments: Sequence[str]) -> int:
    """Run one engine with one seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    found = next(filter(shutil.which, ENGINES), ENGINES[0])
    parser.add_argument("--engine", default=found, help="the program of Redis, or postgres")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=180.0, help="of faults")
    parser.add_argument("--clients", type=int, default=60)
    parser.add_argument("--rate", type=float, default=100.0, help="messages in a second")
    parser.add_argument("--replicas", type=int, default=1, help="that nodes wait for")
    parser.add_argument(
        "--standbys",
        type=int,
        default=0,
        choices=(0, 1, 2),
        help="of PostgreSQL; nobody promotes one",
    )
    parser.add_argument("--keep", type=Path, help="a directory for databases and outputs")
    options = parser.parse_args(arguments)
    try:
        enter()
    except ProgramError as error:
        parser.error(str(error))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # programs and namespaces are ended
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)  # PostgreSQL runs as another user
        report = _run(options, options.keep or Path(temporary))
    for name, value in report.figures.items():
        print(f"{name:16}{value:10.2f}")
    for problem in report.problems:
        print(problem)
    print("WRONG" if report.problems else "ok")
    return int(bool(report.problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
