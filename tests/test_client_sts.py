"""Strict transport security in the client (IRCv3 sts): upgrades and policies, each for its host."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from client_fakes import talk
from edge import edge
from support import NOON
from test_client_addresses import Node, nodes, roaming
from test_client_trust import chats, issued
from trio_chat.client import known_servers, sts_policies, trust
from trio_chat.client.known_servers import KnownServers
from trio_chat.client.session.connecting import CannotConnectError
from trio_chat.client.session.events import EndReason, SessionOutcome
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.sts_offer import StsOffer, parse_offer
from trio_chat.client.sts_policies import StsPolicies
from trio_chat.client.trust import Connector, Security
from trio_chat.config import ListenerSettings, Settings, StorageSettings

HOST = "chat.example.org"
MONTH = 30 * 86_400


@pytest.mark.parametrize(
    ("value", "offer"),
    [
        ("port=6697", StsOffer(6697)),
        ("duration=2592000,preload,port=6697", StsOffer(6697, 2592000)),
        ("duration=0", StsOffer(0, 0)),
        ("port=,duration=", StsOffer()),
        ("port=0", StsOffer()),
        ("port=65536,duration=-1", StsOffer()),
        ("port=66.97,duration=1e9", StsOffer()),
        ("port=６６９７", StsOffer()),
        (f"duration={'9' * 400}", StsOffer()),
        ("", StsOffer()),
    ],
)
def test_the_value_of_the_capability(value: str, offer: StsOffer) -> None:
    """Keys that are unknown or not valid are ignored."""
    assert parse_offer(value) == offer


@given(st.text(max_size=60))
def test_any_value_is_read(value: str) -> None:
    """A server writes what it likes."""
    offer = parse_offer(value)
    assert 0 <= offer.port < 65536


# Policies


class Clock:
    """A clock that a test sets."""

    now = float(NOON)

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def policies(tmp_path: Path, clock: Clock) -> StsPolicies:
    """Return policies in a file of this test."""
    return StsPolicies(tmp_path / "trio-chat" / "sts_policies", clock)


async def test_a_policy_is_kept_until_it_ends(policies: StsPolicies, clock: Clock) -> None:
    """By the name of the host, however it is written; 0 removes it."""
    assert await policies.port(HOST) == 0
    await policies.keep(HOST, 6697, 100)
    await policies.keep("b.example", 7000, 300)
    assert await policies.port("CHAT.example.org.") == 6697
    clock.now += 100
    assert await policies.port(HOST) == 0
    assert await policies.port("b.example") == 7000
    await policies.keep("B.example", 7000, 0)
    assert await policies.port("b.example") == 0
    assert policies.path.stat().st_mode & 0o077 == 0


async def test_the_file_does_not_grow(policies: StsPolicies) -> None:
    """The policies that end first give way, and one cannot be for ever."""
    policies.path.parent.mkdir()
    lines = (f"h{number}.example 6697 {int(NOON) + number}\n" for number in range(1, 2001))
    policies.path.write_text("".join(lines))
    await policies.keep(HOST, 6697, 10**15)
    kept = policies.path.read_text().splitlines()
    assert len(kept) == 1000
    assert int(kept[0].split()[2]) <= NOON + 10 * 366 * 86_400
    assert await policies.port("h2000.example") == 6697
    assert await policies.port("h900.example") == 0


async def test_a_damaged_line_is_passed_over(policies: StsPolicies) -> None:
    """The others count."""
    end = int(NOON) + 100
    policies.path.parent.mkdir()
    policies.path.write_text(f"a b\nx {end}\ny 1 z\n\xff\nz 99999 {end}\n{HOST} 6697 {end}\n")
    assert await policies.port(HOST) == 6697
    assert await policies.port("z") == 0


async def test_a_user_without_a_home_has_no_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept, and nothing breaks."""

    def no_home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(sts_policies, "sts_policies_file", no_home)
    policies = StsPolicies()
    assert await policies.require(HOST) == 0
    await policies.keep(HOST, 6697, MONTH)
    assert await policies.port(HOST) == 0


async def test_a_user_without_a_home_is_told_that_no_server_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a sentence."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(known_servers, "known_servers_file", no_home)
    with pytest.raises(CannotConnectError, match=r"^known_servers cannot be read: Could not"):
        await KnownServers().require(f"{HOST}:5000")


# Connections


class Hosts:
    """A server with a valid certificate at some ports, and one without TLS at others."""

    def __init__(self, known: KnownServers, policies: StsPolicies) -> None:
        self.plain = {6667}
        self.asked: list[int] = []
        self.told: list[str] = []
        self._known, self._policies = known, policies

    def connector(self, port: int, *, plaintext: bool = False) -> Connector:
        """Return what connects to a port."""
        connector = Connector(
            HOST,
            port,
            Security(plaintext=plaintext),
            self._known,
            lambda: datetime.fromtimestamp(NOON, UTC),
            policies=self._policies,
        )

        async def tell(text: str) -> None:
            self.told.append(text)
            await trio.lowlevel.checkpoint()

        connector.tell = tell
        return connector


Running = Callable[[bool], AbstractAsyncContextManager[Hosts]]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policies: StsPolicies) -> Running:
    """Return a function that runs the server, whose certificate is valid or the server's own."""

    @asynccontextmanager
    async def run(is_valid: bool) -> AsyncIterator[Hosts]:
        settings = Settings(storage=StorageSettings(file=tmp_path / "chat.db"))
        if is_valid:
            settings = issued(tmp_path, HOST, monkeypatch)
        async with edge(settings) as here:
            hosts = Hosts(KnownServers(tmp_path / "trio-chat" / "known_servers"), policies)

            async def connect_tcp(host: str, port: int, _records: object = None) -> trio.abc.Stream:
                hosts.asked.append(port)
                await trio.lowlevel.checkpoint()
                tls = "off" if port in hosts.plain else "auto"
                return here.stream(ListenerSettings(name="", tls=tls))

            monkeypatch.setattr(trust, "connect_tcp", connect_tcp)
            yield hosts

    return run


async def test_an_upgrade_goes_to_the_port_of_the_server(
    running: Running, policies: StsPolicies
) -> None:
    """Only the encrypted connection makes a policy of it."""
    async with running(True) as hosts:
        connector = hosts.connector(6667)
        await chats(await connector())
        await connector.upgrade(6697)
        hosts.asked.clear()
        stream = await connector()
        assert isinstance(stream, trio.SSLStream)
        await chats(stream)
        assert hosts.asked == [6697]
        assert await policies.port(HOST) == 0
        await connector.keep_policy(MONTH)
        assert await policies.port(HOST) == 6697
        await connector.keep_policy(0)
        assert await policies.port(HOST) == 0


async def test_a_policy_keeps_a_host_from_being_reached_without_tls(
    running: Running, policies: StsPolicies
) -> None:
    """The port of the policy is used where that of the user has no TLS; and nothing else, when
    there is none either.
    """
    async with running(True) as hosts:
        await policies.keep(HOST, 6697, MONTH)
        stream = await hosts.connector(6667)()
        assert isinstance(stream, trio.SSLStream)
        await chats(stream)
        assert hosts.asked == [6667, 6697]
        hosts.plain.add(6697)
        with pytest.raises(CannotConnectError, match="MUST BE ENCRYPTED"):
            await hosts.connector(6667)()


async def test_another_port_of_the_same_host_stays_usable(
    running: Running, policies: StsPolicies
) -> None:
    """Two nodes may share a host name: the policy demands TLS of both, and no port."""
    async with running(True) as hosts:
        await policies.keep(HOST, 6697, MONTH)
        stream = await hosts.connector(7000)()
        assert isinstance(stream, trio.SSLStream)
        await chats(stream)
        assert set(hosts.asked) == {7000}


async def test_the_users_own_word_counts_more(running: Running, policies: StsPolicies) -> None:
    """--plaintext is a demand for this connection; nobody can announce a policy on it."""
    async with running(True) as hosts:
        await policies.keep(HOST, 6697, MONTH)
        connector = hosts.connector(6667, plaintext=True)
        assert not isinstance(await connector(), trio.SSLStream)
        await connector.keep_policy(0)
        assert await policies.port(HOST) == 6697


async def test_a_server_that_is_known_by_its_key_has_no_policy(
    running: Running, policies: StsPolicies
) -> None:
    """Its key is the stronger promise. An upgrade accepts no first visit."""
    async with running(False) as hosts:
        connector = hosts.connector(7000)
        await chats(await connector())
        await connector.keep_policy(MONTH)
        assert await policies.port(HOST) == 0
        other = hosts.connector(6667)
        await chats(await other())
        await other.upgrade(7001)
        with pytest.raises(CannotConnectError, match="STS accept no other"):
            await other()


async def test_a_file_that_cannot_be_read_is_no_permission(
    running: Running, policies: StsPolicies
) -> None:
    """A policy may be in it."""
    async with running(True) as hosts:
        policies.path.mkdir(parents=True)
        with pytest.raises(CannotConnectError, match="must be encrypted"):
            await hosts.connector(6667)()
        connector = hosts.connector(6667)
        await connector.keep_policy(0)
        assert "sts_policies cannot be written" in hosts.told[-1]


# The session


@pytest.mark.parametrize(
    "lines",
    [["CAP * LS * :sts=port=6697 batch", "CAP * LS :multi-prefix"], ["CAP * NEW :sts=port=6697"]],
)
async def test_an_insecure_connection_is_given_up(lines: list[str]) -> None:
    """IRCv3 sts: 'it MUST close the insecure connection and reconnect securely'."""
    protocol = ClientProtocol("alice", may_upgrade=True)
    async with talk(enter=False, protocol=protocol) as t:
        for start in ("CAP LS", "NICK", "USER"):
            await t.server.expect(start)
        await t.server.send(*lines)
        assert await t.server.line() == ""
        await t.events()
        assert t.outcome == SessionOutcome(EndReason.UPGRADE)
        assert t.protocol.upgrade_port == 6697


@pytest.mark.parametrize("value", ["sts", "sts=duration=300", "sts=port=0"])
async def test_an_offer_without_a_port_upgrades_nothing(value: str) -> None:
    """The negotiation goes on."""
    protocol = ClientProtocol("alice", may_upgrade=True)
    async with talk(enter=False, protocol=protocol) as t:
        for start in ("CAP LS", "NICK", "USER"):
            await t.server.expect(start)
        await t.server.send(f"CAP * LS :{value} batch")
        await t.server.expect("CAP REQ batch")


async def test_a_connection_that_may_not_be_upgraded_goes_on() -> None:
    """It is encrypted already, or the user wants none."""
    async with talk(enter=False, protocol=ClientProtocol("alice")) as t:
        for start in ("CAP LS", "NICK", "USER"):
            await t.server.expect(start)
        await t.server.send("CAP * LS :sts=port=6697,duration=300 batch")
        await t.server.expect("CAP REQ batch")
        assert t.protocol.negotiation.sts == StsOffer(6697, 300)


# Several addresses


class UpgradingNode(Node):
    """A node that notes to which port it is to be upgraded."""

    upgraded = 0

    async def upgrade(self, port: int) -> None:
        """Note it."""
        await trio.lowlevel.checkpoint()
        self.upgraded = port


async def test_an_upgrade_stays_at_its_address() -> None:
    """The next attempt goes to the same one at once, and the others are as before."""
    a, b = UpgradingNode("a.test"), UpgradingNode("b.test")
    async with roaming(a, b, may_be_plain=False) as it:
        first = await a.server()
        await first.send("CAP * LS :sts=port=6697")
        second = await a.server()
        assert (a.upgraded, b.upgraded) == (6697, 0)
        assert len(b.attempts) == 0
        assert not any("[ERROR]" in line for line in it.interface.shown)
        a.is_up = False
        await second.close()
        await (await b.server()).enter()


async def test_no_upgrade_without_a_connector() -> None:
    """What a program connects to in its own way has no other port."""
    (a,) = nodes("a.test")

    async def connect() -> trio.abc.Stream:
        return await a()

    async with roaming(connect, may_be_plain=False):
        server = await a.server()
        server.caps = "sts=port=6697"
        await server.send("CAP * LS :sts=port=6697")
        for start in ("CAP LS", "NICK", "USER", "CAP END"):
            await server.expect(start)
