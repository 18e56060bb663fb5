"""Wrapped streams: a base for streams that change only how bytes are received."""

import trio


class WrappedStream(trio.abc.Stream):
    """A stream that sends and closes as another one; a subclass implements `receive_some`.

    Args:
        stream: the other stream.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send; see `trio.abc.SendStream`."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until there is room; see `trio.abc.SendStream`."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close; see `trio.abc.AsyncResource`."""
        await self._stream.aclose()
