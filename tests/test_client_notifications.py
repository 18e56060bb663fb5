"""Notification levels of the account in the clients for terminals."""

import pytest
from trio.testing import MockClock

from client_fakes import chat
from screen_fakes import CAPS, inside
from trio_chat.client.model.handlers.dispatch import apply
from trio_chat.client.model.server import ServerState
from trio_chat.client.screen.app import ScreenOptions
from trio_chat.client.session import events

LEVELS = f"{CAPS} trio-chat/notify"
BELL = ScreenOptions(theme="dark", notify="bell")


@pytest.mark.parametrize(
    ("level", "text", "rings"),
    [
        ("#lobby nothing *", "alice: hi", False),
        ("#LOBBY all *", "lunch", True),
        ("* all *", "lunch", True),
        ("* nothing *", "alice: hi", False),
        ("#lobby default *", "alice: hi", True),
        ("#lobby all until=2199-01-01T00:00:00.000Z", "alice: hi", False),
        ("#lobby default until=2001-01-01T00:00:00.000Z", "alice: hi", True),
        ("#lobby all until=soon", "alice: hi", True),
        ("#lobby", "alice: hi", True),
        ("#other nothing *", "alice: hi", True),
    ],
)
async def test_the_bell_follows_the_level(
    level: str, text: str, rings: bool, jumping_clock: MockClock
) -> None:
    """What the account has chosen for a channel, or for all, decides what calls the user."""
    async with inside(LEVELS, options=BELL) as (it, server):
        it.screen.press("focus out")
        await server.send(f":srv.test NOTIFY {level}", f":bob!u@h PRIVMSG #lobby :{text}")
        await it.sees(text)
        assert it.screen.written == ("\a" if rings else "")


async def test_muted_channels_are_not_counted(jumping_clock: MockClock) -> None:
    """Neither in the title nor in the list; after the choice is taken back they are."""
    async with inside(LEVELS, options=BELL) as (it, server):
        it.screen.press("focus out")
        await server.send(":srv.test NOTIFY #lobby nothing *", ":bob!u@h PRIVMSG #lobby :alice: hi")
        await it.sees("alice: hi")
        assert it.workspace.unread() == (0, 0)
        await server.send(":srv.test NOTIFY #lobby default *")
        await it.sees("1 mention")


async def test_the_levels_are_asked_for_after_a_login(jumping_clock: MockClock) -> None:
    """Only where the server has them."""
    async with inside(LEVELS, options=BELL) as (_it, server):
        await server.send(":srv.test 900 alice alice!u@h alice :You are logged in")
        await server.expect("NOTIFY")


def test_what_was_taken_back_meanwhile_is_forgotten() -> None:
    """A level that the answer on a later connection does not name holds no longer."""
    server = ServerState("home", lambda: 0.0)
    channels = [server.open(name) for name in ("#a", "#b")]
    first = [events.NotificationLevel(name, "nothing", "") for name in ("#a", "#b", "*")]
    again = [events.NotificationLevel(*one, "") for one in (("#b", "all"), ("*", ""))]
    everything: list[events.Event] = [*first, events.Connected("ann"), *again]
    for event in everything:
        apply(server, event)
    assert [server.level(channel) for channel in channels] == ["mentions", "all"]


async def test_notify_is_a_command_of_nickserv() -> None:
    """Without a name it means the current channel."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type("/notify", "/notify Nothing", "/notify #other 2h", "/notify * all")
        c.interface.type("/notify @bob all")
        await server.expect("NICKSERV NOTIFY")
        await server.expect("NICKSERV NOTIFY #lobby nothing")
        await server.expect("NICKSERV NOTIFY #other PAUSE 2h")
        await server.expect("NICKSERV NOTIFY * all")
        await server.expect("NICKSERV NOTIFY bob all")
        c.interface.type("/notify loud", "/notify #a 99999h")
        assert all("Usage: /notify" in line for line in await c.interface.take())
