"""The lines of a client: which of them all nodes carry out, and which only the node of the client.

The node of the client collects the lines of a batch, and answers to a bad one at once. All nodes
carry out the lines of a good batch together, when its last one has come. So an open batch is no
part of the state. A batch for a service, which may have a password in it, never comes into the log.
"""

from collections.abc import Callable

from trio_chat.chat.dispatch import is_local
from trio_chat.chat.multiline import BatchError
from trio_chat.chat.registry import is_local_service
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message, ParseError, parse


class ClientLines:
    """Sorts the lines of one client.

    Args:
        session: its session.
        elapsed: see `World.elapsed`.
    """

    def __init__(self, session: Session, elapsed: Callable[[], float]) -> None:
        self._session = session
        self._elapsed = elapsed
        self._batch: list[bytes] = []  # the lines of the open batch, as they came

    def sort(self, line: bytes | BadLine) -> tuple[bytes, ...] | None:
        """Return the lines that all nodes are to carry out now. None if the line is for the node of
        the client alone, which carries it out before the next one is sorted.

        Args:
            line: the next line of the client.
        """
        message = _parse(line)
        if self._session.user is None or message is None or not isinstance(line, bytes):
            return None
        is_batch = message.command == "BATCH"
        if is_batch or ("batch" in message.tags and self._session.effective & cap.MULTILINE):
            if is_batch and self._is_good_end(message):
                return self._take(line)
            self._keep(line, message)
            return None
        return None if is_local(message) else (line,)

    def _is_good_end(self, message: Message) -> bool:
        """Return whether a line ends a batch that is good, and for all nodes."""
        batch = self._session.batch
        if (
            batch is None
            or batch.is_over
            or message.params[:1] != (f"-{batch.reference}",)
            or any(map(is_local_service, batch.target.split(",")))
        ):
            return False
        try:
            batch.check_time(self._elapsed())
            batch.text()
        except BatchError:  # the node of the client answers with it
            return False
        return True

    def _keep(self, line: bytes, message: Message) -> None:
        """Keep a line of a batch. As soon as one is refused, the whole is, so a good batch bounds
        what is kept.
        """
        batch = self._session.batch
        if message.command == "BATCH":
            self._batch = [line]
        elif batch is not None and not batch.is_over:
            self._batch.append(line)

    def _take(self, end: bytes) -> tuple[bytes, ...]:
        lines, self._batch, self._session.batch = (*self._batch, end), [], None
        return lines


def _parse(line: bytes | BadLine) -> Message | None:
    """Return a line as a message; None if it cannot be read."""
    if isinstance(line, BadLine):
        return None
    try:
        return parse(line.decode())
    except (ParseError, UnicodeDecodeError):
        return None
