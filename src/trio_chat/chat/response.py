"""Responses: the output of one command, with labels, batches, echo and capability filtering.

A handler calls `numeric`, `send`, `fail` and `emit` in the order in which the client receives the
lines; `finish` returns the output. The whole answer to a labelled command, the client's own copies
of events included, becomes one labelled line, one labelled batch, or ACK (IRCv3
`labeled-response`).
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from operator import attrgetter
from typing import Final

from trio_chat.chat.decided_events import DecidedEvents
from trio_chat.chat.events import Event, LazyReply, Output, OutputItem, Reply
from trio_chat.chat.message_numbers import unknown_number
from trio_chat.chat.reply_lines import ReplyLines, ResponseContext
from trio_chat.chat.unstored import NOT_KEPT, refused, unavailable
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc import tag_names
from trio_chat.irc.message import Message

Later = Callable[["Response"], Awaitable[None]]
"""Work that may await the storage, and then adds to the response."""

Steps = Iterator[int]
"""A long command in steps: after each step it yields the amount of work, about one for each user,
channel or line. Other commands may be executed between two steps, so objects that were found before
must be looked up again.
"""

_TO_ALL_CHANNELS: Final = frozenset(("NICK", "AWAY", "SETNAME", "ACCOUNT", "METADATA"))
"""Events of a user for which the members of all its channels are gone through."""
WORK_AT_ONCE = 64
"""The work that is done at once for a command. More is done in parts, between which other clients
have their turn.
"""
WORK_IN_TURN = 256
"""The work of such a part."""
WORK_PER_LINE: Final = 200
"""Users, channels and lines that the server looks at for a client and that cost as much as a line
of the client's.
"""

_UNSETTLED: Final = (
    "The servers cannot agree on anything at the moment. What you have asked for may still be"
    " carried out: look whether it was before you ask again"
)


class Unsettled(Exception):
    """In a cluster without its engine, it is not known whether a decision will be carried out."""


class Response(ReplyLines):
    """Collects the output of one command.

    Args:
        world: the source of ids and of the server's name.
        session: the session that sent the command.
        message: the command, for its label.
    """

    __slots__ = (
        "_close",
        "_command",
        "_decided",
        "_follow_ups",
        "_is_changing",
        "_is_event_among",
        "_is_for_others",
        "_is_stateless",
        "_parts",
        "_postponed",
        "_steps",
        "_work",
        "_works",
    )

    def __init__(
        self, world: ResponseContext, session: Session, message: Message | None = None
    ) -> None:
        ReplyLines.__init__(self, world, session, message)  # faster than by super()
        self._command = message.command if message is not None else "*"
        self._parts: list[OutputItem] = []
        self._close = ""
        self._is_stateless = False
        self._is_for_others = False
        self._is_changing = False  # whether the command has changed persistent state
        # Whether the answer contains events, perhaps as the client's own copies.
        self._is_event_among = False
        # Tuples, as there is a response for each line, and hardly ever anything in these.
        self._decided: tuple[DecidedEvents, ...] = ()  # whose own copies are a part of the answer
        self._postponed: tuple[Later, ...] = ()
        self._follow_ups: tuple[Later, ...] = ()
        self._works: tuple[Later, ...] = ()  # what the answer waits for, in order
        self._steps: Steps | None = None  # what the answer consists of further
        self._work = 0

    def emit(self, event: Event, *, is_answer: bool = True) -> None:
        """Have an event delivered.

        Args:
            event: what happened.
            is_answer: whether the session's own copy answers the command. Not so for what a client
                sends to itself: of that only the echo is labelled (IRCv3 labeled-response).
        """
        session = self._session
        self._is_event_among = True
        if event.command in _TO_ALL_CHANNELS and session.user is not None:
            self._work += sum(len(channel.members) for channel in session.user.channels) // 16
        if self._label and is_answer and event.skip is not session and session in event.recipients:
            if session.effective & event.requires == event.requires:
                lines = event.lines(session.effective)
                if session.effective & cap.NUMBER and event.is_to_be_numbered:
                    lines[0][0][tag_names.NUMBER] = unknown_number(event.id)
                self._own += lines
            if len(event.recipients) == 1 and not (event.history_targets or event.push_accounts):
                return  # nobody else receives it, and it is not stored
            event = event.replace(skip=session)
        elif not self._label:
            self._flush()
        self._parts.append(event)

    def emit_all(self, events: Iterable[Event]) -> None:
        """Have events delivered, each as `emit` does, also those that are expected here."""
        self.expect(events)
        if isinstance(events, DecidedEvents):
            events.place = len(self._own)
        for event in events:
            self.emit(event)

    def expect(self, events: Iterable[Event]) -> None:
        """Have the answer contain the client's own copies of events that do not exist yet, because
        in a cluster the change is carried out later; if it waits for that (`World.settle`).
        """
        if isinstance(events, DecidedEvents) and events.asker is None:
            events.asker = self._session
            self._decided = (*self._decided, events)

    def include(self, output: Output) -> None:
        """Add the output of another response, and what follows of it later."""
        if not self._label:
            self._flush()
        self._parts += [self._of_others(part) for part in output.parts]
        self._is_event_among = self._is_event_among or any(
            isinstance(part, Event) for part in output.parts
        )
        rest = output.later or output.more
        if rest is not None:

            async def continued(reply: "Response") -> None:
                further = rest()
                reply.include(further if isinstance(further, Output) else await further)

            self.follow_up(continued)

    def _of_others(self, part: OutputItem) -> OutputItem:
        """Return a part as it is here: another session has not asked for it, and its reader waits
        for nothing.
        """
        if isinstance(part, Reply) and part.session is not self._session:
            return Reply(part.session, part.data, is_reply=False)
        return part

    def tell(self, other: "Response") -> None:
        """Add the replies to another session at this place in the order; what they postpone comes
        later.
        """
        self.include(other.finish())

    def postpone(self, work: "Later") -> None:
        """Let `work` give the rest of the answer, with the label; it may await the storage."""
        self._postponed = (*self._postponed, work)

    def follow_up(self, work: "Later") -> None:
        """Let `work` add more after the answer, without the label."""
        self._follow_ups = (*self._follow_ups, work)

    def go_on(self, steps: Steps, *, is_busy: bool = False) -> None:
        """Give the rest of the answer in steps; a long answer is sent in parts, each when the
        client has room for it.

        The label and an open batch comprise all parts.

        Args:
            steps: the rest.
            is_busy: whether only the first step is done at once, as many wait for the server.
        """
        self._steps = steps
        # So much is included in the weight of the command.
        self._work -= WORK_AT_ONCE
        self._advance(0 if is_busy else WORK_AT_ONCE)

    def charge(self, work: int) -> None:
        """Count work that is done without steps; less than 0 for what steps do and the client does
        not pay.
        """
        self._work += work

    def be_for_others(self) -> None:
        """Have the steps done also when the session is gone: others wait for what they give."""
        self._is_for_others = True

    def _advance(self, limit: int) -> None:
        steps, done = self._steps, 0
        if steps is None:
            return
        marked = self._world.dirty.marked
        for work in steps:
            done += work
            if done >= limit:
                break
        else:
            self._steps = None
        self._work += done
        if self._world.dirty.marked != marked:
            self.change_state()

    def change_state(self) -> None:
        """Note that the command has changed persistent state: it is confirmed after that is
        stored.
        """
        self._is_changing = True

    def confirm_again(self) -> None:
        """Confirm the command after what could not be stored before is stored.

        The command changes nothing, so that no quota counts it.
        """
        self._world.dirty.retries += 1
        self.change_state()

    def be_stateless(self) -> None:
        """Let the reply overtake events of other sessions, on which it does not depend; never those
        of its own.
        """
        self._is_stateless = True

    def close(self, reason: str) -> None:
        """End the session after the output so far."""
        self._close = reason

    def finish(self) -> Output:
        """Return what is to be delivered."""
        if self._postponed:
            self._works, self._postponed = (*self._postponed, *self._works), ()
            # These events were accepted now: later events must not overtake them while this answer
            # waits.
            if not self._label:
                self._flush()
            parts = self._take_parts()
            return Output(
                parts,
                refusal=self._refusal(parts),
                later=self._run,
                not_kept=self._take_not_kept(parts, is_whole=False),
            )
        is_over = self._steps is None and not self._works
        is_whole = is_over and not self._label_batch
        if is_over:
            for decided in self._decided:  # what comes after the answer is no part of it
                decided.asker = None
        if self._label and (is_over or self._own or self._label_batch):
            self._apply_label(is_over=is_over)
        self._flush()
        done, self._work = self._work, 0
        if done < 0:  # so much of the weight of the command is left
            done, self._work = 0, done
        parts = self._take_parts()
        not_kept = self._take_not_kept(parts, is_whole=is_whole) if self._is_changing else None
        refusal = self._refusal(parts)
        later = self._run if self._works and self._steps is None else None
        more = self._take_turn if self._steps is not None else None
        if is_over and self._follow_ups:
            further = Response(self._world, self._session)
            # They know the request, which knows this object.
            further._works, self._follow_ups = self._follow_ups, ()
            later = further._run
        # By position, as this is done for every line: keywords would take half as long again.
        return Output(
            parts,
            self._close,
            refusal,
            not_kept,
            later,
            more,
            1,
            done,
            self._is_stateless,
            "",
            self._is_for_others,
        )

    def _take_parts(self) -> tuple[OutputItem, ...]:
        parts, self._parts = tuple(self._parts), []
        return parts

    def _take_turn(self) -> Output:
        """Do the next part of what is left."""
        self._advance(WORK_IN_TURN)
        return self.finish()

    async def _run(self) -> Output:
        """Do what is left, up to the first that takes steps, or waits for more.

        What follows a decision that is not known to be carried out is not done.
        """
        try:
            while self._works and self._steps is None and not self._postponed:
                work, *rest = self._works
                self._works = tuple(rest)
                await work(self)
                self._take_decided()
        except Unsettled:
            self._works = self._follow_ups = ()
            self.fail(self._command, "TEMPORARILY_UNAVAILABLE", text=_UNSETTLED)
        return self.finish()

    def _take_decided(self) -> None:
        """Put the own copies of what was decided on, and has been carried out, into the answer."""
        in_order = sorted(self._decided, key=attrgetter("place"))
        for decided in reversed(in_order):  # so that the places before it stay right
            own, decided.own = decided.own, []
            caps = self._session.effective
            lines = [
                line
                for event in own
                if caps & event.requires == event.requires
                for line in event.lines(caps)
            ]
            self._own[decided.place : decided.place] = lines
            self._is_event_among = self._is_event_among or bool(own)

    def _refusal(self, parts: tuple[OutputItem, ...]) -> LazyReply | None:
        for part in parts:
            if isinstance(part, Event) and part.requires_persistence:
                return partial(refused, self._world, self._session, self._label, parts)
        return None

    def _take_not_kept(
        self, parts: tuple[OutputItem, ...], *, is_whole: bool
    ) -> tuple[OutputItem, ...] | None:
        """Return the items that are sent if the command's changes cannot be stored.

        Events are delivered nevertheless, as are the parts of a longer answer. The client is
        notified after them, without the label, which they have. A mere confirmation is replaced.
        """
        if not self._is_changing:
            return None
        is_instead = is_whole and not self._is_event_among
        self._is_changing = False
        label = self._label if is_instead else ""
        replies = unavailable(self._world, self._session, label, self._command, [()], NOT_KEPT)
        return replies if is_instead else (*parts, *replies)

    def _flush(self) -> None:
        if self._own:
            self._parts.append(self._take_lines())
            for decided in self._decided:
                decided.place = 0
