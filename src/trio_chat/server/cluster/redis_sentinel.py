"""Redis Sentinel: which engine is the primary now.

All Sentinels are asked, and the newest answer counts, by its epoch: one that was cut off has an old
answer, and does not know it. That a place is the primary indeed is checked by ROLE.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from trio_chat.server.cluster.log import LogUnavailable
from trio_chat.server.cluster.redis_address import Named, Place, RedisAddress, place_text
from trio_chat.server.cluster.redis_connection import RedisConnection, connect

_CHECK = 0.5
"""Seconds between two questions while the engine answers, and of silence before the first one."""
_WATCH = 0.05
"""Seconds from an answer to the next question, while the engine does not answer."""
_ANSWER = 1.0
"""Seconds for the answers of all Sentinels."""
_STRAGGLERS = 0.1
"""Seconds for the other Sentinels, after most of them have answered."""
_QUICK = 0.25
"""Seconds for the answers while an engine that is in use waits for them."""
_REST = 5.0
"""Seconds without a question, when most Sentinels have not answered while the engine is in use."""

Result = TypeVar("Result")


class Sentinels:
    """All Sentinels of an address.

    Args:
        address: of them.
    """

    def __init__(self, address: RedisAddress) -> None:
        self._sentinels = [_Sentinel(address, place) for place in address.hosts]
        self._lock = trio.Lock()
        self._asked = -_REST
        self._is_answered = True
        self._newest: Named | None = None

    async def ask(self, seconds: float = _ANSWER) -> Named:
        """Return the newest answer.

        Args:
            seconds: the time for all answers.

        Raises:
            LogUnavailable: there is none; the message has the reason of each Sentinel.
        """
        async with self._lock:
            answers = await self._ask_all(seconds)
            named = [answer for answer in answers if isinstance(answer, Named)]
            self._asked = trio.current_time()
            self._is_answered = len(named) > len(answers) / 2
        if not named:
            raise LogUnavailable(f"no Sentinel names the primary: {'; '.join(map(str, answers))}")
        self._newest = max(named, key=lambda each: each.epoch)
        return self._newest

    def is_superseded(self, used: Named) -> bool:
        """Return whether the primary is elsewhere by now, as the last answer has it."""
        newest = self._newest
        return newest is not None and newest.epoch > used.epoch and newest.place != used.place

    async def check(self, used: Named) -> None:
        """Ask from time to time whether the primary is still where it was.

        Args:
            used: where it was.

        Raises:
            LogUnavailable: the primary is elsewhere.
        """
        if trio.current_time() >= self._asked + (_CHECK if self._is_answered else _REST):
            await self._ask_about(used, _QUICK)

    async def _ask_about(self, used: Named, seconds: float) -> None:
        try:
            await self.ask(seconds)
        except LogUnavailable:
            return  # then the engine itself is all that is known
        if self._newest is not None and self.is_superseded(used):
            raise LogUnavailable(f"the primary is now {place_text(self._newest.place)}")

    async def unless_moved(self, used: Named, call: Callable[[], Awaitable[Result]]) -> Result:
        """Return what a call to the primary returns.

        An engine that is frozen, or cut off, does not answer and does not close the connection. So
        the Sentinels are asked again and again meanwhile. Their answers may take longer than while
        the engine is in use: a machine that is busy is when they are slow.

        Raises:
            LogUnavailable: of the call, or because the primary is elsewhere.
        """
        results: list[Result] = []
        error: LogUnavailable | None = None

        async def watch() -> None:
            nonlocal error
            await trio.sleep(_CHECK)
            while error is None:
                try:
                    await self._ask_about(used, _ANSWER)
                except LogUnavailable as moved:
                    error = moved
                    nursery.cancel_scope.cancel()
                await trio.sleep(_WATCH)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            try:
                results.append(await call())
            except LogUnavailable as failure:
                error = failure
            nursery.cancel_scope.cancel()
        if results:
            return results[0]
        raise error or LogUnavailable("the call was given up")

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        for sentinel in self._sentinels:
            await sentinel.aclose()

    async def _ask_all(self, seconds: float) -> list[Named | str]:
        """Return the answers, or the reasons why there is none."""
        answers: list[Named | str] = [f"{each}: no answer" for each in self._sentinels]
        left = len(answers)

        async def ask(number: int) -> None:
            nonlocal left
            try:
                answers[number] = await self._sentinels[number].ask()
            except LogUnavailable as error:
                answers[number] = f"{self._sentinels[number]}: {error}"
            left -= 1
            if left < len(answers) / 2:
                scope.deadline = min(scope.deadline, trio.current_time() + _STRAGGLERS)

        async with trio.open_nursery() as nursery:
            scope = nursery.cancel_scope
            scope.deadline = trio.current_time() + seconds
            for number in range(len(answers)):
                nursery.start_soon(ask, number)
        return answers


class _Sentinel:
    """One Sentinel, with a connection that is kept."""

    def __init__(self, address: RedisAddress, place: Place) -> None:
        self._address = address
        self._place = place
        self._connection: RedisConnection | None = None

    def __str__(self) -> str:
        return place_text(self._place)

    async def ask(self) -> Named:
        """Return its answer.

        Raises:
            LogUnavailable: it has none.
        """
        if self._connection is not None:
            try:
                return await self._ask(self._connection)
            except LogUnavailable:
                pass  # it was started again since, perhaps
        address = self._address
        self._connection = await connect(
            self._place, address.tls, address.sentinel_login, has_secrets=False
        )
        return await self._ask(self._connection)

    async def _ask(self, connection: RedisConnection) -> Named:
        """Return its answer; after a failure the connection is closed."""
        master = self._address.master
        is_good = False
        try:
            place, facts = await connection.call(
                ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master),
                ("SENTINEL", "MASTER", master),
                seconds=_ANSWER,
            )
            named = dict(zip(facts[::2], facts[1::2], strict=True))
            found = Named((place[0].decode(), int(place[1])), int(named[b"config-epoch"]))
            is_good = True
        except LogUnavailable as error:
            raise LogUnavailable(self._advise(str(error))) from error
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise LogUnavailable("this is no Sentinel") from error
        finally:
            if not is_good:
                with trio.move_on_after(1, shield=True):
                    await self.aclose()
        return found

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()

    def _advise(self, error: str) -> str:
        if "No such master" in error:
            return f"it has no primary with the name {self._address.master}: give ?master=NAME"
        if "unknown command" in error:
            return "this is no Sentinel, but an engine: its address begins with redis://"
        return error
