"""History in the client: after joining or a lost connection, and in searches, without gaps."""

import pytest
import trio.testing

from client_fakes import HISTORY, Chat, FakeServer, chat, said_before, talk, until
from trio_chat.client.session.events import (
    DeliveryUnknown,
    EndReason,
    HistoryEnd,
    MessageUnconfirmed,
    Said,
    SessionOutcome,
)
from trio_chat.client.session.protocol import ClientProtocol

BEFORE = "[INFO] This was said in #lobby before you joined. Now:"
NAMES = "[INFO] 2 people in #lobby: alice, bob"


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show times without the date and without the zone of this machine."""
    monkeypatch.setattr(
        "trio_chat.client.rendering.messages._when",
        lambda _context, event: event.played_back[11:16],
    )


async def again(c: Chat) -> FakeServer:
    """Return the next server, in the lobby again."""
    server = await c.server()
    await server.enter()
    return server


async def in_lobby(c: Chat, *messages: str) -> FakeServer:
    """Return the first server when the history of the lobby has been shown."""
    server = await again(c)
    await server.play_back(*messages)
    await c.interface.take()
    return server


async def test_shows_the_last_messages_after_joining() -> None:
    """IRCv3 chathistory: 'Requesting the latest conversation upon joining'; then a line that says
    what is new.
    """
    async with chat(caps=HISTORY) as c:
        server = await again(c)
        assert (
            await server.play_back("1 bob one", "2 alice two") == "CHATHISTORY LATEST #lobby * 20"
        )
        await server.send(said_before("3", "bob", "three"))
        shown = await c.interface.take()
        assert shown[-5:] == [
            NAMES,
            '["bob" 00:01]: one',
            "[YOU 00:02]: two",
            BEFORE,
            '["bob"]: three',
        ]


async def test_nothing_was_said() -> None:
    """An empty history needs no line."""
    async with chat(caps=HISTORY) as c:
        await (await again(c)).play_back()
        assert (await c.interface.take())[-1] == NAMES


@pytest.mark.parametrize(
    "answer", ["FAIL CHATHISTORY INVALID_TARGET LATEST #lobby :No", "PONG srv.test h1"]
)
async def test_refused_history_holds_nothing_up(answer: str) -> None:
    """A request that is refused, or not answered before the PONG behind it, is passed over."""
    async with chat(caps=HISTORY) as c:
        server = await again(c)
        await server.expect("CHATHISTORY")
        await server.send(said_before("3", "bob", "three"))
        assert (await c.interface.take())[-1] == NAMES
        await server.send(f":srv.test {answer}")
        assert await c.interface.take() == ['["bob"]: three']


@pytest.mark.parametrize("missing", ["batch", "echo-message", "message-tags", "server-time"])
async def test_half_a_history_is_not_asked_for(missing: str) -> None:
    """Where the history would have gaps or doubles, what the server plays back by itself is
    better.
    """
    async with talk(HISTORY.replace(missing, ""), enter=False) as t:
        for start in ("CAP LS", "NICK", "USER"):
            await t.server.expect(start)
        await t.server.send(f":srv.test CAP * LS :{t.server.caps}")
        assert "chathistory" not in await t.server.expect("CAP REQ")


async def test_live_messages_wait_for_the_history() -> None:
    """What happens while a page is awaited is shown behind it, in order, and once."""
    async with talk(
        HISTORY,
        enter=False,
        protocol=ClientProtocol("alice", channels=[("#lobby", "")], at_join=20),
    ) as t:
        await t.server.enter()
        await t.server.send(
            said_before("2", "bob", "two"),
            ":carol!u@h JOIN #lobby",
            said_before("4", "bob", "four"),
        )
        await t.events()
        await t.server.play_back("1 bob one", "2 bob two", "3 bob three")
        await t.server.send(said_before("3", "bob", "three"), said_before("5", "bob", "five"))
        said = [event for event in await t.events() if isinstance(event, Said | HistoryEnd)]
        assert [event.text if isinstance(event, Said) else "—" for event in said] == [
            "one",
            "two",
            "three",
            "—",
            "four",
            "five",
        ]
        assert [bool(event.played_back) for event in said if isinstance(event, Said)] == [
            True,
            False,
            True,
            False,
            False,
        ]


async def test_no_gap_after_a_lost_connection(autojump_clock: trio.testing.MockClock) -> None:
    """What was said meanwhile is asked for after the last msgid seen, and nothing is shown
    twice.
    """
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        await server.send(said_before("2", "bob", "two"))
        await c.interface.take()
        await server.close()
        server = await again(c)
        await c.interface.take()
        assert (
            await server.play_back("2 bob two", "3 bob three")
            == "CHATHISTORY LATEST #lobby msgid=2 100"
        )
        await server.send(said_before("4", "bob", "four"))
        assert await c.interface.take() == ['["bob" 00:03]: three', '["bob"]: four']


async def test_gap_in_pages(autojump_clock: trio.testing.MockClock) -> None:
    """A gap longer than a page is fetched from its end to its beginning, and shown from its
    beginning to its end.
    """
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        await server.close()
        server = await again(c)
        await c.interface.take()
        await server.play_back(*(f"{number} bob x" for number in range(102, 202)))
        request = await server.play_back(*(f"{number} bob x" for number in range(2, 102)))
        assert request == "CHATHISTORY BETWEEN #lobby msgid=102 msgid=1 100"
        assert await c.interface.take() == []
        assert await server.play_back() == "CHATHISTORY BETWEEN #lobby msgid=2 msgid=1 100"
        shown = await c.interface.take()
        assert shown == [
            f'["bob" {number // 60:02}:{number % 60:02}]: x' for number in range(2, 202)
        ]


async def test_a_page_that_says_so_is_the_last(autojump_clock: trio.testing.MockClock) -> None:
    """The tag `draft/chathistory-end`: a full page is not followed by a request that would bring
    nothing.
    """
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        await server.close()
        server = await again(c)
        await c.interface.take()
        await server.play_back(*(f"{number} bob x" for number in range(102, 202)))
        await server.play_back(
            *(f"{number} bob x" for number in range(2, 102)), tags="@draft/chathistory-end "
        )
        assert len(await c.interface.take()) == 200


async def test_long_gap_is_bounded(autojump_clock: trio.testing.MockClock) -> None:
    """Of a very long gap the end is shown, with a line that says so, and /history goes on from
    there.
    """
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        await server.close()
        server = await again(c)
        await c.interface.take()
        for first in (900, 800, 700, 600, 500):
            await server.play_back(*(f"{number} bob x" for number in range(first, first + 100)))
        assert (
            await server.play_back("499 bob x") == "CHATHISTORY BETWEEN #lobby msgid=500 msgid=1 1"
        )
        shown = await c.interface.take()
        assert (
            shown[0]
            == "[INFO] More was said in #lobby than can be shown; these are the last 501 messages."
            " /history shows what was before."
        )
        assert len(shown) == 502
        c.interface.type("/history 5")
        assert await server.play_back() == "CHATHISTORY BEFORE #lobby msgid=499 5"


async def test_own_message_in_the_history_has_arrived(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """An unconfirmed message in the history is `[YOU]`; a missing one is reported."""
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        c.interface.type("arrived", "lost", "/msg bob private")
        for _ in range(3):
            await server.expect("PRIVMSG")
        await server.close()
        server = await again(c)
        assert (await c.interface.take())[:4] == [
            (
                "[INFO] Not confirmed yet; when the connection is back, the history tells whether"
                " it arrived: arrived"
            ),
            (
                "[INFO] Not confirmed yet; when the connection is back, the history tells whether"
                " it arrived: lost"
            ),
            "[ERROR] Not confirmed by the server, may not have arrived: (bob) private",
            "[ERROR] The connection to the server is lost.",
        ]
        await server.play_back("2 alice arrived", "3 bob three")
        assert await c.interface.take() == [
            "[YOU]: arrived",
            '["bob" 00:03]: three',
            "[ERROR] Not confirmed by the server, may not have arrived: lost",
        ]


async def test_gap_that_breaks_off_is_filled_later(autojump_clock: trio.testing.MockClock) -> None:
    """A connection that breaks while the history is awaited loses nothing: the next one asks from
    the same place.
    """
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        await server.close()
        server = await again(c)
        await server.expect("CHATHISTORY LATEST #lobby msgid=1")
        await server.send(said_before("3", "bob", "three"))
        await server.close()
        server = await again(c)
        assert '["bob"]: three' in await c.interface.take()
        assert (
            await server.play_back("2 bob two", "3 bob three")
            == "CHATHISTORY LATEST #lobby msgid=1 100"
        )
        assert await c.interface.take() == ['["bob" 00:02]: two']


async def test_forgotten_msgid(autojump_clock: trio.testing.MockClock) -> None:
    """A server that no longer knows the msgid is asked by the time, a little before it."""
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        await server.close()
        server = await again(c)
        await server.expect("CHATHISTORY LATEST #lobby msgid=1 100")
        await server.expect("PING h1")
        await server.send("FAIL CHATHISTORY INVALID_MSGREFTYPE LATEST #lobby :No")
        await c.interface.take()
        request = await server.play_back("1 bob one", "2 bob two")
        assert request == "CHATHISTORY LATEST #lobby timestamp=2026-05-04T00:00:59.000Z 100"
        assert await c.interface.take() == ['["bob" 00:02]: two']


async def test_pipe_wants_what_happens_from_now_on(autojump_clock: trio.testing.MockClock) -> None:
    """Between pipes no history is asked for at first; the gap after a lost connection is filled
    there too.
    """
    async with chat(caps=HISTORY, interactive=False) as c:
        server = await c.server()
        await server.greet()
        await server.expect("JOIN #lobby")
        await server.expect("PING ready")
        await server.send("@time=2026-05-04T10:00:00.000Z :alice!u@h JOIN #lobby", "PONG ready")
        await c.interface.take()
        await server.close()
        server = await again(c)
        await c.interface.take()
        request = await server.play_back("2 bob two")
        assert request == "CHATHISTORY LATEST #lobby timestamp=2026-05-04T10:00:00.000Z 100"
        assert await c.interface.take() == ['["bob" 00:02]: two']


async def test_piped_message_is_looked_for(autojump_clock: trio.testing.MockClock) -> None:
    """A script whose last message was not confirmed finds out on the next connection; exit code 0
    when it arrived.
    """
    async with chat(caps=HISTORY, interactive=False) as c:
        server = await c.server()
        await server.enter()
        await server.send(said_before("1", "bob", "one"))
        c.interface.type("important")
        c.interface.hang_up()
        await server.expect("PRIVMSG #lobby important")
        await server.close()
        server = await again(c)
        await server.expect("CHATHISTORY LATEST #lobby msgid=1")
        await server.send(
            ":srv.test BATCH +b chathistory #lobby",
            said_before("2", "alice", "important", batch="b"),
            ":srv.test BATCH -b",
        )
        assert {await server.line(), await server.line()} == {"PING h1", "PING settled"}
        await server.send("PONG settled")
        await server.expect("QUIT")
        await server.close()
        await until(lambda: c.code is not None)
        assert c.code == 0
        assert c.interface.shown[-1] == "[YOU]: important"


async def test_leaving_tells_what_is_not_known(autojump_clock: trio.testing.MockClock) -> None:
    """On exit without a connection, unconfirmed messages are reported."""
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        c.interface.type("one")
        await server.expect("PRIVMSG")
        c.unreachable = 1000
        await server.close()
        await until(lambda: any("Connecting again" in line for line in c.interface.shown))
        c.interface.type("exit")
        await until(lambda: c.code is not None)
        assert (
            c.interface.shown[-1]
            == "[ERROR] Not confirmed by the server, may not have arrived: one"
        )


async def test_only_a_lost_connection_leaves_hope() -> None:
    """After the server's ERROR, unconfirmed messages are reported at once."""
    async with talk(HISTORY) as t:
        await t.session.say("#lobby", "one")
        await t.server.send(
            ":srv.test NOTE * SERVER_SHUTDOWN :The server has shut down", "ERROR :bye"
        )
        assert MessageUnconfirmed("#lobby", "one") in await t.events()
    async with talk(HISTORY) as t:
        await t.session.say("#lobby", "one")
        await t.server.close()
        assert await t.events() == [DeliveryUnknown("#lobby", "one")]
        assert t.outcome == SessionOutcome(EndReason.LOST)


async def test_server_without_a_history_any_more(autojump_clock: trio.testing.MockClock) -> None:
    """Without history on the next connection, unconfirmed messages are reported on JOIN."""
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        c.interface.type("one")
        await server.expect("PRIVMSG")
        await server.close()
        server = await c.server()
        server.caps = ""
        for start in ("CAP", "NICK", "USER"):
            await server.expect(start)
        await server.welcome("alice")
        await server.let_join("#lobby")
        assert (
            "[ERROR] Not confirmed by the server, may not have arrived: one"
            in await c.interface.take()
        )


async def test_rest_of_a_long_message_belongs_to_it(autojump_clock: trio.testing.MockClock) -> None:
    """IRCv3 multiline, fallback: only the first line has the msgid, so the rest goes with it."""
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "1 bob one")
        await server.send(
            said_before("2", "bob", "first"),
            "@time=2026-05-04T00:02:00.000Z :bob!u@h PRIVMSG #lobby :second",
        )
        assert await c.interface.take() == ['["bob"]: first', '["bob"]: second']
        await server.close()
        server = await again(c)
        await c.interface.take()
        await server.expect("CHATHISTORY LATEST #lobby msgid=2")
        await server.send(
            ":srv.test BATCH +b chathistory #lobby",
            said_before("2", "bob", "first", batch="b"),
            "@batch=b :bob!u@h PRIVMSG #lobby :second",
            said_before("3", "bob", "third", batch="b"),
            ":srv.test BATCH -b",
        )
        assert await c.interface.take() == ['["bob" 00:03]: third']


async def test_who_came_and_went_long_ago() -> None:
    """What a history tells of joins and parts changes nothing now."""
    async with chat(caps=HISTORY) as c:
        server = await again(c)
        await server.expect("CHATHISTORY")
        await server.send(
            ":srv.test BATCH +b chathistory #lobby",
            "@batch=b :alice!u@h PART #lobby",
            ":srv.test BATCH -b",
            "PONG h1",
        )
        await c.interface.take()
        assert c.interface.prompt.text == "#lobby> "


async def test_history_goes_back_page_by_page() -> None:
    """`/history` shows what was before the earliest message shown; again, what was before that."""
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "41 bob x", "42 bob y")
        c.interface.type("/history 2")
        assert (
            await server.play_back("31 bob a", "32 bob b") == "CHATHISTORY BEFORE #lobby msgid=41 2"
        )
        shown = await c.interface.take()
        assert shown == [
            "[INFO] 2 earlier messages in #lobby:",
            '["bob" 00:31]: a',
            '["bob" 00:32]: b',
        ]
        c.interface.type("/history")
        assert await server.play_back() == "CHATHISTORY BEFORE #lobby msgid=31 20"
        assert await c.interface.take() == ["[INFO] Nothing earlier is known of #lobby."]


async def test_history_goes_on_behind_a_gap(autojump_clock: trio.testing.MockClock) -> None:
    """Where `/history` comes upon what was shown before a gap, it goes on with what was not."""
    async with chat(caps=HISTORY) as c:
        server = await in_lobby(c, "11 bob x")
        await server.close()
        server = await again(c)
        for first in (900, 800, 700, 600, 500):
            await server.play_back(*(f"{number} bob x" for number in range(first, first + 100)))
        await server.play_back("499 bob x")
        await c.interface.take()
        c.interface.type("/history 1")
        assert await server.play_back("11 bob x") == "CHATHISTORY BEFORE #lobby msgid=499 1"
        assert await server.play_back("10 bob ten") == "CHATHISTORY BEFORE #lobby msgid=11 1"
        assert await c.interface.take() == [
            "[INFO] 1 earlier message in #lobby:",
            '["bob" 00:10]: ten',
        ]


async def test_history_in_a_pipe() -> None:
    """Where nothing has been shown, `/history` shows the last messages."""
    async with chat(caps=HISTORY, interactive=False) as c:
        server = await again(c)
        c.interface.type("/history 1")
        assert await server.play_back("9 bob nine") == "CHATHISTORY LATEST #lobby * 1"
        assert (await c.interface.take())[-2:] == [
            "[INFO] 1 earlier message in #lobby:",
            '["bob" 00:09]: nine',
        ]


@pytest.mark.parametrize(
    "line", ["/history 0", "/history all", "/history 9999", "/history", "/search x"]
)
async def test_what_cannot_be_shown_is_said(line: str) -> None:
    """A wrong number, and a server that can do neither: one sentence, and nothing is sent."""
    async with chat() as c:
        server = await again(c)
        await c.interface.take()
        c.interface.type(line, "fine")
        assert (await server.echo()).endswith("fine")
        assert [entry[:7] for entry in await c.interface.take()] == ["[ERROR]", "[YOU]: "]


async def test_search() -> None:
    """soju.im/search: the attributes are written like tags, and the answer is shown under a line of
    its own.
    """
    async with chat(caps=f"{HISTORY} soju.im/search") as c:
        server = await in_lobby(c, "1 bob one")
        c.interface.type("/search old; words")
        request = await server.play_back(
            "1 bob those old; words", kind="soju.im/search", request="SEARCH"
        )
        assert request == "SEARCH text=old\\:\\swords;in=#lobby;limit=20"
        assert await c.interface.take() == [
            "[INFO] 1 message was found: old; words",
            '["bob" 00:01]: those old; words',
        ]
        c.interface.type("/search nothing")
        await server.play_back(kind="soju.im/search", request="SEARCH")
        assert await c.interface.take() == ["[INFO] Nothing was found: nothing"]
        c.interface.type("/search x")
        await server.expect("SEARCH")
        await server.send("FAIL SEARCH INTERNAL_ERROR :The index is broken")
        assert (await c.interface.take())[0].startswith(
            "[ERROR] The server does not show what was said before."
        )


async def test_read_marker() -> None:
    """IRCv3 read-marker: a line separates new messages, and displayed ones are marked as read."""
    async with chat(caps=f"{HISTORY} draft/read-marker") as c:
        server = await c.server()
        await server.greet()
        await server.expect("JOIN")
        await server.send(
            ":srv.test 900 alice alice!u@h alice :You are now logged in as alice",
            ":alice!u@h JOIN #lobby",
            ":srv.test MARKREAD #lobby timestamp=2026-05-04T00:01:00.000Z",
            ":srv.test 366 alice #lobby :End",
        )
        await server.expect("PING ready")
        await server.send("PONG ready")
        await server.play_back("1 bob one", "2 bob two")
        shown = await c.interface.take()
        assert shown[-4:] == [
            '["bob" 00:01]: one',
            "[INFO] New since your last visit:",
            '["bob" 00:02]: two',
            BEFORE,
        ]
        c.interface.type("exit")
        await server.expect("MARKREAD #lobby timestamp=2026-05-04T00:02:00.000Z")
        await server.expect("QUIT")
