"""Refused connections: each receives the reason, and is closed within a deadline."""

from contextlib import suppress

import trio

from trio_chat.irc.message import Message
from trio_chat.server.detection import DetectedProtocol, detect_protocol
from trio_chat.server.http.refusal import refusal_by_http
from trio_chat.server.lingering import LINGER_TIMEOUT
from trio_chat.server.peer import Peer
from trio_chat.server.transport import Transport, close_gracefully, send_all

MOST_CLOSING = 256
"""Refused connections that receive the reason, at the same time; more are closed at once."""
_FIRST_BYTES_TIMEOUT = 0.5
"""Seconds in which a refused peer shows by its first bytes that it speaks HTTP."""


class Refusals:
    """The connections that are being refused, or closed before a client uses them.

    No limit counts these connections, so without the bound on them a client that reconnects after
    every refusal could use up the file descriptors.
    """

    def __init__(self) -> None:
        self.closing = 0

    async def refuse(
        self, transport: Transport, *messages: Message, status: int | None = None, why: str = ""
    ) -> None:
        """Send messages and close.

        Args:
            transport: the connection; closed also when cancelled.
            messages: of IRC.
            status: of HTTP, instead of the messages, if the first bytes of the peer are a request;
                None when the peer is known to speak IRC.
            why: a sentence without its full stop, for HTTP.
        """
        lines = "".join(f"{message.line()}\r\n" for message in messages)
        await self.close(transport, lines, None if status is None else (status, why))

    async def close(
        self,
        transport: Transport,
        text: str = "",
        by_http: tuple[int, str] | None = None,
        *,
        going_away: bool = False,
    ) -> None:
        """Send a text and close, within a deadline; only close when very many are being closed.

        Args:
            transport: the connection; closed also when cancelled.
            text: complete lines, or nothing.
            by_http: status and reason instead, for a peer that turns out to speak HTTP.
            going_away: whether the reason is that the server stops.
        """
        is_graceful = self.closing < MOST_CLOSING
        self.closing += 1
        try:
            if is_graceful:
                data = text.encode()
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    if by_http is not None:
                        data = await _http_refusal(transport, *by_http) or data
                    with trio.move_on_after(LINGER_TIMEOUT):
                        if data:
                            await send_all(transport, data)
                with trio.move_on_after(2 * LINGER_TIMEOUT):
                    await close_gracefully(transport, going_away=going_away)
        finally:
            self.closing -= 1
            with trio.move_on_after(LINGER_TIMEOUT, shield=True):
                await transport.aclose()


async def _http_refusal(transport: Transport, status: int, why: str) -> bytes:
    """Return the answer for a peer whose first bytes are an HTTP request; b"" for any other."""
    first = b""
    with trio.move_on_after(_FIRST_BYTES_TIMEOUT):
        first = await transport.receive()
    if detect_protocol(first) is not DetectedProtocol.HTTP:
        return b""
    return refusal_by_http(status, why, first)


def closing_link(peer: Peer, reason: str) -> Message:
    """Return the ERROR with which a connection is closed (RFC 2812 §3.7.4)."""
    return Message("ERROR", (f"Closing link: {peer.host} ({reason})",))
