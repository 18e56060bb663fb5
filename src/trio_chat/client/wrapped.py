"""A stream around another one: a base for those that change only how bytes are received."""

import trio


class WrappedStream(trio.abc.Stream):
    """A stream that sends and closes as another one does; `receive_some` is for the subclass.

    Args:
        stream: the other one.
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
