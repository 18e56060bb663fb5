"""Questions that a bot has sent, each until it is answered."""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Generic, Protocol, TypeVar

import trio


class Answer(Protocol):
    """An event that answers a question."""

    @property
    def request(self) -> int:
        """The number of the question."""

    @property
    def problem(self) -> str:
        """Why the server does not answer it; "" if it does."""


A = TypeVar("A", bound=Answer)


class _Waiting(Generic[A]):
    """One question."""

    def __init__(self) -> None:
        self.answer: A | None = None
        self.answered = trio.Event()


class Questions(Generic[A]):
    """The questions of one kind that are not answered yet.

    Args:
        failure: the exception for a question without an answer; it is given the reason.
    """

    def __init__(self, failure: Callable[[str], Exception]) -> None:
        self._failure = failure
        self._numbers = count(1)
        self._waiting: dict[int, _Waiting[A]] = {}

    async def ask(self, send: Callable[[int], Awaitable[None]]) -> A:
        """Send a question, and return the answer; cancelled, it is forgotten.

        Args:
            send: sends the question under the number that it is given.

        Raises:
            Exception: the failure: the server does not answer it, or the connection has ended.
        """
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting()
        try:
            await send(number)
            await waiting.answered.wait()
        finally:
            del self._waiting[number]
        if waiting.answer is None or waiting.answer.problem:
            raise self._failure(
                waiting.answer.problem if waiting.answer else "The connection has ended"
            )
        return waiting.answer

    def answer(self, answer: A) -> None:
        """Take an answer; one that nobody waits for is passed over."""
        if waiting := self._waiting.get(answer.request):
            waiting.answer = answer
            waiting.answered.set()

    def fail_all(self) -> None:
        """End all waits: the connection, or the bot, has ended."""
        for waiting in self._waiting.values():
            waiting.answered.set()
