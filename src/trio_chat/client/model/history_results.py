"""Messages that the user has requested and that do not belong at the end of a buffer."""

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.entries import BufferEntry


class HistoryResults:
    """Messages that are arriving: earlier ones, or the results of a search.

    Args:
        buffer: the buffer that earlier messages go to; None for a search.
        count: how many messages there will be.
        words: the words of the search.
        channel: the channel that was searched, "" for all.

    Attributes:
        found: the messages so far, each with the name of its conversation.
    """

    def __init__(
        self, buffer: Buffer | None, count: int, words: str = "", channel: str = ""
    ) -> None:
        self.buffer = buffer
        self.count = count
        self.words = words
        self.channel = channel
        self.found: list[tuple[str, BufferEntry]] = []
