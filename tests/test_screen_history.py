"""History in the full-screen client: pages above, what is unread, gaps, search and mentions."""

from trio.testing import MockClock

from client_fakes import said_before, until
from screen_fakes import CAPS, inside, watched
from trio_chat.irc.message import parse


async def test_what_was_said_before_is_shown_on_joining(jumping_clock: MockClock) -> None:
    """The last messages are there at once, in order, and none of them is unread."""
    async with inside(CAPS, "1 bob one", "2 carl two") as (it, _server):
        await it.sees("bob │ one", "carl │ two")
        assert it.workspace.unread() == (0, 0)


async def test_older_messages_come_when_one_scrolls_up(jumping_clock: MockClock) -> None:
    """PgUp at the top fetches what was before; nothing moves under the reader's eyes."""
    async with inside(CAPS, *(f"{number} bob m{number}" for number in range(60, 120))) as (
        it,
        server,
    ):
        await it.sees("m119")
        for _ in range(4):
            it.screen.press("page up")
        await it.sees("m60")
        line = await server.play_back(*(f"{number} bob m{number}" for number in range(40, 60)))
        assert "msgid=60" in line
        await until(lambda: it.workspace.buffer[it.workspace.buffer.first].text == "m40")
        await it.rest()
        assert "m60" in it.screen.text()
        it.screen.press("page up")
        await it.sees("m50")
        await server.play_back()
        it.screen.press("page up", "page up", "page up")
        await it.sees("m40")
        it.screen.press("esc")
        await it.sees("m119")


async def test_new_messages_do_not_move_who_reads_above(jumping_clock: MockClock) -> None:
    """The status says how many there are below."""
    async with inside(CAPS, *(f"{number} bob m{number}" for number in range(60, 120))) as (
        it,
        server,
    ):
        it.screen.press("page up")
        await it.sees_not("m119")
        before = [line for line in it.screen.lines() if "bob │" in line]
        await server.send(":bob!u@h PRIVMSG #lobby :new one")
        await it.sees("more below")
        assert [line for line in it.screen.lines() if "bob │" in line] == before
        it.screen.press("ctrl end")
        await it.sees("new one")


async def test_the_line_of_what_is_unread_comes_from_the_server(jumping_clock: MockClock) -> None:
    """The read marker of this account says where it is; another device's reading is ours too."""
    async with watched() as it:
        server = await it.server()
        await server.greet()
        await server.expect("JOIN #lobby")
        await server.send(
            ":alice!u@h JOIN #lobby",
            ":srv.test MARKREAD #lobby timestamp=2026-05-04T00:01:30.000Z",
            ":srv.test 366 alice #lobby :End",
            ":srv.test PONG srv.test ready",
        )
        server.skips = ("WHO", "PING", "CHATHISTORY TARGETS")
        it.time += 3600
        await server.play_back("1 bob old", "2 bob fresh")
        await it.sees("old", "─ new ─", "fresh")
        text = it.screen.text()
        assert text.index("old") < text.index("─ new ─") < text.index("fresh")


async def test_what_is_looked_at_is_marked_as_read(jumping_clock: MockClock) -> None:
    """MARKREAD informs the server, and so other devices."""
    async with inside() as (_it, server):
        server.skips = tuple(each for each in server.skips if each != "MARKREAD")
        await server.send("@time=2026-05-04T00:05:00.000Z;msgid=5 :bob!u@h PRIVMSG #lobby :hello")
        await server.expect("MARKREAD #lobby timestamp=2026-05-04T00:05:00.000Z")


async def test_who_looks_elsewhere_has_not_read(jumping_clock: MockClock) -> None:
    """While the terminal is not in front, what comes is unread, and the line is drawn before it."""
    async with inside() as (it, server):
        it.screen.press("focus out")
        await server.send(":bob!u@h PRIVMSG #lobby :are you there?")
        await it.sees("1 unread", "─ new ─")
        it.screen.press("focus in")
        rows = await it.sees_not("1 unread")
        assert any("─ new ─" in row for row in rows)


async def test_a_server_whose_clock_is_behind(jumping_clock: MockClock) -> None:
    """What was said while we were away is new by the server's time; by ours it would be long
    past.
    """
    async with inside() as (it, server):
        it.time += 7200
        await server.send(
            "@time=2026-05-04T00:06:00.000Z :alice!u@h JOIN #other",
            ":srv.test 366 alice #other :End",
        )
        said = (
            "@batch=b;msgid=7;time=2026-05-04T00:07:00.000Z :bob!u@h PRIVMSG #other :alice: are you"
            " there?"
        )
        await server.expect("CHATHISTORY")
        ping = parse(await server.expect("PING h"))
        await server.send(":srv.test BATCH +b chathistory #other", said, ":srv.test BATCH -b")
        await server.send(f":srv.test PONG srv.test {ping.params[0]}")
        await it.sees("1 mention")


async def test_a_device_that_reads_reads_for_all(jumping_clock: MockClock) -> None:
    """MARKREAD from elsewhere takes the number away."""
    async with inside() as (it, server):
        it.screen.press("ctrl p")
        await server.send("@time=2026-05-04T00:05:00.000Z;msgid=5 :bob!u@h PRIVMSG #lobby :hello")
        await it.sees("1 unread")
        await server.send(":srv.test MARKREAD #lobby timestamp=2026-05-04T00:05:00.000Z")
        assert not any("unread" in row for row in await it.sees_not("1 unread"))


async def test_a_lost_connection_leaves_no_gap_and_no_doubles(jumping_clock: MockClock) -> None:
    """What was said meanwhile is fetched and stands once, in order, and is unread."""
    async with inside(CAPS, "1 bob one") as (it, server):
        await server.send(said_before("2", "bob", "two"))
        await it.sees("two")
        await server.close()
        await it.sees("not connected, trying again in")
        again = await it.server()
        await again.greet()
        await again.expect("JOIN #lobby")
        again.skips = ("WHO", "PING lag", "CHATHISTORY TARGETS", "MARKREAD", "PING ready")
        await again.send(
            ":alice!u@h JOIN #lobby",
            ":srv.test 366 alice #lobby :End",
            ":srv.test PONG srv.test ready",
        )
        await again.send(said_before("4", "bob", "four"))
        await again.play_back("2 bob two", "3 bob three")
        await it.sees("three", "four")
        entries = [entry.text for entry in it.workspace.buffer.newest() if entry.is_message]
        assert entries == ["four", "three", "two", "one"]


async def test_search_shows_what_was_found_and_goes_there(jumping_clock: MockClock) -> None:
    """A message that is not loaded yet is fetched first."""
    async with inside(CAPS, *(f"{number} bob m{number}" for number in range(60, 120))) as (
        it,
        server,
    ):
        it.screen.press(*"/search cats", "enter")
        line = await server.play_back(
            "41 bob all about cats", kind="soju.im/search", request="SEARCH"
        )
        assert "text=cats" in line
        await it.sees("1 message with “cats”", "bob: all about cats")
        it.screen.press("enter")
        await server.play_back(
            *(
                f"{number} bob {'all about cats' if number == 41 else number}"
                for number in range(40, 60)
            )
        )
        await it.sees("│ all about cats")
        await it.sees_not("1 message with")


async def test_mentions_are_listed(jumping_clock: MockClock) -> None:
    """F8 shows who mentioned us and where; Enter goes there."""
    async with inside() as (it, server):
        await server.send("@msgid=7 :bob!u@h PRIVMSG #lobby :alice, look")
        await it.sees("alice, look")
        it.screen.press("ctrl p", "f8")
        await it.sees("#lobby bob: alice, look")
        it.screen.press("enter")
        assert any("alice, look" in row for row in await it.sees_not("#lobby bob: alice, look"))
        assert it.workspace.buffer.name == "#lobby"


async def test_the_account_is_a_name_of_the_user(jumping_clock: MockClock) -> None:
    """A message with the name of the account mentions the user as one with the nickname does."""
    async with inside() as (it, server):
        await server.send(":server 900 alice alice!u@h annabel :You are logged in")
        await server.send("@msgid=8 :bob!u@h PRIVMSG #lobby :annabel, look")
        await it.sees("annabel, look")
        assert [found.entry.text for found in it.workspace.mentions] == ["annabel, look"]
