"""The full-screen client as a user sees it: keys in, a picture out."""

from datetime import datetime

import pytest
import trio
import trio.testing

from client_fakes import said_before, until
from screen_fakes import CAPS, inside, watched
from trio_chat.client.screen.app import Options
from trio_chat.irc.message import parse

PLAIN_IRC = ""


async def test_a_message_is_shown_with_time_and_nickname(jumping_clock):
    """Who said what, in a column of its own."""
    async with inside() as (it, server):
        await server.send(
            "@time=2026-05-04T00:01:00.000Z;msgid=1 :bob!u@h PRIVMSG #lobby :hello there"
        )
        (row,) = [row for row in await it.sees("bob │ hello there") if "hello" in row]
        time = datetime.fromisoformat("2026-05-04T00:01:00Z").astimezone()
        assert row.split("│")[1].split() == [f"{time:%H:%M}", "bob"]


async def test_what_is_typed_is_shown_when_the_server_has_it(jumping_clock):
    """Our own message comes back as the server gave it to the others."""
    async with inside() as (it, server):
        it.screen.type("hi all")
        await it.sees("› hi all")
        it.screen.press("enter")
        await it.rest()
        assert "alice │" not in it.screen.text()  # not before the server has it
        await server.echo()
        assert not any("› hi all" in row for row in await it.sees("alice │ hi all"))


async def test_the_typed_line_stays_whole_while_others_talk(jumping_clock):
    """A thousand messages do not touch what is being typed."""
    async with inside() as (it, server):
        for number in range(100):
            it.screen.type(str(number % 10))
            await server.send(*(f":bob!u@h PRIVMSG #lobby :{number} {part}" for part in range(10)))
        await it.sees("99 9")
        assert it.controller.prompt.edit_text == "0123456789" * 10


async def test_messages_of_other_channels_are_counted(jumping_clock):
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


async def test_ways_to_another_channel(jumping_clock):
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


async def test_what_is_typed_waits_in_its_channel(jumping_clock):
    """Who looks elsewhere finds the unfinished line again."""
    async with inside() as (it, _server):
        it.screen.type("unfinished")
        it.screen.press("ctrl n")
        assert it.workspace.buffer is it.workspace.servers[0].log
        await it.sees_not("unfinished")
        it.screen.press("ctrl p")
        assert "› unfinished" in (await it.sees("#lobby", "unfinished"))[-1]


async def test_a_private_message_opens_a_talk(jumping_clock):
    """It counts as a mention, and the answer goes to that person."""
    async with inside() as (it, server):
        await server.send(":carol!u@h PRIVMSG alice :psst")
        await it.sees("carol", "1!")
        it.screen.press("meta a")
        await it.sees("carol │ psst")
        it.screen.press(*"what?", "enter")
        server.skips += ("CHATHISTORY", "PING h")
        assert (await server.expect("PRIVMSG carol")).endswith(":what?")


async def test_panels_go_where_there_is_no_room(jumping_clock):
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
        it.screen.resize(1, 1)
        await it.rest()
        assert len(it.screen.lines()) == 1
        it.screen.resize(100, 24)
        await it.rest()
        assert len(await it.sees("1 test", "2 people", "hello")) == 24


@pytest.mark.parametrize(
    ("key", "gone"), [("f3", "1 test"), ("f4", "2 people"), ("f5", "not encrypted")]
)
async def test_panels_can_be_hidden(key, gone, jumping_clock):
    """A key hides a panel, and nothing else but the frame around it; and brings it back."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :hello")
        before = await it.sees(gone, "hello")
        it.screen.press(key)
        assert any("hello" in row for row in await it.sees_not(gone))
        it.screen.press(key)
        assert await it.sees(gone) == before


async def test_the_bare_view_has_only_what_was_said(jumping_clock):
    """So that the terminal's own selection copies texts, not frames."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :hello")
        await it.sees("hello")
        it.screen.press("f5")
        await it.sees("bob: hello")
        assert "│" not in it.screen.text()


async def test_members_show_rank_and_who_is_away(jumping_clock):
    """Operators first; who is away is said so, and not by colour alone."""
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


async def test_who_is_away_is_asked_for_at_the_start(jumping_clock):
    """WHO tells of those who went before we came."""
    async with inside() as (it, server):
        server.skips = tuple(each for each in server.skips if each != "WHO")
        await server.expect("WHO #lobby")
        await server.send(
            ":srv.test 352 alice #lobby u h srv.test bob G :0 Bob",
            ":srv.test 315 alice #lobby :End",
        )
        await it.sees("bob (away)")


async def test_who_is_typing_is_shown_for_a_while(jumping_clock):
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


async def test_others_are_told_that_we_are_typing(jumping_clock):
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


async def test_typing_is_told_to_nobody_if_that_is_not_wanted(jumping_clock):
    """[client] typing = no."""
    async with inside(CAPS, options=Options(theme="dark", typing=False)) as (it, server):
        server.skips = tuple(each for each in server.skips if each != "TAGMSG")
        it.screen.press(*"ab", "enter")
        await server.expect("PRIVMSG #lobby")


async def test_runs_of_joins_and_parts_are_one_line(jumping_clock):
    """Who comes and goes takes one line, whatever happens, until somebody speaks."""
    async with inside(columns=120) as (it, server):
        for nick in ("carl", "dora"):
            await server.send(f":{nick}!u@h JOIN #lobby")
        await server.send(":carl!u@h PART #lobby", ":bob!u@h QUIT :bye")
        await it.sees("dora has joined; bob has left; carl came and went")
        assert it.workspace.buffer.end - it.workspace.buffer.first == 1


async def test_ranks_after_a_netsplit_are_in_the_line_of_the_joins(jumping_clock):
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


async def test_the_connection_is_back(jumping_clock):
    """The user reads it where he looks."""
    async with inside("") as (it, server):
        await server.close()
        await it.sees("The connection to the server is lost")
        again = await it.server()
        await again.greet()
        await again.let_join("#lobby")
        await it.sees("The connection is back.")


async def test_the_clock_is_in_the_status(jumping_clock):
    """Beside all else, where there is room."""
    async with inside() as (it, _server):
        time = datetime.fromtimestamp(it.time).astimezone().strftime("%H:%M")
        await until(lambda: it.screen.lines()[-2].endswith(f" {time}"))
        it.screen.resize(30, 24)
        await it.rest()
        assert time not in it.screen.lines()[-2]


async def test_a_talk_with_a_service_is_in_one_window(jumping_clock):
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


async def test_a_server_that_asks_for_a_nickname_says_so(jumping_clock):
    """In the list and in the status: three dots would be waited for."""
    async with watched() as it:
        server = await it.server()
        await server.greet_until_refused(":srv.test 433 * alice :Nickname is already in use")
        await it.sees("1 test ?", "asks for a nickname")


async def test_days_are_apart(jumping_clock):
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


async def test_text_from_others_never_reaches_the_terminal_raw(jumping_clock):
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


async def test_formatting_and_links(jumping_clock):
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
        assert link.hyperlink.uri == "https://example.org/x"


async def test_joined_emoji_are_taken_apart(jumping_clock):
    """Terminals do not agree how wide a joined emoji is; its parts are two columns everywhere."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :👩\u200d👩\u200d👧 ❤\ufe0f 你好")
        (row,) = [row for row in await it.sees("你好") if "你好" in row]
        assert "👩👩👧 ❤ 你好" in row
        assert not set("\u200d\ufe0f") & set(row)


async def test_one_colour_for_each_nickname(jumping_clock):
    """The same wherever it is seen."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :one")
        await it.sees("one")
        first, second = it.screen.attributes("bob")[:2]
        assert first == second


async def test_no_colours_with_no_color(jumping_clock):
    """NO_COLOR: bold and underlined, but nothing coloured."""
    async with inside(CAPS, options=Options(theme="mono")) as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :\x0304red\x03 alice https://example.org")
        await it.sees("red alice")
        for row in it.screen.canvas.content():
            for attribute, _charset, _text in row:
                assert attribute is None or attribute.foreground.split(",")[0] == "default"


async def test_a_long_message_is_wrapped_in_its_column(jumping_clock):
    """No row runs under the times and nicknames."""
    async with inside() as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :" + "word " * 40)
        await it.sees("bob │ word")
        rows = [line.split("│")[1] for line in it.screen.lines() if "word" in line]
        assert len(rows) > 3
        assert all(row.startswith(" " * 21) for row in rows[1:])


async def test_the_topic_is_above(jumping_clock):
    """Where we are, and what is talked of."""
    async with inside() as (it, server):
        await server.send(":bob!u@h TOPIC #lobby :cats and dogs")
        assert (await it.sees("cats and dogs"))[0] == " #lobby  cats and dogs"
        await server.send(":bob!u@h TOPIC #lobby :")
        assert (await it.sees_not("#lobby  cats"))[0] == " #lobby"


# History


async def test_what_was_said_before_is_shown_on_joining(jumping_clock):
    """The last messages are there at once, in order, and none of them is unread."""
    async with inside(CAPS, "1 bob one", "2 carl two") as (it, _server):
        await it.sees("bob │ one", "carl │ two")
        assert it.workspace.unread() == (0, 0)


async def test_older_messages_come_when_one_scrolls_up(jumping_clock):
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


async def test_new_messages_do_not_move_who_reads_above(jumping_clock):
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


async def test_the_line_of_what_is_unread_comes_from_the_server(jumping_clock):
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


async def test_what_is_looked_at_is_marked_as_read(jumping_clock):
    """The server is told, so that other devices know."""
    async with inside() as (_it, server):
        server.skips = tuple(each for each in server.skips if each != "MARKREAD")
        await server.send("@time=2026-05-04T00:05:00.000Z;msgid=5 :bob!u@h PRIVMSG #lobby :hello")
        await server.expect("MARKREAD #lobby timestamp=2026-05-04T00:05:00.000Z")


async def test_who_looks_elsewhere_has_not_read(jumping_clock):
    """While the terminal is not in front, what comes is unread, and the line is drawn before it."""
    async with inside() as (it, server):
        it.screen.press("focus out")
        await server.send(":bob!u@h PRIVMSG #lobby :are you there?")
        await it.sees("1 unread", "─ new ─")
        it.screen.press("focus in")
        rows = await it.sees_not("1 unread")
        assert any("─ new ─" in row for row in rows)


async def test_a_server_whose_clock_is_behind(jumping_clock):
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


async def test_a_device_that_reads_reads_for_all(jumping_clock):
    """MARKREAD from elsewhere takes the number away."""
    async with inside() as (it, server):
        it.screen.press("ctrl p")
        await server.send("@time=2026-05-04T00:05:00.000Z;msgid=5 :bob!u@h PRIVMSG #lobby :hello")
        await it.sees("1 unread")
        await server.send(":srv.test MARKREAD #lobby timestamp=2026-05-04T00:05:00.000Z")
        assert not any("unread" in row for row in await it.sees_not("1 unread"))


async def test_a_lost_connection_leaves_no_gap_and_no_doubles(jumping_clock):
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


async def test_search_shows_what_was_found_and_goes_there(jumping_clock):
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


async def test_mentions_are_listed(jumping_clock):
    """F8 shows who mentioned us and where; Enter goes there."""
    async with inside() as (it, server):
        await server.send("@msgid=7 :bob!u@h PRIVMSG #lobby :alice, look")
        await it.sees("alice, look")
        it.screen.press("ctrl p", "f8")
        await it.sees("#lobby bob: alice, look")
        it.screen.press("enter")
        assert any("alice, look" in row for row in await it.sees_not("#lobby bob: alice, look"))
        assert it.workspace.buffer.name == "#lobby"


# Typing


async def test_readline_keys_and_undo(jumping_clock):
    """Words and lines are deleted and brought back, and everything can be undone."""
    async with inside() as (it, _server):
        it.screen.type("one two three")
        it.screen.press("ctrl w")
        assert it.controller.prompt.edit_text == "one two "
        it.screen.press("ctrl y")
        assert it.controller.prompt.edit_text == "one two three"
        it.screen.press("ctrl a", "ctrl k")
        assert it.controller.prompt.edit_text == ""
        it.screen.press("ctrl _")
        assert it.controller.prompt.edit_text == "one two three"


async def test_what_was_typed_comes_back(jumping_clock):
    """Arrow up and down; the unfinished line is not lost."""
    async with inside(PLAIN_IRC) as (it, _server):
        it.screen.press(*"first", "enter", *"second", "enter", *"half")
        it.screen.press("up", "up")
        assert it.controller.prompt.edit_text == "first"
        it.screen.press("down", "down")
        assert it.controller.prompt.edit_text == "half"


async def test_several_lines_become_one_message(jumping_clock):
    """IRCv3 draft/multiline: Alt-Enter begins another line."""
    async with inside() as (it, server):
        it.screen.press(*"one", "meta enter", *"two", "enter")
        opening = parse(await server.expect("BATCH +m1 draft/multiline #lobby"))
        first, second = (
            parse(await server.expect("PRIVMSG #lobby one")),
            parse(await server.expect("PRIVMSG #lobby two")),
        )
        assert first.tags["batch"] == second.tags["batch"] == "m1"
        await server.expect("BATCH -m1")
        await server.send(
            f"@label={opening.tags['label']};msgid=9 :alice!u@h BATCH +x draft/multiline #lobby",
            "@batch=x :alice!u@h PRIVMSG #lobby :one",
            "@batch=x :alice!u@h PRIVMSG #lobby :two",
            ":srv.test BATCH -x",
        )
        await it.sees("alice │ one", "two")
        assert it.workspace.buffer[it.workspace.buffer.end - 1].text == "one\ntwo"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("bo", "bob: "),
        ("hi bo", "hi bob "),
        ("/sea", "/search "),
        ("#lo", "#lobby "),
        ("/react :thumb", "/react 👍 "),
        ("zz", "zz"),
    ],
)
async def test_completion(typed, completed, jumping_clock):
    """Tab completes nicknames, commands, channels and emoji."""
    async with inside() as (it, _server):
        it.screen.type(typed)
        it.screen.press("tab")
        assert it.controller.prompt.edit_text == completed


async def test_who_spoke_last_is_completed_first(jumping_clock):
    """And Tab again takes the next one."""
    async with inside() as (it, server):
        await server.send(
            ":bert!u@h JOIN #lobby", ":bert!u@h PRIVMSG #lobby :me", ":bob!u@h JOIN #lobby"
        )
        await it.sees("me")
        it.screen.press("b", "tab")
        assert it.controller.prompt.edit_text == "bert: "
        it.screen.press("tab")
        assert it.controller.prompt.edit_text == "bob: "


# Replies, reactions, deletions


async def test_reply(jumping_clock):
    """Alt-R answers the last message; the answer says to which."""
    async with inside() as (it, server):
        await server.send("@msgid=abc :bob!u@h PRIVMSG #lobby :tea?")
        await it.sees("tea?")
        it.screen.press("meta r")
        await it.sees("Answer to bob:")
        it.screen.press(*"yes", "enter")
        line = parse(await server.expect("PRIVMSG #lobby yes"))
        assert line.tags["+draft/reply"] == "abc"
        await server.send(
            f"@label={line.tags['label']};msgid=d;+draft/reply=abc :alice!u@h PRIVMSG #lobby :yes"
        )
        await it.sees("↳ bob: tea?")


async def test_a_reply_to_us_is_a_mention(jumping_clock):
    """Also when our name is not in it."""
    async with inside() as (it, server):
        await server.send("@msgid=abc :alice!u@h PRIVMSG #lobby :tea?")
        it.screen.press("ctrl p")
        await server.send("@msgid=def;+draft/reply=abc :bob!u@h PRIVMSG #lobby :yes")
        assert not any("2 mention" in row for row in await it.sees("1 mention"))


async def test_react_to_the_selected_message(jumping_clock):
    """Shift and arrow keys select; the same reaction again takes it back."""
    async with inside() as (it, server):
        server.skips = tuple(each for each in server.skips if each != "TAGMSG")
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :one", "@msgid=b :bob!u@h PRIVMSG #lobby :two"
        )
        await it.sees("two")
        it.controller.is_typing_told = False
        server.skips += ("CHATHISTORY", "PING h")
        it.screen.press("shift up", "shift up", *"/react 👍", "enter")
        line = parse(await server.expect("TAGMSG #lobby"))
        assert (line.tags["+draft/reply"], line.tags["+draft/react"]) == ("a", "👍")
        await server.send("@+draft/reply=a;+draft/react=👍 :alice!u@h TAGMSG #lobby")
        await it.sees("👍 alice")
        it.screen.press("shift up", "shift up", *"/react 👍", "enter")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/unreact"] == "👍"


async def test_redact(jumping_clock):
    """/redact means our last message; what is deleted is shown as that, whoever did it."""
    async with inside() as (it, server):
        await server.send(
            "@msgid=a :alice!u@h PRIVMSG #lobby :oops", "@msgid=b :bob!u@h PRIVMSG #lobby :what?"
        )
        await it.sees("what?")
        it.screen.press(*"/redact", "enter")
        await server.expect("REDACT #lobby a")
        await server.send(":alice!u@h REDACT #lobby a")
        await it.sees("(deleted by alice)")
        await it.sees_not("oops")


# Being told


@pytest.mark.parametrize(
    ("way", "text", "written"),
    [
        ("bell", "alice: hi", "\a"),
        ("desktop", "alice: h;i", "\a\x1b]9;bob #lobby: alice: h,i\x1b\\"),
        ("off", "alice: hi", ""),
        ("bell", "nothing", ""),
        ("bell", "malice", ""),
        ("bell", "I like CATS!", "\a"),
    ],
)
async def test_notifications(way, text, written, jumping_clock):
    """A mention, or a word that the user wants to know of, calls who looks elsewhere."""
    async with inside(CAPS, options=Options(theme="dark", notify=way, highlights=("cats",))) as (
        it,
        server,
    ):
        it.screen.press("focus out")
        await server.send(f":bob!u@h PRIVMSG #lobby :{text}")
        await it.sees(text)
        assert it.screen.written == written


async def test_who_looks_is_not_called(jumping_clock):
    """What is seen needs no bell."""
    async with inside(CAPS, options=Options(theme="dark", notify="bell")) as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :alice: hi")
        await it.sees("alice: hi")
        assert it.screen.written == ""


async def test_help(jumping_clock):
    """F1 shows the keys, /help every command, and Esc closes."""
    async with inside(rows=60) as (it, _server):
        it.screen.press("f1")
        await it.sees("Alt-1 … Alt-9", "Ctrl-Y")
        it.screen.press("esc")
        assert not any("Alt-1 … Alt-9" in row for row in await it.sees_not("Ctrl-Y"))
        it.screen.press(*"/help", "enter")
        assert any("/away [text]" in row for row in await it.sees("/away [text]", "Commands"))


# The connection


async def test_the_state_of_the_connection_is_seen(jumping_clock):
    """Whether it is encrypted, how long the server takes, and when it is lost."""
    async with inside() as (it, server):
        await server.send(":srv.test PONG srv.test lag")
        await it.sees("● not encrypted", " ms")
        await server.close()
        assert not any("●" in row for row in await it.sees("○ not connected, trying again in"))


async def test_a_server_that_shuts_down_is_waited_for(jumping_clock):
    """It may only be starting anew."""
    async with inside() as (it, server):
        await server.send(
            "NOTE * SERVER_SHUTDOWN :The server has shut down", "ERROR :The server has shut down"
        )
        await server.close()
        await it.sees("The server has shut down")
        again = await it.server()
        await again.greet()
        await again.expect("JOIN #lobby")


async def test_several_servers_at_once(jumping_clock):
    """/connect adds one, /disconnect removes it."""
    async with inside() as (it, _server):
        it.screen.press(*"/connect second", "enter")
        second = await it.server()
        await second.enter()
        await it.sees("1 test", "3 second", "4   #lobby")
        it.screen.press(*"/connect bad", "enter")
        await it.sees("that is no server")
        it.screen.press(*"/disconnect", "enter")
        second.skips = ("WHO", "PING", "CHATHISTORY")
        await second.expect("QUIT")
        await second.close()
        await it.sees_not("second")


async def test_leaving(jumping_clock):
    """/quit says good-bye to every server and ends with 0."""
    async with inside() as (it, server):
        it.screen.press(*"/quit bye", "enter")
        assert (await server.expect("QUIT")).endswith(":bye")
        await server.close()
        await until(lambda: it.code is not None)
        assert it.code == 0


async def test_ctrl_c_removes_what_is_typed_and_leaves_when_pressed_twice(jumping_clock):
    """Nobody loses a line, or the chat, by a slip."""
    async with inside() as (it, server):
        it.screen.press(*"half", "ctrl c")
        assert it.controller.prompt.edit_text == ""
        it.screen.press("up")
        assert it.controller.prompt.edit_text == "half"
        it.screen.press("ctrl c", "ctrl c")
        await it.sees("Press Ctrl-C again to leave.")
        it.screen.press("ctrl c")
        await server.expect("QUIT")


async def test_a_nickname_that_is_taken_is_asked_for(jumping_clock):
    """The question is in the prompt, and the answer goes to the server."""
    async with watched() as it:
        server = await it.server()
        await server.greet_until_refused(":srv.test 433 * alice :Nickname is already in use")
        await it.sees("in use by someone else", "Your nickname")
        it.screen.press(*"alicia", "enter")
        await server.expect("NICK alicia")


async def test_a_password_is_not_shown(jumping_clock):
    """/login asks; what is typed is hidden and not remembered."""
    async with inside() as (it, server):
        it.screen.press(*"before", "enter", *"/login", "enter")
        await server.expect("PRIVMSG #lobby before")
        await it.sees("Password of alice:")
        it.screen.type("hunter2")
        await it.sees("*******")
        assert "hunter2" not in it.screen.text()
        it.screen.press("enter")
        await server.expect("PRIVMSG NickServ IDENTIFY alice hunter2")
        it.screen.press("up")
        assert it.controller.prompt.edit_text == "before"


async def test_a_password_typed_ahead_of_the_question(jumping_clock):
    """Who is faster than the question does not see the password either."""
    async with inside() as (it, server):
        it.screen.press(*"before", "enter", *"/login", "enter", *"hunter2")
        assert it.controller.prompt.edit_text == "hunter2"
        await it.rest()
        assert "hunter2" not in it.screen.text()
        it.screen.press("enter")
        await server.expect("PRIVMSG #lobby before")
        await server.expect("PRIVMSG NickServ IDENTIFY alice hunter2")
        it.screen.press("up")
        assert it.controller.prompt.edit_text == "before"


async def test_a_password_beside_the_command_is_not_remembered(jumping_clock):
    """/oper takes the password also on its own line; the arrow key does not bring that back."""
    async with inside() as (it, server):
        it.screen.press(*"before", "enter", *"/oper root hunter2", "enter")
        await server.expect("PRIVMSG #lobby before")
        await server.expect("OPER root hunter2")
        await server.send(":srv.test 381 alice :You are now an IRC operator")
        await it.sees("You are now an IRC operator")
        it.screen.press("up")
        assert it.controller.prompt.edit_text == "before"
        assert "hunter2" not in it.screen.text()


async def test_a_message_is_named(jumping_clock):
    """`@nickname` means the last message of somebody, and a number counts back; what is selected is
    not asked then.
    """
    async with inside() as (it, server):
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :one", "@msgid=b :carl!u@h PRIVMSG #lobby :two"
        )
        await it.sees("carl │ two")
        server.skips += ("CHATHISTORY BEFORE", "PING h")
        for typed, msgid in (
            ("/reply @bob yes", "a"),
            ("/reply @1 yes", "b"),
            ("/reply @2 yes", "a"),
        ):
            it.screen.press("shift up", *typed, "enter")
            line = parse(await server.expect("PRIVMSG #lobby yes"))
            assert line.tags["+draft/reply"] == msgid
        it.screen.press(*"/reply @9 yes", "enter")
        await it.sees("There is no message here that this")


async def test_tab_completes_the_name_of_a_message(jumping_clock):
    """In a command `@` belongs to the name of a message; in a message it goes, as before."""
    async with inside() as (it, _server):
        it.screen.press(*"/reply @bo", "tab")
        assert it.controller.prompt.edit_text == "/reply @bob "
        it.screen.press("ctrl u", *"@bo", "tab")
        assert it.controller.prompt.edit_text == "bob: "


async def test_plain_irc(jumping_clock):
    """A server without any capability: what it cannot do is missing, nothing else."""
    async with inside(PLAIN_IRC, columns=140) as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :hello")
        await it.sees("bob │ hello")
        it.screen.press("page up", *"/react 👍", "enter")
        await it.sees("There is no message here that this could be about")
        it.screen.press(*"hi", "enter")
        await server.expect("PRIVMSG #lobby hi")
        ping = parse(await server.expect("PING m"))
        await server.send(f":srv.test PONG srv.test {ping.params[0]}")
        await it.sees("alice │ hi")
