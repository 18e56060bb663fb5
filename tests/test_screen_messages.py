"""Messages that are selected in the full-screen client: replies, reactions and deletions."""

from trio.testing import MockClock

from screen_fakes import inside
from trio_chat.irc.message import parse

PLAIN_IRC = ""


async def test_reply(jumping_clock: MockClock) -> None:
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


async def test_a_reply_to_us_is_a_mention(jumping_clock: MockClock) -> None:
    """A reply to our message counts as a mention without our nickname."""
    async with inside() as (it, server):
        await server.send("@msgid=abc :alice!u@h PRIVMSG #lobby :tea?")
        it.screen.press("ctrl p")
        await server.send("@msgid=def;+draft/reply=abc :bob!u@h PRIVMSG #lobby :yes")
        assert not any("2 mention" in row for row in await it.sees("1 mention"))


async def test_a_message_to_operators_alone_is_marked(jumping_clock: MockClock) -> None:
    """Nobody answers in front of all what only the operators were told."""
    async with inside() as (it, server):
        await server.send(
            ":bob!u@h PRIVMSG @#lobby :between us", ":bob!u@h PRIVMSG #lobby :good morning"
        )
        rows = await it.sees("good morning")
        assert any("(only to @) between us" in row for row in rows)
        assert not any("only to" in row and "morning" in row for row in rows)


async def test_react_to_the_selected_message(jumping_clock: MockClock) -> None:
    """Shift and arrow keys select; the same reaction again takes it back."""
    async with inside() as (it, server):
        server.skips = tuple(each for each in server.skips if each != "TAGMSG")
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :one", "@msgid=b :bob!u@h PRIVMSG #lobby :two"
        )
        await it.sees("two")
        it.controller.typing.is_enabled = False
        server.skips += ("CHATHISTORY", "PING h")
        it.screen.press("shift up", "shift up", *"/react 👍", "enter")
        line = parse(await server.expect("TAGMSG #lobby"))
        assert (line.tags["+draft/reply"], line.tags["+draft/react"]) == ("a", "👍")
        await server.send("@+draft/reply=a;+draft/react=👍 :alice!u@h TAGMSG #lobby")
        await it.sees("👍 alice")
        it.screen.press("shift up", "shift up", *"/react 👍", "enter")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/unreact"] == "👍"


async def test_redact(jumping_clock: MockClock) -> None:
    """/redact refers to our last message; a deleted message is shown as deleted."""
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


async def test_a_message_is_named(jumping_clock: MockClock) -> None:
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
        await it.sees("There is no such message here")


async def test_tab_completes_the_name_of_a_message(jumping_clock: MockClock) -> None:
    """In a command `@` belongs to the name of a message; in a message it goes, as before."""
    async with inside() as (it, _server):
        it.screen.press(*"/reply @bo", "tab")
        assert it.controller.prompt.edit_text == "/reply @bob "
        it.screen.press("ctrl u", *"@bo", "tab")
        assert it.controller.prompt.edit_text == "bob: "


async def test_plain_irc(jumping_clock: MockClock) -> None:
    """A server without any capability: what it cannot do is missing, nothing else."""
    async with inside(PLAIN_IRC, columns=140) as (it, server):
        await server.send(":bob!u@h PRIVMSG #lobby :hello")
        await it.sees("bob │ hello")
        it.screen.press("page up", *"/react 👍", "enter")
        await it.sees("There is no such message here")
        it.screen.press(*"hi", "enter")
        await server.expect("PRIVMSG #lobby hi")
        ping = parse(await server.expect("PING m"))
        await server.send(f":srv.test PONG srv.test {ping.params[0]}")
        await it.sees("alice │ hi")


async def test_why_somebody_is_away_is_said_once(jumping_clock: MockClock) -> None:
    """The server says it at each message; in the answer to WHOIS it is said again."""
    async with inside(PLAIN_IRC) as (it, server):
        it.screen.press(*"/query bob", "enter")
        away = ":srv.test 301 alice bob :at lunch"
        await server.send(away, away, ":srv.test 311 alice bob b h * :Bob", away)
        await server.send(":srv.test 312 alice bob srv.test :here", away)
        rows = await it.sees("bob is on the server")
        assert sum("bob is away: at lunch" in row for row in rows) == 2
