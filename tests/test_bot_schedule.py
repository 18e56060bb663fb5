"""Bots that have messages sent later, and what a bot fetches that it has missed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_chat.bot import Bot, ChatMessage, NotScheduledError, ScheduledMessage
from trio_chat.bot.testing import FakeChat, chat_with

LOBBY = "#lobby"


async def test_a_message_is_sent_later(autojump_clock: MockClock) -> None:
    """After a time, or at one; it is listed and cancelled by its number."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        begin = trio.current_time()
        assert await bot.schedule(LOBBY, "two", timedelta(hours=2)) == 1
        assert await bot.schedule("anna", "one:  1", timedelta(hours=1)) == 2
        assert await bot.schedule(LOBBY, "never", datetime(2031, 1, 1, tzinfo=UTC)) == 3
        first, second, third = await bot.scheduled()
        assert (first.number, first.target, first.text) == (2, "anna", "one:  1")
        assert second.time - first.time == timedelta(hours=1)
        assert third == ScheduledMessage(3, datetime(2031, 1, 1, tzinfo=UTC), LOBBY, "never")
        await bot.cancel_scheduled(3)
        assert [(await chat.heard()).text for _ in range(2)] == ["one:  1", "two"]
        assert trio.current_time() - begin == pytest.approx(7200, abs=2)
        assert await bot.scheduled() == []


async def test_what_is_scheduled_is_sent_without_the_bot(autojump_clock: MockClock) -> None:
    """The server has it."""
    bot, chat = Bot("tea", channels=[LOBBY]), FakeChat()
    async with chat_with(bot, chat=chat):
        await bot.schedule(LOBBY, "tea", timedelta(hours=1))
        await chat.drop()
        assert (await chat.heard()).text == "tea"
        chat.restore()
        await chat.ready(LOBBY)


async def test_a_refusal_has_the_reason() -> None:
    """Of the server."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        with pytest.raises(NotScheduledError, match="no message 7"):
            await bot.cancel_scheduled(7)
        with pytest.raises(NotScheduledError, match="is over"):
            await bot.schedule(LOBBY, "x", datetime(2001, 1, 1, tzinfo=UTC))
        chat.refuses = "you are banned"
        with pytest.raises(NotScheduledError, match="you are banned"):
            await bot.schedule(LOBBY, "x", timedelta(hours=1))


async def test_other_notices_of_the_service_are_no_answers() -> None:
    """Such as one about a message that was not sent; handlers get it."""
    bot = Bot("tea", channels=[LOBBY])
    noticed: list[str] = []

    @bot.on(ChatMessage)
    def note(message: ChatMessage) -> None:
        noticed.append(message.text)

    async with chat_with(bot) as chat:
        await chat.say("NickServ", "tea", "1. Will be sent to #other")
        assert await bot.scheduled() == []
        await wait_all_tasks_blocked()
    assert noticed == ["1. Will be sent to #other"]


@pytest.mark.parametrize("words", [(), ("Unknown command",), ("1. 2030 reminder",)])
async def test_an_answer_that_is_none(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """As of a server that has no scheduled messages."""
    bot = Bot("tea", channels=[LOBBY])
    monkeypatch.setattr(
        "trio_chat.bot.fake_schedule.FakeSchedule.answer", lambda *_: list(words) or [""]
    )
    calls: list[Callable[[], object]] = [
        bot.scheduled,
        lambda: bot.cancel_scheduled(1),
        lambda: bot.schedule(LOBBY, "x", timedelta(hours=1)),
    ]
    async with chat_with(bot):
        for call in calls:
            with pytest.raises(NotScheduledError):
                await call()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("target", "text", "when"),
    [
        (LOBBY, "x", timedelta(0)),
        (LOBBY, "x", timedelta(hours=-1)),
        (LOBBY, "x", datetime(2031, 1, 1)),  # noqa: DTZ001 - that is what is wrong with it
        (LOBBY, " ", timedelta(hours=1)),
        (LOBBY, "one\ntwo", timedelta(hours=1)),
        ("", "x", timedelta(hours=1)),
        ("a b", "x", timedelta(hours=1)),
        ("#a\0", "x", timedelta(hours=1)),
    ],
)
async def test_what_cannot_be_sent(target: str, text: str, when: datetime | timedelta) -> None:
    """Nothing of it reaches the server."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot) as chat:
        with pytest.raises(ValueError, match=r"message|time zone"):
            await bot.schedule(target, text, when)
        assert not [line for line in chat.lines if "NICKSERV" in line]


async def test_a_text_that_is_too_long_is_refused() -> None:
    """It does not fit into the line of the command."""
    bot = Bot("tea", channels=[LOBBY])
    async with chat_with(bot):
        with pytest.raises(NotScheduledError):
            await bot.schedule(LOBBY, "x" * 600, timedelta(hours=1))


async def test_a_lost_connection_ends_the_wait() -> None:
    """It is not known then whether the message will be sent."""
    bot, chat = Bot("tea", channels=[LOBBY]), FakeChat()

    async def expect_failure() -> None:
        with pytest.raises(NotScheduledError, match="connection has ended"):
            await bot.scheduled()

    async with chat_with(bot, chat=chat), trio.open_nursery() as nursery:
        chat.answers_history = False  # nor anything that is asked for
        nursery.start_soon(expect_failure)
        await wait_all_tasks_blocked()
        await chat.drop()
        chat.answers_history = True


async def test_a_bot_fetches_what_it_has_missed_by_number() -> None:
    """A number that is left out shows it, though the connection was not lost; all comes in order,
    and once.
    """
    bot = Bot("tea", channels=[LOBBY])
    got: list[str] = []

    @bot.on(ChatMessage)
    def note(message: ChatMessage) -> None:
        got.append(message.text)

    async with chat_with(bot) as chat:
        await chat.say("anna", LOBBY, "one")
        chat.lose("anna", LOBBY, "two")
        chat.lose("anna", LOBBY, "three")
        await chat.say("anna", LOBBY, "four")
        await chat.say("anna", LOBBY, "five")
        await wait_all_tasks_blocked()
        asked = [line for line in chat.lines if "CHATHISTORY LATEST" in line and "msgid=" in line]
    assert got == ["one", "two", "three", "four", "five"]
    assert len(asked) == 1
