"""The page behind a TCP load balancer, with the nodes of a cluster: it goes on at another node."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import PATIENCE, Server, Visitor
from playwright.sync_api import expect

from redis_fakes import engine

Visit = Callable[..., Visitor]
_LOST = (
    "WebSocket connection to .* failed|ERR_(CONNECTION|EMPTY_RESPONSE|SOCKET)|fetching the script"
)
"""What Chromium reports when its connections end."""


class Balancer:
    """A load balancer of TCP, which takes the first server that can be reached.

    Args:
        servers: the servers, the first choice first.
    """

    def __init__(self, *servers: Server) -> None:
        self.servers = list(servers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://localhost:{self.port}/"

    def close(self) -> None:
        """Accept no further connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        for server in self.servers:
            with contextlib.suppress(OSError):
                there = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
                there.settimeout(None)
                threading.Thread(target=self._copy, args=(there, client), daemon=True).start()
                self._copy(client, there)
                return
        client.close()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for each in (target, source):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def nodes(
    serve: Callable[..., Server], tmp_path: Path
) -> Iterator[tuple[Server, Server, Balancer]]:
    """Run two nodes and a balancer, which prefers the first one."""
    with engine(tmp_path / "engine") as running:
        settings = (
            "[accounts]\nhash_cost = low\n[push]\n"
            "enabled = no\n[cluster]\n"
            f"url = redis://127.0.0.1:{running.port}/test\nnode = "
        )
        first, second = serve(f"{settings}n1"), serve(f"{settings}n2")
        balancer = Balancer(first, second)
        yield first, second, balancer
        balancer.close()


@pytest.mark.parametrize("is_killed", [False, True])
def test_the_page_goes_on_at_another_node(
    visit: Visit, nodes: tuple[Server, Server, Balancer], *, is_killed: bool
) -> None:
    """Nothing is missing, nothing is there twice, and what is typed meanwhile arrives once."""
    first, second, balancer = nodes
    ann = visit()
    ann.expect_errors(_LOST)
    ann.url = balancer.url
    ann.join("ann")
    boris = second.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :number {number}" for number in range(10)))
    ann.sees("number 9")
    first.kill() if is_killed else first.stop()
    boris.send(*(f"PRIVMSG #lobby :number {number}" for number in range(10, 20)))
    ann.say("typed meanwhile")
    boris.until("typed meanwhile")
    ann.sees("typed meanwhile")
    ann.sees("number 19")
    texts = ann.messages.locator(".text").all_inner_texts()
    assert [text for text in texts if text.startswith("number")] == [
        f"number {number}" for number in range(20)
    ]
    expect(ann.page.get_by_role("status").filter(has_text="No connection")).to_have_count(0)
    boris.send("PRIVMSG #lobby :done")
    ann.sees("done")
    assert "closed the connection" not in ann.page.inner_text("body")
