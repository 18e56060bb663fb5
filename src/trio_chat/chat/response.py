"""The one place where replies are made: labels, batches, echo and capability filtering happen here and cannot be forgotten.

A handler says `numeric`, `send`, `fail` and `emit`, in the order in which its client is to see things; `finish` gives back what
is to be delivered. A labelled command's whole answer, the client's own copies of events included, becomes one labelled line, one
labelled batch, or ACK (IRCv3 labeled-response).
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from trio_chat.chat.events import Direct, Event, Output, Part
from trio_chat.chat.ids import msgid, server_time
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import MAX_BODY, MAX_LABEL, Message, format_body, format_tags, truncate
from trio_chat.irc.numerics import Numeric

if TYPE_CHECKING:
    from trio_chat.chat.users import Session
    from trio_chat.chat.world import World

Later = Callable[["Response"], Awaitable[None]]
"""Something that may wait for the memory, and then says what is to be sent."""


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
        self._batch = ""  # the reference of the batch that lines are put into
        self._postponed: Later | None = None
        self._follow_ups: list[Later] = []

    def numeric(self, numeric: Numeric, *params: str, args: tuple[object, ...] | None = None) -> None:
        """Reply with a numeric.

        Args:
            numeric: which.
            params: what stands between the nickname and the closing text.
            args: the words for the `{}` of the closing text.
        """
        words = [self._session.target, *map(_as_word, params)]
        if numeric.text:
            words.append(f":{numeric.text.format(*args) if args is not None else numeric.text}")
        else:
            words[-1] = f":{words[-1]}"
        self.prepared(numeric, " ".join(words))

    def prepared(self, numeric: Numeric, rest: str) -> None:
        """Reply with a numeric of which everything from the nickname on is written already.

        Raises:
            ValueError: it holds what no line can hold.
        """
        if "\r" in rest or "\n" in rest or "\0" in rest:
            raise ValueError(f"a line cannot hold a line end or NUL: {rest!r}")
        self._reply(f":{self._world.identity.name} {numeric.code} {rest}")

    def send(self, command: str, params: tuple[str, ...], source: str = "") -> None:
        """Reply with any message; from the server itself when no source is given."""
        self._reply(format_body(command, params, source or self._world.identity.name))

    def _reply(self, body: str) -> None:
        tags = {"batch": self._batch} if self._batch else {}
        if self._session.effective & cap.SERVER_TIME:
            number = self._world.ids.next()
            tags["time"] = server_time(number, self._world.ids.shift)
        self._own.append((tags, truncate(body, MAX_BODY)))

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
                self._own += event.lines(session.effective)
            if len(event.recipients) == 1 and not event.places:
                return  # nobody else sees it, and it is not remembered
            event = event._replace(skip=session)
        elif not self._label:
            self._flush()
        self._parts.append(event)

    def include(self, output: Output) -> None:
        """Have something delivered that another response has made, and what comes later of it."""
        self._flush()
        self._parts += output.parts
        if output.later is not None:
            later = output.later

            async def continued(reply: "Response") -> None:
                reply.include(await later())

            self.follow_up(continued)

    def tell(self, other: "Response") -> None:
        """Have the replies to another session delivered, at this place in the order."""
        if not self._label:
            self._flush()
        self._parts += other.finish().parts

    def replay(self, event: Event) -> None:
        """Reply with something that happened before, as it was sent then."""
        for tags, body in event.lines(self._session.effective):
            if self._batch:
                tags.setdefault("batch", self._batch)
            self._own.append((tags, body))

    @contextmanager
    def batch(self, kind: str, *params: str) -> Iterator[None]:
        """Put the replies made inside into a batch, for those who have batches (IRCv3 batch)."""
        if not self._session.effective & cap.BATCH:
            yield
            return
        reference = msgid(self._world.ids.next())
        self.send("BATCH", (f"+{reference}", kind, *params))
        self._batch = reference
        yield
        self._batch = ""
        self.send("BATCH", (f"-{reference}",))

    def postpone(self, work: "Later") -> None:
        """Have the whole answer given by `work`, which may wait for the memory; the label waits with it."""
        self._postponed = work

    def follow_up(self, work: "Later") -> None:
        """Have `work` add more after the answer, without its label."""
        self._follow_ups.append(work)

    def hand_over_label(self) -> str:
        """Leave the label to the answer to a later command, and return it."""
        label, self._label = self._label, ""
        return label

    def take_label(self, label: str) -> None:
        """Answer to an earlier command, which had this label; see `hand_over_label`."""
        self._label = label

    def close(self, reason: str) -> None:
        """End the session after what was said so far."""
        self._close = reason

    def finish(self) -> Output:
        """Return what is to be delivered."""
        if self._postponed is not None:
            work, self._postponed = self._postponed, None
            # Events were accepted now: they must not come after what others do while this one waits.
            refusal = self._refusal()
            if not self._label:
                self._flush()
            parts, self._parts = tuple(self._parts), []
            return Output(parts, refusal=refusal, later=partial(self._run, [work]))
        refusal = self._refusal()
        if self._label:
            self._apply_label()
        self._flush()
        later = None
        if self._follow_ups:
            works, self._follow_ups = self._follow_ups, []  # they know the request, which knows this object
            later = partial(Response(self._world, self._session)._run, works)
        return Output(tuple(self._parts), self._close, refusal, later)

    async def _run(self, works: "list[Later]") -> Output:
        for work in works:
            await work(self)
        return self.finish()

    def _refusal(self) -> Direct | None:
        remembered = [part for part in self._parts if isinstance(part, Event) and part.must_last]
        if not remembered:
            return None
        response = Response(self._world, self._session)
        response._label = self._label
        first = remembered[0]
        text = "The message was not accepted: the server cannot store it at the moment, try again later"
        response.fail(first.command, "TEMPORARILY_UNAVAILABLE", first.params[0], text=text)
        (refusal,) = response.finish().parts
        return refusal if isinstance(refusal, Direct) else None

    def _apply_label(self) -> None:
        server = self._world.identity.name
        if not self._own:
            self.send("ACK", ())
        if len(self._own) == 1 or self._is_one_batch():
            self._own[0][0]["label"] = self._label
            return
        reference = msgid(self._world.ids.next())
        for tags, _ in self._own:
            tags.setdefault("batch", reference)
        opening = ({"label": self._label}, f":{server} BATCH +{reference} labeled-response")
        self._own = [opening, *self._own, ({}, f":{server} BATCH -{reference}")]

    def _is_one_batch(self) -> bool:
        """Tell whether the answer is a batch already: then its start carries the label."""
        words, (_, last) = self._own[0][1].split(" ", 3), self._own[-1]
        if len(words) < 4 or words[1] != "BATCH" or last.split(" ")[-2:] != ["BATCH", f"-{words[2][1:]}"]:
            return False
        return all("batch" in tags for tags, _ in self._own[1:-1])  # in this one, or in one within it

    def _flush(self) -> None:
        if self._own:
            lines = [f"{format_tags(tags)}{body}\r\n" if tags else f"{body}\r\n" for tags, body in self._own]
            self._parts.append(Direct(self._session, "".join(lines).encode()))
            self._own = []


def _as_word(param: str) -> str:
    """Return what a client sent (as its last parameter, so with anything in it) as a word that can stand in the middle."""
    return param.lstrip(":").replace(" ", "_") or "*" if " " in param or param[:1] in ("", ":") else param
