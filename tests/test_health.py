"""`trio-chat health`: it finds the server wherever it listens, and reports a missing one."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trio_chat import cli
from trio_chat.server import proxy

EVERY = "0.0.0.0"


@contextmanager
def answering(listener: socket.socket) -> Iterator[list[bytes]]:
    """Answer one client on a socket; give what it sends."""
    received: list[bytes] = []

    def answer() -> None:
        client, _ = listener.accept()
        with client:
            received.append(client.recv(1000))
            client.sendall(b"ERROR :Closing link\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    yield received
    thread.join()


@contextmanager
def listening(host: str) -> Iterator[int]:
    """Listen on an address, and answer one client; give the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener, answering(listener):
        yield listener.getsockname()[1]


def asked(config: str, tmp_path: Path) -> int:
    """Return the exit code with a configuration."""
    (tmp_path / "config.ini").write_text(config)
    return cli.main(["health", "--config", str(tmp_path / "config.ini")])


@pytest.mark.parametrize("host", [EVERY, "::", "127.0.0.1", "127.0.0.2", "::1"])
@pytest.mark.parametrize("more", ["", "tls = required\n", "websocket = no\n"])
def test_a_server_is_found(tmp_path: Path, host: str, more: str) -> None:
    """On all addresses of a family, or on one; whatever is spoken there."""
    if sys.platform == "darwin" and host == "127.0.0.2":
        pytest.skip("it has only one")
    with listening(host) as port:
        assert asked(f"[server]\nhost = {host}\nport = {port}\n{more}", tmp_path) == 0


def test_any_place_will_do(tmp_path: Path) -> None:
    """[server] host may be an address that this machine has lost, while a [listener] goes on."""
    with listening("127.0.0.1") as port:
        config = (
            f"[server]\nhost = 127.0.0.1\nport = 0\n[listener a]\nhost = 127.0.0.1\nport = {port}\n"
        )
        assert asked(config, tmp_path) == 0


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")
def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    """Behind a proxy on the same machine."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        with answering(listener):
            assert asked("[server]\nport = 0\n[listener a]\npath = s\n", tmp_path) == 0


def test_a_listener_behind_a_proxy_is_told_that_nobody_is_behind_it(tmp_path: Path) -> None:
    """PROXY protocol, version 2, LOCAL: else the server would refuse the check."""
    with socket.create_server(("127.0.0.1", 0)) as listener, answering(listener) as received:
        port = listener.getsockname()[1]
        config = f"[server]\nport = 0\n[listener a]\nhost = 127.0.0.1\nport = {port}\nproxy = yes\n"
        assert asked(config, tmp_path) == 0
    assert received[0].startswith(proxy.LOCAL)


def test_a_server_that_hangs_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel accepts connections for it all the same."""
    monkeypatch.setattr("trio_chat.cli.health._SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert asked(f"[server]\nhost = 127.0.0.1\nport = {port}\n", tmp_path) == 1


def test_where_nobody_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and a line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert asked(f"[server]\nhost = 127.0.0.1\nport = {port}\n", tmp_path) == 1
    assert capsys.readouterr().err == "trio-chat: the server does not answer\n"


@pytest.mark.parametrize(
    ("status", "code"), [("200 OK", 0), ("503 Service Unavailable", 1), ("nonsense", 1)]
)
def test_the_page_is_asked_when_there_is_one(tmp_path: Path, status: str, code: int) -> None:
    """It says whether the event loop runs, which a connection that the system takes does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                assert client.recv(1000).startswith(b"GET /health ")
                client.sendall(
                    f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
                )

        thread = threading.Thread(target=answer)
        thread.start()
        assert asked(f"[metrics]\nport = {listener.getsockname()[1]}\n", tmp_path) == code
        thread.join()
