"""The line client: its output, and typed text that is never lost."""

from datetime import datetime

import pytest
import trio
import trio.testing

from client_fakes import HISTORY, Chat, NoState, chat, until
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.client.line.client import WAITING_LINES
from trio_chat.client.line.interface import PromptState
from trio_chat.client.session.handlers.messages import LOG_IN_TEXT
from trio_chat.irc.message import parse

TAKEN = ":srv.test 433 * alice :Nickname is already in use"


async def test_shows_what_the_server_confirms() -> None:
    """A typed line is shown as `[YOU]: …` when its echo comes, not before."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        assert await c.interface.take() == [
            "[INFO] Connected as alice.",
            "[INFO] You have joined #lobby.",
            "[INFO] 2 people in #lobby: alice, bob",
        ]
        assert c.interface.prompt.text == "#lobby> "
        c.interface.type("hello")
        assert await c.interface.take() == []
        await server.echo()
        await server.send(":bob!u@h PRIVMSG #lobby :hi")
        assert await c.interface.take() == ["[YOU]: hello", '["bob"]: hi']


async def test_exit_leaves() -> None:
    """`exit` alone on the line sends QUIT, and the exit code is 0."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.interface.type("exit now", "exit")
        await server.echo()
        await server.expect("QUIT")
        await server.send("ERROR :Closing link")
        await until(lambda: c.code is not None)
        assert c.code == 0
        assert c.interface.ended


async def test_server_shuts_down() -> None:
    """The output is exactly `[INFO] The server has shut down`, and the exit code 0."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        await server.send(
            ":srv.test NOTE * SERVER_SHUTDOWN :The server has shut down",
            "ERROR :The server has shut down",
        )
        await until(lambda: c.code is not None)
        assert c.interface.shown == ["[INFO] The server has shut down"]
        assert c.code == 0


async def test_asks_for_a_nickname() -> None:
    """On a terminal the nickname is asked for, offering the last one; an empty answer takes the
    offer.
    """
    async with chat(nick="", state=NoState("alice")) as c:
        await c.interface.take()
        assert c.interface.prompt == PromptState("Your nickname [alice]: ", asking=True)
        c.interface.type("two words")
        assert (await c.interface.take())[0].startswith("[ERROR] A nickname cannot")
        c.interface.type("")
        server = await c.server()
        await server.enter()


async def test_asks_again_when_the_nickname_is_refused() -> None:
    """A refused nickname is explained and asked for again; the one that gets in is remembered."""
    async with chat() as c:
        server = await c.server()
        for start in ("CAP", "NICK alice", "USER"):
            await server.expect(start)
        await server.send(":srv.test CAP * LS :", TAKEN)
        assert await c.interface.take() == [
            '[ERROR] The nickname "alice" is in use by someone else. Choose another.'
        ]
        assert c.interface.prompt == PromptState("Your nickname: ", asking=True)
        c.interface.type("carol")
        await server.expect("CAP END")
        await server.expect("NICK carol")
        await server.welcome("carol")
        await c.interface.take()
        assert c.state.nick == "carol"


async def test_server_does_not_wait_for_the_answer() -> None:
    """When the server ends the connection while the user thinks about a nickname, the answer goes
    into a new one.
    """
    async with chat() as c:
        server = await c.server()
        await server.send(TAKEN, "ERROR :Registration timeout")
        await c.interface.take()
        c.interface.type("carol")
        await (await c.server()).enter("carol")


async def test_takes_a_variant_where_nobody_can_be_asked() -> None:
    """Piped, a taken nickname gets digits, and an INFO line says so."""
    async with chat(interactive=False) as c:
        server = await c.server()
        for start in ("CAP", "NICK alice", "USER"):
            await server.expect(start)
        await server.send(":srv.test CAP * LS :", TAKEN)
        await server.expect("CAP END")
        await server.expect("NICK alice2")
        assert await c.interface.take() == [
            '[INFO] The nickname "alice" is not free here, trying "alice2".'
        ]


async def test_piped_lines_are_confirmed_before_leaving() -> None:
    """After the end of the input everything is waited for, then QUIT; exit code 0."""
    async with chat(interactive=False) as c:
        c.interface.type("one", "two")
        c.interface.hang_up()
        server = await c.server()
        await server.enter()
        assert [await server.echo(), await server.echo()] == [
            "PRIVMSG #lobby :one",
            "PRIVMSG #lobby :two",
        ]
        await server.expect("PING settled")
        await server.send("PONG settled")
        await server.expect("QUIT")
        await server.close()
        await until(lambda: c.code is not None)
        assert c.code == 0
        assert c.interface.shown[-2:] == ["[YOU]: one", "[YOU]: two"]


async def test_piped_refusal_is_a_failure() -> None:
    """A script whose message was refused ends with exit code 1."""
    async with chat(interactive=False) as c:
        c.interface.type("one")
        c.interface.hang_up()
        server = await c.server()
        await server.enter()
        label = (await server.expect("PRIVMSG")).split()[0]
        await server.send(f"{label} :srv.test 404 alice #lobby :Cannot send to channel")
        await server.expect("PING")
        await server.send("PONG settled")
        await server.expect("QUIT")
        await server.close()
        await until(lambda: c.code is not None)
        assert c.code == 1
        assert (
            c.interface.shown[-1]
            == "[ERROR] Not delivered to #lobby: you may not write in #lobby: one"
        )


async def test_first_connect_impossible() -> None:
    """One line, exit code 1."""
    async with chat(unreachable=1) as c:
        await until(lambda: c.code is not None)
        assert c.code == 1
        assert c.interface.shown == ["[ERROR] Cannot connect to srv.test"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "465 * :Go away",
            "[ERROR] You are banned from this server. Ask its administrator. (Go away)",
        ),
        ("NOTICE * :Wait", "[ERROR] The server does not let you in: Server is full"),
    ],
)
async def test_not_let_in(line: str, shown: str) -> None:
    """A server that does not let us in: the reason, exit code 1, and no second attempt."""
    async with chat() as c:
        server = await c.server()
        await server.send(f":srv.test {line}", "ERROR :Server is full")
        await until(lambda: c.code is not None)
        assert c.code == 1
        assert c.interface.shown == [shown]


NO_PASSWORD = (
    "[ERROR] The server's password is missing or wrong. Check it and connect again. (Bad password)"
)


async def refuse_password(c: Chat) -> None:
    """Refuse the password of the server."""
    server = await c.server()
    await server.send(":srv.test 464 * :Bad password", "ERROR :Bad password")
    assert await c.interface.take() == [NO_PASSWORD]


async def test_the_password_of_a_server_is_asked_for() -> None:
    """The next connection has what is typed, which is not shown; a wrong one is asked for again,
    and an empty line ends the client.
    """
    async with chat() as c:
        await refuse_password(c)
        assert c.interface.prompt == PromptState(
            "Password of the server: ", asking=True, secret=True
        )
        c.interface.type("secret words")
        server = await c.server()
        await server.expect("CAP LS")
        await server.expect("PASS secret words")
        await server.send(":srv.test 464 * :Bad password", "ERROR :Bad password")
        assert await c.interface.take() == [NO_PASSWORD]
        c.interface.type("")
        await until(lambda: c.code is not None)
        assert c.code == 1


async def test_the_password_of_a_server_is_kept_for_later_connections(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """It is asked for once."""
    async with chat() as c:
        await refuse_password(c)
        c.interface.type("secret")
        for _connection in range(2):
            server = await c.server()
            await server.expect("CAP LS")
            await server.expect("PASS secret")
            await server.expect("NICK alice")
            await server.expect("USER")
            await server.welcome("alice")
            await server.close()


async def test_the_password_of_a_server_is_not_asked_for_in_a_pipe() -> None:
    """Nobody is there: the client fails."""
    async with chat(interactive=False) as c:
        await refuse_password(c)
        await until(lambda: c.code is not None)
        assert c.code == 1


async def test_reconnects_and_loses_nothing(autojump_clock: trio.testing.MockClock) -> None:
    """After a lost connection: what was not confirmed is listed, what is typed meanwhile goes out
    once after the rejoin.
    """
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.interface.type("one")
        await server.expect("PRIVMSG #lobby one")
        await c.interface.take()
        c.unreachable = 2
        await server.close()
        await until(lambda: len(c.interface.shown) == 3)
        c.interface.type("two")
        server = await c.server()
        await server.enter()
        assert await server.echo() == "PRIVMSG #lobby :two"
        shown = await c.interface.take()
        assert shown[:4] == [
            "[ERROR] Not confirmed by the server, may not have arrived: one",
            "[ERROR] The connection to the server is lost.",
            "[INFO] Connecting again in 1 second …",
            (
                "[INFO] Not connected at the moment. This will be sent as soon as the connection is"
                " back."
            ),
        ]
        assert "[INFO] Connecting again in 4 seconds …" in shown
        assert shown[-1] == "[YOU]: two"
        assert [line for line in shown if line.endswith("one")] == shown[:1]


async def test_takes_back_its_nick_after_reconnecting(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """When our own ghost holds the nickname, a variant gets in and takes the nickname back; nobody
    is asked.
    """
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await server.close()
        server = await c.server()
        for start in ("CAP", "NICK alice", "USER"):
            await server.expect(start)
        await server.send(":srv.test CAP * LS :", TAKEN)
        await server.expect("CAP END")
        await server.expect("NICK alice2")
        await server.welcome("alice2")
        await server.let_join("#lobby")
        await server.send(":alice!u@h QUIT :Ping timeout")
        await server.expect("NICK alice")


async def test_rejoins_every_channel(autojump_clock: trio.testing.MockClock) -> None:
    """The channels of the lost connection are joined again, the current one first and each with its
    key.
    """
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.interface.type("/join other secret")
        await server.expect("JOIN #other secret")
        await server.send(":alice!u@h JOIN #other")
        await c.interface.take()
        await server.close()
        server = await c.server()
        await server.greet()
        await server.expect("JOIN #other secret")
        await server.expect("JOIN #lobby")


async def test_a_service_that_asks_for_a_login_is_answered_by_commands_of_the_client() -> None:
    """Its own sentence is in English and names another command."""
    assert LOG_IN_TEXT == LOG_IN_FIRST
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.interface.type("/at")
        await server.expect("NICKSERV AT LIST")
        await c.interface.take()
        await server.send(f":NickServ!NickServ@srv.test NOTICE alice :{LOG_IN_TEXT}")
        assert await c.interface.take() == [
            "[ERROR] This takes an account: /login logs in to one, /register makes one."
        ]


async def test_lines_follow_a_renamed_channel() -> None:
    """A server leads clients without `draft/channel-rename` out of it, and into the new one."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.interface.type("/join old")
        await server.expect("JOIN #old")
        await server.send(":alice!u@h JOIN #old")
        await server.send(":alice!u@h PART #old :why", ":alice!u@h JOIN #new")
        assert "[INFO] You have joined #new." in await c.interface.take()
        c.interface.type("hello")
        await server.expect("PRIVMSG #new hello")


async def test_who_is_away_stays_away(autojump_clock: trio.testing.MockClock) -> None:
    """A new connection says so again, until the user is back."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.interface.type("/away at lunch")
        await server.expect("AWAY at lunch")
        await server.send(":srv.test 306 alice :You are away")
        await server.close()
        server = await c.server()
        await server.greet()
        await server.expect("AWAY at lunch")
        await server.let_join("#lobby")
        c.interface.type("/away")
        await server.expect("AWAY")
        await server.send(":srv.test 305 alice :You are back")
        await server.close()
        server = await c.server()
        await server.greet()
        await server.expect("JOIN #lobby")


async def test_exit_while_reconnecting(autojump_clock: trio.testing.MockClock) -> None:
    """`exit` works without a connection, and unsent messages are reported."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.unreachable = 1000
        await server.close()
        await until(lambda: any("Connecting again" in line for line in c.interface.shown))
        c.interface.type("lost?", "exit")
        await until(lambda: c.code is not None)
        assert c.code == 0
        assert c.interface.shown[-1] == "[ERROR] Not sent: lost?"


async def test_lines_waiting_are_bounded(autojump_clock: trio.testing.MockClock) -> None:
    """Too many lines typed without a connection are refused, not forgotten."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.unreachable = 1000
        await server.close()
        await until(lambda: any("Connecting again" in line for line in c.interface.shown))
        c.interface.type(*("x" for _ in range(WAITING_LINES + 1)), "last")
        await until(lambda: c.interface.shown[-1].endswith("last"))
        assert (
            c.interface.shown[-1] == "[ERROR] Too many lines are waiting to be sent. Not sent: last"
        )


async def test_piped_gives_up(autojump_clock: trio.testing.MockClock) -> None:
    """Where nobody watches, ten attempts are enough: exit code 1."""
    async with chat(interactive=False) as c:
        server = await c.server()
        await server.enter()
        c.unreachable = 1000
        await server.close()
        await until(lambda: any("Connecting again" in line for line in c.interface.shown))
        c.interface.type("never sent")
        await until(lambda: c.code is not None)
        assert c.code == 1
        assert c.unreachable == 990
        assert "[ERROR] Not sent: never sent" in c.interface.shown


async def test_long_message_is_split() -> None:
    """A long message goes out in parts, none of which makes a relayed line longer than 512
    bytes.
    """
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        text = "слово " * 200
        c.interface.type(text)
        words = []
        for _part in range(6):
            body = await server.echo()
            assert len(f":alice!u@h {body}\r\n".encode()) <= 512
            words += body.partition(" :")[2].split()
            if len(words) == 200:
                break
        assert words == ["слово"] * 200


async def test_no_channel_no_silence() -> None:
    """What is typed in no channel is said not to have been sent, and what to do."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.interface.type("/part")
        await server.expect("PART #lobby")
        await server.send(":alice!u@h PART #lobby")
        await c.interface.take()
        c.interface.type("hello")
        assert (await c.interface.take())[
            0
        ] == "[ERROR] You are not in a channel, so this was not sent: hello"


async def test_leaving_while_asked() -> None:
    """`exit` as the answer to the question for a nickname leaves."""
    async with chat(nick="") as c:
        c.interface.type("exit")
        await until(lambda: c.code is not None)
        assert c.code == 0


async def test_bad_target_is_told() -> None:
    """A target that no line can contain is an error, and the next line is sent."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type("/msg :x hello", "fine")
        assert await server.echo() == "PRIVMSG #lobby :fine"
        assert await c.interface.take() == ["[ERROR] This cannot be sent: hello", "[YOU]: fine"]


async def test_history_after_a_rejoin_is_not_shown_twice(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What has been on the screen is not shown again when the server plays it back; what was missed
    is.
    """
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await server.send("@msgid=1 :bob!u@h PRIVMSG #lobby :one")
        await c.interface.take()
        await server.close()
        server = await c.server()
        await server.enter()
        await server.send(
            ":srv.test BATCH +h chathistory #lobby",
            "@batch=h;msgid=1;time=x :bob!u@h PRIVMSG #lobby :one",
            "@batch=h;msgid=2;time=x :bob!u@h PRIVMSG #lobby :two",
            ":srv.test BATCH -h",
        )
        assert (await c.interface.take())[-2:] == [
            "[INFO] 2 people in #lobby: alice, bob",
            '["bob" ?]: two',
        ]


# Answers, reactions, deletions


async def test_answers_are_told_and_given() -> None:
    """A reply names the user that it answers; `/reply` answers the last message or a user's."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :tea or coffee?",
            "@msgid=b :carl!u@h PRIVMSG #lobby :hello",
            "@msgid=c;+draft/reply=a :carl!u@h PRIVMSG #lobby :tea",
        )
        assert await c.interface.take() == [
            '["bob"]: tea or coffee?',
            '["carl"]: hello',
            '["carl" in answer to bob: “tea or coffee?”]: tea',
        ]
        for typed, msgid in (
            ("/reply me too", "c"),
            ("/reply @BOB coffee", "a"),
            ("/reply @2 hello", "b"),
        ):
            c.interface.type(typed)
            line = parse(await server.expect("PRIVMSG #lobby"))
            assert line.tags["+draft/reply"] == msgid
        await server.send(
            f"@label={line.tags['label']};msgid=d;+draft/reply=b :alice!u@h PRIVMSG #lobby :hello"
        )
        assert await c.interface.take() == ["[YOU in answer to carl: “hello”]: hello"]


async def test_a_private_message_is_answered_in_private() -> None:
    """A name refers to the last message of that user, private or not."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :hello", "@msgid=b :bob!u@h PRIVMSG alice :psst"
        )
        await c.interface.take()
        c.interface.type("/reply hello yourself", "/reply @bob yes?")
        assert parse(await server.expect("PRIVMSG #lobby")).tags["+draft/reply"] == "a"
        assert parse(await server.expect("PRIVMSG bob")).tags["+draft/reply"] == "b"


async def test_reactions_are_told_and_given() -> None:
    """`/react` again takes a reaction back."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await server.send("@msgid=a :bob!u@h PRIVMSG #lobby :hello")
        await c.interface.take()
        c.interface.type("/react 👍")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/react"] == "👍"
        await server.send(
            "@+draft/reply=a;+draft/react=👍 :alice!u@h TAGMSG #lobby",
            "@+draft/reply=a;+draft/react=❤ :carl!u@h TAGMSG #lobby",
        )
        assert await c.interface.take() == [
            "[INFO] You react with 👍 to the message of bob “hello”.",
            "[INFO] carl reacts with ❤ to the message of bob “hello”.",
        ]
        c.interface.type("/react @bob 👍")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/unreact"] == "👍"


async def test_deletions_are_told_and_made() -> None:
    """`/redact` refers to our last message; a deleted message cannot be referred to."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :hello",
            "@msgid=b :alice!u@h PRIVMSG #lobby :from my telephone",
            "@msgid=c :alice!u@h PRIVMSG #lobby :oops",
        )
        await c.interface.take()
        c.interface.type("/redact wrong channel")
        await server.expect("REDACT #lobby c wrong channel")
        await server.send(":alice!u@h REDACT #lobby c :wrong channel", ":carl!u@h REDACT #lobby a")
        assert await c.interface.take() == [
            "[INFO] You have deleted your message “oops”. (wrong channel)",
            "[INFO] carl has deleted the message of bob “hello”.",
        ]
        c.interface.type("/redact", "/redact @bob")
        await server.expect("REDACT #lobby b")
        assert (await c.interface.take())[0].startswith("[ERROR] There is no such message here")


async def test_messages_are_pinned_and_reported() -> None:
    """The commands send the msgid of a message to ChanServ, which a person need not type."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :hello", "@msgid=b :carl!u@h PRIVMSG #lobby :buy this"
        )
        await c.interface.take()
        c.interface.type("/pin @bob", "/report he sells things", "/unpin 1", "/pins", "/pins other")
        await server.expect("CHANSERV PIN #lobby a")
        await server.expect("CHANSERV REPORT #lobby b he sells things")
        await server.expect("CHANSERV UNPIN #lobby 1")
        await server.expect("CHANSERV PINS #lobby")
        await server.expect("CHANSERV PINS #other")
        c.interface.type("/report @carl", "/pin bob")
        assert [line.partition("Usage: ")[2] for line in await c.interface.take()] == [
            "/report [@nickname] reason",
            "/pin [@nickname]",
        ]


async def test_a_message_of_ones_own_is_pinned() -> None:
    """The last message is pinned, whoever has said it: operators pin what they announce."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await server.send("@msgid=a :bob!u@h PRIVMSG #lobby :hello")
        await server.send("@msgid=b :alice!u@h PRIVMSG #lobby :we meet at five")
        await c.interface.take()
        c.interface.type("/pin")
        await server.expect("CHANSERV PIN #lobby b")


@pytest.mark.parametrize(("account", "about"), [("alice", "bob a"), ("", "bob")])
async def test_a_private_message_is_reported_to_the_server(account: str, about: str) -> None:
    """Channels have operators, conversations have none. For a user without an account the server
    keeps no private messages, so that it can report the sender alone.
    """
    async with chat() as c:
        server = await c.server()
        await server.enter()
        if account:
            await server.send(f":srv.test 900 alice alice!u@h {account} :You are logged in")
        await server.send("@msgid=a :bob!u@h PRIVMSG alice :buy this")
        await c.interface.take()
        c.interface.type("/report @bob he sells things")
        await server.expect(f"REPORT {about} he sells things")


async def test_what_is_fetched_later_is_not_the_last_message() -> None:
    """A page of earlier messages, or what was found, was said before what is there."""
    async with chat(caps=HISTORY) as c:
        server = await c.server()
        await server.enter()
        await server.play_back("5 bob hello")
        await until(lambda: any("hello" in line for line in c.interface.shown))
        c.interface.type("/history")
        await server.play_back("3 carl good morning")
        await until(lambda: any("good morning" in line for line in c.interface.shown))
        c.interface.type("/reply hi")
        assert parse(await server.expect("PRIVMSG #lobby")).tags["+draft/reply"] == "5"


async def test_becoming_an_operator() -> None:
    """The password is asked for, hidden, sent once and not kept."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type("/oper root")
        await until(
            lambda: (
                c.interface.prompt
                == PromptState("Password of the operator root: ", asking=True, secret=True)
            )
        )
        c.interface.type("hunter2 and more")
        await server.expect("OPER root hunter2 and more")
        await server.send(":srv.test 381 alice :You are now an IRC operator")
        assert await c.interface.take() == ["[INFO] You are now an IRC operator"]
        assert c.interface.prompt == PromptState("#lobby> ")
        c.interface.type("/oper root short")
        await server.expect("OPER root short")
        await server.send(":srv.test 464 alice :Password incorrect")
        assert await c.interface.take() == [
            "[ERROR] You were not made an operator: check the name and the password."
        ]


async def test_piped_lines_follow_a_join(autojump_clock: trio.testing.MockClock) -> None:
    """Piped, the line behind `/join` goes to that channel, whether or not the answer is there."""
    async with chat(interactive=False) as c:
        c.interface.type("/join #ops", "two")
        server = await c.server()
        await server.enter()
        await server.expect("JOIN #ops")
        assert await server.echo() == "PRIVMSG #ops :two"


@pytest.mark.parametrize(
    "answer",
    [
        ":srv.test 473 alice #ops :Cannot join channel (+i)",
        ":alice!u@h JOIN #ops\r\n:op!u@h KICK #ops alice :no",
        ":alice!u@h JOIN #ops\r\n:alice!u@h PART #ops",
    ],
)
async def test_piped_lines_go_to_no_other_channel(
    answer: str, autojump_clock: trio.testing.MockClock
) -> None:
    """Piped, a line for a channel that the user is not in goes to no other one."""
    async with chat(interactive=False) as c:
        c.interface.type("/join #ops")
        server = await c.server()
        await server.enter()
        await server.expect("JOIN #ops")
        await server.send(answer)
        await c.interface.take()
        c.interface.type("secret")
        assert (await c.interface.take())[
            0
        ] == "[ERROR] You are not in a channel, so this was not sent: secret"


async def test_asked_channel_becomes_current_after_connecting(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A channel that was asked for while there was no connection becomes the current one."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        c.unreachable = 1
        await server.close()
        await until(lambda: any("Connecting again" in line for line in c.interface.shown))
        c.interface.type("/join #ops")
        server = await c.server()
        await server.enter()
        await server.expect("JOIN #ops")
        await server.send(":alice!u@h JOIN #ops")
        await c.interface.take()
        assert c.interface.prompt.text == "#ops> "


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("/msgg bob hi", []),
        ("/kick bob", [":srv.test 482 alice #lobby :You're not a channel operator"]),
        ("/nick carol", [":srv.test 433 alice carol :Nickname is already in use"]),
    ],
)
async def test_piped_command_that_fails(
    line: str, answers: list[str], autojump_clock: trio.testing.MockClock
) -> None:
    """A script one of whose commands had no effect ends with exit code 1."""
    async with chat(interactive=False) as c:
        c.interface.type(line)
        c.interface.hang_up()
        server = await c.server()
        await server.enter()
        if answers:
            await server.expect(line[1:4].upper())
            await server.send(*answers)
        await server.expect("PING settled")
        await server.send("PONG settled")
        await server.expect("QUIT")
        await server.close()
        await until(lambda: c.code is not None)
        assert c.code == 1


async def test_bans_are_listed_with_their_times() -> None:
    """And counted: an empty list says so."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type("/ban")
        await server.expect("MODE #lobby +b")
        seconds = int(datetime(2026, 11, 30, 12, 0).astimezone().timestamp())
        await server.send(
            f":srv 367 alice #lobby m:bob!*@* carl!u@h {seconds}",
            ":srv 367 alice #lobby *!*@192.0.2.7",
            ":srv 368 alice #lobby :End of channel ban list",
            ":srv 368 alice #lobby :End of channel ban list",
        )
        assert await c.interface.take() == [
            "[INFO] m:bob!*@*, set by carl, 2026-11-30 12:00",
            "[INFO] *!*@192.0.2.7",
            "[INFO] Bans of #lobby: 2",
            "[INFO] Bans of #lobby: 0",
        ]


async def test_tab_completes_who_spoke_last() -> None:
    """A nickname is that of a member, also as a parameter."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await server.send(":bill!u@h JOIN #lobby", ":carol!u@h JOIN #lobby")
        await server.send(":bill!u@h PRIVMSG #lobby :hi", ":bob!u@h NOTICE alice :psst")
        await c.interface.take()
        complete = c.interface.complete
        assert complete is not None
        assert complete("b", 1) == [("bob: ", 5), ("bill: ", 6)]
        assert complete("ask B", 5) == [("ask bob ", 8), ("ask bill ", 9)]
        assert complete("/reply @car", 11) == [("/reply @carol ", 14)]
        assert complete("/unp", 4) == [("/unpin ", 7)]
        assert complete("#l", 2) == [("#lobby ", 7)]
        assert complete("alice", 5) == []


async def test_why_somebody_is_away_is_said_once() -> None:
    """The server says it at each message; it is news when it has changed, and in a WHOIS."""
    async with chat() as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        away = ":srv.test 301 alice bob :at lunch"
        await server.send(away, away, away.replace("lunch", "home"))
        await server.send(":srv.test 311 alice bob b h * :Bob", away.replace("lunch", "home"))
        assert await c.interface.take() == [
            "[INFO] bob is away: at lunch",
            "[INFO] bob is away: at home",
            "[INFO] bob is Bob, b@h.",
            "[INFO] bob is away: at home",
        ]
