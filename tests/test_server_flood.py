"""Flood control: a burst at once, then a steady rate, for lines and for bytes."""

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair

from server_fakes import memory_network
from support import Clock
from trio_chat.config import LimitSettings
from trio_chat.server.flood import FloodBudget


def test_the_flood_budget() -> None:
    """A burst at once, then a steady rate; quiet times are credited up to the burst."""
    clock = Clock(0)
    budget = FloodBudget(burst=2, rate=4, limit=9, clock=clock)
    assert [budget.take() for _ in range(4)] == [0, 0, 0.25, 0.5]
    clock.now = 100
    assert [budget.take() for _ in range(3)] == [0, 0, 0.25]
    budget.spend(2)
    assert budget.take() == 1.0


async def test_a_flooder_is_slowed_at_its_own_socket(autojump_clock: MockClock) -> None:
    """Its lines wait; nothing is lost, and nobody else waits."""
    async with memory_network(LimitSettings(flood_burst=10, flood_rate=2)) as h:
        ann = await h.register("ann", host="192.0.2.1")
        before = trio.current_time()
        await ann.say(*(f"PING {number}" for number in range(30)))
        answers = [(await ann.until("PONG"))[-1].params[1] for _ in range(30)]
        assert answers == [str(number) for number in range(30)]
        assert 10 <= trio.current_time() - before <= 15


async def test_bytes_are_paid_for_besides_lines(autojump_clock: MockClock) -> None:
    """A line of 4 KB counts as four: three for its bytes, one for itself."""
    async with memory_network(
        LimitSettings(flood_burst=1, flood_rate=1, flood_limit=10_000, flood_exempt=())
    ) as h:
        ann = await h.register("ann")
        await ann.say("PING first")
        await ann.until("PONG")
        start = trio.current_time()
        for number in range(5):
            await ann.say(f"@+a={'x' * 4000} PING {number}")
            await ann.until("PONG")
        assert trio.current_time() - start == pytest.approx(5 * 4)


async def test_a_flooder_that_does_not_read_is_ended_all_the_same(
    autojump_clock: MockClock,
) -> None:
    """Its end does not wait until it has read what it asked for."""
    limits = LimitSettings(
        flood_burst=3, flood_rate=100, flood_limit=1, flood_exempt=(), outbox_bytes=8192
    )
    async with memory_network(limits) as h, trio.open_nursery() as nursery:
        ann = h.join(pair=lockstep_stream_pair)
        nursery.start_soon(ann.say, "NICK ann", "USER ann 0 * :x", *["VERSION"] * 100)
        await trio.sleep(10)
        assert not h.server.connections
        nursery.cancel_scope.cancel()


async def test_exempt_addresses_are_not_slowed(autojump_clock: MockClock) -> None:
    """The machine itself may say as much as it likes, unless configured otherwise."""
    async with memory_network(LimitSettings(flood_burst=1, flood_rate=1)) as h:
        ann = await h.register("ann", host="::1")
        await ann.say(*(f"PING {number}" for number in range(300)))
        for _ in range(300):
            await ann.until("PONG")
        assert trio.current_time() < 1
