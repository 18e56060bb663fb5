"""A network of namespaces of Linux, in which packets between machines are dropped, and in which
each machine has a clock of its own.
"""

import glob
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from cluster_programs import Host, ProgramError

_FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
_BRIDGE = "10.77.0.1"
_INSIDE = "TRIO_CHAT_BENCH_NETWORK"


def enter() -> None:
    """Run this program once more in namespaces of its own; the network is that of the clients.

    Raises:
        ProgramError: it has not the right to do so.
    """
    if os.environ.get(_INSIDE):
        return
    if os.geteuid():
        raise ProgramError("network namespaces need root")
    os.environ[_INSIDE] = "yes"
    # The library that fakes clocks leaves memory of killed programs behind, which ends with these.
    own = ["sh", "-c", 'mount -t tmpfs tmpfs /dev/shm && exec "$@"', "sh"]
    command = ["unshare", "--net", "--mount", "--", *own, sys.executable, *sys.argv]
    os.execvp(command[0], command)


class Network:
    """Machines at one switch; the clients are at the switch itself.

    Args:
        names: of the machines.
        directory: for the offsets of their clocks.
    """

    def __init__(self, names: Sequence[str], directory: Path) -> None:
        self._directory = directory
        self._addresses = {name: f"10.77.0.{10 + n}" for n, name in enumerate(names)}
        found = glob.glob(_FAKETIME)
        self._faketime = found[0] if found else ""
        _ip("link", "set", "lo", "up")
        _ip("link", "add", "switch", "type", "bridge")
        _ip("link", "set", "switch", "up")
        _ip("addr", "add", f"{_BRIDGE}/24", "dev", "switch")
        for number, name in enumerate(names):
            self._add(name, f"port{number}")

    def _add(self, name: str, port: str) -> None:
        space = self._space(name)
        _ip("netns", "add", space)
        _ip("link", "add", port, "type", "veth", "peer", "eth0", "netns", space)
        _ip("link", "set", port, "master", "switch", "up")
        _ip("-n", space, "link", "set", "lo", "up")
        _ip("-n", space, "link", "set", "eth0", "up")
        _ip("-n", space, "addr", "add", f"{self._addresses[name]}/24", "dev", "eth0")
        self.set_clock(name, 0)

    @property
    def has_clocks(self) -> bool:
        """Whether there is libfaketime, without which no clock can be set."""
        return bool(self._faketime)

    def host(self, name: str) -> Host:
        """Return a machine, to run a program there."""
        environment = {
            "LD_PRELOAD": self._faketime,
            "FAKETIME_TIMESTAMP_FILE": str(self._clock(name)),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        return Host(
            address=self._addresses[name],
            command=("ip", "netns", "exec", self._space(name)),
            environment=environment if self.has_clocks else {},
        )

    def set_clock(self, name: str, offset: float) -> None:
        """Set the clock of a machine, but not the monotonic one, to seconds after the true time."""
        new = self._clock(name).with_suffix(".new")
        new.write_text(f"{offset:+.3f}", "ascii")
        new.replace(self._clock(name))

    def cut(self, sources: Iterable[str], targets: Iterable[str], share: float = 1.0) -> None:
        """Drop packets from some machines to others, and none in the other direction.

        Args:
            sources: from them.
            targets: to them.
            share: of the packets.
        """
        kind = ["-m", "statistic", "--mode", "random", "--probability", str(share)]
        rule = [*(kind if share < 1 else ()), "-j", "DROP"]
        sources = list(sources)
        for target in targets:
            for source in sources:
                if source != target:
                    self._iptables(target, "-A", "INPUT", "-s", self._addresses[source], *rule)

    def heal(self) -> None:
        """Drop nothing any longer."""
        for name in self._addresses:
            self._iptables(name, "-F", "INPUT")

    def close(self) -> None:
        """Remove all machines; nothing runs there any longer."""
        for name in self._addresses:
            _ip("netns", "delete", self._space(name))
        _ip("link", "delete", "switch")

    def _space(self, name: str) -> str:
        return f"bench{os.getpid()}{name}"

    def _clock(self, name: str) -> Path:
        return self._directory / f"{name}.clock"

    def _iptables(self, name: str, *arguments: str) -> None:
        _ip("netns", "exec", self._space(name), "iptables", "-w", *arguments)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ProgramError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
