"""Pages of the history that a bot has asked for."""

from collections.abc import Awaitable, Callable
from itertools import count

import trio

from trio_chat.client.session.events import HistoryPage, Said


class HistoryUnavailableError(Exception):
    """The server does not return the messages that were asked for."""


class _Waiting:
    """One request."""

    def __init__(self) -> None:
        self.page: HistoryPage | None = None
        self.answered = trio.Event()


class Pages:
    """The requests that the server has not answered yet."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[int, _Waiting] = {}

    async def request(self, send: Callable[[int], Awaitable[None]]) -> tuple[Said, ...]:
        """Send a request, and return the answer; cancelled, it is forgotten.

        Args:
            send: sends the request under the number that it is given.

        Raises:
            HistoryUnavailableError: the server does not return the messages, or the connection has
                ended.
        """
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting()
        try:
            await send(number)
            await waiting.answered.wait()
        finally:
            del self._waiting[number]
        if waiting.page is None or waiting.page.problem:
            problem = waiting.page.problem if waiting.page else "The connection has ended"
            raise HistoryUnavailableError(problem)
        return waiting.page.messages

    def answer(self, page: HistoryPage) -> None:
        """Take an answer; one that nobody waits for is passed over."""
        if waiting := self._waiting.get(page.request):
            waiting.page = page
            waiting.answered.set()

    def fail_all(self) -> None:
        """End all waits: the connection has ended."""
        for waiting in self._waiting.values():
            waiting.answered.set()
