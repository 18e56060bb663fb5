"""The lines of a client: which of them all nodes carry out, and which only the node of the client.

All lines of a batch are carried out together, when its last one has come. So an open batch is no
part of the state. A batch for a service, which may have a password in it, never comes into the log.
"""

from trio_chat.chat.dispatch import is_local
from trio_chat.chat.multiline import BATCH_TYPE
from trio_chat.chat.registry import LOCAL_SERVICES
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message, ParseError, parse
from trio_chat.irc.names import fold_or_self

_MORE_LINES = 2
"""Lines of a batch that are kept beyond the limit: they make it be refused as too long."""


class ClientLines:
    """Sorts the lines of one client.

    Args:
        session: its session.
        lengths: the limits of batches.
    """

    def __init__(self, session: Session, lengths: Lengths) -> None:
        self._session = session
        self._lengths = lengths
        self._batch: list[bytes] = []  # the lines of the open batch
        self._is_secret = False  # whether the open batch is for a service, perhaps with a password

    def sort(self, line: bytes | BadLine) -> tuple[bytes, ...] | None:
        """Return the lines that all nodes are to carry out now; none while a batch is not complete.
        None if the line is for the node of the client alone.

        Args:
            line: the next line of the client.
        """
        if self._session.user is None:
            return None
        message = _parse(line)
        if self._is_secret and message is not None and self._is_of_service(message):
            return None
        if self._batch:
            if message is None or not isinstance(line, bytes):
                self._add(b"")
                return ()
            if _is_of_batch(message):
                # A text for a service, which spoils this batch, may be a password.
                self._add(b"" if message.command != "BATCH" and is_local(message) else line)
                return () if _is_inside(message) else self._take()
        elif message is None or not isinstance(line, bytes):
            return None
        elif self._opens(message):
            if fold_or_self(message.params[2]) in LOCAL_SERVICES:
                self._is_secret = True
                return None
            self._add(line)
            return ()
        return None if is_local(message) else (line,)

    def _is_of_service(self, message: Message) -> bool:
        """Return whether a line belongs to the open batch for a service.

        Not so if the client has no batches any longer, or begins one for another target: this node
        alone would carry out what all nodes have to.
        """
        if not self._session.effective & cap.MULTILINE or self._opens(message):
            self._is_secret = False
            return False
        if not _is_of_batch(message):
            return False
        self._is_secret = _is_inside(message)
        return True

    def _opens(self, message: Message) -> bool:
        """Return whether a line opens a batch; one that is refused does not."""
        return (
            message.command == "BATCH"
            and bool(self._session.effective & cap.MULTILINE)
            and len(message.params) > 2
            and message.params[0].startswith("+")
            and message.params[1] == BATCH_TYPE
        )

    def _take(self) -> tuple[bytes, ...]:
        lines, self._batch = tuple(self._batch), []
        return lines

    def _add(self, line: bytes) -> None:
        if len(self._batch) > self._lengths.multiline_lines + _MORE_LINES:
            self._batch.pop()  # what is left is too long already, and is refused
        self._batch.append(line)


def _is_of_batch(message: Message) -> bool:
    return message.command == "BATCH" or "batch" in message.tags


def _is_inside(message: Message) -> bool:
    """Return whether a line of a batch is not its end; one that cannot be read ends it, too."""
    return message.command != "BATCH" or "".join(message.params[:1]).startswith("+")


def _parse(line: bytes | BadLine) -> Message | None:
    """Return a line as a message; None if it cannot be read."""
    if isinstance(line, BadLine):
        return None
    try:
        return parse(line.decode("utf-8", "replace"))
    except ParseError:
        return None
