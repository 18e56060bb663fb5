"""Connecting: addresses, reasons for a failure, and the time between attempts."""

import errno
import socket
from random import Random

import pytest
import trio
import trio.testing

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.session.connecting import Backoff, CannotConnectError, connect_tcp
from trio_chat.irc.addresses import format_address


async def test_connection_refused() -> None:
    """One sentence says what happened and what to check."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(CannotConnectError) as caught:
            await connect_tcp("127.0.0.1", unused.getsockname()[1])
    assert "connection refused" in str(caught.value)
    assert "firewall" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(8, "unknown"), "there is no such address"),
        (
            OSError(errno.ENETUNREACH, "Network is unreachable"),
            "there is no way to it in the network",
        ),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "the connection was broken off"),
        (ExceptionGroup("all", [TimeoutError(), OSError(1, "x")]), "no answer"),
    ],
)
async def test_reasons(monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str) -> None:
    """The reason is found wherever Trio keeps it."""

    async def fail(host: str, port: int) -> None:
        await trio.lowlevel.checkpoint()
        raise OSError("all attempts failed") from error

    monkeypatch.setattr(trio, "open_tcp_stream", fail)
    with pytest.raises(CannotConnectError) as caught:
        await connect_tcp("srv.test", 5000)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("host", "is_named"),
    [
        ("192.168.1.8", True),
        ("fd00::8", True),
        ("127.0.0.1", False),
        ("203.0.114.1", False),
        ("chat.example.org", False),
    ],
)
async def test_the_search_is_named_in_a_local_network(
    monkeypatch: pytest.MonkeyPatch, host: str, is_named: bool
) -> None:
    """There a server may have got another address."""

    async def fail(host: str, port: int) -> None:
        await trio.lowlevel.checkpoint()
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(trio, "open_tcp_stream", fail)
    with pytest.raises(CannotConnectError) as caught:
        await connect_tcp(host, 5000)
    assert ("trio-chat find" in str(caught.value)) == is_named


def test_address_of_ipv6() -> None:
    """RFC 3986 §3.2.2: an IPv6 address before a port stands in brackets."""
    assert format_address("::1", 5000) == "[::1]:5000"


def test_backoff() -> None:
    """Doubling from one second to a minute, with jitter, and from the start again after a
    success.
    """
    backoff = Backoff(Random(7))
    delays = [backoff.next_delay() for _ in range(12)]
    longest = [min(2**number, 60) for number in range(12)]
    assert all(most / 2 <= delay <= most for delay, most in zip(delays, longest, strict=True))
    assert delays[-1] > 30
    backoff.reset()
    assert 0.5 <= backoff.next_delay() < 1
