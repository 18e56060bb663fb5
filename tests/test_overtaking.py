"""Replies that overtake a waiting commit: none is lost or sent twice."""

import trio
from trio.testing import MockClock

from storage_fakes import ListHistory
from support import Person, Town, commands
from trio_chat.chat.events import Event, Output, Reply
from trio_chat.chat.history import HistoryTarget
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.overtaking import PATIENCE

MANY = 600
"""So many receivers that a fan-out gives other tasks their turn on its way."""


class Slowly:
    """A client whose socket takes so long that patience is over when it has taken something."""

    send_raw = None

    def __init__(self, clock: MockClock) -> None:
        self._clock = clock

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Take whole lines, and all the time that a reply is patient for."""
        self._clock.jump(2 * PATIENCE)

    def end(self, reason: str) -> None:
        """Do nothing."""


def said(town: Town, people: list[Person]) -> Output:
    """Return a message that is remembered."""
    sessions = tuple(person.session for person in people)
    return Output(
        (
            Event(
                town.world.ids.next(),
                "PRIVMSG",
                ("#a", "hi"),
                "ann!a@h",
                sessions,
                history_targets=(HistoryTarget("#a", False),),
            ),
        )
    )


async def test_a_reply_is_given_once_when_patience_ends_while_it_is_delivered(
    nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    """A long fan-out gives others a turn; what it is about to deliver does not overtake it then."""
    town = Town()
    eve, bob, *crowd = [town.newcomer() for _ in range(MANY)]
    broadcaster = Broadcaster(8, 4, ListHistory())
    broadcaster.accept(said(town, [eve, bob, *crowd]))
    ticket = broadcaster.accept(
        Output((Reply(bob.session, b"PONG x\r\n" * 20),), is_stateless=True), bob.session
    )
    eve.session.sink = Slowly(mock_clock)
    nursery.start_soon(broadcaster.run)
    await broadcaster.wait_delivered(ticket)
    assert commands(bob.read()) == ["PRIVMSG"] + ["PONG"] * 20
