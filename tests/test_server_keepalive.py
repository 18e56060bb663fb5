"""The check for dead peers: PING to a silent client, and the deadline of registration."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server_fakes import SlowHistory, memory_network
from trio_chat.config import LimitSettings
from trio_chat.irc.message import Message
from trio_chat.server.keepalive import keep_alive


async def test_registration_has_a_deadline(autojump_clock: MockClock) -> None:
    """A client that only connects is disconnected."""
    async with memory_network(LimitSettings(registration_timeout=30)) as h:
        assert "Registration timed out" in (await h.join().rest())[0].params[0]
        assert 30 <= trio.current_time() < 40


async def test_a_silent_client_is_asked_and_then_ended(autojump_clock: MockClock) -> None:
    """Dead-peer detection: PING when idle, the end when nothing comes back."""
    async with memory_network(LimitSettings(ping_interval=90, ping_timeout=60)) as h:
        ann = await h.register("ann")
        ping, error = await ann.rest()
        assert ping == Message(
            "PING", ("chat.local",)
        )  # RFC 2812 §3.7.2: `PING :irc.funet.fi`; bots look for it at the start
        assert "Ping timeout" in error.params[0]
        assert 140 <= trio.current_time() <= 160


@pytest.mark.parametrize("waits", [0, 7])
async def test_a_short_interval_is_kept_from_the_beginning(
    autojump_clock: MockClock, waits: int
) -> None:
    """The time for registering is another one, however long it took."""
    async with memory_network(
        LimitSettings(registration_timeout=30, ping_interval=2, ping_timeout=60)
    ) as h:
        person = h.join()
        await trio.sleep(waits)
        await person.say("NICK ann", "USER ann 0 * :Ann")
        await person.until("PING")
        assert waits + 1 <= trio.current_time() <= waits + 4


@pytest.mark.parametrize(("deadline", "between"), [(0.2, 0.05), (2, 0.5), (90, 1.0), (0.001, 0.02)])
async def test_clients_are_looked_at_as_often_as_the_deadlines_need(
    autojump_clock: MockClock, deadline: float, between: float
) -> None:
    """Four times within the shortest one, at least once a second, and not so often that it costs
    anything.
    """
    looks: list[float] = []

    class Client:
        def check_timeouts(self, now: float) -> None:
            looks.append(now)

    with trio.move_on_after(10 * between):
        await keep_alive([Client()], lambda: deadline)
    assert looks[:5] == pytest.approx([looks[0] + between * count for count in range(5)])


async def test_registering_takes_no_longer_with_a_short_interval(autojump_clock: MockClock) -> None:
    """A client that only connects gets no PING, and does not stay."""
    async with memory_network(
        LimitSettings(registration_timeout=30, ping_interval=2, ping_timeout=60)
    ) as h:
        (error,) = await h.join().rest()
        assert "Registration timed out" in error.params[0]
        assert 30 <= trio.current_time() < 40


async def test_who_answers_stays(autojump_clock: MockClock) -> None:
    """Any line is a sign of life."""
    async with memory_network(LimitSettings(ping_interval=90, ping_timeout=60)) as h:
        ann = await h.register("ann")
        for _ in range(5):
            (ping,) = await ann.until("PING")
            await ann.say(f"PONG {ping.params[0]}")
        assert trio.current_time() > 400


async def test_who_is_kept_waiting_by_the_server_is_not_ended(autojump_clock: MockClock) -> None:
    """While the history is locked and somebody waits for an answer from it, nobody reads whether
    they are still there.
    """
    history = SlowHistory()
    history.gate.set()
    async with memory_network(
        LimitSettings(ping_interval=90, ping_timeout=60), history=history
    ) as h:
        ann = await h.register("ann", "#a", caps="draft/chathistory batch")
        history.gate = trio.Event()
        await ann.say("PRIVMSG #a :one", "CHATHISTORY LATEST #a * 5")
        await trio.sleep(1000)
        history.gate.set()
        assert (await ann.until("BATCH"))[-1].command == "BATCH"


async def test_nobody_is_ended_because_the_server_stood_still(mock_clock: MockClock) -> None:
    """Bytes that clients have sent in the meantime are read first."""
    looked: list[float] = []

    class Client:
        def check_timeouts(self, now: float) -> None:
            looked.append(now)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_alive, [Client()])
        for seconds in (1.0, 30.0, 1.0):
            await wait_all_tasks_blocked()
            mock_clock.jump(seconds)
        await wait_all_tasks_blocked()
        assert looked == [1.0, 32.0]
        nursery.cancel_scope.cancel()
