"""Servers are found from other machines: network namespaces of Linux, joined by a bridge.

Without the right to make namespaces, everything here is skipped.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux has network namespaces", allow_module_level=True)

pytestmark = pytest.mark.networks

PATIENCE = 60
"""Seconds after which something that ought to happen is held never to."""
SPOOFER = """
import sys, time
from zeroconf import ServiceInfo, Zeroconf
zeroconf = Zeroconf(interfaces=[sys.argv[1]])
for number, address in enumerate(["8.8.8.8", "127.0.0.1", "224.0.0.1", sys.argv[1]]):
    zeroconf.register_service(ServiceInfo(
        "_irc._tcp.local.", f"Office \\u202e{number}\\x1b[2J._irc._tcp.local.".replace("\\x1b", ""),
        port=5000, properties={"network": "\\x1b[2J\\u202egnp", "lobby": "a b,c", "tls": "\\xff"},
        server=f"spoof{number}.local.", parsed_addresses=[address]))
print("ready", flush=True)
time.sleep(600)
"""


def ip(*arguments: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Output:
    """Lines that a program has written."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.lines: list[str] = []

    def until(self, text: str) -> str:
        """Read up to a line with a text in it, and return that line."""
        for line in self._stream:
            self.lines.append(line.rstrip())
            if text in line:
                return self.lines[-1]
        raise AssertionError(f"no {text!r} in {self.lines}")


class Network:
    """Machines `a`, `b` and `c` at one switch, and `alone` without a network."""

    MACHINES = ("a", "b", "c")

    def __init__(self) -> None:
        self._prefix = f"tc{os.getpid()}"

    def name(self, machine: str) -> str:
        """Return the name of a machine's namespace."""
        return f"{self._prefix}{machine}"

    def address(self, machine: str) -> str:
        """Return the address of a machine."""
        return f"192.168.77.{self.MACHINES.index(machine) + 1}"

    def build(self) -> None:
        """Make the namespaces, and connect them."""
        for machine in (*self.MACHINES, "alone", "switch"):
            ip("netns", "add", self.name(machine))
        switch = self.name("switch")
        ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        ip("-n", switch, "link", "set", "bridge", "up")
        for machine in self.MACHINES:
            own, port = self.name(machine), f"port-{machine}"
            ip("-n", switch, "link", "add", port, "type", "veth", "peer", "eth0", "netns", own)
            ip("-n", switch, "link", "set", port, "master", "bridge", "up")
            ip("-n", own, "link", "set", "lo", "up")
            # Link-local addresses are used at once, without a second for duplicate detection.
            nodad = "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad"
            ip("netns", "exec", own, "sh", "-c", nodad)
            ip("-n", own, "link", "set", "eth0", "up")
            ip("-n", own, "addr", "add", f"{self.address(machine)}/24", "brd", "+", "dev", "eth0")

    def forward_multicast(self, *, is_on: bool) -> None:
        """Let the switch forward multicast, as not every Wi-Fi does."""
        for machine in self.MACHINES:
            how = ("type", "bridge_slave", "mcast_flood", "on" if is_on else "off")
            ip("-n", self.name("switch"), "link", "set", f"port-{machine}", *how)

    def change_address(self, machine: str, how: str, address: str) -> None:
        """Add an address to a machine, or delete it."""
        ip("-n", self.name(machine), "addr", how, address, "brd", "+", "dev", "eth0")
        for other in self.MACHINES:  # they would send to the machine that had it before
            ip("-n", self.name(other), "neigh", "flush", "all")

    @contextmanager
    def addresses(self, *versions: int, machines: str = "ab") -> Iterator[None]:
        """Give machines addresses of some versions of IP until the end of the block; a link-local
        one of IPv6 they have anyway.
        """
        for machine in machines:
            if 4 not in versions:
                self.change_address(machine, "del", f"{self.address(machine)}/24")
            if 6 in versions:
                address = f"fd77::{self.MACHINES.index(machine) + 1}/64"
                ip("-n", self.name(machine), "addr", "add", address, "nodad", "dev", "eth0")
        try:
            yield
        finally:
            for machine in machines:
                if 4 not in versions:
                    self.change_address(machine, "add", f"{self.address(machine)}/24")
                if 6 in versions:
                    address = f"fd77::{self.MACHINES.index(machine) + 1}/64"
                    ip("-n", self.name(machine), "addr", "del", address, "dev", "eth0")

    def remove(self) -> None:
        """Remove everything."""
        for machine in (*self.MACHINES, "alone", "switch"):
            subprocess.run(
                ["ip", "netns", "del", self.name(machine)], check=False, capture_output=True
            )

    def command(self, machine: str, *arguments: str) -> list[str]:
        """Return the command line that runs Python in a machine."""
        return ["ip", "netns", "exec", self.name(machine), sys.executable, *arguments]

    @contextmanager
    def running(
        self, machine: str, directory: Path, arguments: Sequence[str], ready: str
    ) -> Iterator[Output]:
        """Run a program in a machine until the end of the block; it has written `ready`."""
        process = subprocess.Popen(
            self.command(machine, *arguments),
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "LANGUAGE": "en"},
        )
        try:
            assert process.stdout is not None
            output = Output(process.stdout)
            output.until(ready)
            yield output
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)

    def serve(
        self, machine: str, directory: Path, settings: str = "", ready: str = "on the network find"
    ) -> Any:
        """Run a server in a machine until the end of the block."""
        directory.mkdir(exist_ok=True)
        (directory / "config.ini").write_text(
            "[logging]\nfile = none\n[storage]\nfile = none\n"
            f"[server]\nnetwork = Office\n{settings}"
        )
        return self.running(machine, directory, ["-m", "trio_chat", "serve"], ready)

    def find(self, machine: str, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Search from a machine."""
        return subprocess.run(
            self.command(machine, "-m", "trio_chat", "find", *options),
            cwd=home,
            env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "LANGUAGE": "en"},
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def fetch(self, machine: str, home: Path, other: str, host: str) -> str:
        """Return the status with which another machine answers a browser of this one.

        Args:
            machine: of the browser.
            home: its directory.
            other: the other machine.
            host: the name in the address that the user has typed.
        """
        code = (
            "import http.client, sys; c = http.client.HTTPConnection(sys.argv[1], 5000);"
            " c.request('GET', '/', headers={'Host': sys.argv[2] + ':5000'});"
            " print(c.getresponse().status)"
        )
        done = subprocess.run(
            self.command(machine, "-c", code, self.address(other), host),
            cwd=home,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=True,
        )
        return done.stdout.strip()

    def connect(self, machine: str, home: Path, address: str) -> subprocess.CompletedProcess[str]:
        """Say a line on a server, from a pipe."""
        return subprocess.run(
            self.command(machine, "-m", "trio_chat", "connect", address, "--nick", "ann"),
            cwd=home,
            env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "LANGUAGE": "en"},
            input="hello\n",
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def found(self, machine: str, home: Path) -> list[tuple[str, str, bool]]:
        """Return names, hosts and states of the servers that a machine finds."""
        servers = json.loads(self.find(machine, home, "--json").stdout)
        return sorted(
            (server["name"], server["host"], server["is_reachable"]) for server in servers
        )


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """Return the network."""
    if shutil.which("ip") is None:
        pytest.skip("NOT TESTED whether servers are found by other machines: install iproute2")
    made = Network()
    try:
        try:
            made.build()
        except subprocess.CalledProcessError as error:
            pytest.skip(
                "NOT TESTED whether servers are found by other machines: no right to make network"
                f" namespaces ({error.stderr.decode().strip()})"
            )
        yield made
    finally:
        made.remove()


def test_a_server_is_found_and_forgotten(network: Network, tmp_path: Path) -> None:
    """From its start to its end, and again after a restart."""
    for _start in range(2):
        with network.serve("a", tmp_path):
            assert network.found("b", tmp_path) == [("Office", "192.168.77.1", True)]
        assert network.found("b", tmp_path) == []


def test_a_client_connects_by_the_local_name(network: Network, tmp_path: Path) -> None:
    """Also where the resolver of the system does not know multicast DNS."""
    with network.serve("a", tmp_path):
        done = network.connect("b", tmp_path, "chat.local")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "chat.local:5000" in (tmp_path / "trio-chat" / "known_servers").read_text()


def test_a_forged_server_at_a_known_address_is_refused(network: Network, tmp_path: Path) -> None:
    """It is found under the name and the address of the known one, but has another key."""
    with network.serve("a", tmp_path / "a"):
        assert network.connect("b", tmp_path, network.address("a")).returncode == 0
    network.change_address("a", "del", "192.168.77.1/24")
    network.change_address("c", "del", "192.168.77.3/24")
    network.change_address("c", "add", "192.168.77.1/24")
    try:
        with network.serve("c", tmp_path / "c"):
            assert ("Office", "192.168.77.1", True) in network.found("b", tmp_path)
            done = network.connect("b", tmp_path, network.address("a"))
            assert done.returncode == 1
            assert "HAS CHANGED" in done.stdout + done.stderr
    finally:
        network.change_address("c", "del", "192.168.77.1/24")
        network.change_address("c", "add", "192.168.77.3/24")
        network.change_address("a", "add", "192.168.77.1/24")


def test_the_beacon_is_found_where_multicast_is_blocked(network: Network, tmp_path: Path) -> None:
    """As in a Wi-Fi that does not forward it."""
    network.forward_multicast(is_on=False)
    try:
        with network.serve("a", tmp_path):
            assert network.found("b", tmp_path) == [("Office", "192.168.77.1", True)]
    finally:
        network.forward_multicast(is_on=True)


def test_dns_sd_is_found_where_the_beacon_is_not(network: Network, tmp_path: Path) -> None:
    """Another program may have the port."""
    code = (
        "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 6667));"
        " print('ready', flush=True); time.sleep(600)"
    )
    with (
        network.running("a", tmp_path, ["-c", code], "ready"),
        network.serve("a", tmp_path) as output,
    ):
        assert "UDP port 6667 is not used for discovery" in "".join(output.lines)
        assert network.found("b", tmp_path) == [("Office", "192.168.77.1", True)]


BOTH = "host = 0.0.0.0, ::\n"


def test_a_server_is_found_in_a_network_of_ipv6(network: Network, tmp_path: Path) -> None:
    """By multicast DNS and the beacon, in one line."""
    with network.addresses(6), network.serve("a", tmp_path, "host = ::\n"):
        assert network.found("b", tmp_path) == [("Office", "fd77::1", True)]


def test_a_server_is_found_on_a_link_without_other_addresses(
    network: Network, tmp_path: Path
) -> None:
    """By the beacon, at its link-local address, at which the client connects to it."""
    with network.addresses(), network.serve("a", tmp_path, "host = ::\n", ready="listens on"):
        [(name, host, is_reachable)] = network.found("b", tmp_path)
        assert (name, host[:6], host[-5:], is_reachable) == ("Office", "fe80::", "%eth0", True)
        done = network.connect("b", tmp_path, f"[{host}]:5000")
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_server_of_both_versions_is_listed_once(network: Network, tmp_path: Path) -> None:
    """By IPv4, although the client asks by both."""
    with network.addresses(4, 6), network.serve("a", tmp_path, BOTH):
        assert network.found("b", tmp_path) == [("Office", "192.168.77.1", True)]


def test_a_server_of_ipv6_is_found_by_a_client_of_both_versions(
    network: Network, tmp_path: Path
) -> None:
    """It does not listen at the address from which it speaks multicast DNS by IPv4."""
    with network.addresses(4, 6), network.serve("a", tmp_path, "host = ::\n"):
        assert network.found("b", tmp_path) == [("Office", "fd77::1", True)]


def test_a_client_of_ipv6_finds_a_server_of_both_versions(network: Network, tmp_path: Path) -> None:
    """It hears nothing of what is said by IPv4."""
    with (
        network.addresses(4, 6, machines="a"),
        network.addresses(6, machines="b"),
        network.serve("a", tmp_path, BOTH),
    ):
        assert network.found("b", tmp_path) == [("Office", "fd77::1", True)]


def test_two_servers_of_one_name_are_told_apart(network: Network, tmp_path: Path) -> None:
    """By a number in the name, and by their addresses; their host names differ, too."""
    with (
        network.serve("a", tmp_path / "a") as first,
        network.serve("c", tmp_path / "c") as second,
    ):
        assert first.lines[-1].endswith('"Office", and its host as chat.local')
        assert second.lines[-1].endswith('"Office-2", and its host as chat-2.local')
        assert network.fetch("b", tmp_path, "c", "chat-2.local") == "200"
        assert network.fetch("b", tmp_path, "a", "chat-2.local") == "403"
        assert network.found("b", tmp_path) == [
            ("Office", "192.168.77.1", True),
            ("Office-2", "192.168.77.3", True),
        ]


def test_servers_that_start_together_end_up_with_two_host_names(
    network: Network, tmp_path: Path
) -> None:
    """Neither hears the other before both have the name, as after a power cut."""
    network.forward_multicast(is_on=False)
    try:
        with (
            network.serve("a", tmp_path / "a") as first,
            network.serve("c", tmp_path / "c") as second,
        ):
            assert first.lines[-1].endswith('"Office", and its host as chat.local')
            assert second.lines[-1].endswith('"Office", and its host as chat.local')
            network.forward_multicast(is_on=True)
            network.change_address("a", "add", "192.168.78.1/24")  # is announced in both networks
            again = second.until("on the network find")
            assert again.endswith('"Office-2", and its host as chat-2.local')
    finally:
        network.forward_multicast(is_on=True)
        network.change_address("a", "del", "192.168.78.1/24")


def test_two_servers_of_one_machine_are_found(network: Network, tmp_path: Path) -> None:
    """They share the address, the host name and the port of the beacon."""
    with (
        network.serve("a", tmp_path / "1"),
        network.serve("a", tmp_path / "2", "port = 5001\n") as second,
    ):
        assert second.lines[-1].endswith("its host as chat.local")
        output = network.find("b", tmp_path).stdout
        assert "192.168.77.1:5000" in output
        assert "192.168.77.1:5001" in output


@pytest.mark.parametrize(
    "settings", ["host = 127.0.0.1\n", "[discovery]\nenabled = no\n"], ids=["local", "off"]
)
def test_a_server_that_does_not_want_it_is_not_found(
    network: Network, tmp_path: Path, settings: str
) -> None:
    """One for its own computer, and one with that setting."""
    with network.serve("a", tmp_path, settings, ready="listens on"):
        assert network.found("b", tmp_path) == []


def test_forged_answers_lead_nowhere_else(network: Network, tmp_path: Path) -> None:
    """Addresses of other networks are ignored, and texts are harmless; the real one is found."""
    with (
        network.serve("a", tmp_path),
        network.running("c", tmp_path, ["-c", SPOOFER, network.address("c")], "ready"),
    ):
        found = network.found("b", tmp_path)
        assert ("Office", "192.168.77.1", True) in found
        assert {host for _name, host, _state in found} == {"192.168.77.1", "192.168.77.3"}
        assert all("\x1b" not in name and "\u202e" not in name for name, _host, _state in found)
        assert [state for _name, host, state in found if host == "192.168.77.3"] == [False]


def test_without_a_network_the_reason_is_named(network: Network, tmp_path: Path) -> None:
    """The exit code says that nothing was found; a server there starts all the same."""
    done = network.find("alone", tmp_path, "--seconds", "1")
    assert done.returncode == 1
    assert "not connected to any network" in done.stderr
    assert "Traceback" not in done.stderr
    with network.serve("alone", tmp_path, ready="listens on") as output:
        assert "Traceback" not in "".join(output.lines)
