"""The farewell to a client that is ended: the last lines that it receives, and for how long."""

from collections.abc import Callable
from typing import Final

import trio

from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import Message
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.lingering import LINGER_TIMEOUT
from trio_chat.server.outbox import Outbox
from trio_chat.server.transport import Transport, close_gracefully

SHUTDOWN_REASON: Final = "The server has shut down"
RESTART_REASON: Final = "This server is being restarted, connect again"
"""To clients of a node that stops, while others serve the network."""
FAREWELL_TIMEOUT: Final = 5.0
"""Seconds in which a client that is ended can still receive the reason."""
_LAST_DELIVERY_TIMEOUT: Final = 2.0
"""Seconds of these in which earlier messages are still waited for: a locked database must not hold
the reason back.
"""


async def say_farewell(
    broadcaster: Broadcaster,
    ticket: int,
    outbox: Outbox,
    transport: Transport,
    last: Callable[[], bytes],
    scope: trio.CancelScope,
    *,
    going_away: bool,
) -> None:
    """Send a client its last lines after what it was given before, as far as it reads, within
    deadlines of the scope's; and close its transport.

    Args:
        broadcaster: delivers what it was given before.
        ticket: for that; 0 if nothing is waited for.
        outbox: of the client.
        transport: of the client.
        last: returns the last lines; see `last_words`.
        scope: around this.
        going_away: whether the server stops.
    """
    end = trio.current_time() + FAREWELL_TIMEOUT
    # Mostly nothing is waited for, and then a deadline would cost more than the farewell.
    if not broadcaster.has_delivered(ticket):
        with trio.move_on_after(_LAST_DELIVERY_TIMEOUT):
            await broadcaster.wait_delivered(ticket)
    outbox.send_last(last())
    if outbox.queued:
        scope.deadline = end
        await outbox.wait_flushed()
    elif not going_away and transport.linger():
        return
    scope.deadline = min(end, trio.current_time() + LINGER_TIMEOUT)
    await close_gracefully(transport, going_away=going_away)


def last_words(
    session: Session, server: str, reason: str, *, is_shutdown: bool, is_moving: bool
) -> bytes:
    """Return the last lines for a client: when the server stops, a notice that programs recognise,
    then ERROR (RFC 2812 §3.7.4).

    Args:
        session: of the client.
        server: the name of the server.
        reason: why the client is ended.
        is_shutdown: whether the server stops.
        is_moving: whether other nodes serve the network then.
    """
    messages = [Message("ERROR", (f"Closing link: {session.address} ({reason})",))]
    if is_shutdown:
        text = RESTART_REASON if is_moving else SHUTDOWN_REASON
        code = "RECONNECT" if is_moving else "SERVER_SHUTDOWN"
        notice = Message("NOTICE", (session.target, text), server)
        if session.caps & cap.STANDARD_REPLIES:
            notice = Message("NOTE", ("*", code, text), server)
        messages.insert(0, notice)
    return "".join(f"{message.line()}\r\n" for message in messages).encode()
