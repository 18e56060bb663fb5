"""The full-screen client as a user sees it: keys in, rows out."""

from datetime import datetime

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from client_fakes import until
from screen_fakes import CAPS, inside, watched
from trio_chat.client.screen.app import ScreenOptions
from trio_chat.irc.message import parse


async def test_a_message_is_shown_with_time_and_nickname(jumping_clock: MockClock) -> None:
    """The sender has a column of its own."""
    async with inside() as (it, server):
        await server.send(
            "@time=2026-05-04T00:01:00.000Z;msgid=1 :bob!u@h PRIVMSG #lobby :hello there"
        )
        (row,) = [row for row in await it.sees("bob │ hello there") if "hello" in row]
        time = datetime.fromisoformat("2026-05-04T00:01:00Z").astimezone()
        assert row.split("│")[1].split() == [f"{time:%H:%M}", "bob"]


async def test_what_is_typed_is_shown_when_the_server_has_it(jumping_clock: MockClock) -> None:
    """Our own message comes back as the server gave it to the others."""
    async with inside() as (it, server):
        it.screen.type("hi all")
        await it.sees("› hi all")
        it.screen.press("enter")
        await it.rest()
        assert "alice │" not in it.screen.text()  # not before the server has it
        await server.echo()
        assert not any("› hi all" in row for row in await it.sees("alice │ hi all"))


async def test_the_typed_line_stays_whole_while_others_talk(jumping_clock: MockClock) -> None:
    """A thousand messages do not touch what is being typed."""
    async with inside() as (it, server):
        for number in range(100):
            it.screen.type(str(number % 10))
            await server.send(*(f":bob!u@h PRIVMSG #lobby :{number} {part}" for part in range(10)))
        await it.sees("99 9")
        assert it.controller.prompt.edit_text == "0123456789" * 10


async def test_messages_of_other_channels_are_counted(jumping_clock: MockClock) -> None:
    """What is said elsewhere stands as a number in the list, a mention with its sign."""
    async with inside() as (it, server):
        await server.send(
            ":alice!u@h JOIN #other",
            ":srv.test 366 alice #other :End",
            ":bob!u@h PRIVMSG #other :one",
        )
        await server.play_back(kind="chathistory #other")
        await it.sees("#other", "1 unread")
        await server.send(":bob!u@h PRIVMSG #other :alice: two")
        await it.sees("1!", "1 mention")
        assert it.workspace.unread() == (2, 1)
        it.screen.press("meta a")
        await it.sees("bob │ alice: two", "─ new ─")
        assert not any("1!" in row for row in await it.sees_not("1 mention"))
        assert it.workspace.unread() == (0, 0)


async def test_ways_to_another_channel(jumping_clock: MockClock) -> None:
    """Ctrl-N and Ctrl-P, Alt with a number, Ctrl-T, and by some letters of the name."""
    async with inside() as (it, server):
        await server.send(":alice!u@h JOIN #other", ":srv.test 366 alice #other :End")
        await server.play_back(kind="chathistory #other")
        await it.sees("#other")

        def here() -> str:
            return it.workspace.buffer.name

        assert here() == "#lobby"
        it.screen.press("ctrl n")
        assert here() == "#other"
        it.screen.press("ctrl p")
        assert here() == "#lobby"
        it.screen.press("meta 3")
        assert here() == "#other"
        it.screen.press("ctrl t")
        assert here() == "#lobby"
        it.screen.press("ctrl g", *"oth")
        await it.sees("Go to: oth", "#other")
        it.screen.press("enter")
        assert here() == "#other"
        it.screen.type("/go lob")
        it.screen.press("enter")
        await until(lambda: here() == "#lobby")


async def test_a_digit_that_is_no_number(jumping_clock: MockClock) -> None:
    """`/go ²` looks for a name with that sign: not every digit of Unicode has a value."""
    async with inside() as (it, _server):
        it.screen.type("/go ²")
        it.screen.press("enter")
        await it.sees("²")
        it.screen.type("/go lob")
        it.screen.press("enter")
        await until(lambda: it.workspace.buffer.name == "#lobby")


async def test_what_is_typed_waits_in_its_channel(jumping_clock: MockClock) -> None:
    """The unfinished line is there again after a change of channel."""
    async with inside() as (it, _server):
        it.screen.type("unfinished")
        it.screen.press("ctrl n")
        assert it.workspace.buffer is it.workspace.servers[0].log
        await it.sees_not("unfinished")
        it.screen.press("ctrl p")
        assert "› unfinished" in (await it.sees("#lobby", "unfinished"))[-1]


async def test_a_private_message_opens_a_talk(jumping_clock: MockClock) -> None:
    """It counts as a mention, and the answer goes to that person."""
    async with inside() as (it, server):
        await server.send(":carol!u@h PRIVMSG alice :psst")
        await it.sees("carol", "1!")
        it.screen.press("meta a")
        await it.sees("carol │ psst")
        it.screen.press(*"what?", "enter")
        server.skips += ("CHATHISTORY", "PING h")
        assert (await server.expect("PRIVMSG carol")).endswith(":what?")


async def test_panels_go_where_there_is_no_room(jumping_clock: MockClock) -> None:
    """A narrow terminal has no side panels, a low one no frame; what is said is always there."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :hello")
        await it.sees("2 people", "hello")
        it.screen.resize(80, 24)
        await it.sees_not("2 people")
        await it.sees("1 test", "hello")
        it.screen.resize(50, 24)
        await it.sees_not("1 test")
        await it.sees("hello")
        it.screen.resize(20, 4)
        await it.rest()
        assert len(await it.sees("hello", "›")) == 4
        assert it.screen.lines()[-1].startswith("›")  # a hint takes no more room than that
        it.screen.resize(1, 1)
        await it.rest()
        assert len(it.screen.lines()) == 1
        it.screen.resize(100, 24)
        await it.rest()
        assert len(await it.sees("1 test", "2 people", "hello")) == 24


@pytest.mark.parametrize(
    ("key", "gone"), [("f3", "1 test"), ("f4", "2 people"), ("f5", "not encrypted")]
)
async def test_panels_can_be_hidden(key: str, gone: str, jumping_clock: MockClock) -> None:
    """A key hides a panel, and nothing else but the frame around it; and brings it back."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :hello")
        before = await it.sees(gone, "hello")
        it.screen.press(key)
        assert any("hello" in row for row in await it.sees_not(gone))
        it.screen.press(key)
        assert await it.sees(gone) == before


async def test_the_bare_view_has_only_what_was_said(jumping_clock: MockClock) -> None:
    """So that the terminal's own selection copies texts, not frames."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :hello")
        await it.sees("hello")
        it.screen.press("f5")
        await it.sees("bob: hello")
        assert "│" not in it.screen.text()


async def test_members_show_rank_and_who_is_away(jumping_clock: MockClock) -> None:
    """Operators come first; away members are marked not by colour alone."""
    async with inside() as (it, server):

        def members() -> list[str]:
            return [
                name
                for row in it.screen.lines()[1:]
                if row.count("│") > 1 and (name := row.rsplit("│", 1)[1].strip())
            ]

        await it.sees("@alice", " bob")
        assert members() == ["2 people", "@alice", "bob"]
        await server.send(":bob!u@h AWAY :lunch")
        await it.sees("bob (away)")
        assert members() == ["2 people", "@alice", "bob (away)"]
        await server.send(
            ":bob!u@h AWAY", ":alice!u@h MODE #lobby +v bob", ":alice!u@h MODE #lobby +o bob"
        )
        await it.sees("@bob")
        assert members() == ["2 people", "@alice", "@bob"]


async def test_who_is_away_is_asked_for_at_the_start(jumping_clock: MockClock) -> None:
    """WHO tells of those who went before we came."""
    async with inside() as (it, server):
        server.skips = tuple(each for each in server.skips if each != "WHO")
        await server.expect("WHO #lobby")
        await server.send(
            ":srv.test 352 alice #lobby u h srv.test bob G :0 Bob",
            ":srv.test 315 alice #lobby :End",
        )
        await it.sees("bob (away)")


async def test_who_is_typing_is_shown_for_a_while(jumping_clock: MockClock) -> None:
    """IRCv3 typing: six seconds after the last sign it is over."""
    async with inside() as (it, server):
        await server.send("@+typing=active :bob!u@h TAGMSG #lobby")
        await it.sees("bob is typing …")
        it.time += 5
        await trio.sleep(2)  # the view looks at the time every second
        assert "bob is typing …" in it.screen.text()
        it.time += 2
        await it.sees_not("typing …")
        await server.send("@+typing=active :bob!u@h TAGMSG #lobby")
        await it.sees("bob is typing …")
        await server.send(":bob!u@h PRIVMSG #lobby :done")
        assert any("bob │ done" in row for row in await it.sees_not("typing …"))


async def test_others_are_told_that_we_are_typing(jumping_clock: MockClock) -> None:
    """Once in three seconds, and that we have stopped when the line is empty again; never for a
    command.
    """
    async with inside() as (it, server):
        server.skips = tuple(each for each in server.skips if each != "TAGMSG")
        it.screen.type("/he")
        it.screen.press("ctrl u")
        it.screen.type("ab")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+typing"] == "active"
        it.screen.press("backspace", "backspace")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+typing"] == "done"


async def test_typing_is_told_to_nobody_if_that_is_not_wanted(jumping_clock: MockClock) -> None:
    """[client] typing = no."""
    async with inside(CAPS, options=ScreenOptions(theme="dark", typing=False)) as (it, server):
        server.skips = tuple(each for each in server.skips if each != "TAGMSG")
        it.screen.press(*"ab", "enter")
        await server.expect("PRIVMSG #lobby")


async def test_runs_of_joins_and_parts_are_one_line(jumping_clock: MockClock) -> None:
    """A user that joins and leaves takes one line until a message arrives."""
    async with inside(columns=120) as (it, server):
        for nick in ("carl", "dora"):
            await server.send(f":{nick}!u@h JOIN #lobby")
        await server.send(":carl!u@h PART #lobby", ":bob!u@h QUIT :bye")
        await it.sees("dora has joined; bob has left; carl came and went")
        assert it.workspace.buffer.end - it.workspace.buffer.first == 1


async def test_ranks_after_a_netsplit_are_in_the_line_of_the_joins(
    jumping_clock: MockClock,
) -> None:
    """Hundreds come back within a second, each with a MODE; a change of other modes stands
    alone.
    """
    async with inside(columns=160) as (it, server):
        for number in range(50):
            await server.send(f":p{number}!u@h JOIN #lobby", f":srv.test MODE #lobby +o p{number}")
        rows = await it.sees("p0", "have joined", "srv.test has set modes: +o p0", "and 44 more")
        assert len([row for row in rows if "joined" in row or "has set modes" in row]) <= 4
        await server.send(":p1!u@h MODE #lobby +mo p2")
        await it.sees("p1 has set modes of #lobby: +mo p2")


async def test_the_connection_is_back(jumping_clock: MockClock) -> None:
    """The user reads it where he looks."""
    async with inside("") as (it, server):
        await server.close()
        await it.sees("The connection to the server is lost")
        again = await it.server()
        await again.greet()
        await again.let_join("#lobby")
        await it.sees("The connection is back.")


async def test_the_clock_is_in_the_status(jumping_clock: MockClock) -> None:
    """Beside all else, where there is room."""
    async with inside() as (it, _server):
        time = datetime.fromtimestamp(it.time).astimezone().strftime("%H:%M")
        await until(lambda: it.screen.lines()[-2].endswith(f" {time}"))
        it.screen.resize(30, 24)
        await it.rest()
        assert time not in it.screen.lines()[-2]


async def test_a_talk_with_a_service_is_in_one_window(jumping_clock: MockClock) -> None:
    """What is asked and what is answered, in their order."""
    async with inside() as (it, server):
        it.screen.press(*"/msg NickServ HELP", "enter")
        label = (await server.expect("PRIVMSG NickServ")).split()[0]
        await it.sees("NickServ")
        assert it.workspace.buffer.name == "NickServ"
        notices = [f"@batch=1 :NickServ!n@s NOTICE alice :line {number}" for number in range(3)]
        await server.send(
            f"{label} :srv.test BATCH +1 labeled-response", *notices, ":srv.test BATCH -1"
        )
        await it.sees("line 0", "line 2", "HELP")


async def test_a_server_that_asks_for_a_nickname_says_so(jumping_clock: MockClock) -> None:
    """In the list and in the status: three dots would be waited for."""
    async with watched() as it:
        server = await it.server()
        await server.greet_until_refused(":srv.test 433 * alice :Nickname is already in use")
        await it.sees("1 test ?", "asks for a nickname")


async def test_days_are_apart(jumping_clock: MockClock) -> None:
    """A line says when another day begins."""
    async with inside(CAPS, "1 bob yesterday") as (it, server):
        it.time += 86400
        await server.send("@time=2026-05-05T00:01:00.000Z :bob!u@h PRIVMSG #lobby :today")
        rows = await it.sees("2026-05-04", "2026-05-05", "today")
        found = [
            word
            for row in rows
            for word in ("Monday", "yesterday", "Tuesday", "today")
            if word in row
        ]
        assert found == ["Monday", "yesterday", "Tuesday", "today"]


async def test_text_from_others_never_reaches_the_terminal_raw(jumping_clock: MockClock) -> None:
    """Control characters, directions and the like are shown by their codes, wherever they come
    from.
    """
    evil = "\x1b[2J\x9b5A\u202eevil\u200b"
    async with inside() as (it, server):
        await server.send(
            f":b\x1bob!u@h PRIVMSG #lobby :{evil}",
            f":bob!u@h TOPIC #lobby :{evil}",
            ":bob!u@h NICK b\u202eob",
            f":srv.test NOTICE * :{evil}",
            "@+typing=active :x\x1bx!u@h TAGMSG #lobby",
            f":al\x1bice!u@h PRIVMSG alice :{evil}",
            ":bob!u@h PRIVMSG #lobby :end",
        )
        await it.sees("end", "\\x1b[2J")
        assert not set("\x1b\x9b\u202e\u200b") & set(it.screen.text() + it.screen.title)


async def test_formatting_and_links(jumping_clock: MockClock) -> None:
    """mIRC's bold and colours are shown, and a link leads where it says."""
    async with inside() as (it, server):
        await server.send(
            ":bob!u@h PRIVMSG #lobby :\x02fat\x02 \x0304red\x03 https://example.org/x."
        )
        await it.sees("fat red https://example.org/x.")
        (fat,), (red,), (link,) = (
            it.screen.attributes(piece) for piece in ("fat", "red", "https://")
        )
        assert fat.bold
        assert red.foreground == "light red"
        assert link.hyperlink is not None
        assert link.hyperlink.uri == "https://example.org/x"


async def test_joined_emoji_are_taken_apart(jumping_clock: MockClock) -> None:
    """Terminals do not agree how wide a joined emoji is; its parts are two columns everywhere."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :👩\u200d👩\u200d👧 ❤\ufe0f 你好")
        (row,) = [row for row in await it.sees("你好") if "你好" in row]
        assert "👩👩👧 ❤ 你好" in row
        assert not set("\u200d\ufe0f") & set(row)


async def test_one_colour_for_each_nickname(jumping_clock: MockClock) -> None:
    """The same wherever it is seen."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :one")
        await it.sees("one")
        first, second = it.screen.attributes("bob")[:2]
        assert first == second


async def test_no_colours_with_no_color(jumping_clock: MockClock) -> None:
    """NO_COLOR: bold and underlined, but nothing coloured."""
    async with inside(CAPS, options=ScreenOptions(theme="mono")) as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :\x0304red\x03 alice https://example.org")
        await it.sees("red alice")
        for row in it.screen.canvas.content():
            for attribute, _charset, _text in row:
                assert attribute is None or attribute.foreground.split(",")[0] == "default"


async def test_a_long_message_is_wrapped_in_its_column(jumping_clock: MockClock) -> None:
    """No row runs under the times and nicknames."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :" + "word " * 40)
        await it.sees("bob │ word")
        rows = [line.split("│")[1] for line in it.screen.lines() if "word" in line]
        assert len(rows) > 3
        assert all(row.startswith(" " * 21) for row in rows[1:])


async def test_the_topic_is_above(jumping_clock: MockClock) -> None:
    """Where we are, and what is talked of."""
    async with inside() as (it, server):
        await server.send(":bob!u@h TOPIC #lobby :cats and dogs")
        assert (await it.sees("cats and dogs"))[0] == " #lobby  cats and dogs"
        await server.send(":bob!u@h TOPIC #lobby :")
        assert (await it.sees_not("#lobby  cats"))[0] == " #lobby"
