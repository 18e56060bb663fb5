"""Refused connections: each receives the reason, and is closed within a deadline."""

from contextlib import suppress

import trio

from trio_chat.irc.message import Message
from trio_chat.server.peer import Peer
from trio_chat.server.transport import LINGER_TIMEOUT, Transport, close_gracefully, send_all

MOST_CLOSING = 256
"""Refused connections that receive the reason, at the same time; more are closed at once."""


class Refusals:
    """The connections that are being refused, or closed before a client uses them.

    No limit counts these connections, so without the bound on them a client that reconnects after
    every refusal could use up the file descriptors.
    """

    def __init__(self) -> None:
        self.closing = 0

    async def refuse(self, transport: Transport, *messages: Message) -> None:
        """Send messages and close; the transport is closed also when cancelled."""
        await self.close(transport, "".join(f"{message.line()}\r\n" for message in messages))

    async def close(
        self, transport: Transport, text: str = "", *, going_away: bool = False
    ) -> None:
        """Send a text and close, within a deadline; only close when very many are being closed.

        Args:
            transport: the connection; closed also when cancelled.
            text: complete lines, or nothing.
            going_away: whether the reason is that the server stops.
        """
        is_graceful = self.closing < MOST_CLOSING
        self.closing += 1
        try:
            if is_graceful:
                if text:
                    with (
                        trio.move_on_after(LINGER_TIMEOUT),
                        suppress(trio.BrokenResourceError, trio.ClosedResourceError),
                    ):
                        await send_all(transport, text.encode())
                with trio.move_on_after(2 * LINGER_TIMEOUT):
                    await close_gracefully(transport, going_away=going_away)
        finally:
            self.closing -= 1
            with trio.move_on_after(LINGER_TIMEOUT, shield=True):
                await transport.aclose()


def closing_link(peer: Peer, reason: str) -> Message:
    """Return the ERROR with which a connection is closed (RFC 2812 §3.7.4)."""
    return Message("ERROR", (f"Closing link: {peer.host} ({reason})",))
