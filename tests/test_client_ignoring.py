"""The ignore list and the switch for messages of strangers, in both clients."""

import json
import stat
import sys
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from client_fakes import HISTORY, FakeServer, NoState, chat, talk
from screen_fakes import CAPS, WatchedClient, inside
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.model.handlers.messages import MOST_UNREAD_CONVERSATIONS
from trio_chat.client.screen.app import ScreenOptions
from trio_chat.client.session.events import (
    ChannelInvitation,
    ConversationFound,
    Reacted,
    Said,
    ServerText,
    Typing,
)
from trio_chat.client.session.features import Features
from trio_chat.client.session.ignore_list import LONGEST_MASK, MOST_IGNORED, IgnoreList
from trio_chat.client.session.protocol import ClientProtocol

FORGETFUL = CAPS.replace("draft/chathistory ", "")
"""A server that need not be asked for the past of every window that opens."""


@pytest.mark.parametrize(
    ("word", "source", "is_hidden"),
    [
        ("bob", "BOB!u@h", True),
        ("bob", "bobby!u@h", False),
        ("bo*", "bobby!u@h", True),
        ("*!*@spam.example", "eve!u@SPAM.example", True),
        ("*!*@*.example", "eve!u@host.test", False),
        ("eve!ident@*", "eve!IDENT@h", True),
        ("u@h", "anyone!u@h", True),
        ("192.0.2.0/24", "eve!u@192.0.2.7", True),
        ("b[b", "B{B!u@h", True),
        ("бо?", "Бо{!u@h", False),
        ("bob", "bob", True),
        ("*!*@spam.example", "bob", False),
    ],
)
def test_masks(word: str, source: str, is_hidden: bool) -> None:
    """A nickname, or a mask; letters are compared as RFC 2812 §2.2 has it until the server says
    otherwise.
    """
    assert IgnoreList([word]).hides(source, Features().fold) is is_hidden


@pytest.mark.parametrize("casemapping", ["CASEMAPPING=rfc7613", "CASEMAPPING=ascii"])
def test_case_is_folded_as_the_server_does(casemapping: str) -> None:
    """With PRECIS a letter beyond ASCII has a case; with CASEMAPPING=ascii it has none, and [ is
    not {.
    """
    features, ignored = Features(), IgnoreList(["БОРИС*", "b[b"])
    assert not ignored.hides("борис!u@h", features.fold)
    features.read([casemapping])
    assert ignored.hides("борис2!u@h", features.fold) is (casemapping == "CASEMAPPING=rfc7613")
    assert not ignored.hides("b{b!u@h", features.fold)


def test_the_list_is_bounded_and_takes_nothing_that_is_no_mask() -> None:
    """A file of another program may hold anything."""
    ignored = IgnoreList(
        [
            "a b",
            "",
            "x" * (LONGEST_MASK + 1),
            "Bob",
            "bob",
            *(f"n{number}" for number in range(2 * MOST_IGNORED)),
        ]
    )
    assert len(ignored.words) == MOST_IGNORED
    assert ignored.words[0] == "bob"


async def test_an_ignored_person_is_not_heard() -> None:
    """Messages, notices, actions, reactions, typing and invitations of an ignored user are hidden;
    those of others are shown.
    """
    protocol = ClientProtocol(
        "alice", channels=[("#lobby", "")], ignored=IgnoreList(["*!*@bad.test"])
    )
    async with talk(protocol=protocol) as t:
        for source in ("eve!u@bad.test", "bob!u@h"):
            await t.server.send(
                f":{source} PRIVMSG #lobby :hello",
                f":{source} NOTICE alice :hello",
                f":{source} PRIVMSG alice :\x01ACTION waves\x01",
                f"@+draft/reply=1;+draft/react=x :{source} TAGMSG #lobby",
                f"@+typing=active :{source} TAGMSG #lobby",
                f":{source} INVITE alice #den",
            )
        events = await t.events()
        assert [type(event) for event in events] == [
            Said,
            Said,
            Said,
            Reacted,
            Typing,
            ChannelInvitation,
        ]
        assert {getattr(event, "sender", "bob") for event in events} == {"bob"}


async def test_nobody_ignores_himself() -> None:
    """A mask that covers everybody does not hide that our messages were delivered."""
    async with talk(
        protocol=ClientProtocol("alice", channels=[("#lobby", "")], ignored=IgnoreList(["*"]))
    ) as t:
        await t.session.say("#lobby", "hello")
        await t.server.echo()
        assert [event.text for event in await t.events() if isinstance(event, Said)] == ["hello"]


async def test_no_server_is_ignored() -> None:
    """A mask that covers everybody does not hide that the server shuts down."""
    async with talk(
        protocol=ClientProtocol("alice", channels=[("#lobby", "")], ignored=IgnoreList(["*"]))
    ) as t:
        await t.server.send(
            ":srv.test NOTICE * :one",
            "NOTICE * :two",
            ":other.test NOTICE alice :three",
            ":eve!u@h NOTICE alice :x",
        )
        assert await t.events() == [ServerText("one"), ServerText("two"), ServerText("three")]


async def test_an_ignored_talk_is_not_opened_again() -> None:
    """CHATHISTORY TARGETS names earlier senders."""
    async with talk(
        protocol=ClientProtocol("alice", channels=[("#lobby", "")], ignored=IgnoreList(["eve"]))
    ) as t:
        await t.server.send(
            ":srv.test CHATHISTORY TARGETS eve timestamp=2026-05-04T00:00:00.000Z",
            ":srv.test CHATHISTORY TARGETS bob timestamp=2026-05-04T00:00:00.000Z",
        )
        assert [
            event.conversation for event in await t.events() if isinstance(event, ConversationFound)
        ] == ["bob"]


async def test_ignoring_in_the_line_client(jumping_clock: MockClock) -> None:
    """/ignore takes several names, lists them without any, and persists; /unignore removes some."""
    state = NoState(ignored=["mallory"])
    async with chat(caps=HISTORY, state=state) as c:
        server = await c.server()
        await server.enter()
        await server.play_back("1 mallory old", "2 bob older")
        await trio.sleep(1)
        shown = await c.interface.take()
        assert any("older" in line for line in shown)
        assert not any("mallory" in line for line in shown)
        c.interface.type(
            "/ignore", "/ignore Eve, *!*@spam.example", "/unignore eve nobody", "/ignore"
        )
        await trio.sleep(1)
        assert await c.interface.take() == [
            "[INFO] You ignore: mallory. /unignore with a name ends that.",
            "[INFO] Hidden from now on: Eve, *!*@spam.example",
            "[ERROR] Not ignored: nobody. /ignore shows the list.",
            "[INFO] Shown again: Eve",
            "[INFO] You ignore: mallory, *!*@spam.example. /unignore with a name ends that.",
        ]
        assert state.ignored == ["mallory", "*!*@spam.example"]
        state.can_write = False
        c.interface.type("/unignore *", f"/ignore {'x' * (LONGEST_MASK + 1)}", "/unignore *")
        await trio.sleep(1)
        first, *rest = await c.interface.take()
        assert first.startswith(
            "[INFO] Shown again: mallory, *!*@spam.example (only until you leave"
        )
        assert rest == [
            f"[ERROR] A mask has at most {LONGEST_MASK} characters.",
            "[INFO] You ignore nobody.",
        ]


async def test_a_full_list_is_said_to_be_full(jumping_clock: MockClock) -> None:
    """The limit is named, and so is the way out."""
    async with chat(state=NoState(ignored=[f"n{number}" for number in range(MOST_IGNORED)])) as c:
        await (await c.server()).enter()
        c.interface.type("/ignore eve")
        await trio.sleep(1)
        assert "is full: 1000. /unignore makes room." in (await c.interface.take())[-1]


async def test_the_file_keeps_both(tmp_path: Path) -> None:
    """Saving the nickname keeps the ignore list and entries of a later version; only the owner can
    read the file.
    """
    path = tmp_path / "client.json"
    path.write_text(json.dumps({"nick": "ann", "later": 1, "ignored": ["Eve", 7]}))
    file = StateFile(path)
    assert await file.load_ignored() == ["Eve"]
    assert await file.change_ignored(["*!*@spam"], ["eve"])
    await file.save_nick("bob")
    assert json.loads(path.read_text()) == {"nick": "bob", "later": 1, "ignored": ["*!*@spam"]}
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The list is valid until the end of the run."""
    (tmp_path / "file").write_text("")
    assert not await StateFile(tmp_path / "file" / "client.json").change_ignored(["eve"], [])


async def test_two_changes_at_once_are_both_kept(tmp_path: Path) -> None:
    """The links of several servers write to one file, each in its own thread."""
    file = StateFile(tmp_path / "client.json")
    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(file.change_ignored, [f"n{number}"], [])
            nursery.start_soon(file.save_nick, "ann")
    assert len(await file.load_ignored()) == 20
    assert await file.load_nick() == "ann"


async def test_ignoring_on_the_screen_counts_at_all_servers(jumping_clock: MockClock) -> None:
    """One list for all servers of the client."""
    async with inside(CAPS) as (c, server):
        c.screen.type("/ignore eve")
        c.screen.press("enter")
        await c.sees("Hidden from now on: eve")
        await server.send(
            ":eve!u@h PRIVMSG #lobby :spam",
            ":eve!u@h PRIVMSG alice :spam",
            ":bob!u@h PRIVMSG #lobby :fine",
        )
        assert "spam" not in "\n".join(await c.sees("fine"))
        c.client.add("other", c.link())
        assert c.controller.views[1].link.ignored.words == ["eve"]


# Strangers


async def strangers_write(c: WatchedClient, server: FakeServer, count: int) -> None:
    """Have users write that share no channel with us."""
    await server.send(
        *(f":stranger{number}!u@h PRIVMSG alice :buy {number}" for number in range(count))
    )
    await c.rest()


async def test_many_strangers_open_few_windows(jumping_clock: MockClock) -> None:
    """Where others have opened many windows that nobody has answered in, what comes from further
    people is in one place.
    """
    async with inside(FORGETFUL) as (c, server):
        await strangers_write(c, server, 300)
        talks = [
            buffer
            for buffer in c.workspace.server.buffers.values()
            if buffer.name.startswith("stranger")
        ]
        assert len(talks) == MOST_UNREAD_CONVERSATIONS
        log = c.workspace.server.log
        texts = [entry.text for entry in log.newest()]
        assert sum(text.startswith("buy") for text in texts) == 300 - MOST_UNREAD_CONVERSATIONS
        assert sum("/ignore hides" in text for text in texts) == 1
        c.workspace.server.close(talks[0])
        await server.send(":late!u@h PRIVMSG alice :hello")
        await c.rest()
        assert c.workspace.server.get("late")
        assert len(c.workspace.mentions) == 301  # messages without a window count too


async def test_who_has_read_has_room_for_more(jumping_clock: MockClock) -> None:
    """Windows that were looked at are no flood, answered or not."""
    async with inside(FORGETFUL) as (c, server):
        await strangers_write(c, server, MOST_UNREAD_CONVERSATIONS)
        c.screen.type("/go stranger7")
        c.screen.press("enter")
        await c.sees("buy 7")
        await server.send(":late!u@h PRIVMSG alice :hello", ":later!u@h PRIVMSG alice :hello")
        await c.rest()
        assert c.workspace.server.get("late")
        assert not c.workspace.server.get("later")


async def test_gathered_strangers_open_no_window(jumping_clock: MockClock) -> None:
    """With strangers = gather they are in the window of the server; not of users with a common
    channel or a message of ours.
    """
    async with inside(FORGETFUL, options=ScreenOptions(theme="dark", strangers="gather")) as (
        c,
        server,
    ):
        await strangers_write(c, server, 3)
        await server.send(
            ":bob!u@h PRIVMSG alice :from the lobby",
            ":srv.test CHATHISTORY TARGETS old timestamp=2026-05-04T00:00:00.000Z",
        )
        await c.rest()
        assert {buffer.name for buffer in c.workspace.server.buffers.values()} == {"#lobby", "bob"}
        assert not c.screen.written.count("stranger")
        c.screen.type("/msg stranger1 hello")
        c.screen.press("enter")
        await server.expect("PRIVMSG stranger1 hello")
        await server.send(":stranger1!u@h PRIVMSG alice :again")
        await c.rest()
        assert c.workspace.server.get("stranger1")


async def test_strangers_can_be_hidden() -> None:
    """With strangers = off their messages and invitations are hidden; notices are shown, since
    services answer by them.
    """
    protocol = ClientProtocol("alice", channels=[("#lobby", "")], hides_strangers=True)
    async with talk(protocol=protocol) as t:
        for nick in ("eve", "bob"):
            await t.server.send(
                f":{nick}!u@h PRIVMSG alice :hello",
                f":{nick}!u@h INVITE alice #den",
                f":{nick}!u@h NOTICE alice :note",
            )
        events = await t.events()
        assert [getattr(event, "sender", "") or getattr(event, "by", "") for event in events] == [
            "eve",
            "bob",
            "bob",
            "bob",
        ]
        await t.session.say("eve", "hello")
        await t.server.echo()
        await t.server.send(":eve!u@h PRIVMSG alice :hello")
        assert [getattr(event, "sender", "") for event in await t.events()] == ["alice", "eve"]


# Alerts


async def test_many_mentions_ring_once_a_second(jumping_clock: MockClock) -> None:
    """The first mention rings at once, what comes within the next second rings together."""
    async with inside(FORGETFUL) as (c, server):
        await server.send(
            ":alice!u@h JOIN #den",
            *(f":bob!u@h PRIVMSG #den :alice {number}" for number in range(2000)),
        )
        await trio.sleep(0.5)
        assert c.screen.written.count("\x1b]9;") == 1
        assert "bob #den: alice 0" in c.screen.written
        await server.send(*(f":carol!u@h PRIVMSG alice :psst {number}" for number in range(5)))
        await trio.sleep(3)
        assert c.screen.written.count("\x1b]9;") == 2
        assert c.screen.written.count("\a") == 2
        assert "trio-chat: 2004 mentions in #den, carol" in c.screen.written


async def test_what_was_seen_meanwhile_does_not_ring(jumping_clock: MockClock) -> None:
    """Mentions that the user has seen do not ring; later mentions ring at once again."""
    async with inside(FORGETFUL) as (c, server):
        await server.send(*(f":carol!u@h PRIVMSG alice :psst {number}" for number in range(3)))
        await trio.sleep(0.5)
        c.screen.type("/go carol")
        c.screen.press("enter")
        await trio.sleep(3)
        assert c.screen.written.count("\a") == 1
        await server.send(":dave!u@h PRIVMSG alice :you there?")
        await trio.sleep(0.1)
        assert "dave: you there?" in c.screen.written
