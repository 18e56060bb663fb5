"""`trio-chat health` finds a real server with any settings of where it listens, as in a container.

The port of [server] is any free one in all of them, so only the server's own note says where it is.
"""

import socket
from pathlib import Path

import pytest
from programs import program, server

SERVER_INI = ["--config", "server.ini"]


def has_ipv6() -> bool:
    """Return whether this machine has the address ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def own_address() -> str:
    """Return an address of this machine that is not a loopback address; "" without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return ""
        return str(sock.getsockname()[0])


async def health(directory: Path) -> int:
    """Return the exit code."""
    async with program(["health", *SERVER_INI], directory) as running:
        return await running.wait()


@pytest.mark.parametrize(
    ("host", "more"),
    [
        ("0.0.0.0", ""),
        ("::", "tls = required"),
        ("::1", "websocket = no"),
        ("0::0", ""),
        ("localhost", "tls = off"),
        ("own", ""),
        ("own", "tls = required"),
        ("0.0.0.0, ::", ""),
    ],
)
async def test_a_server_is_found_on_any_host(tmp_path: Path, host: str, more: str) -> None:
    """On all addresses, on one that is not a loopback address, or by a name."""
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    if host == "own" and not (host := own_address()):
        pytest.skip("this machine is connected to no network")
    async with server(tmp_path, more, host):
        assert await health(tmp_path) == 0


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")
@pytest.mark.parametrize("more", ["", "proxy = yes", "tls = required"])
async def test_a_server_is_found_by_its_unix_socket(tmp_path: Path, more: str) -> None:
    """Also when the addresses of [server] do not answer."""
    async with server(tmp_path, f"[listener a]\npath = chat.sock\n{more}\n") as (running, _):
        text = (tmp_path / "server.ini").read_text("utf-8")
        (tmp_path / "server.ini").write_text(text.replace("127.0.0.1", "192.0.2.1"), "utf-8")
        assert await health(tmp_path) == 0
        running.stop()
        await running.wait()
        assert await health(tmp_path) == 1


async def test_several_listeners_need_only_one_that_answers(tmp_path: Path) -> None:
    """One behind a proxy that expects its protocol, and one with TLS only."""
    listeners = "[listener a]\nport = 0\nproxy = yes\n[listener b]\nport = 0\ntls = required\n"
    async with server(tmp_path, listeners):
        assert await health(tmp_path) == 0


async def test_options_of_the_command_line_are_known(tmp_path: Path) -> None:
    """The command of a container may name another host and port than config.ini."""
    (tmp_path / "server.ini").write_text("[server]\nhost = 192.0.2.1\nport = 9\n", "utf-8")
    options = ["--host", "127.0.0.1", "--port", "0"]
    async with program(["serve", *SERVER_INI, *options], tmp_path) as running:
        await running.out.until("listens on")
        assert await health(tmp_path) == 0
        running.stop()
        assert await running.wait() == 0
    assert await health(tmp_path) == 1


async def test_without_a_database_a_free_port_is_not_known(tmp_path: Path) -> None:
    """The answer says so, because nothing is wrong with the server."""
    async with (
        server(tmp_path, "[storage]\nfile = none\n"),
        program(["health", *SERVER_INI], tmp_path) as asking,
    ):
        [answer] = await asking.out.rest()
        assert await asking.wait() == 1
    assert "not known where the server listens" in answer
