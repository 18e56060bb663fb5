"""Translations for sessions: each question once, for all who ask at the same time, and never more
than the service can bear.

A nursery of its own has a task for each question. The task is cancelled when nobody waits for the
answer any more. What was translated last is kept in memory, and nowhere else.
"""

import logging
from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple, Protocol

import trio

from trio_chat.chat.changes import Change, SessionEnded
from trio_chat.chat.events import Reply
from trio_chat.chat.translation import Answer, Translation, TranslationFailed
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.token_bucket import TokenBucket

log = logging.getLogger("trio_chat")

AT_ONCE = 4
"""Questions to the service at once."""
MOST_QUESTIONS = 32
"""Questions that wait, or are being answered."""
MOST_OF_SESSION = 4
"""Translations that a session may wait for."""
MOST_WAITERS = 1000
BURST = 20
"""Translations that an account, or an address, may ask for in a row."""
PER_SECOND = 1 / 3
MOST_KEPT = 1000
MOST_KEPT_CHARACTERS = 1_000_000
_MOST_BUCKETS = 10_000
_PATIENCE = 50.0
"""Seconds for an answer, with the time in which other questions are answered."""

_FAILED = TranslationFailed(
    "TEMPORARILY_UNAVAILABLE", "The text could not be translated, try again later"
)
_BUSY = TranslationFailed(
    "TEMPORARILY_UNAVAILABLE", "Too many translations are waited for, try again in a minute"
)


class Backend(Protocol):
    """What translates; see `LibreTranslate`."""

    async def translate(self, text: str, language: str) -> Translation:
        """Translate a text."""


class _Question(NamedTuple):
    """What is asked: equal ones are asked once."""

    backend: Backend
    text: str
    language: str


class _Waiter(NamedTuple):
    """Who waits for an answer."""

    session: Session
    answer: Answer


class _Flight:
    """A question that is being answered, and all who wait for that."""

    def __init__(self) -> None:
        self.waiters: list[_Waiter] = []
        self.scope = trio.CancelScope()


class TranslationService:
    """Has texts translated (the port `trio_chat.chat.translation.Translator`).

    Args:
        world: the state of the chat.
        broadcaster: delivers the answers.

    Attributes:
        backend: what translates; None when nothing does. Questions that another one has been asked
            are still answered.
    """

    def __init__(self, world: World, broadcaster: Broadcaster) -> None:
        self.backend: Backend | None = None
        self._world = world
        self._broadcaster = broadcaster
        self._nursery: trio.Nursery | None = None
        self._limiter = trio.CapacityLimiter(AT_ONCE)
        self._flights: dict[_Question, _Flight] = {}
        self._kept: OrderedDict[_Question, Translation] = OrderedDict()
        self._kept_characters = 0
        self._buckets: dict[int | str, TokenBucket] = {}
        world.observers.append(self._observe)

    async def run(self) -> None:
        """Answer questions, for ever; when cancelled, those that wait are not answered."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                await trio.sleep_forever()
        finally:
            self._nursery = None

    def use(self, backend: Backend | None) -> None:
        """Have something else translate from now on; what was kept is forgotten."""
        self.backend = backend
        self._kept.clear()
        self._kept_characters = 0

    def ask(self, session: Session, text: str, language: str, answer: Answer) -> None:
        """Have a text translated; see `Translator.ask`."""
        if self.backend is None or self._nursery is None:
            raise TranslationFailed("TEMPORARILY_UNAVAILABLE", "This server translates no longer")
        waiting = [one.session for flight in self._flights.values() for one in flight.waiters]
        if waiting.count(session) >= MOST_OF_SESSION:
            text = "Wait for the translations that you have asked for, then ask again"
            raise TranslationFailed("RATE_LIMITED", text)
        question = _Question(self.backend, text, language.lower())
        flight = self._flights.get(question)
        is_new = flight is None and question not in self._kept
        if len(waiting) >= MOST_WAITERS or (is_new and len(self._flights) >= MOST_QUESTIONS):
            raise TranslationFailed(_BUSY.code, _BUSY.text)
        if is_new and not self._may_ask(session):
            text = "You have asked for many translations, try again in a minute"
            raise TranslationFailed("RATE_LIMITED", text)
        if flight is None:
            flight = self._flights[question] = _Flight()
            self._nursery.start_soon(self._answer, question, flight)
        flight.waiters.append(_Waiter(session, answer))

    def _may_ask(self, session: Session) -> bool:
        """Count a question of an account, or of an address that limits apply to."""
        account = session.user.account_id if session.user is not None else 0
        payer: int | str = account or session.payer
        if not payer:
            return True
        now = trio.current_time()
        if len(self._buckets) >= _MOST_BUCKETS:  # those that are full again need not be known
            for bucket in self._buckets.values():
                bucket.refill(now)
            self._buckets = {
                key: bucket for key, bucket in self._buckets.items() if bucket.tokens < bucket.size
            }
        bucket = self._buckets.setdefault(payer, TokenBucket(BURST, PER_SECOND, now))
        bucket.refill(now)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _observe(self, change: Change) -> None:
        """Forget a session that has ended, and what it alone waits for."""
        if not (self._flights and isinstance(change, SessionEnded)):
            return
        for question, flight in list(self._flights.items()):
            left = [one for one in flight.waiters if one.session.id != change.session]
            if len(left) < len(flight.waiters):
                flight.waiters = left
                if not left:  # nobody may wait for what is given up
                    del self._flights[question]
                    flight.scope.cancel()

    async def _answer(self, question: _Question, flight: _Flight) -> None:
        outcome: Translation | TranslationFailed = _BUSY
        with flight.scope, trio.move_on_after(_PATIENCE):
            outcome = await self._outcome(question)
        if self._flights.get(question) is flight:
            del self._flights[question]
        while flight.waiters:
            await self._deliver(flight.waiters.pop(0), outcome)

    async def _deliver(self, waiter: _Waiter, outcome: Translation | TranslationFailed) -> None:
        await self._broadcaster.wait_room()
        if waiter.session.id not in self._world.sessions:
            return
        try:
            output = waiter.answer(outcome)
        except Exception:  # a defect here must not end the server
            log.exception("internal error: a translation cannot be delivered")
            return
        parts = tuple(
            replace(part, is_reply=False) if isinstance(part, Reply) else part
            for part in output.parts  # the reader of the session does not wait for them
        )
        self._broadcaster.accept(replace(output, parts=parts), waiter.session, in_order=True)

    async def _outcome(self, question: _Question) -> Translation | TranslationFailed:
        if question in self._kept:
            self._kept.move_to_end(question)
            return self._kept[question]
        try:
            async with self._limiter:
                translation = await question.backend.translate(question.text, question.language)
        except TranslationFailed as error:
            if reason := getattr(error, "reason", ""):
                log.warning("the translation service has not translated: %s", reason)
            return error
        except Exception:
            log.exception("internal error: a text cannot be translated")
            return _FAILED
        if question.backend is self.backend:
            self._keep(question, translation)
        return translation

    def _keep(self, question: _Question, translation: Translation) -> None:
        self._kept[question] = translation
        self._kept_characters += _size(question, translation)
        while len(self._kept) > MOST_KEPT or self._kept_characters > MOST_KEPT_CHARACTERS:
            self._kept_characters -= _size(*self._kept.popitem(last=False))


def _size(question: _Question, translation: Translation) -> int:
    return len(question.text) + len(translation.text)
