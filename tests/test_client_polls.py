"""Polls in the line interface, and reactions that the history returns."""

import pytest

from client_fakes import HISTORY, Chat, FakeServer, chat
from trio_chat.irc.message import parse

PLAYS = f"{HISTORY} draft/event-playback"
MULTILINE = f"{HISTORY} draft/multiline=max-bytes=4096,max-lines=20"
ASKED = "📊 Lunch?  1️⃣ pizza  2️⃣ sushi"
HINT = "[INFO] Choose by /vote and a number; /vote shows the counts."


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show times without the date and without the zone of this machine."""
    monkeypatch.setattr(
        "trio_chat.client.rendering.messages._when",
        lambda _context, event: event.played_back[11:16],
    )


def tagged(name: str, sender: str, msgid: str, sign: str, minute: int, *, batch: str = "") -> str:
    """Return the line of a reaction, or of its withdrawal."""
    tags = f"time=2026-05-04T00:{minute:02}:30.000Z;+draft/reply={msgid};+draft/{name}={sign}"
    return f"@{tags}{f';batch={batch}' if batch else ''} :{sender}!u@h TAGMSG #lobby"


async def answer(server: FakeServer, *lines: str) -> None:
    """Answer a request for the history, and the PING behind it."""
    ping = parse(await server.expect("PING h"))
    batch = (":srv.test BATCH +b chathistory #lobby", *lines, ":srv.test BATCH -b")
    await server.send(*batch, f":srv.test PONG x {ping.params[0]}")


async def entered(c: Chat, *lines: str) -> FakeServer:
    """Return the server when the client is in the lobby and its history has these lines."""
    server = await c.server()
    await server.enter()
    await server.expect("CHATHISTORY")
    await answer(server, *lines)
    await c.interface.take()
    return server


async def ask(c: Chat, server: FakeServer, msgid: str = "7", text: str = ASKED) -> list[str]:
    """Let bob ask; return what is shown."""
    await server.send(f"@msgid={msgid} :bob!u@h PRIVMSG #lobby :{text}")
    return await c.interface.take()


async def test_a_poll_is_posted_as_one_readable_line() -> None:
    """A client that knows nothing of polls shows the question and its options."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        c.interface.type('/poll "Lunch?" pizza | sushi')
        assert await server.echo() == f"PRIVMSG #lobby :{ASKED}"
        assert await c.interface.take() == [
            "[YOU]: 📊 Lunch?",
            "[YOU]: 1. pizza",
            "[YOU]: 2. sushi",
        ]


async def test_a_long_poll_is_one_message_of_several_lines() -> None:
    """The votes belong to one msgid, so a poll is never cut into several messages."""
    options = [f"{number} {'x' * 90}" for number in range(6)]
    typed = f"/poll Which? {' | '.join(options)}"
    async with chat(caps=MULTILINE) as c:
        server = await entered(c)
        c.interface.type(typed)
        await server.expect("BATCH +")
        assert (await server.expect("PRIVMSG")).endswith(" :📊 Which?")
        assert (await server.expect("PRIVMSG")).endswith(f" :1️⃣ {options[0]}")
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        c.interface.type(typed)
        (line,) = await c.interface.take()
        assert "the poll is too long for one message of this server" in line


async def test_a_poll_in_private() -> None:
    """It is asked, answered and closed by the nickname of the other one, whatever the channel."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        c.interface.type('/poll @bob "Lunch?" pizza | sushi')
        line = await server.expect("PRIVMSG bob")
        tags, _, body = line.partition(" ")
        assert body == f"PRIVMSG bob :{ASKED}"
        await server.send(f"{tags};msgid=7 :alice!u@h {body}")
        c.interface.type("/vote", "/vote @bob", "/vote @Bob 2")
        assert (await c.interface.take())[-2:] == [
            "[ERROR] There is no poll here.",
            "[INFO] Lunch? · pizza – 0, sushi – 0; nobody has voted",
        ]
        assert parse(await server.expect("TAGMSG bob")).tags["+draft/react"] == "2️⃣"
        c.interface.type("/poll close", "/poll @carol close", "/poll @bob close")
        assert parse(await server.expect("PRIVMSG bob")).tags["+draft/reply"] == "7"
        assert await c.interface.take() == ["[ERROR] There is no poll of yours here."] * 2


async def test_a_poll_that_somebody_asks_in_private() -> None:
    """The hint names the command that answers it; without the name, the poll of the channel is
    meant.
    """
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        await ask(c, server, "5", "📊 Tea?  1️⃣ yes  2️⃣ no")
        await server.send(f"@msgid=7 :bob!u@h PRIVMSG alice :{ASKED}")
        assert (await c.interface.take())[-1] == (
            "[INFO] Choose by /vote @bob and a number; /vote @bob shows the counts."
        )
        c.interface.type("/vote 1", "/vote @bob 2")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/reply"] == "5"
        assert parse(await server.expect("TAGMSG bob")).tags["+draft/reply"] == "7"


@pytest.mark.parametrize(
    "question", ["@bob, lunch?", '"@bob lunch?"', "@bob: lunch?", "@#a lunch?"]
)
async def test_a_name_in_the_question_is_a_part_of_it(question: str) -> None:
    """Only a nickname alone before the question is the receiver."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        c.interface.type(f"/poll {question} a | b")
        text = question.strip('"')
        assert await server.echo() == f"PRIVMSG #lobby :📊 {text}  1️⃣ a  2️⃣ b"


async def test_without_a_channel_a_poll_needs_a_receiver() -> None:
    """The user learns what to type instead."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        await server.send(":alice!u@h PART #lobby")
        await c.interface.take()
        c.interface.type("/poll Lunch? a | b")
        assert await c.interface.take() == [
            "[ERROR] You are not in a channel.",
            "[INFO] To ask one person: /poll @nickname question? option | option",
        ]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("/poll @bob Lunch?", "A poll needs at least two options"),
        ("/poll @bob close", "There is no poll of yours here."),
        ("/poll Lunch?", "A poll needs at least two options"),
        ("/poll | a | b", "A poll needs a question."),
        ("/poll Lunch? soup | Soup", "Two options are the same: Soup"),
        ("/poll N? 1|2|3|4|5|6|7|8|9|10|11", "at most ten options"),
        ("/poll N? a 2️⃣ b | c", "cannot be in a question"),
        ("/poll close", "There is no poll of yours here."),
        ("/vote 1", "There is no poll here."),
    ],
)
async def test_what_is_no_poll_is_explained(typed: str, problem: str) -> None:
    """The user learns what is missing, and nothing is sent."""
    async with chat(caps=HISTORY) as c:
        await entered(c)
        c.interface.type(typed)
        assert problem in (await c.interface.take())[0]


async def test_without_reactions_nobody_could_vote() -> None:
    """A server that passes no client-only tags on gets no poll."""
    async with chat(caps="batch echo-message labeled-response") as c:
        server = await c.server()
        await server.enter()
        await c.interface.take()
        c.interface.type("/poll Lunch? a | b")
        assert "passes no reactions on" in (await c.interface.take())[0]


async def test_a_vote_replaces_the_earlier_one() -> None:
    """The new reaction comes first, so that the counts change once."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        assert (await ask(c, server))[-1] == HINT
        c.interface.type("/vote 1")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/react"] == "1️⃣"
        await server.send(tagged("react", "alice", "7", "1️⃣", 8))
        assert await c.interface.take() == [
            "[INFO] You vote for “pizza”. Lunch? · pizza – 1, sushi – 0"
        ]
        c.interface.type("/vote 2")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/react"] == "2️⃣"
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/unreact"] == "1️⃣"
        await server.send(
            tagged("react", "alice", "7", "2️⃣", 9), tagged("unreact", "alice", "7", "1️⃣", 9)
        )
        assert await c.interface.take() == [
            "[INFO] You vote for “sushi”. Lunch? · pizza – 0, sushi – 1"
        ]
        await server.send(tagged("react", "carol", "7", "2️⃣", 10))
        assert await c.interface.take() == [
            "[INFO] carol votes for “sushi”. Lunch? · pizza – 0, sushi – 2"
        ]
        c.interface.type("/vote")
        assert await c.interface.take() == [
            "[INFO] Lunch? · pizza – 0, sushi – 2; 2 have voted; you: sushi"
        ]
        c.interface.type("/vote 2")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/unreact"] == "2️⃣"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("/vote 3", "This poll has the options 1 to 2."),
        ("/vote 0", "This poll has the options 1 to 2."),
        ("/vote 1 2", "In this poll you choose one option."),
        ("/vote pizza", "Usage: /vote"),
        ("/vote @carol 1", "There is no poll here."),
    ],
)
async def test_a_vote_that_cannot_be_is_explained(typed: str, problem: str) -> None:
    """Only the numbers of options are votes."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        await ask(c, server)
        c.interface.type(typed)
        assert problem in (await c.interface.take())[0]


async def test_several_options_where_the_poll_allows_them() -> None:
    """A second vote takes nothing back."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        await ask(c, server, text="📊☑️ Days?  1️⃣ Mon  2️⃣ Tue")
        c.interface.type("/vote 1 2")
        for sign in ("1️⃣", "2️⃣"):
            assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/react"] == sign
            await server.send(tagged("react", "alice", "7", sign, 9))
        assert (await c.interface.take())[-1] == (
            "[INFO] You vote for “Mon”, “Tue”. Days? · Mon – 1, Tue – 1"
        )


async def test_the_author_closes_a_poll() -> None:
    """The counts answer the poll; later votes do not count, and nobody else closes it."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        await server.send(f"@msgid=7 :alice!u@h PRIVMSG #lobby :{ASKED}")
        await server.send(tagged("react", "bob", "7", "2️⃣", 8))
        await server.send(
            "@msgid=8;+draft/reply=7 :bob!u@h PRIVMSG #lobby :🏁 Lunch?  1️⃣ pizza — 9  2️⃣ sushi — 9"
        )
        await c.interface.take()
        c.interface.type("/poll close")
        line = await server.expect("PRIVMSG")
        assert parse(line).tags["+draft/reply"] == "7"
        assert parse(line).params[1] == "🏁 Lunch?  1️⃣ pizza — 0  2️⃣ sushi — 1"
        tags, _, body = line.partition(" ")
        await server.send(f"{tags};msgid=9 :alice!u@h {body}", tagged("react", "c", "7", "1️⃣", 9))
        assert not [line for line in await c.interface.take() if "votes" in line]
        c.interface.type("/vote 1", "/poll close")
        assert await c.interface.take() == [
            "[ERROR] This poll is closed: Lunch? · pizza – 0, sushi – 1",
            "[ERROR] Your poll is closed.",
        ]


async def test_a_vote_never_goes_to_a_poll_that_is_not_the_last() -> None:
    """When the last poll is closed, the user does not mean an older one; a name reaches it."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        await ask(c, server, "5", "📊 Tea?  1️⃣ yes  2️⃣ no")
        await ask(c, server)
        await server.send(
            "@msgid=8;+draft/reply=7 :bob!u@h PRIVMSG #lobby :🏁 Lunch?  1️⃣ pizza — 2  2️⃣ sushi — 1"
        )
        await c.interface.take()
        c.interface.type("/vote 1")
        assert await c.interface.take() == [
            "[ERROR] This poll is closed: Lunch? · pizza – 2, sushi – 1"
        ]
        c.interface.type("/vote @Bob 1")
        assert parse(await server.expect("TAGMSG #lobby")).tags["+draft/reply"] == "5"


async def test_a_deleted_poll_is_none() -> None:
    """Nobody votes in a poll that is not there any longer."""
    async with chat(caps=HISTORY) as c:
        server = await entered(c)
        await ask(c, server)
        await server.send(":bob!u@h REDACT #lobby 7")
        await c.interface.take()
        c.interface.type("/vote 1")
        assert "There is no poll here." in (await c.interface.take())[0]


async def test_the_history_returns_the_votes() -> None:
    """Reactions of the past are counted and not shown one by one; other events are passed over."""
    async with chat(caps=PLAYS) as c:
        server = await entered(
            c,
            "@batch=b;time=2026-05-04T00:01:00.000Z :carol!u@h JOIN #lobby",
            f"@batch=b;msgid=7;time=2026-05-04T00:07:00.000Z :bob!u@h PRIVMSG #lobby :{ASKED}",
            tagged("react", "alice", "7", "1️⃣", 8, batch="b"),
            tagged("react", "carol", "7", "1️⃣", 8, batch="b"),
            tagged("unreact", "carol", "7", "1️⃣", 9, batch="b"),
            "@batch=b;time=2026-05-04T00:09:50.000Z :bob!u@h REDACT #lobby gone",
        )
        await server.send(tagged("react", "dave", "7", "2️⃣", 10))
        assert await c.interface.take() == [
            "[INFO] dave votes for “sushi”. Lunch? · pizza – 1, sushi – 1"
        ]
        c.interface.type("/vote")
        assert (await c.interface.take())[0].endswith("; 2 have voted; you: pizza")


async def test_an_earlier_page_does_not_replace_newer_votes() -> None:
    """A poll that is loaded later has the votes of all pages, the latest of each user."""
    async with chat(caps=PLAYS) as c:
        server = await entered(
            c,
            tagged("unreact", "carol", "7", "1️⃣", 9, batch="b"),
            tagged("react", "dave", "7", "2️⃣", 9, batch="b"),
            "@batch=b;msgid=9;time=2026-05-04T00:09:50.000Z :bob!u@h PRIVMSG #lobby :more",
        )
        c.interface.type("/history 5")
        assert (await server.expect("CHATHISTORY")).startswith("CHATHISTORY BEFORE #lobby msgid=9")
        await answer(
            server,
            f"@batch=b;msgid=7;time=2026-05-04T00:07:00.000Z :bob!u@h PRIVMSG #lobby :{ASKED}",
            tagged("react", "carol", "7", "1️⃣", 8, batch="b"),
            tagged("react", "eve", "7", "1️⃣", 8, batch="b"),
        )
        assert not [line for line in await c.interface.take() if "votes for" in line]
        c.interface.type("/vote")
        c.interface.type("/vote @bob")
        assert "Lunch? · pizza – 1, sushi – 1; 2 have voted" in (await c.interface.take())[0]


async def test_events_do_not_push_messages_out_of_the_history() -> None:
    """Pages are requested until there are enough messages, and no more of them are shown."""

    def said(number: int) -> str:
        time = f"2026-05-04T00:{number:02}:00.000Z"
        return f"@batch=b;msgid={number};time={time} :bob!u@h PRIVMSG #lobby :text {number}"

    join = "@batch=b;msgid=j{0};time=2026-05-04T00:{0:02}:30.000Z :carol!u@h JOIN #lobby"
    async with chat(caps=PLAYS) as c:
        server = await c.server()
        await server.enter()
        for request, lines in (
            (
                "LATEST #lobby * 100",
                [*[join.format(40)] * 85, *map(said, range(41, 56))],
            ),
            ("BEFORE #lobby msgid=j40 100", list(map(said, range(20, 36)))),
        ):
            assert await server.expect("CHATHISTORY") == f"CHATHISTORY {request}"
            await answer(server, *lines)
        shown = [line for line in await c.interface.take() if "text" in line]
        assert len(shown) == 20
        assert shown[0] == '["bob" 00:31]: text 31'
        c.interface.type("/history 5")
        assert await server.expect("CHATHISTORY") == "CHATHISTORY BEFORE #lobby msgid=31 100"
