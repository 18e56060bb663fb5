"""Replies that overtake items that wait for a commit, because they do not depend on them."""

from collections.abc import Sequence
from typing import Final

import trio

from trio_chat.chat.events import Output, OutputItem, Reply
from trio_chat.chat.history import MESSAGES
from trio_chat.chat.users import Session

PATIENCE: Final = 0.25
"""Seconds for which a reply waits for messages that were sent to its client before.

Mostly they are committed by then, and the order of arrival is kept. When the database takes longer,
replies are sent first.
"""
_SAID: Final = MESSAGES | {"TAGMSG"}
"""Events that change nothing that a reply could describe."""


class _WaitingItem:
    """An item that waits to be delivered."""

    __slots__ = ("is_out", "may_overtake", "output", "sender")

    def __init__(self, output: Output, sender: Session | None, may_overtake: bool) -> None:
        self.output = output
        self.sender = sender
        self.may_overtake = may_overtake
        self.is_out = False  # whether it has overtaken the rest


class Overtaking:
    """The items that wait for their commit, and the replies that may be delivered before them.

    A reply follows the actions of its own client, and the actions of others that it could describe:
    NAMES follows a PART. A message changes no reply, so that a reply waits for it only for
    `PATIENCE`.
    """

    def __init__(self) -> None:
        self._waiting: list[_WaitingItem] = []
        self._addressed: set[Session] = set()
        self._last_audience: tuple[Session, ...] = ()  # the last that was added to it
        # When the first reply that may have to overtake the rest came behind it.
        self._held_since: float | None = None
        self._is_patient = True
        self._is_any_out = False
        self._holding = trio.lowlevel.ParkingLot()
        self._leaving = 0  # so many of them, from the first, are being delivered
        # so many of them are in the sets: they are looked at only when a reply comes, which is rare
        self._counted = 0
        self._acting: set[Session] = set()
        self._witnesses: set[Session] = set()

    def add(self, output: Output, sender: Session | None, *, may_overtake: bool) -> None:
        """Note an item that waits."""
        self._waiting.append(_WaitingItem(output, sender, may_overtake))
        if may_overtake and self._is_patient and self._held_since is None:
            self._hold()

    def remove(self, count: int) -> None:
        """Note that the first `count` items have been delivered."""
        del self._waiting[:count]
        self._leaving = 0
        self._forget()
        self._is_any_out = self._is_any_out and any(entry.is_out for entry in self._waiting)
        if self._held_since is not None or not self._is_patient:
            self._held_since, self._is_patient = None, True
            if any(entry.may_overtake for entry in self._waiting):
                self._hold()

    def not_out(self, remembered: list[Sequence[OutputItem]]) -> list[Sequence[OutputItem]]:
        """Return, in order, those of the first items that have not overtaken the rest and are still
        to be sent.

        These items overtake no others from now on: while they are sent, other tasks have their
        turn.
        """
        self._leaving = len(remembered)
        if not self._is_any_out:
            return remembered
        return [
            parts
            for parts, entry in zip(remembered, self._waiting, strict=False)
            if not entry.is_out
        ]

    async def wait_impatient(self) -> list[Output]:
        """Wait until replies have waited for `PATIENCE`; return those that may be sent now."""
        while True:
            if self._held_since is None:
                await self._holding.park()
            since = self._held_since
            if since is not None:
                await trio.sleep_until(since + PATIENCE)
                if since == self._held_since:
                    self._held_since, self._is_patient = None, False
                    return self._let_out()

    def _let_out(self) -> list[Output]:
        self._forget()
        out: list[Output] = []
        self._counted = len(self._waiting)
        for place, entry in enumerate(self._waiting):
            may_overtake = entry.may_overtake and place >= self._leaving
            if not entry.is_out and may_overtake and self._may_pass(entry.output, entry.sender):
                entry.is_out = self._is_any_out = True
                out.append(entry.output)
            elif not entry.is_out:
                self._count_in(entry.output, entry.sender)
        return out

    def _hold(self) -> None:
        self._held_since = trio.current_time()
        self._holding.unpark_all()

    def _forget(self) -> None:
        if self._counted:
            self._counted = 0
            self._acting.clear()
            self._witnesses.clear()
            self._addressed.clear()
            self._last_audience = ()

    def is_right(self, output: Output, sender: Session | None) -> bool:
        """Return whether replies may be sent now."""
        self._count_all_in()
        return self._may_pass(output, sender)

    def _may_pass(self, output: Output, sender: Session | None) -> bool:
        """Return whether replies may be sent before the items that are counted."""
        sessions = {part.session for part in output.parts if isinstance(part, Reply)} | (
            {sender} if sender else set()
        )
        if self._is_patient and not self._addressed.isdisjoint(sessions):
            return False
        return self._acting.isdisjoint(sessions) and (
            output.is_stateless or self._witnesses.isdisjoint(sessions)
        )

    def is_held(self, session: Session) -> bool:
        """Return whether an item of a session, or a reply to it, waits."""
        self._count_all_in()
        return session in self._acting

    def _count_all_in(self) -> None:
        for entry in self._waiting[self._counted :]:
            if not entry.is_out:
                self._count_in(entry.output, entry.sender)
        self._counted = len(self._waiting)

    def _count_in(self, output: Output, sender: Session | None) -> None:
        if sender is not None:
            self._acting.add(sender)
        for part in output.parts:
            if isinstance(part, Reply):
                self._acting.add(part.session)
            elif part.command in _SAID:
                if part.recipients is not self._last_audience:
                    # Messages in one channel share their recipients.
                    self._last_audience = part.recipients
                    self._addressed.update(part.recipients)
            else:
                self._witnesses.update(part.recipients)
