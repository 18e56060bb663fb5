"""A host name with several addresses in DNS: which is tried first, also after a loss."""

import socket
from collections.abc import Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.session.connecting import CannotConnectError, connect_tcp
from trio_chat.client.session.name_records import NameRecords

V4 = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]


class Dns(trio.abc.HostnameResolver):
    """A resolver that gives these addresses, and the machines that have them."""

    def __init__(self, records: Sequence[str]) -> None:
        self.records = list(records)
        self.attempts: list[str] = []
        self.times: list[float] = []
        self.down: set[str] = set()
        self.silent: set[str] = set()

    async def getaddrinfo(self, *_arguments: object, **_options: object) -> Any:
        """Return the records as `socket.getaddrinfo` does."""
        await trio.lowlevel.checkpoint()
        return [
            (
                socket.AF_INET6 if ":" in record else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (record, 5000, 0, 2) if record.startswith("fe80") else (record, 5000),
            )
            for record in self.records
        ]

    async def getnameinfo(self, *_arguments: object) -> Any:
        """Answer nothing."""
        raise AssertionError

    async def open(self, record: str, port: int) -> trio.abc.Stream:
        """Connect to a machine."""
        assert port == 5000
        self.attempts.append(record)
        self.times.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if record in self.silent:
            await trio.sleep_forever()
        if record in self.down:
            raise OSError("all attempts failed") from ConnectionRefusedError()
        return memory_stream_pair()[0]

    def take(self) -> list[str]:
        """Return the attempts since the last call."""
        attempts, self.attempts = self.attempts, []
        return attempts


@pytest.fixture
async def dns(monkeypatch: pytest.MonkeyPatch) -> Dns:
    """Return a resolver that the client asks from now on."""
    resolver = Dns(V4)
    monkeypatch.setattr(trio, "open_tcp_stream", resolver.open)
    trio.socket.set_custom_hostname_resolver(resolver)
    return resolver


def backwards(records: list[str]) -> None:
    """Shuffle in a way that a test can foretell."""
    records.reverse()


async def test_another_record_comes_first_after_a_loss(dns: Dns) -> None:
    """The lost one is tried when no other answers, and the working one stays."""
    records = NameRecords(backwards)
    before = records.has_others
    await connect_tcp("chat.test", 5000, records)
    await connect_tcp("chat.test", 5000, records)
    assert dns.take() == ["192.0.2.1", "192.0.2.1"]
    assert (before, records.has_others) == (False, True)
    records.lose()
    await connect_tcp("chat.test", 5000, records)
    assert dns.take() == ["192.0.2.3"]
    await connect_tcp("chat.test", 5000, records)
    assert dns.take() == ["192.0.2.3"]
    records.lose()
    dns.down = {"192.0.2.1", "192.0.2.2"}
    await connect_tcp("chat.test", 5000, records)
    assert dns.take() == ["192.0.2.2", "192.0.2.1", "192.0.2.3"]


async def test_a_silent_record_does_not_hold_the_others_up(
    dns: Dns, autojump_clock: MockClock
) -> None:
    """RFC 8305 §5: the next attempt begins after 250 ms."""
    dns.silent = {"192.0.2.1", "192.0.2.2"}
    await connect_tcp("chat.test", 5000, NameRecords())
    assert dns.take() == V4
    assert [round(time - dns.times[0], 3) for time in dns.times] == [0, 0.25, 0.5]


async def test_the_families_alternate(dns: Dns) -> None:
    """RFC 8305 §4; a link-local address has its zone (RFC 4007 §11)."""
    dns.records = ["fe80::1", "2001:db8::1", "192.0.2.1", "192.0.2.2"]
    dns.down = {"fe80::1%2", "2001:db8::1", "192.0.2.1", "192.0.2.2"}
    with pytest.raises(CannotConnectError) as caught:
        await connect_tcp("chat.test", 5000, NameRecords())
    assert caught.value.reason == "nobody answers there (connection refused)"
    assert dns.take() == ["fe80::1%2", "192.0.2.1", "2001:db8::1", "192.0.2.2"]


async def test_a_name_with_many_records_is_not_tried_for_ever(dns: Dns) -> None:
    """A resolver decides on their number."""
    dns.records = [f"192.0.2.{number}" for number in range(200)]
    dns.down = set(dns.records)
    with pytest.raises(CannotConnectError):
        await connect_tcp("chat.test", 5000, NameRecords())
    assert len(dns.attempts) == 16


async def test_an_address_has_no_records(dns: Dns) -> None:
    """It is not looked up, and there is nothing else to try."""
    records = NameRecords()
    await connect_tcp("192.0.2.9", 5000, records)
    assert dns.take() == ["192.0.2.9"]
    assert not records.has_others
