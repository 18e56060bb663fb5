"""Scheduled messages of the server in memory: NICKSERV AT, as trio-chat's server answers it."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import trio

_SECONDS = re.compile(r"(\d+)s", re.ASCII)
_MOST = 50


class _Waiting(NamedTuple):
    due: float
    target: str
    text: str


class FakeSchedule:
    """The messages that wait.

    Args:
        now: returns the time of the server.
        deliver: sends one to its target.
    """

    def __init__(
        self, now: Callable[[], datetime], deliver: Callable[[str, str], Awaitable[None]]
    ) -> None:
        self._now = now
        self._deliver = deliver
        self._messages: dict[int, _Waiting] = {}
        self._last = 0
        self._changed = trio.Event()

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            self._changed = trio.Event()
            due = min((each.due for each in self._messages.values()), default=float("inf"))
            with trio.move_on_at(due):
                await self._changed.wait()
            for number, each in sorted(self._messages.items()):
                if each.due <= trio.current_time():
                    del self._messages[number]
                    await self._deliver(each.target, each.text)

    def answer(self, words: tuple[str, ...], refused: str) -> list[str]:
        """Carry out a command; return the lines of NickServ.

        Args:
            words: those behind AT.
            refused: why nothing is accepted, "" for not at all.
        """
        match words:
            case ("LIST", *_):
                lines = [self._line(number) for number in sorted(self._messages, key=self._due)]
                return [*lines, f"{len(lines)} of at most {_MOST} messages wait to be sent."]
            case ("CANCEL", number) if number.isdecimal() and int(number) in self._messages:
                del self._messages[int(number)]
                return [f"Message {number} is cancelled."]
            case ("CANCEL", number):
                return [f"There is no message {number} that waits. /msg NickServ AT shows them."]
            case (_, _, _) if refused:
                return [f"Not scheduled: {refused}."]
            case (when, target, text):
                return [self._add(when, target, text)]
        return ["Usage: /msg NickServ AT LIST | CANCEL <number> | <time> <target> <text>"]

    def _add(self, when: str, target: str, text: str) -> str:
        found = _SECONDS.fullmatch(when)
        moment = None if found else datetime.fromisoformat(when)
        left = float(found[1]) if found else (moment - self._now()).total_seconds() if moment else 0
        if left <= 0:
            return f"{when} is over; now it is {self._now():%Y-%m-%d %H:%M} UTC."
        self._last = number = self._last + 1
        self._messages[number] = _Waiting(trio.current_time() + left, target, text)
        self._changed.set()
        cancel = f"/msg NickServ AT CANCEL {number}"
        return f"{number}. Will be sent to {target} at {when}. {cancel} cancels it."

    def _due(self, number: int) -> float:
        return self._messages[number].due

    def _line(self, number: int) -> str:
        due, target, text = self._messages[number]
        moment = self._now() + timedelta(seconds=due - trio.current_time())
        return f"{number}. {moment.isoformat(timespec='seconds')} to {target}: {text}"
