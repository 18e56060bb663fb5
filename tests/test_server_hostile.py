"""Hostile peers: each does its worst within the limits, and nobody else notices."""

import logging
from contextlib import ExitStack

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from server_fakes import MemoryClient, MemoryNetwork, memory_network
from support import Clock
from trio_chat.config import LimitSettings, Settings
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.server import admission as admission_module
from trio_chat.server import peer as peers
from trio_chat.server.admission import Admission, ConnectionPermit, PageAdmission
from trio_chat.server.flood import FloodBudget
from trio_chat.server.lingering import MOST_DROPPED
from trio_chat.server.transport import OnData, StreamTransport, close_gracefully

STRANGER = "198.51.100.7"


def permit_of(admission: Admission) -> ConnectionPermit:
    """Return a permit for a connection that is counted here."""
    return ConnectionPermit(admission, PageAdmission(Settings(), Clock()))


def enter(admission: Admission, *hosts: str) -> list[str]:
    """Return why each of these connections, which end at once, is refused."""
    reasons = []
    for host in hosts:
        with permit_of(admission) as permit:
            reasons.append(permit.count(host))
    return reasons


# Admission.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("2001:db8:0:1:aaaa::", "2001:db8:0:1::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_addresses_that_count_as_one(one: str, other: str) -> None:
    """A /64 of IPv6 is counted as one; IPv4 in the form of IPv6 is IPv4."""
    assert rate_limit_key(one) == rate_limit_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("192.0.2.1", "192.0.2.2"), ("2001:db8:0:1::", "2001:db8:0:2::"), ("x", "y")]
)
def test_addresses_that_are_different_people(one: str, other: str) -> None:
    """Nobody pays for the neighbours."""
    assert rate_limit_key(one) != rate_limit_key(other)


def test_connections_at_the_same_time_are_limited() -> None:
    """The one over the limit is refused; when one has gone, another may come."""
    admission = Admission(Settings(limits=LimitSettings(connections_per_address=2)), Clock())
    with permit_of(admission) as first:
        first.count("2001:db8::1")
        with permit_of(admission) as second:
            second.count("2001:db8::2")
            assert enter(admission, "2001:db8::3", "2001:db8:0:1::") == [
                "Too many connections from your address",
                "",
            ]
        assert enter(admission, "2001:db8::3") == [""]
    assert admission.statistics().refused == 1


def test_new_connections_are_limited_in_their_rate() -> None:
    """A burst, then a rate per minute; a client that waits is let in."""
    clock = Clock()
    admission = Admission(Settings(limits=LimitSettings(connections_per_minute=3)), clock)
    assert [bool(reason) for reason in enter(admission, *[STRANGER] * 5)] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert enter(admission, "198.51.100.8") == [""]
    clock.now += 20
    assert [bool(reason) for reason in enter(admission, *[STRANGER] * 2)] == [False, True]


def test_exempt_networks_are_not_counted() -> None:
    """This machine itself, unless configured otherwise."""
    admission = Admission(
        Settings(limits=LimitSettings(connections_per_address=1, connections_per_minute=1)), Clock()
    )
    with permit_of(admission) as permit:
        assert permit.count("127.0.0.1") == ""
        assert enter(admission, *["127.0.0.1"] * 9) == [""] * 9
    assert admission.statistics().addresses == 0


def test_a_refused_flood_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A flood of connections must not rotate the log; it is logged again after a success."""
    clock = Clock()
    admission = Admission(Settings(limits=LimitSettings(connections_per_minute=1)), clock)
    for _ in range(2):
        enter(admission, *[STRANGER] * 50)
        clock.now += 60
    assert [STRANGER in record.getMessage() for record in caplog.records] == [True, True]


def test_what_is_known_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan from everywhere does not fill the memory, and does not make us forget who is
    connected.
    """
    monkeypatch.setattr(admission_module, "MOST_ADDRESSES", 4)
    admission = Admission(Settings(limits=LimitSettings(connections_per_address=1)), Clock())
    with permit_of(admission) as permit:
        permit.count(STRANGER)
        enter(admission, *(f"192.0.2.{number}" for number in range(100)))
        assert admission.statistics().addresses == 4
        assert enter(admission, STRANGER) != [""]


async def test_who_is_refused_is_told_why() -> None:
    """A sentence and the end; it never becomes a client."""
    async with memory_network(LimitSettings(connections_per_address=1)) as place:
        await place.register("ann", host=STRANGER)
        (message,) = await place.join(STRANGER).rest()
        assert message.command == "ERROR"
        assert "Too many connections from your address" in message.params[0]
        assert len(place.server.connections) == 1
        await place.register("bob", host="198.51.100.8")


def test_connections_for_pages_leave_the_budget_of_the_chat_alone() -> None:
    """What one took is given back; when it becomes a WebSocket, it is counted for the chat."""
    owner = Settings(limits=LimitSettings(connections_per_address=2, connections_per_minute=2))
    admission, pages = Admission(owner, Clock()), PageAdmission(owner, Clock())
    with ExitStack() as stack:
        permits = [stack.enter_context(ConnectionPermit(admission, pages)) for _ in range(12)]
        for permit in permits:
            assert permit.count(STRANGER) == ""
            assert permit.count_for_pages(STRANGER) == ""
        assert pages.open == 12
        assert [permit.count(STRANGER) for permit in permits[:3]] == [
            "",
            "",
            "Too many connections from your address",
        ]
        assert pages.open == 9
    assert pages.open == 0
    assert len(enter(admission, STRANGER)) == 1


def test_connections_for_pages_have_limits_of_their_own() -> None:
    """Six times those of the chat: a browser opens six connections to a server."""
    owner = Settings(limits=LimitSettings(connections_per_address=2))
    admission, pages = Admission(owner, Clock()), PageAdmission(owner, Clock())
    with ExitStack() as stack:
        permits = [stack.enter_context(ConnectionPermit(admission, pages)) for _ in range(13)]
        refusals = [permit.count_for_pages(STRANGER) for permit in permits]
        assert refusals == [""] * 12 + ["Too many connections from your address"]
        assert ConnectionPermit(admission, pages).count_for_pages("198.51.100.8") == ""


def test_connections_for_pages_leave_room_for_the_chat(caplog: pytest.LogCaptureFixture) -> None:
    """At most a quarter of all, from many addresses and through proxies; logged once."""
    owner = Settings(limits=LimitSettings(clients=80))
    admission, pages = Admission(owner, Clock()), PageAdmission(owner, Clock())
    with ExitStack() as stack:
        permits = [stack.enter_context(ConnectionPermit(admission, pages)) for _ in range(24)]
        refusals = [permit.count_for_pages(None) for permit in permits]
        assert [bool(refusal) for refusal in refusals] == [False] * 20 + [True] * 4
        room = [pages.is_roomy]
    assert [*room, pages.is_roomy] == [False, True]
    assert len(caplog.records) == 1


# Floods.


async def test_a_dear_command_counts_as_several(autojump_clock: MockClock) -> None:
    """LIST costs more than PING: the next line waits for it."""
    async with memory_network(LimitSettings(flood_burst=10, flood_rate=1)) as place:
        ann = await place.register("ann", host=STRANGER)
        await trio.sleep(60)
        start = trio.current_time()
        await ann.say("LIST", "LIST", "LIST", "PING x")
        await ann.until("PONG")
        assert trio.current_time() - start == pytest.approx(
            3
        )  # 4 + 4 + 4 + 1 lines, of which 10 at once


async def test_each_target_counts(autojump_clock: MockClock) -> None:
    """Twenty channels in one line are no single line."""
    async with memory_network(LimitSettings(flood_burst=10, flood_rate=1)) as place:
        ann = await place.register("ann", host=STRANGER)
        await trio.sleep(60)
        start = trio.current_time()
        await ann.say("NAMES " + ",".join(f"#{number}" for number in range(20)), "PING x")
        await ann.until("PONG")
        assert trio.current_time() - start == pytest.approx(11)


async def test_who_never_stops_is_cut_off(autojump_clock: MockClock) -> None:
    """Slowed first, and in the end disconnected with a reason; what came before was carried out."""
    async with memory_network(LimitSettings(flood_burst=5, flood_rate=10, flood_limit=20)) as place:
        eve = await place.register("eve", host=STRANGER)
        await eve.say(*(f"PING {number}" for number in range(1000)))
        *answers, last = await eve.rest()
        assert last.command == "ERROR"
        assert "Excess flood" in last.params[0]
        assert 20 <= len(answers) <= 30
        await place.register("bob")


async def test_who_never_stops_is_only_slowed_where_nobody_is_cut_off(
    autojump_clock: MockClock,
) -> None:
    """`SAFERATE`: neither for speed, nor because it cannot answer a PING before what it has sent
    was carried out.
    """
    async with memory_network(
        LimitSettings(flood_burst=5, flood_rate=10, ping_interval=5, ping_timeout=5)
    ) as place:
        eve = await place.register("eve", host=STRANGER)
        await eve.say(*["TIME"] * 800, "PING end")
        assert (await eve.until("PONG"))[-1].params[1] == "end"
        assert trio.current_time() > 60


def test_who_pauses_is_not_cut_off() -> None:
    """Only lines in a row that had to wait count."""
    clock = Clock()
    budget = FloodBudget(burst=1, rate=1, limit=3, clock=clock)
    for _ in range(5):
        for _ in range(3):
            budget.take()
        assert not budget.is_exhausted
        clock.now += 100


@pytest.mark.parametrize("junk", [b"\n" * 65536, b"\r\n" * 32768])
async def test_bytes_that_are_no_lines_are_not_free(autojump_clock: MockClock, junk: bytes) -> None:
    """Empty lines cost as much as what they could have been."""
    async with memory_network(LimitSettings(flood_burst=10, flood_rate=1)) as place:
        eve = await place.register("eve", host=STRANGER)
        start = trio.current_time()
        for _ in range(4):
            await eve.stream.send_all(junk)
            await wait_all_tasks_blocked()
        await eve.say("", "PING x")
        await eve.until("PONG")
        assert trio.current_time() - start > 200


async def test_a_line_in_many_pieces_is_paid_for_by_the_piece(autojump_clock: MockClock) -> None:
    """Each read is work, whatever little it brings: four that complete no line cost as much as
    one.
    """
    async with memory_network(LimitSettings(flood_burst=10, flood_rate=1)) as place:
        eve = await place.register("eve", host=STRANGER)
        await trio.sleep(60)
        start = trio.current_time()
        for byte in b"PING " + b"x" * 195 + b"\n":
            await eve.stream.send_all(bytes([byte]))
            await wait_all_tasks_blocked()
        await eve.until("PONG")
        assert trio.current_time() - start >= 1


async def test_a_farewell_does_not_read_for_ever() -> None:
    """Further bytes of a client are discarded up to a bound, and then its connection is closed."""

    class Endless:
        received = 0

        async def send_eof(self, *, going_away: bool = False) -> None:
            """Say nothing."""

        async def receive_each(self, on_data: OnData) -> None:
            """Give more until it is enough."""
            self.received += 65536
            while not on_data(bytes(65536), 1):
                self.received += 65536

    peer = Endless()
    await close_gracefully(peer)  # type: ignore[arg-type]
    assert peer.received <= MOST_DROPPED


@pytest.mark.parametrize(
    "junk", [b"x" * 65536, b"@" + b";" * 65535, bytes(65536), b"\x16\x03\x01" + b"\xff" * 65533]
)
async def test_a_line_without_end_is_not_waited_for(autojump_clock: MockClock, junk: bytes) -> None:
    """The client gets an error, and is disconnected."""
    async with memory_network(LimitSettings(flood_burst=10, flood_rate=1)) as place:
        eve = await place.register("eve", host=STRANGER)
        await eve.stream.send_all(junk)
        assert [message.command for message in await eve.rest()][-1] == "ERROR"


# Slow and silent peers.


async def test_who_trickles_is_not_waited_for(autojump_clock: MockClock) -> None:
    """Slow-loris: a byte now and then does not extend the time for registration."""
    async with memory_network(LimitSettings(registration_timeout=30)) as place:
        peer = place.join(STRANGER)

        async def trickle() -> None:
            for char in "NICK " + "x" * 1000:
                await peer.stream.send_all(char.encode())
                await trio.sleep(1)

        with pytest.raises((trio.BrokenResourceError, trio.ClosedResourceError)):
            await trickle()
        assert trio.current_time() < 50
        assert not place.server.connections


class DeadStream(trio.abc.Stream):
    """A stream whose cable is pulled: what is sent never arrives."""

    def __init__(self, below: trio.abc.Stream) -> None:
        self._below = below

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Receive what was sent before."""
        return bytes(await self._below.receive_some(max_bytes))

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Wait for ever."""
        await trio.sleep_forever()

    async def wait_send_all_might_not_block(self) -> None:
        """Wait for ever."""
        await trio.sleep_forever()

    async def aclose(self) -> None:
        """Close it."""
        await self._below.aclose()


async def test_a_half_open_connection_is_found_out(autojump_clock: MockClock) -> None:
    """Nothing comes and nothing can be written: the end, within the time for a PING and a farewell;
    the others see it.
    """
    async with memory_network(LimitSettings(ping_interval=60, ping_timeout=30)) as place:
        bob = await place.register("bob", "#a")
        ours, theirs = memory_stream_pair()
        transport = StreamTransport(DeadStream(theirs))
        place.nursery.start_soon(place.server.serve_client, transport, peers.Peer(host=STRANGER))
        await MemoryClient(ours).say("NICK dead", "USER d 0 * :d", "JOIN #a")
        message = await _next_quit(bob)
        assert "Ping timeout" in message
        assert trio.current_time() < 100


async def _next_quit(bob: MemoryClient) -> str:
    while True:
        *_, last = await bob.until("QUIT", "PING")
        if last.command == "QUIT":
            return last.params[0]
        await bob.say("PONG x")


async def test_binary_junk_and_resets(caplog: pytest.LogCaptureFixture) -> None:
    """Any bytes and any end of a connection leave no error and no resource."""
    caplog.set_level(logging.ERROR)
    async with memory_network() as place:
        good = await place.register("good", "#a")
        await _attack(place)
        await good.say("PING still")
        await good.until("PONG")
        assert len(place.server.connections) == len(place.server.world.sessions) == 1
    assert not caplog.records


async def _attack(place: MemoryNetwork) -> None:
    for number in range(300):
        peer = place.join()
        await peer.stream.send_all(
            bytes((number * 7 + index * index) % 256 for index in range(number))
        )
        if number % 3:
            await trio.aclose_forcefully(peer.stream)
        else:
            await peer.stream.send_eof()
    await wait_all_tasks_blocked()
