"""The client's small parts: splitting, rendering, commands, names, files, descriptors."""

import errno
import os
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.commands import COMMANDS
from trio_chat.client.line.interface import PromptState
from trio_chat.client.line.pipe import LineDecoder, PlainInterface
from trio_chat.client.link import nicknames
from trio_chat.client.link.state_file import StateFile
from trio_chat.client.registry import TargetMessage, interpret
from trio_chat.client.render import Renderer
from trio_chat.client.session import connecting, events
from trio_chat.client.session.connecting import Backoff, CannotConnectError, connect_tcp
from trio_chat.client.session.decoding import decode
from trio_chat.client.session.events import Event, MessageKind
from trio_chat.client.session.features import Features
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.split import room_for_text, split
from trio_chat.client.spans import StyledText, plain
from trio_chat.client.target import format_address
from trio_chat.irc.message import Message

# Splitting


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=1),
    st.integers(16, 60),
)
def test_split_keeps_everything_and_fits(text: str, room: int) -> None:
    """Every part fits and is not empty; apart from spaces where it was cut, nothing is added or
    lost.
    """
    parts = split(text, room)
    assert all(part and len(part.encode()) <= room for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.text("abcж😀", min_size=1, max_size=4), min_size=1, max_size=60))
def test_split_between_words(words: list[str]) -> None:
    """No word that fits into a part is cut."""
    assert " ".join(split(" ".join(words), 16)).split() == words


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30),
    st.sampled_from(MessageKind),
)
def test_relayed_line_is_at_most_512_bytes(target: str, kind: MessageKind) -> None:
    """RFC 2812 §2.3: a message is at most 512 characters with CR LF, our `:nick!user@host `
    included.
    """
    source = "alice!~alice@host.example"
    (part, *_rest) = split("ж" * 1000, room_for_text(source, target, kind))
    body = f"\x01ACTION {part}\x01" if kind is MessageKind.ACTION else part
    line = f":{source} {'NOTICE' if kind is MessageKind.NOTICE else 'PRIVMSG'} {target} :{body}\r\n".encode()
    assert 510 <= len(line) <= 512


# Rendering

SAID = [
    (events.Said("alice", "#lobby", "hi", own=True), "[YOU]: hi"),
    (events.Said("alice", "#other", "hi", own=True), "[YOU → #other]: hi"),
    (events.Said("alice", "Bob", "hi", own=True), "[YOU → Bob]: hi"),
    (events.Said("Bob", "#lobby", "hi"), '["Bob"]: hi'),
    (events.Said("Bob", "#other", "hi"), '["Bob" #other]: hi'),
    (events.Said("Bob", "alice", "hi", private=True), '["Bob" → you]: hi'),
    (events.Said("Bob", "#lobby", "waves", MessageKind.ACTION), "* Bob waves"),
    (events.Said("Bob", "#other", "waves", MessageKind.ACTION), "* Bob (#other) waves"),
    (events.Said("Bob", "alice", "waves", MessageKind.ACTION, private=True), "* Bob (→ you) waves"),
    (events.Said("alice", "Bob", "waves", MessageKind.ACTION, own=True), "* alice (→ Bob) waves"),
    (
        events.Said("Bob", "#lobby", "hi", played_back="2026-05-04T10:30:00.000Z"),
        '["Bob" 10:30]: hi',
    ),
    (
        events.Said("Bob", "#other", "hi", played_back="2026-05-03T10:30:00.000Z"),
        '["Bob" #other 2026-05-03 10:30]: hi',
    ),
    (
        events.Said("alice", "#lobby", "hi", own=True, played_back="2026-05-04T10:30:00Z"),
        "[YOU 10:30]: hi",
    ),
    (
        events.Said("Bob", "#lobby", "waves", MessageKind.ACTION, played_back="nonsense"),
        "* Bob (?) waves",
    ),
    (events.Said("Bob", "#lobby", "look", MessageKind.NOTICE), '[NOTICE "Bob"]: look'),
    (
        events.Said("Bob", "#lobby", "yes", reply_to="a"),
        '["Bob" in answer to Ann: “a long question that goes on and on …”]: yes',
    ),
    (
        events.Said("alice", "#other", "no", own=True, reply_to="a"),
        "[YOU → #other in answer to Ann: “a long question that goes on and on …”]: no",
    ),
    (events.Said("Bob", "#lobby", "yes", reply_to="b"), '["Bob" in answer to you: “mine”]: yes'),
    (
        events.Said("Bob", "#lobby", "yes", reply_to="gone"),
        '["Bob" in answer to an earlier message]: yes',
    ),
    (
        events.Reacted("Bob", "#lobby", "b", "👍"),
        "[INFO] Bob reacts with 👍 to your message “mine”.",
    ),
    (
        events.Reacted("Bob", "#lobby", "b", "👍", is_taken_back=True),
        "[INFO] Bob has taken 👍 back from your message “mine”.",
    ),
    (
        events.Reacted("alice", "#lobby", "gone", "👍", own=True),
        "[INFO] You react with 👍 to an earlier message.",
    ),
    (
        events.Reacted("alice", "#x", "b", "👍", own=True, is_taken_back=True),
        "[INFO] You have taken 👍 back from your message “mine” in #x.",
    ),
    (
        events.Redacted("#x", "gone", "Bob", "spam"),
        "[INFO] Bob has deleted an earlier message in #x. (spam)",
    ),
    (
        events.Redacted("#lobby", "a", "Ann"),
        "[INFO] Ann has deleted the message “a long question that goes on and on …”.",
    ),
    (
        events.Redacted("#lobby", "a", "Bob"),
        "[INFO] Bob has deleted the message of Ann “a long question that goes on and on …”.",
    ),
]
SAID += [
    (
        events.Whois("Bob", "311", ("~bob", "host", "*", "Bob the builder")),
        "[INFO] Bob is Bob the builder, ~bob@host.",
    ),
    (events.Whois("Bob", "319", ("#a @#b",)), "[INFO] Bob is in #a @#b."),
    (
        events.Whois("Bob", "317", ("125", "1777852800", "seconds idle, signon time")),
        "[INFO] Bob has said nothing for 2 min, and has been here since 2026-05-04 00:00.",
    ),
    (events.Whois("Bob", "317", ("soon", "x")), "[INFO] Bob soon x"),
    (
        events.AwayChanged("alice", is_away=True, own=True),
        "[INFO] The others see that you are away.",
    ),
    (
        events.AwayChanged("alice", is_away=False, own=True),
        "[INFO] The others see that you are back.",
    ),
]
QUESTION = "a long question\nthat goes on and on and never ends"
SHOWN = {
    "a": events.Said("Ann", "#lobby", QUESTION, msgid="a"),
    "b": events.Said("alice", "#lobby", "mine", own=True, msgid="b"),
}


def renderer() -> Renderer:
    """Return a renderer for someone who talks in #lobby on the fourth of May."""
    return Renderer(
        lambda target: target == "#lobby", lambda: datetime(2026, 5, 4, 12, tzinfo=UTC), SHOWN.get
    )


@pytest.fixture
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in UTC where the system lets a process choose."""
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.mark.usefixtures("_in_utc")
@pytest.mark.parametrize(("event", "line"), SAID)
def test_said(event: Event, line: str) -> None:
    """Who said it, and the target when it is not the current channel."""
    assert [plain(shown) for shown in renderer().lines(event)] == [line]


EVIL = "\x1b[2J\x07\x9b31m\u202e\r\n"


@pytest.mark.parametrize(
    "event",
    [
        events.Said(EVIL, EVIL, EVIL),
        events.Said(EVIL, EVIL, EVIL, MessageKind.ACTION, own=True),
        events.Said(EVIL, EVIL, EVIL, MessageKind.NOTICE, private=True),
        events.Reacted(EVIL, EVIL, "a", EVIL),
        events.Redacted(EVIL, "gone", EVIL, EVIL),
        events.Whois(EVIL, "311", (EVIL, EVIL, EVIL, EVIL)),
        events.Whois(EVIL, "317", (EVIL, EVIL)),
        events.MessageRefused(EVIL, EVIL, "999", EVIL),
        events.MessageRefused(EVIL, EVIL, "404", EVIL),
        events.MessageUnconfirmed(EVIL, EVIL),
        events.Connected(EVIL),
        events.Joined(EVIL, EVIL, own=False),
        events.JoinRefused(EVIL, "475", EVIL),
        events.JoinRefused(EVIL, "999", EVIL),
        events.Parted(EVIL, EVIL, EVIL, own=False),
        events.Kicked(EVIL, EVIL, EVIL, EVIL, own=True),
        events.Quit(EVIL, EVIL),
        events.Renamed(EVIL, EVIL, own=False),
        events.NickRefused(EVIL, "433", EVIL, registered=True),
        events.NickRefused(EVIL, "999", EVIL, registered=True),
        events.TopicIs(EVIL, EVIL),
        events.TopicChanged(EVIL, EVIL, EVIL),
        events.ModeChanged(EVIL, EVIL, EVIL, own=False),
        events.Names(EVIL, (EVIL, EVIL)),
        events.Names(EVIL, ()),
        events.ListedChannel(EVIL, EVIL, EVIL),
        events.Invited(EVIL, EVIL, EVIL, own=True),
        events.Away(EVIL, EVIL),
        events.ServerInfo(EVIL),
        events.ServerError(EVIL, "421", EVIL),
        events.ServerError(EVIL, "999", EVIL),
        events.Lost(EVIL),
        events.DeliveryUnknown(EVIL, EVIL),
        events.HistoryEnd(EVIL),
        events.UnreadStart(EVIL),
        events.HistoryGap(EVIL, 2),
        events.EarlierMessages(EVIL, 0),
        events.EarlierMessages(EVIL, 2),
        events.SearchResults(EVIL, EVIL, 0),
        events.SearchResults(EVIL, EVIL, 2),
        events.HistoryRefused(EVIL, EVIL),
        events.SearchUnknown(),
        events.LoggedIn(EVIL),
        events.LoggedOut(),
        events.Registered(EVIL),
        events.MustVerify(EVIL, EVIL),
        events.AccountRefused(EVIL, "904", EVIL),
        events.AccountRefused(EVIL, "999", EVIL),
    ],
    ids=lambda event: type(event).__name__,
)
def test_nothing_from_outside_reaches_the_terminal(event: Event) -> None:
    """Control characters in any field of any event are made visible."""
    for line in renderer().lines(event):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", plain(line))


def test_many_names_are_a_number() -> None:
    """Of a crowded channel some names and the number of the others are shown."""
    (line,) = renderer().lines(
        events.Names("#lobby", tuple(f"n{number:03}" for number in range(60)))
    )
    assert plain(line).startswith("[INFO] 60 people in #lobby: n000, n001")
    assert plain(line).endswith("n049 and 10 more")


# Commands


class Asked:
    """Writes down what commands ask of the client."""

    def __init__(self, current: str = "#lobby") -> None:
        self.current = current
        self.done: list[object] = []

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Write a sentence down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("error" if error else "info", text))

    async def say(self, target: str, text: str, kind: MessageKind = MessageKind.MESSAGE) -> None:
        """Write a message down."""
        await trio.lowlevel.checkpoint()
        self.done.append((kind.value, target, text))

    async def do(self, text: str, action: object) -> None:
        """Write the lines down."""
        await trio.lowlevel.checkpoint()
        protocol = ClientProtocol("alice")
        action(protocol)  # type: ignore[operator]
        self.done += protocol.take_lines()

    async def join(self, channel: str, key: str) -> None:
        """Write a join down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("join", channel, key))

    async def log_in(self, account: str) -> None:
        """Write a login down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("login", account))

    async def register(self, account: str, email: str) -> None:
        """Write a registration down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("register", account, email))

    async def become_operator(self, name: str, password: str) -> None:
        """Write the wish for power down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("oper", name, password))

    @staticmethod
    def target_message(name: str, *, own: bool) -> TargetMessage | None:
        """Return a message that is called like what was asked for; nobody has said anything as
        `nobody`.
        """
        return (
            None
            if name == "nobody"
            else TargetMessage(name or ("mine" if own else "theirs"), "#lobby", ["👎"])
        )

    async def answer(self, target_message: TargetMessage, text: str) -> None:
        """Write an answer down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("answer", target_message.msgid, text))

    @staticmethod
    def is_channel(target: str) -> bool:
        """Tell channels by their sign."""
        return target.startswith("#")

    def finish(self, reason: str) -> None:
        """Write the end down."""
        self.done.append(("finish", reason))


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("hello there", ("message", "#lobby", "hello there")),
        ("//usr", ("message", "#lobby", "/usr")),
        (" /usr", ("message", "#lobby", "/usr")),
        ("exit", ("finish", "")),
        (" exit ", ("finish", "")),
        ("exit?", ("message", "#lobby", "exit?")),
        ("/quit so long", ("finish", "so long")),
        ("/me waves", ("action", "#lobby", "waves")),
        ("/msg bob hi  there", ("message", "bob", "hi  there")),
        ("/nick bob", "NICK bob"),
        ("/join games", ("join", "#games", "")),
        ("/JOIN #games key", ("join", "#games", "key")),
        ("/part", "PART #lobby"),
        ("/part #games see you", "PART #games :see you"),
        ("/part see you", "PART #lobby :see you"),
        ("/topic", "TOPIC #lobby"),
        ("/topic New times ahead", "TOPIC #lobby :New times ahead"),
        ("/topic #games Chess", "TOPIC #games :Chess"),
        ("/names", "NAMES #lobby"),
        ("/list", "LIST"),
        ("/list *linux*", "LIST *linux*"),
        ("/notice bob hi  there", ("notice", "bob", "hi  there")),
        ("/op bob", "MODE #lobby +o bob"),
        ("/op #games bob ann", "MODE #games +oo bob ann"),
        ("/deop bob", "MODE #lobby -o bob"),
        ("/voice bob", "MODE #lobby +v bob"),
        ("/devoice bob", "MODE #lobby -v bob"),
        ("/ban", "MODE #lobby +b"),
        ("/ban bob", "MODE #lobby +b bob!*@*"),
        ("/ban *!*@192.0.2.*", "MODE #lobby +b *!*@192.0.2.*"),
        ("/ban a:bob", "MODE #lobby +b a:bob"),
        ("/unban #games bob", "MODE #games -b bob!*@*"),
        ("/mute bob", "MODE #lobby +b m:bob!*@*"),
        ("/unmute bob", "MODE #lobby -b m:bob!*@*"),
        ("/kick bob", "KICK #lobby :bob"),
        ("/kick bob be nice", "KICK #lobby bob :be nice"),
        ("/login", ("login", "")),
        ("/login anna", ("login", "anna")),
        ("/register", ("register", "", "")),
        ("/register anna", ("register", "anna", "")),
        ("/register a@b.example", ("register", "", "a@b.example")),
        ("/register anna a@b.example", ("register", "anna", "a@b.example")),
        ("/verify anna 12 34", "VERIFY anna :12 34"),
        ("/oper anna", ("oper", "anna", "")),
        ("/oper anna pass word", ("oper", "anna", "pass word")),
        ("/reply yes I do", ("answer", "theirs", "yes I do")),
        ("/reply @bob yes I do", ("answer", "bob", "yes I do")),
        ("/reply @ home", ("answer", "theirs", "@ home")),
        ("/react 👍", "@+draft/reply=theirs;+draft/react=👍 TAGMSG #lobby"),
        ("/react @bob 👍", "@+draft/reply=bob;+draft/react=👍 TAGMSG #lobby"),
        ("/react 👎", "@+draft/reply=theirs;+draft/unreact=👎 TAGMSG #lobby"),
        ("/redact", "REDACT #lobby mine"),
        ("/redact not for you", "REDACT #lobby mine :not for you"),
        ("/redact @2 spam", "REDACT #lobby 2 spam"),
    ],
)
async def test_lines(line: str, done: object) -> None:
    """What a typed line means."""
    client = Asked()
    await interpret(client, line, COMMANDS)
    assert [
        entry.replace(" :#", " #") if isinstance(entry, str) else entry for entry in client.done
    ] == [done]


@pytest.mark.parametrize(
    "line",
    [
        "/search",
        "/verify anna",
        "/history x",
        "/login a b",
        "/msg",
        "/msg bob",
        "/me",
        "/nick",
        "/join",
        "/whois",
        "/foo",
        "/",
        "/help foo",
        "/oper",
        "/reply",
        "/reply @bob",
        "/reply @nobody yes",
        "/react",
        "/react @bob",
        "/react 👍 👍",
        "/redact @nobody",
    ],
)
async def test_wrong_commands_are_explained(line: str) -> None:
    """An unknown command, or one with too few or too many arguments, says what is right and sends
    nothing.
    """
    client = Asked()
    await interpret(client, line, COMMANDS)
    assert [entry[0] for entry in client.done] == ["error"]  # type: ignore[index]


async def test_help_shows_every_command() -> None:
    """`/help` is derived from the table."""
    client = Asked()
    await interpret(client, "/help", COMMANDS)
    text = "\n".join(entry[1] for entry in client.done)  # type: ignore[index]
    assert all(f"/{name}" in text for name in COMMANDS)


@pytest.mark.parametrize("line", ["hello", "/me waves", "/topic x", "/names", "/part", "/history"])
async def test_without_a_channel(line: str) -> None:
    """In no channel, what needs one says so."""
    client = Asked(current="")
    await interpret(client, line, COMMANDS)
    assert client.done[0][0] == "error"  # type: ignore[index]


@given(st.text())
def test_any_line_is_harmless(line: str) -> None:
    """No line that can be typed makes the interpreter fail, and none is passed over in silence but
    an empty one.
    """
    client = Asked()
    trio.run(interpret, client, line, COMMANDS)
    assert bool(client.done) == bool(line.replace("\0", "").strip())


# Nicknames and the state file


@pytest.mark.parametrize(
    ("name", "nick"),
    [
        ("alice", "alice"),
        ("Иван Петров", "ИванПетров"),
        ("DOM\\x y", "DOM\\xy"),
        ("", "guest"),
        ("42", "guest"),
    ],
)
def test_login_name_made_valid(name: str, nick: str) -> None:
    """What no server accepts is left out of a login name."""
    assert nicknames.made_valid(name) == nick


@given(st.text())
def test_made_valid_is_possible(name: str) -> None:
    """Whatever the login name, a possible nickname comes out."""
    assert nicknames.is_possible(nicknames.made_valid(name))
    assert re.fullmatch(r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]{0,8}", nicknames.plain(name))


def test_variants_are_no_longer_than_servers_allow() -> None:
    """RFC 2812 §1.2.1: nine characters are allowed everywhere; what is longer does not grow."""
    variants = list(nicknames.variants("alexander"))
    assert variants[0] == "alexande2"
    assert len(set(variants)) == 98
    assert {len(variant) for variant in variants} == {9}


async def test_state_is_remembered(tmp_path: Path) -> None:
    """What is saved is loaded, in any script."""
    file = StateFile(tmp_path / "deep" / "client.json")
    assert await file.load_nick() == ""
    await file.save_nick("Борис")
    assert await file.load_nick() == "Борис"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"nick": 5}', b"\xff"])
async def test_spoilt_state_is_no_state(tmp_path: Path, content: bytes) -> None:
    """A file that makes no sense is as good as none."""
    path = tmp_path / "client.json"
    path.write_bytes(content)
    assert await StateFile(path).load_nick() == ""


async def test_state_that_cannot_be_written(tmp_path: Path) -> None:
    """A directory that is a file troubles nobody."""
    (tmp_path / "file").write_text("")
    file = StateFile(tmp_path / "file" / "client.json")
    await file.save_nick("alice")
    assert await file.load_nick() == ""


# Connecting


async def test_connection_refused() -> None:
    """One sentence says what happened and what to check."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(CannotConnectError) as caught:
            await connect_tcp("127.0.0.1", unused.getsockname()[1])
    assert "connection refused" in str(caught.value)
    assert "firewall" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(8, "unknown"), "there is no such address"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
        (ExceptionGroup("all", [TimeoutError(), OSError(1, "x")]), "no answer"),
    ],
)
async def test_reasons(monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str) -> None:
    """The reason is found wherever Trio keeps it."""

    async def fail(host: str, port: int) -> None:
        await trio.lowlevel.checkpoint()
        raise OSError("all attempts failed") from error

    monkeypatch.setattr(connecting.trio, "open_tcp_stream", fail)
    with pytest.raises(CannotConnectError) as caught:
        await connect_tcp("srv.test", 5000)
    assert caught.value.reason == reason


def test_address_of_ipv6() -> None:
    """RFC 3986 §3.2.2: an IPv6 address before a port stands in brackets."""
    assert format_address("::1", 5000) == "[::1]:5000"


def test_backoff() -> None:
    """Doubling from one second to a minute, with jitter, and from the start again after a
    success.
    """
    backoff = Backoff(Random(7))
    delays = [backoff.next_delay() for _ in range(12)]
    assert all(1 <= delay <= min(2**number, 60) for number, delay in enumerate(delays))
    assert delays[-1] > 30
    backoff.reset()
    assert backoff.next_delay() == 1


# Plain input and output


_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\ufeff")


@given(st.lists(st.text(_CHARACTERS, max_size=9)), st.integers(1, 5))
def test_lines_in_any_pieces(lines: list[str], size: int) -> None:
    """Lines come out as they went in, whatever pieces the bytes come in, and the last needs no line
    end.
    """
    data = "\n".join(lines).encode()
    decoder = LineDecoder()
    got = [
        line
        for start in range(0, len(data), size)
        for line in decoder.feed(data[start : start + size])
    ]
    got += decoder.feed(b"")
    assert got == (
        "\n".join(lines).split("\n") if lines and lines[-1] else "\n".join(lines).split("\n")[:-1]
    )


def test_windows_line_ends_and_byte_order_mark() -> None:
    """What PowerShell writes is read without its additions."""
    assert list(LineDecoder().feed(b"\xef\xbb\xbfone\r\ntwo\r\n")) == ["one", "two"]


def test_endless_line_is_cut() -> None:
    """A line without an end does not fill the memory."""
    decoder = LineDecoder()
    cut = [line for _ in range(20) for line in decoder.feed(b"x" * 8192)]
    assert [len(line) for line in cut] == [73728, 73728]


async def test_input_is_read_only_when_there_is_room() -> None:
    """What nobody takes stays in the pipe, and the program can end meanwhile."""
    reading, writing = os.pipe()
    interface = PlainInterface(interactive=False, stdin=reading)
    lines, taken = trio.open_memory_channel[str](0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(interface.read_lines, lines)
        os.write(writing, b"one\ntwo\n")
        assert await taken.receive() == "one"
        assert await taken.receive() == "two"
        os.close(writing)
        with pytest.raises(trio.EndOfChannel):
            await taken.receive()
    os.close(reading)


async def test_closed_input_is_its_end() -> None:
    """A program started without standard input has nothing to read."""
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    lines, taken = trio.open_memory_channel[str](0)
    await PlainInterface(interactive=False, stdin=reading).read_lines(lines)
    with pytest.raises(trio.EndOfChannel):
        await taken.receive()


async def test_output_that_nobody_reads() -> None:
    """A reader that has gone is told as BrokenPipeError."""
    reading, writing = os.pipe()
    interface = PlainInterface(interactive=False, stdout=writing)
    await interface.write(
        [(StyledText("[INFO] ", "info"), StyledText("привет"))], PromptState("> ")
    )
    assert os.read(reading, 100).decode().splitlines() == ["[INFO] привет"]
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        await interface.write([(StyledText("x"),)], PromptState("> "))
    os.close(writing)


# What a server says of itself


@pytest.mark.parametrize(
    ("mapping", "one", "other", "same"),
    [
        ("ascii", "A[", "a{", False),
        ("rfc1459", "A[", "a{", True),
        ("rfc1459", "Ä", "ä", False),
        ("rfc7613", "Ä", "ä", True),
        ("unheard-of", "A", "a", True),
        ("ascii UTF8MAPPING=rfc8265", "Ä", "ä", True),
        ("ascii UTF8MAPPING=rfc8265", "A[", "a{", False),
        ("rfc1459 UTF8MAPPING=rfc8265", "A[", "a{", True),
        ("ascii UTF8MAPPING=unheard-of", "Ä", "ä", False),
        ("ascii UTF8MAPPING=rfc8265 -UTF8MAPPING", "Ä", "ä", False),
    ],
)
def test_case_mapping(mapping: str, one: str, other: str, same: bool) -> None:
    """CASEMAPPING says which names are one name, and of those beyond ASCII UTF8MAPPING, in whatever
    line it comes.
    """
    features = Features()
    for token in reversed(f"CASEMAPPING={mapping}".split()[:2]):
        features.read([token])
    features.read(mapping.split()[2:])
    assert features.same(one, other) is same


def test_network_with_signs_that_have_a_meaning() -> None:
    """Modern IRC, RPL_ISUPPORT: `\\x20`, `\\x5C` and `\\x3D` stand for a space, a backslash and an
    equals sign.
    """
    features = Features()
    features.read([r"NETWORK=a\x20b\x3dc\x5Cx20"])
    assert features.network == r"a b=c\x20"


@pytest.mark.parametrize("answer", ["ACK", "NAK"])
def test_an_answer_in_several_lines_is_one_answer(answer: str) -> None:
    """IRCv3: "a client MUST NOT change capabilities until the last ACK of the set is received"; it
    has one request answered.
    """
    negotiation = Negotiation(login_wanted=True)
    assert negotiation.receive(("*", "LS", "batch sasl=PLAIN")) == [
        Message("CAP", ("REQ", "batch sasl"))
    ]
    assert negotiation.receive(("*", answer, "*", "batch")) == []
    assert negotiation.enabled == set()
    asked_again = negotiation.receive(("*", answer, "sasl"))
    if answer == "ACK":
        assert (negotiation.enabled, negotiation.login_due, asked_again) == (
            {"batch", "sasl"},
            True,
            [],
        )
    else:
        assert [message.params for message in asked_again] == [("REQ", "batch"), ("REQ", "sasl")]


# Lines that are not UTF-8


@pytest.mark.parametrize(
    ("line", "encoding", "text"),
    [
        (b"caf\xe9", "cp1252", "café"),
        (b"caf\xe9 noir", "cp1252", "café noir"),
        (b"\x93quoted\x94 \x80", "cp1252", "“quoted” €"),
        (b"\xef\xf0\xe8\xe2\xe5\xf2", "cp1251", "привет"),
        ("тема ".encode() + b"caf\xe9", "cp1252", "тема café"),
        ("привет".encode(), "cp1252", "привет"),
        (b"\x81", "cp1252", "�"),
    ],
)
def test_a_line_that_is_not_utf_8(line: bytes, encoding: str, text: str) -> None:
    """What is UTF-8 in it is read as that, the rest in the encoding of the network."""
    assert decode(line, encoding) == text


def test_a_line_that_was_cut_in_a_character() -> None:
    """A server that cuts at 512 bytes knows nothing of characters; the half one is left out."""
    line = ("я" * 300).encode()[:509]
    assert decode(line, "cp1252") == "я" * 254
