"""The one place where replies are made: labels, batches, echo and capability filtering happen here and cannot be forgotten.

A handler says `numeric`, `send`, `fail` and `emit`, in the order in which its client is to see things; `finish` gives back what
is to be delivered. A labelled command's whole answer, the client's own copies of events included, becomes one labelled line, one
labelled batch, or ACK (IRCv3 labeled-response).
"""

from typing import TYPE_CHECKING

from trio_chat.chat.events import Direct, Event, Output, Part
from trio_chat.chat.ids import msgid, server_time
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import MAX_BODY, MAX_LABEL, Message, format_body, format_tags, truncate
from trio_chat.irc.numerics import Numeric

if TYPE_CHECKING:
    from trio_chat.chat.users import Session
    from trio_chat.chat.world import World


class Response:
    """Collects what one command makes the server send.

    Args:
        world: gives ids and the server's name.
        session: whose command it is.
        message: the command, for its label.
    """

    def __init__(self, world: "World", session: "Session", message: Message | None = None) -> None:
        self._world = world
        self._session = session
        self._label = ""
        if message is not None and session.effective & cap.LABELED_RESPONSE:
            label = message.tags.get("label", "")
            self._label = label if len(label.encode()) <= MAX_LABEL else ""
        self._parts: list[Part] = []
        self._own: list[tuple[dict[str, str], str]] = []  # lines for the session that are not in _parts yet
        self._close = ""

    def numeric(self, numeric: Numeric, *params: str, args: tuple[object, ...] | None = None) -> None:
        """Reply with a numeric.

        Args:
            numeric: which.
            params: what stands between the nickname and the closing text.
            args: the words for the `{}` of the closing text.
        """
        text = (numeric.text.format(*args) if args is not None else numeric.text,) if numeric.text else ()
        self.send(numeric.code, (self._session.target, *map(_as_word, params), *text))

    def send(self, command: str, params: tuple[str, ...], source: str = "") -> None:
        """Reply with any message; from the server itself when no source is given."""
        tags: dict[str, str] = {}
        if self._session.effective & cap.SERVER_TIME:
            tags["time"] = server_time(self._world.ids.next())
        self._own.append((tags, truncate(format_body(command, params, source or self._world.identity.name), MAX_BODY)))

    def fail(self, command: str, code: str, *context: str, text: str) -> None:
        """Say that a command failed, as a standard reply (IRCv3 standard-replies)."""
        self.send("FAIL", (command, code, *map(_as_word, context), text))

    def emit(self, event: Event, *, is_answer: bool = True) -> None:
        """Have an event delivered.

        Args:
            event: what happened.
            is_answer: whether the session's own copy answers the command. Not so for what a client sends to itself: of that only
                the echo is labelled (IRCv3 labeled-response).
        """
        session = self._session
        if self._label and is_answer and event.skip is not session and session in event.recipients:
            if session.effective & event.requires == event.requires:
                self._own.append((event.tags(session.effective), event.body(session.effective)))
            if len(event.recipients) == 1:
                return
            event = event._replace(skip=session)
        elif not self._label:
            self._flush()
        self._parts.append(event)

    def close(self, reason: str) -> None:
        """End the session after what was said so far."""
        self._close = reason

    def finish(self) -> Output:
        """Return what is to be delivered."""
        if self._label:
            self._apply_label()
        self._flush()
        return Output(tuple(self._parts), self._close)

    def _apply_label(self) -> None:
        server = self._world.identity.name
        if not self._own:
            self.send("ACK", ())
        if len(self._own) == 1:
            self._own[0][0]["label"] = self._label
            return
        reference = msgid(self._world.ids.next())
        for tags, _ in self._own:
            tags["batch"] = reference
        opening = ({"label": self._label}, f":{server} BATCH +{reference} labeled-response")
        self._own = [opening, *self._own, ({}, f":{server} BATCH -{reference}")]

    def _flush(self) -> None:
        if self._own:
            lines = "".join(f"{format_tags(tags)}{body}\r\n" for tags, body in self._own)
            self._parts.append(Direct(self._session, lines.encode()))
            self._own = []


def _as_word(param: str) -> str:
    """Return what a client sent (as its last parameter, so with anything in it) as a word that can stand in the middle."""
    return param.lstrip(":").replace(" ", "_") or "*" if " " in param or param[:1] in ("", ":") else param
