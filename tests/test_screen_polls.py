"""Polls in the full-screen client: bars, votes by one key, the closed poll."""

from trio.testing import MockClock

from screen_fakes import inside
from trio_chat.irc.message import parse

ASKED = "@msgid=a :bob!u@h PRIVMSG #lobby :📊 Lunch?  1️⃣ pizza  2️⃣ sushi"
CLOSED = "🏁 Lunch?  1️⃣ pizza — 0  2️⃣ sushi — 7"


def reacted(nick: str, sign: str, name: str = "react") -> str:
    """Return the line of a reaction to the poll."""
    return f"@+draft/reply=a;+draft/{name}={sign} :{nick}!u@h TAGMSG #lobby"


async def test_a_poll_has_bars_and_the_own_vote_is_marked(jumping_clock: MockClock) -> None:
    """Votes are counted as they come, and other reactions are shown below them."""
    async with inside() as (it, server):
        await server.send(ASKED)
        await it.sees("choose by /vote 1–2")
        await server.send(*(reacted(nick, "1️⃣") for nick in ("alice", "carol", "dave")))
        await server.send(reacted("bob", "2️⃣"), reacted("eve", "🎉"))
        rows = await it.sees("4 have voted")
        assert any("✓  1 ████████░░   3  pizza" in row for row in rows)
        assert any("   2 ██░░░░░░░░   1  sushi" in row for row in rows)
        assert any("🎉 eve" in row for row in rows)
        assert not any("1️⃣" in row for row in rows)


async def test_one_key_votes_in_the_selected_poll(jumping_clock: MockClock) -> None:
    """A digit is text again when something is typed, or when no poll is selected."""
    async with inside() as (it, server):
        server.skips = ("CHATHISTORY", "PING h", "WHO", "PING lag", "MARKREAD")
        it.controller.typing.is_enabled = False
        await server.send(ASKED)
        await it.sees("choose by")
        it.screen.press("shift up", "2")
        line = parse(await server.expect("TAGMSG #lobby"))
        assert (line.tags["+draft/reply"], line.tags["+draft/react"]) == ("a", "2️⃣")
        await server.send(reacted("alice", "2️⃣"))
        await it.sees("✓  2")
        it.screen.press("1")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/react"] == "1️⃣"
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/unreact"] == "2️⃣"
        it.screen.press("esc", *"12", "enter")
        await server.expect("PRIVMSG #lobby 12")


async def test_a_poll_is_asked_in_private_from_a_channel(jumping_clock: MockClock) -> None:
    """By the nickname, which also closes it."""
    async with inside() as (it, server):
        server.skips = ("CHATHISTORY", "PING h", "WHO", "PING lag", "MARKREAD", "MONITOR")
        it.controller.typing.is_enabled = False
        it.screen.press(*"/poll @bob Lunch? a | b", "enter")
        tags, _, body = (await server.expect("PRIVMSG bob")).partition(" ")
        await server.send(f"{tags};msgid=b :alice!u@h {body}")
        await it.sees("3   bob")
        it.screen.press(*"/poll @bob close", "enter")
        assert parse(await server.expect("PRIVMSG bob")).tags["+draft/reply"] == "b"


async def test_a_closed_poll_keeps_its_counts(jumping_clock: MockClock) -> None:
    """The answer of the author closes it at once; a deleted answer opens it again."""
    async with inside() as (it, server):
        await server.send(ASKED)
        await it.sees("choose by")
        await server.send(f"@msgid=c;+draft/reply=a :bob!u@h PRIVMSG #lobby :{CLOSED}")
        rows = await it.sees("This poll is closed.")
        assert any("7  sushi" in row for row in rows)
        await server.send(":bob!u@h REDACT #lobby c")
        await it.sees("choose by")


async def test_votes_of_earlier_pages_are_counted(jumping_clock: MockClock) -> None:
    """A poll that is loaded later has the votes that were loaded before it."""
    async with inside() as (it, server):
        await server.send(reacted("carol", "2️⃣"))
        await server.send(ASKED)
        await it.sees("1 has voted")
