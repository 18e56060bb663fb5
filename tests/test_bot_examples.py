"""The example bots, each in a chat in memory."""

from collections.abc import Callable
from http.client import IncompleteRead

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import poll
import reminder
import rss
from bridge import bridge
from trio_chat.bot.testing import FakeChat, chat_with

LOBBY = "#lobby"


async def test_a_reminder_comes_when_it_is_due(autojump_clock: MockClock) -> None:
    """The reminder names the user, after the minutes that were asked for."""
    async with chat_with(reminder.reminder()) as chat:
        asked = trio.current_time()
        await chat.say("anna", LOBBY, "!remind 90 Tea is ready")
        assert (await chat.heard()).reaction == "⏰"
        assert (await chat.heard()).text == "anna: Tea is ready"
        assert trio.current_time() - asked == pytest.approx(90 * 60, abs=1)


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "1e9", "x"])
async def test_a_reminder_needs_a_time_that_comes(minutes: str) -> None:
    """A number that is no time to wait is answered."""
    async with chat_with(reminder.reminder()) as chat:
        await chat.say("anna", LOBBY, f"!remind {minutes} tea")
        assert (await chat.heard()).is_notice


async def test_a_user_has_some_reminders_only() -> None:
    """One user cannot fill the bot, whatever the nickname: an account counts."""
    async with chat_with(reminder.reminder()) as chat:
        for number in range(reminder.MOST):
            await chat.say(f"anna{number}", LOBBY, "!remind 9 tea", account="anna")
            await chat.heard()
        await chat.say("anna", LOBBY, "!remind 9 tea", account="anna")
        assert "20 reminders already" in (await chat.heard()).text


async def ask(chat: FakeChat) -> str:
    """Ask a question; return its msgid."""
    await chat.say("anna", LOBBY, "!poll Lunch? pizza | soup | none")
    question = await chat.heard()
    assert question.text == "📊 Lunch?  1️⃣ pizza  2️⃣ soup  3️⃣ none"
    assert [(await chat.heard()).reaction for _ in range(3)] == ["1️⃣", "2️⃣", "3️⃣"]
    return question.msgid


async def test_a_poll_counts_one_vote_for_each_user() -> None:
    """A later reaction replaces an earlier one; other messages and signs do not count."""
    async with chat_with(poll.polls()) as chat:
        msgid = await ask(chat)
        for nick, sign in [("a", "1️⃣"), ("b", "2️⃣"), ("b", "1️⃣"), ("c", "🎉"), ("d", "9️⃣"), ("e", "3️⃣")]:
            await chat.react(nick, LOBBY, msgid, sign)
        await chat.react("f", LOBBY, "another", "1️⃣")
        await wait_all_tasks_blocked()
        await chat.say("anna", LOBBY, "!result")
        assert (await chat.heard()).text == "Lunch? pizza: 2, soup: 0, none: 1"


@pytest.mark.parametrize(
    "text", ["Lunch pizza | soup", "Lunch? pizza", "Lunch? | ", "?" + "a|" * 10]
)
async def test_a_poll_needs_a_question_and_answers(text: str) -> None:
    """What is no poll is answered by the form of one."""
    async with chat_with(poll.polls()) as chat:
        await chat.say("anna", LOBBY, f"!poll {text}")
        assert "!poll Question?" in (await chat.heard()).text


async def test_the_user_who_asked_closes_a_poll() -> None:
    """The counts answer the poll, so that clients show it as closed; then it is over."""
    async with chat_with(poll.polls()) as chat:
        msgid = await ask(chat)
        await chat.say("bob", LOBBY, "!close")
        assert "Only the user who asked" in (await chat.heard()).text
        await chat.react("bob", LOBBY, msgid, "2️⃣")
        await wait_all_tasks_blocked()
        await chat.say("anna", LOBBY, "!close")
        closing = await chat.heard()
        assert closing.reply_to == msgid
        assert closing.text == "🏁 Lunch?  1️⃣ pizza — 0  2️⃣ soup — 1  3️⃣ none — 0"
        await chat.say("anna", LOBBY, "!result")
        assert "no open poll" in (await chat.heard()).text


FEED = """<rss version="2.0"><channel><title>News</title>{}</channel></rss>"""
ITEM = "<item><guid>{0}</guid><title>Entry\n {0}</title><link>https://x.example/{0}</link></item>"
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a</id>
<title>One</title><link href="https://x.example/a"/></entry></feed>"""


async def test_only_new_entries_are_announced(autojump_clock: MockClock) -> None:
    """Entries that were there before the bot are no news, and each is announced once."""
    numbers = [1]

    def get(url: str) -> bytes:
        return FEED.format("".join(ITEM.format(number) for number in numbers)).encode()

    bot = rss.feeds(["https://x.example/feed"], ("#news",), get)
    async with chat_with(bot) as chat:
        autojump_clock.autojump_threshold = float("inf")  # it does not wait for the thread
        for new in (2, 3):
            await wait_all_tasks_blocked(0.05)
            numbers.insert(0, new)
            autojump_clock.jump(rss.INTERVAL)
            assert (await chat.heard()).text == f"Entry {new} https://x.example/{new}"


async def test_news_are_no_end_of_the_bot_while_a_channel_takes_none(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel that refuses an entry, and a server that sends half of a feed, are passed over."""

    async def without_thread(get: Callable[[str], bytes], url: str) -> bytes:
        await trio.lowlevel.checkpoint()
        return get(url)

    def get(url: str) -> bytes:
        looks.append(url)
        chat.refuses = "Not here" if len(looks) == 2 else ""
        if len(looks) == 3:
            raise IncompleteRead(b"")
        return FEED.format("".join(ITEM.format(number) for number in range(1, len(looks)))).encode()

    monkeypatch.setattr(trio.to_thread, "run_sync", without_thread)
    looks: list[str] = []
    chat = FakeChat()
    async with chat_with(rss.feeds(["https://x.example/feed"], ("#news",), get), chat=chat):
        assert (await chat.heard()).text == "Entry 3 https://x.example/3"


def test_both_formats_of_feeds_are_read() -> None:
    """RSS has items, and Atom has entries."""
    assert list(rss.entries(ATOM.encode())) == [rss.Entry("a", "One", "https://x.example/a")]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html",
        b'<?xml version="1.0" encoding="none-such"?><rss/>',
        b"\xff\xfe",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><rss>&a;</rss>',
    ],
)
def test_what_is_no_feed_is_an_error(document: bytes) -> None:
    """A document that is broken, or that would grow, is refused."""
    with pytest.raises(ValueError, match="the feed"):
        list(rss.entries(document))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x.example", "feed"])
def test_a_feed_is_fetched_from_the_web_only(url: str) -> None:
    """A file of this computer is no feed."""
    with pytest.raises(ValueError, match="no address of the web"):
        rss.fetch(url)


async def test_a_bridge_relays_both_ways() -> None:
    """Each message goes to the other network once, with the nickname of its sender."""
    here, there = bridge("#here", "#there")
    async with chat_with(here) as one, chat_with(there) as other:
        await one.say("anna", "#here", "hello")
        assert (await other.heard()).text == "<a\u200bnna> hello"
        await other.say("bert", "#there", "\x01ACTION waves\x01")
        assert (await one.heard()).text == "* b\u200bert waves"
        await one.say("robot", "#here", "<x> relayed already", is_bot=True)
        await one.say("anna", "bridge", "for nobody else")
        await wait_all_tasks_blocked()
        assert other.heard_nothing()


async def test_a_message_that_cannot_be_relayed_is_answered() -> None:
    """Users see that their message stayed in one network."""
    here, there = bridge("#here", "#there")
    async with chat_with(here) as one, chat_with(there) as other:
        other.refuses = "You are muted"
        await one.say("anna", "#here", "hello")
        answer = await one.heard()
    assert answer.is_notice
    assert answer.text == "This was not relayed: You are muted"
