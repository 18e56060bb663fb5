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


HEALTHY = b"HTTP/1.1 200 OK\r\n\r\nok\n"


@contextmanager
def answering(listener: socket.socket, *answers: bytes) -> Iterator[list[bytes]]:
    """Answer one client on a socket; give what it sends."""
    received: list[bytes] = []

    def answer() -> None:
        client, _ = listener.accept()
        with client:
            received.append(client.recv(1000))
            for each in answers or [HEALTHY]:
                client.sendall(each)

    thread = threading.Thread(target=answer)
    thread.start()
    yield received
    thread.join()


@contextmanager
def listening(host: str, *answers: bytes) -> Iterator[int]:
    """Listen on an address, and answer one client; give the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener, answering(listener, *answers):
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
    ("answers", "code"),
    [
        ([b"HTTP/1.1 200 OK\r\n\r", b"\nok", b"\n"], 0),  # in pieces
        ([b"HTTP/1.1 503 Service Unavailable\r\n\r\n503: The server is full.\n"], 0),
        ([b"ERROR :Closing link: 127.0.0.1 (You are banned)\r\n"], 0),
        ([b"HTTP/1.1 200 OK\r\n\r\n<title>Another one</title>"], 1),
        ([b"HTTP/1.0 404 File not found\r\n\r\n<p>404: File not found"], 1),
        ([b"HTTP/1.1 503 Service Unavailable\r\n\r\nno backend"], 1),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], 1),
    ],
)
def test_another_program_on_the_port_does_not_count(
    tmp_path: Path, answers: list[bytes], code: int
) -> None:
    """A server that refuses the request does."""
    with listening("127.0.0.1", *answers) as port:
        assert asked(f"[server]\nhost = 127.0.0.1\nport = {port}\n", tmp_path) == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (HEALTHY, 0),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n503: stopping\n", 1),
        (b"HTTP/1.1 200 OK\r\n\r\n# of an exporter", 1),
        (b"nonsense", 1),
    ],
)
def test_the_page_is_asked_when_there_is_one(tmp_path: Path, answer: bytes, code: int) -> None:
    """It says whether the event loop runs, which a connection that the system takes does not."""
    with listening("127.0.0.1", answer) as port:
        assert asked(f"[metrics]\nport = {port}\n", tmp_path) == code
