"""Block lists in DNS: what is asked, what an answer means, and what becomes of the client."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.message
import dns.rcode
import dns.rrset
import pytest
import trio
from trio.testing import MockClock

from edge import Edge, End, edge
from storage_fakes import ListHistory, OpenAccounts
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import (
    AccountSettings,
    BlockListZone,
    ConfigError,
    DnsblSettings,
    Settings,
    load,
)
from trio_chat.config.values import block_lists
from trio_chat.server.block_lists import (
    BlockLists,
    LookupFailed,
    Records,
    public_address,
    query_name,
    resolve_by,
)

LISTED = "11.22.33.44"
ZONE = BlockListZone("dnsbl.example")


class FakeDns:
    """Answers from a table; other names do not exist."""

    def __init__(self, table: dict[str, list[str]] | None = None, seconds: float = 300) -> None:
        self.table = {"44.33.22.11.dnsbl.example.": ["127.0.0.2"]} if table is None else table
        self.seconds = seconds
        self.asked: list[str] = []
        self.delay = 0.0
        self.is_broken = False

    async def __call__(self, name: str) -> Records:
        """Answer."""
        self.asked.append(name)
        await trio.sleep(self.delay)
        if self.is_broken:
            raise LookupFailed("no server")
        return Records(self.table.get(name, ()), self.seconds)


@pytest.fixture
def fake_dns() -> FakeDns:
    """Return a DNS that lists one address."""
    return FakeDns()


def settings(accounts: AccountSettings | None = None, **words: Any) -> Settings:
    """Return settings with a block list."""
    dnsbl = DnsblSettings(**{"zones": (ZONE,), **words})
    return Settings(dnsbl=dnsbl, accounts=accounts or AccountSettings())


@pytest.mark.parametrize(
    ("host", "is_public"),
    [
        ("11.22.33.44", True),
        ("2600::1", True),
        ("::ffff:11.22.33.44", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.1.1", False),
        ("192.0.2.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("", False),
        ("unix", False),
    ],
)
def test_only_public_addresses_are_asked_for(host: str, is_public: bool) -> None:
    """Lists have no others."""
    assert (public_address(host) is not None) is is_public


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("11.22.33.44", "44.33.22.11.dnsbl.example."),
        ("::ffff:11.22.33.44", "44.33.22.11.dnsbl.example."),
        (
            "2600:1:fc00:0:abcd:2:3:4",
            "4.0.0.0.3.0.0.0.2.0.0.0.d.c.b.a.0.0.0.0.0.0.c.f.1.0.0.0.0.0.6.2.dnsbl.example.",
        ),
    ],
)
def test_names_are_reversed(host: str, name: str) -> None:
    """By bytes, or by nibbles."""
    address = public_address(host)
    assert address is not None
    assert query_name(address, "dnsbl.example") == name


@pytest.mark.parametrize(
    ("codes", "answer", "is_listed"),
    [
        ((), "127.0.0.2", True),
        ((), "127.0.0.10", True),
        ((), "127.0.1.2", True),
        ((), "127.0.0.1", False),
        ((), "127.255.255.254", False),
        ((), "127.255.255.252", False),
        ((), "203.0.113.1", False),  # a resolver that answers for names that do not exist
        ((), "127.0.0.x", False),
        (((2, 3), (9, 9)), "127.0.0.3", True),
        (((2, 3), (9, 9)), "127.0.0.9", True),
        (((2, 3), (9, 9)), "127.0.0.4", False),
        (((2, 3),), "127.0.1.3", False),
    ],
)
def test_answers_that_mean_a_listing(
    codes: tuple[tuple[int, int], ...], answer: str, is_listed: bool
) -> None:
    """Others are errors, or not wanted."""
    assert BlockListZone("x.example", codes).lists(answer) is is_listed


def test_zones_are_configured_with_answers() -> None:
    """After a colon."""
    assert block_lists("Zen.example.org, dnsbl.example.org:2|5-9") == (
        BlockListZone("zen.example.org"),
        BlockListZone("dnsbl.example.org", ((2, 2), (5, 9))),
    )
    assert block_lists("none") == ()


@pytest.mark.parametrize(
    "text",
    ["zen", "zen.example.org:", "a.b:9-2", "a.b:0", "a.b:256", "a b.c", "http://a.b", "a.b:x"],
)
def test_wrong_zones_are_refused(text: str, tmp_path: Path) -> None:
    """Before the server starts."""
    path = tmp_path / "config.ini"
    path.write_text(f"[dnsbl]\nzones = {text}\n")
    with pytest.raises(ConfigError):
        load(path)


async def come(here: Edge, host: str = LISTED, nick: str = "ann") -> End:
    """Register a client from an address; return its end."""
    end = here.connect(host=host)
    await end.send(f"NICK {nick}\r\nUSER {nick} 0 * :x\r\n".encode())
    return end


async def test_a_listed_client_is_on_probation(fake_dns: FakeDns) -> None:
    """By default it is registered, and may do less."""
    async with edge(settings()) as here:
        here.server.block_lists._resolve = fake_dns
        end = await come(here)
        await end.until("001")
        table = here.server.world.moderation.probation
        assert table.all[LISTED].is_listed
        await end.send(b"JOIN #a\r\nPRIVMSG #a :http://evil.com\r\n")
        assert (await end.until("FAIL")).params[1] == "PROBATION"


async def test_a_refused_client_hears_why(fake_dns: FakeDns) -> None:
    """The name of the list."""
    async with edge(settings(action="refuse")) as here:
        here.server.block_lists._resolve = fake_dns
        end = await come(here)
        assert "dnsbl.example" in (await end.until("ERROR")).params[0]


async def test_a_client_may_need_an_account(fake_dns: FakeDns) -> None:
    """One without is not registered."""
    async with edge(settings(action="require-account")) as here:
        here.server.block_lists._resolve = fake_dns
        end = await come(here)
        assert (await end.until("FAIL")).params[1] == "ACCOUNT_REQUIRED"
        await (await come(here, host="11.22.33.45", nick="bob")).until("001")


@pytest.mark.parametrize(
    "change",
    [
        lambda dns: dns.table.clear(),
        lambda dns: dns.table.update({"44.33.22.11.dnsbl.example.": ["127.255.255.254"]}),
        lambda dns: dns.table.update({"44.33.22.11.dnsbl.example.": ["203.0.113.1"]}),
        lambda dns: setattr(dns, "is_broken", True),
        lambda dns: setattr(dns, "delay", 100),
    ],
    ids=["unlisted", "error", "hijacked", "broken", "slow"],
)
async def test_without_a_listing_the_client_comes(
    fake_dns: FakeDns, change: Callable[[FakeDns], None], autojump_clock: MockClock
) -> None:
    """After a second and a half at most."""
    change(fake_dns)
    async with edge(settings(action="refuse")) as here:
        here.server.block_lists._resolve = fake_dns
        start = trio.current_time()
        await (await come(here)).until("001")
        assert trio.current_time() - start <= 2
        assert not here.server.world.moderation.probation.all


async def test_a_client_registers_while_its_address_is_looked_up(
    fake_dns: FakeDns, autojump_clock: MockClock
) -> None:
    """What it asks is answered at once; only its welcome waits."""
    fake_dns.delay = 1
    async with edge(settings()) as here:
        here.server.block_lists._resolve = fake_dns
        start = trio.current_time()
        end = here.connect(host=LISTED)
        await end.send(b"CAP LS 302\r\nNICK ann\r\nUSER ann 0 * :x\r\n")
        await end.until("CAP")
        assert trio.current_time() == start
        await end.send(b"CAP END\r\n")
        await end.until("001")
        assert trio.current_time() - start == 1
        assert here.server.world.moderation.probation.all[LISTED].is_listed


async def test_a_client_that_takes_its_time_waits_for_nothing(
    fake_dns: FakeDns, autojump_clock: MockClock
) -> None:
    """The answer has come when it has sent everything."""
    fake_dns.delay = 1
    async with edge(settings()) as here:
        here.server.block_lists._resolve = fake_dns
        end = here.connect(host="11.22.33.45")
        await end.send(b"NICK ann\r\n")
        await trio.sleep(3)
        start = trio.current_time()
        await end.send(b"USER ann 0 * :x\r\n")
        await end.until("001")
        assert trio.current_time() == start


async def test_a_client_that_leaves_keeps_no_look_up(
    fake_dns: FakeDns, autojump_clock: MockClock
) -> None:
    """Its connection is closed at once."""
    fake_dns.delay = 1
    async with edge(settings()) as here:
        here.server.block_lists._resolve = fake_dns
        start = trio.current_time()
        end = here.connect(host=LISTED)
        await end.send(b"QUIT\r\n")
        await end.rest()
        assert trio.current_time() == start
        assert here.server.block_lists._looking == 0


async def test_a_refused_client_makes_no_account_and_is_never_welcome(
    fake_dns: FakeDns, autojump_clock: MockClock
) -> None:
    """Whatever it sends before the answer."""
    fake_dns.delay = 1
    accounts = OpenAccounts()
    memory = StoragePorts(history=ListHistory(), accounts=accounts)
    allowed = AccountSettings(registration="open", before_connect=True)
    async with edge(settings(action="refuse", accounts=allowed), memory) as here:
        here.server.block_lists._resolve = fake_dns
        end = here.connect(host=LISTED)
        await end.send(b"NICK ann\r\nREGISTER * * hunter22\r\nUSER ann 0 * :x\r\n")
        said = await end.rest()
        assert b"dnsbl.example" in said
        assert b" 001 " not in said
        assert not accounts.known


async def test_answers_are_kept(fake_dns: FakeDns, autojump_clock: MockClock) -> None:
    """As long as DNS says, and also that an address is not listed."""
    async with edge(settings()) as here:
        lists = here.server.block_lists
        lists._resolve = fake_dns
        for number, host in enumerate((LISTED, LISTED, "11.22.33.45", "11.22.33.45")):
            end = await come(here, host=host, nick=f"u{number}")
            await end.until("001")
        assert len(fake_dns.asked) == 2
        await trio.sleep(301)
        await (await come(here, nick="again")).until("001")
        assert len(fake_dns.asked) == 3


@pytest.mark.parametrize("host", ["192.168.1.5", "127.0.0.1", "198.51.100.7"])
async def test_others_are_not_asked_for(fake_dns: FakeDns, host: str) -> None:
    """Addresses of this network, and those that are exempt."""
    async with edge(settings(action="refuse")) as here:
        here.server.block_lists._resolve = fake_dns
        await (await come(here, host=host)).until("001")
        assert fake_dns.asked == []


@pytest.mark.parametrize("is_gateway", [False, True])
async def test_exempt_addresses_are_not_asked_for(fake_dns: FakeDns, is_gateway: bool) -> None:
    """By [dnsbl] exempt, or by [limits] connections_exempt, for a gateway with many users."""
    networks = (ip_network("11.22.0.0/16"),)
    wanted = settings(action="refuse", exempt=() if is_gateway else networks)
    if is_gateway:
        wanted = replace(wanted, limits=replace(wanted.limits, connections_exempt=networks))
    async with edge(wanted) as here:
        here.server.block_lists._resolve = fake_dns
        await (await come(here)).until("001")
        assert fake_dns.asked == []


async def test_without_zones_nothing_is_asked(fake_dns: FakeDns) -> None:
    """As by default."""
    async with edge(Settings()) as here:
        here.server.block_lists._resolve = fake_dns
        await (await come(here)).until("001")
        assert fake_dns.asked == []


async def test_what_is_kept_is_bounded(fake_dns: FakeDns, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten."""
    monkeypatch.setattr("trio_chat.server.block_lists._MOST_KEPT", 2)
    async with edge(settings()) as here:
        lists: BlockLists = here.server.block_lists
        lists._resolve = fake_dns
        for number in range(4):
            address = public_address(f"11.22.33.{number}")
            assert address is not None
            await lists._ask(address)
        assert list(lists._known) == ["11.22.33.2", "11.22.33.3"]


async def serve_dns(socket: trio.socket.SocketType) -> None:
    """Answer as a name server: one name has an address, others do not exist."""
    while True:
        data, client = await socket.recvfrom(512)
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        name = query.question[0].name
        if str(name) == "44.33.22.11.dnsbl.example.":
            answer.answer.append(dns.rrset.from_text(name, 120, "IN", "A", "127.0.0.4"))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        await socket.sendto(answer.to_wire(), client)


async def test_dnspython_asks_on_trio() -> None:
    """A name server over UDP, a name that does not exist, and a server that is not there."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as socket:
        await socket.bind(("127.0.0.1", 0))
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_dns, socket)
            found = await resolve_by(resolver, "44.33.22.11.dnsbl.example.")
            assert found == Records(["127.0.0.4"], 120)
            assert (await resolve_by(resolver, "1.0.0.11.dnsbl.example.")).addresses == ()
            nursery.cancel_scope.cancel()
    resolver.nameservers = []
    with pytest.raises(LookupFailed):
        await resolve_by(resolver, "44.33.22.11.dnsbl.example.")
