"""Lines that answer one command, with its label, and in batches.

The whole answer to a labelled command becomes one labelled line, one labelled batch, or ACK (IRCv3
`labeled-response`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from trio_chat.chat.events import Event, Reply
from trio_chat.chat.ids import IdSource, server_time
from trio_chat.chat.persistence import DirtySet
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import MAX_BODY, MAX_LABEL, Message, format_body, format_tags, truncate
from trio_chat.irc.numerics import Numeric


class ResponseContext(Protocol):
    """The part of the world that a response needs; see `world.World`."""

    @property
    def ids(self) -> IdSource:
        """The source of ids."""

    @property
    def batch_references(self) -> Iterator[int]:
        """The numbers by which batches are referred to."""

    @property
    def server_info(self) -> ServerInfo:
        """The server, for its name."""

    @property
    def dirty(self) -> DirtySet:
        """The keys of the state that is to be stored."""


class ReplyLines:
    """Lines for the session that sent a command.

    Args:
        world: the source of ids and of the server's name.
        session: the session.
        message: the command, for its label.
    """

    __slots__ = ("_batch", "_label", "_label_batch", "_own", "_server", "_session", "_world")

    def __init__(
        self, world: ResponseContext, session: Session, message: Message | None = None
    ) -> None:
        self._world = world
        self._session = session
        self._label = ""
        if message is not None and session.effective & cap.LABELED_RESPONSE:
            label = message.tags.get("label", "")
            self._label = label if len(label.encode()) <= MAX_LABEL else ""
        self._own: list[tuple[dict[str, str], str]] = []  # lines that are in no reply yet
        self._batch = ""  # the reference of the batch that lines are put into
        # The reference of the batch that contains the parts of a labelled answer.
        self._label_batch = ""
        self._server = ""  # the source of numerics, once there is one

    def numeric(
        self, numeric: Numeric, *params: str, args: tuple[object, ...] | None = None
    ) -> None:
        """Reply with a numeric.

        Args:
            numeric: which.
            params: what stands between the nickname and the closing text.
            args: the words for the `{}` of the closing text.
        """
        text = numeric.text if args is None else numeric.text.format(*args)
        if not params:
            self.prepared(numeric, f":{text}")
            return
        words = [_as_word(param) for param in params]
        if numeric.text:  # of which the words may be empty
            words.append(f":{text}")
        else:
            words[-1] = f":{words[-1]}"
        self.prepared(numeric, " ".join(words))

    def prepared(self, numeric: Numeric, rest: str) -> None:
        """Reply with a numeric of which everything after the nickname is written already.

        Raises:
            ValueError: it holds what no line can hold.
        """
        if "\r" in rest or "\n" in rest or "\0" in rest:
            raise ValueError(f"a line cannot hold a line end or NUL: {rest!r}")
        if not self._server:
            self._server = f":{self._world.server_info.name}"
        self._reply(" ".join((self._server, numeric, self._session.target, rest)))

    def send(self, command: str, params: tuple[str, ...], source: str = "") -> None:
        """Reply with any message; its source is the server by default."""
        self._reply(format_body(command, params, source or self._world.server_info.name))

    def send_bare(self, command: str, *params: str) -> None:
        """Reply with a message without source and time, for programs that look for its command at
        the start of a line.
        """
        self._own.append(({}, format_body(command, params)))

    def _reply(self, body: str) -> None:
        tags = {"batch": self._batch} if self._batch else {}
        if self._session.effective & cap.SERVER_TIME:
            number = self._world.ids.now()
            tags["time"] = server_time(number, self._world.ids.shift)
        self._own.append((tags, truncate(body, MAX_BODY)))

    def fail(self, command: str, code: str, *context: str, text: str) -> None:
        """Reply that a command failed (IRCv3 `standard-replies`)."""
        self.send("FAIL", (command, code, *map(_as_word, context), text))

    def replay(self, event: Event) -> None:
        """Reply with something that happened before, as it was sent then."""
        for tags, body in event.lines(self._session.effective):
            if self._batch:
                tags.setdefault("batch", self._batch)
            self._own.append((tags, body))

    @contextmanager
    def batch(self, kind: str, *params: str, tag: str = "") -> Iterator[None]:
        """Put the replies that are made inside into a batch, for sessions with the capability
        (IRCv3 batch).

        Args:
            kind: its type.
            params: what follows the type.
            tag: a tag of its first line, or "".
        """
        if not self._session.effective & cap.BATCH:
            yield
            return
        reference = str(next(self._world.batch_references))
        self.send("BATCH", (f"+{reference}", kind, *params))
        if tag:
            self._own[-1][0][tag] = ""
        self._batch = reference
        yield
        self._batch = ""
        self.send("BATCH", (f"-{reference}",))

    def hand_over_label(self) -> str:
        """Leave the label to the answer to a later command, and return it."""
        label, self._label = self._label, ""
        return label

    def take_label(self, label: str) -> None:
        """Answer to an earlier command, which had this label; see `hand_over_label`."""
        self._label = label

    def _apply_label(self, *, is_over: bool) -> None:
        server = self._world.server_info.name
        is_first = not self._label_batch
        if is_first and is_over:
            if not self._own:
                self.send("ACK", ())
            if len(self._own) == 1 or self._is_one_batch():
                self._own[0][0]["label"] = self._label
                return
        if is_first:
            self._label_batch = str(next(self._world.batch_references))
        for tags, _ in self._own:
            tags.setdefault("batch", self._label_batch)
        if is_first:
            self._own.insert(
                0,
                ({"label": self._label}, f":{server} BATCH +{self._label_batch} labeled-response"),
            )
        if is_over:
            self._own.append(({}, f":{server} BATCH -{self._label_batch}"))

    def _is_one_batch(self) -> bool:
        """Return whether the answer is a batch already: then its start carries the label."""
        words, (_, last) = self._own[0][1].split(" ", 3), self._own[-1]
        if (
            len(words) < 4
            or words[1] != "BATCH"
            or last.split(" ")[-2:] != ["BATCH", f"-{words[2][1:]}"]
        ):
            return False
        # In this one, or in one within it.
        return all("batch" in tags for tags, _ in self._own[1:-1])

    def finish_lines(self) -> Reply:
        """Return the whole answer, when it consists of lines alone; there must be some."""
        if self._label:
            self._apply_label(is_over=True)
        return self._take_lines()

    def _take_lines(self) -> Reply:
        """Return the lines so far as one reply; there must be some."""
        lines = [f"{format_tags(tags)}{body}" if tags else body for tags, body in self._own]
        lines.append("")  # so that the last one gets its end, too
        self._own = []
        return Reply(self._session, "\r\n".join(lines).encode())


def _as_word(param: str) -> str:
    """Return what a client sent (as its last parameter, so with anything in it) as a word that can
    stand in the middle.
    """
    return (
        param.lstrip(":").replace(" ", "_") or "*"
        if " " in param or param[:1] in ("", ":")
        else param
    )
