"""Clients of a real server: their way to the lobby, and its history as they read it."""

from collections.abc import Sequence

import trio

from trio_chat.irc.message import Message, parse

CAPS = "batch message-tags server-time echo-message draft/chathistory soju.im/search"


def hello(nick: str) -> bytes:
    """Return what registers a client and brings it to the lobby."""
    return f"CAP REQ :{CAPS}\r\nCAP END\r\nNICK {nick}\r\nUSER x 0 * :x\r\nJOIN #lobby\r\n".encode()


async def history(stream: trio.abc.Stream, page: int) -> list[Message]:
    """Return all messages of the lobby in the order in which the server gives them, so many at a
    time.
    """
    messages: list[Message] = []
    reader = _Pages(stream)
    reference = "timestamp=2020-01-01T00:00:00.000Z"
    while True:
        await stream.send_all(f"CHATHISTORY AFTER #lobby {reference} {page}\r\n".encode())
        found = await reader.next()
        if not found:
            return messages
        messages += found
        reference = f"msgid={found[-1].tags['msgid']}"


class _Pages:
    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._rest = b""

    async def next(self) -> Sequence[Message]:
        """Return the messages up to the end of a batch; what is said meanwhile is in none."""
        found: list[Message] = []
        while True:
            data = await self._stream.receive_some()
            assert data, "the end came before that of the history"
            *lines, self._rest = (self._rest + data).split(b"\r\n")
            messages = [parse(line.decode()) for line in lines]
            found += [
                message
                for message in messages
                if message.command == "PRIVMSG" and "batch" in message.tags
            ]
            if any(
                message.command == "BATCH" and message.params[0][0] == "-" for message in messages
            ):
                return found
