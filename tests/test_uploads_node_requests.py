"""Requests between nodes for the bytes of a file: what is no request of a node is refused."""

import base64
import hmac

import pytest

from trio_chat.server.uploads.node_requests import LIFETIME, SCHEME, NodeRequests

NAME, OTHER = "A" * 22, "B" * 22
KEY = bytes(32)


class Nodes:
    """Two nodes with one clock.

    Attributes:
        now: its time.
    """

    def __init__(self, key: bytes = KEY) -> None:
        self.now = 1_000_000.0
        self.one = NodeRequests(KEY, "n1", lambda: self.now)
        self.two = NodeRequests(key, "n2", lambda: self.now)


def changed(header: str, place: int) -> str:
    """Return a header with one bit of what is signed changed."""
    raw = bytearray(base64.b64decode(header.partition(" ")[2]))
    raw[place] ^= 1
    return f"{SCHEME} {base64.b64encode(raw).decode()}"


def test_a_request_of_another_node() -> None:
    """Its name is known, and each request is another one."""
    nodes = Nodes()
    headers = [nodes.one.sign("n2", NAME) for _ in range(2)]
    assert headers[0] != headers[1]
    assert [nodes.two.check(header, NAME) for header in headers] == ["n1", "n1"]


def test_a_request_that_is_repeated() -> None:
    """Who reads the network gets nothing by it, also later."""
    nodes = Nodes()
    header = nodes.one.sign("n2", NAME)
    assert nodes.two.check(header, NAME) == "n1"
    assert nodes.two.check(header, NAME) == ""
    nodes.now += LIFETIME
    assert nodes.two.check(header, NAME) == ""
    nodes.now += 2 * LIFETIME
    assert nodes.two.check(header, NAME) == ""


def test_a_request_is_for_one_file_and_one_node() -> None:
    """It cannot be used for another one."""
    nodes = Nodes()
    assert nodes.two.check(nodes.one.sign("n2", NAME), OTHER) == ""
    assert nodes.two.check(nodes.one.sign("n3", NAME), NAME) == ""


@pytest.mark.parametrize("seconds", [-LIFETIME - 1, LIFETIME + 1])
def test_a_request_of_another_time(seconds: float) -> None:
    """Too old, or of the future."""
    nodes = Nodes()
    header = nodes.one.sign("n2", NAME)
    nodes.now += seconds
    assert nodes.two.check(header, NAME) == ""


def test_a_request_with_another_key() -> None:
    """A server that is in no cluster with this one, or in another one."""
    nodes = Nodes(key=bytes(31) + b"\1")
    assert nodes.two.check(nodes.one.sign("n2", NAME), NAME) == ""


@pytest.mark.parametrize("place", range(0, 90, 7))
def test_a_request_that_was_changed(place: int) -> None:
    """Any bit of it."""
    nodes = Nodes()
    assert nodes.two.check(changed(nodes.one.sign("n2", NAME), place), NAME) == ""


@pytest.mark.parametrize(
    "header",
    [
        "",
        SCHEME,
        f"{SCHEME} ",
        f"{SCHEME} !",
        f"{SCHEME} AAAA",
        f"{SCHEME} {'A' * 5000}",
        "Bearer AAAA",
        f"{SCHEME} {base64.b64encode(hmac.digest(KEY, b'', 'sha256')).decode()}",
    ],
)
def test_what_is_no_request(header: str) -> None:
    """It is refused, and nothing else happens."""
    assert Nodes().two.check(header, NAME) == ""


def test_where_no_more_can_be_remembered_no_request_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A forgotten one could be repeated. It ends when the first one is too old."""
    monkeypatch.setattr("trio_chat.server.uploads.node_requests._MOST_SEEN", 2)
    nodes = Nodes()
    answers = [nodes.two.check(nodes.one.sign("n2", NAME), NAME) for _ in range(3)]
    assert answers == ["n1", "n1", ""]
    nodes.now += 2 * LIFETIME
    assert nodes.two.check(nodes.one.sign("n2", NAME), NAME) == "n1"
