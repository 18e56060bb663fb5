"""Lets the public conformance suite progval/irctest run a cluster: an engine and two nodes a test,
with the connections of the test's clients in turn on either node.

    cd irctest
    export PYTHONPATH=/path/to/trio-chat/tests/conformance TMPDIR=$(mktemp -d)
    pytest -p no:trio --controller irctest_cluster_controller \\
        -m '(Ergo or not implementation-specific) and not deprecated' irctest/server_tests

The engine is `redis-server` of the search path.
"""

import itertools
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from irctest_controller import TrioChatController

CLUSTER = """
[cluster]
url = redis://127.0.0.1:{port}
node = {name}
"""
_PATIENCE = 60
"""Seconds within which an engine or a node accepts connections."""
_CHUNK = 1 << 16


class ClusterController(TrioChatController):
    """Runs two nodes, and what spreads connections over them, for one test."""

    sync_sleep_time = 0.1
    """Seconds in which what one node has answered reaches the clients of the other."""

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: str | None,
        ssl: bool,
        run_services: bool,
        faketime: str | None,
        websocket_hostname: str | None,
        websocket_port: int | None,
    ) -> None:
        """Start a cluster."""
        self.port = port
        self.hostname = hostname
        self.create_config()
        self._nodes: list[subprocess.Popen[bytes]] = []
        engine = _free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(engine)]
        command += ["--save", "", "--appendonly", "yes"]
        self._engine = self.execute(command, cwd=self.directory)
        _wait_for(engine)
        # The time of the engine counts, which cannot be faked: the tests that need that wait.
        self._command = self._serve(None)
        self._ports, web_ports = list[int](), list[int]()
        for directory in self._directories:
            own, web = _free_port(), _free_port()
            text = self._configuration(
                "127.0.0.1", own, password, ssl, "127.0.0.1", websocket_port and web
            )
            directory.mkdir()
            config = text + CLUSTER.format(port=engine, name=directory.name)
            (directory / "config.ini").write_text(config, encoding="utf-8")
            self._ports.append(own)
            web_ports.append(web)
        self._start_nodes()
        self._splitters = [Splitter(hostname, port, self._ports)]
        if websocket_hostname is not None and websocket_port is not None:
            self._splitters.append(Splitter(websocket_hostname, websocket_port, web_ports))

    @property
    def _directories(self) -> list[Path]:
        """The directory of each node."""
        return [self.directory / "n1", self.directory / "n2"]

    def _start_nodes(self) -> None:
        """Start the nodes, and wait until both accept clients."""
        self._nodes = [
            self.execute(self._command, cwd=directory) for directory in self._directories
        ]
        self.proc = self._nodes[0]
        for port in self._ports:
            _wait_for(port)

    def restart(self) -> None:
        """Stop both nodes and start them again with what they have stored."""
        self._stop_nodes(signal.SIGTERM)
        self._start_nodes()

    def kill_proc(self) -> None:
        """Kill everything."""
        for splitter in self._splitters:
            splitter.close()
        self._stop_nodes(signal.SIGKILL)
        self._engine.kill()
        self._engine.wait()
        self.proc = None

    def _stop_nodes(self, number: signal.Signals) -> None:
        for node in self._nodes:
            node.send_signal(number)
        for node in self._nodes:
            node.wait(_PATIENCE)


class Splitter:
    """A listener that passes connections on, in turn to each of several ports.

    Args:
        hostname: the address it listens on.
        port: the port it listens on.
        targets: the ports of 127.0.0.1 that get the connections.
    """

    def __init__(self, hostname: str, port: int, targets: list[int]) -> None:
        self._listener = socket.create_server((hostname, port))
        self._targets = itertools.cycle(targets)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no further connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        """Pass on connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                node = socket.create_connection(("127.0.0.1", next(self._targets)))
            except OSError:  # the node has stopped
                client.close()
                continue
            for source, sink in ((client, node), (node, client)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Copy what one socket receives to another until either ends."""
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    """Wait until a port accepts connections."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def get_irctest_controller_class() -> type[ClusterController]:
    """Return what the suite runs."""
    return ClusterController
