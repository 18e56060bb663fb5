"""Commands that are typed, and the lines that they send."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

import client_fakes  # noqa: F401  the tests read English
import trio_chat
from trio_chat.chat import dispatch  # noqa: F401  # it fills the registry
from trio_chat.chat.registry import COMMANDS as SERVER_COMMANDS
from trio_chat.client.commands import COMMANDS
from trio_chat.client.operator_commands import NAMES
from trio_chat.client.polls import ShownPoll
from trio_chat.client.registry import TargetMessage, interpret
from trio_chat.client.session import events
from trio_chat.client.session.events import MessageKind
from trio_chat.client.session.features import Features
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.protocol import ClientProtocol

PAGE = Path(trio_chat.__file__).parent / "web" / "app" / "session" / "commands" / "operators.js"


class Asked:
    """Writes down what commands ask of the client."""

    def __init__(self, current: str = "#lobby", isupport: str = "EXTBAN=,amr") -> None:
        self.current = current
        self.done: list[object] = []
        self._isupport = isupport

    @property
    def call_base(self) -> str:
        """The address that rooms for calls are under."""
        features = Features()
        features.read(self._isupport.split())
        return features.call_base

    def recent_texts(self) -> Iterator[tuple[float, str]]:
        """Yield nothing: nobody has said anything."""
        yield from ()

    @property
    def ignored(self) -> IgnoreList:
        """The ignore list, with nobody on it."""
        return IgnoreList()

    async def change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        """Write a change of the ignore list down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("ignore", added, removed))
        return True

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Write a sentence down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("error" if error else "info", text))

    async def say(self, target: str, text: str, kind: MessageKind = MessageKind.MESSAGE) -> None:
        """Write a message down."""
        await trio.lowlevel.checkpoint()
        self.done.append((kind.value, target, text))

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Write the lines down."""
        await trio.lowlevel.checkpoint()
        protocol = ClientProtocol("alice")
        protocol.features.read(self._isupport.split())
        action(protocol)
        self.done += [*protocol.take_lines(), *protocol.take_events()]

    async def join(self, channel: str, key: str) -> None:
        """Write a join down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("join", channel, key))

    async def log_in(self, account: str) -> None:
        """Write a login down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("login", account))

    async def log_out(self) -> None:
        """Write the end of a login down."""
        await trio.lowlevel.checkpoint()
        self.done.append("logout")

    async def upload(self, path: str) -> None:
        """Write an upload down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("upload", path))

    async def register(self, account: str, email: str) -> None:
        """Write a registration down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("register", account, email))

    async def become_operator(self, name: str, password: str) -> None:
        """Write the wish for power down."""
        await trio.lowlevel.checkpoint()
        self.done.append(("oper", name, password))

    @staticmethod
    def target_message(name: str, *, own: bool | None) -> TargetMessage | None:
        """Return a message that is called like what was asked for; nobody has said anything as
        `nobody`.
        """
        return (
            None
            if name == "nobody"
            else TargetMessage(name or ("mine" if own else "theirs"), "#lobby", ["👎"])
        )

    @staticmethod
    def polls(_person: str = "") -> Sequence[ShownPoll]:
        """Return no polls."""
        return ()

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
        ("/msg @bob hi @ann", ("message", "bob", "hi @ann")),
        ("/msg @#lobby hi", ("message", "@#lobby", "hi")),
        ("/notice @bob hi", ("notice", "bob", "hi")),
        ("/whois @bob", "WHOIS bob"),
        ("/invite @bob", "INVITE bob #lobby"),
        ("/kick @bob @ann asked for it", "KICK #lobby bob :@ann asked for it"),
        ("/op #games @bob @ann", "MODE #games +oo bob ann"),
        (
            "/ban @192.0.2.* @*.example @host.example",
            "MODE #lobby +bbb @192.0.2.* @*.example @host.example",
        ),
        ("/logout", "logout"),
        ("/nick bob", "NICK bob"),
        ("/invite-link", "INVITATION CREATE #lobby"),
        ("/invite-link 5 2d", "INVITATION CREATE #lobby 5 2d"),
        ("/invite-link #a 0 never", "INVITATION CREATE #a 0 never"),
        ("/invite-link *", "INVITATION CREATE *"),
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
        ("/halfop bob", "MODE #lobby +h bob"),
        ("/dehalfop #games bob", "MODE #games -h bob"),
        ("/voice bob", "MODE #lobby +v bob"),
        ("/devoice bob", "MODE #lobby -v bob"),
        ("/ban", "MODE #lobby +b"),
        ("/ban a:bob *!*@x", "MODE #lobby +bb a:bob *!*@x"),
        ("/ban *!*@192.0.2.*", "MODE #lobby +b *!*@192.0.2.*"),
        ("/ban a:bob", "MODE #lobby +b a:bob"),
        ("/unban #games *!*@x", "MODE #games -b *!*@x"),
        ("/mute bob!*@*", "MODE #lobby +b m:bob!*@*"),
        ("/unmute bob!*@*", "MODE #lobby -b m:bob!*@*"),
        ("/mute", "MODE #lobby +b"),
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
        ("/rehash", "REHASH"),
        ("/Filter add hold @channels buy * now", "FILTER add hold @channels buy * now"),
        ("/kline 1d *!*@192.0.2.7 too loud", "KLINE 1d *!*@192.0.2.7 too loud"),
        ("/kill bob", "KILL bob"),
        ("/kill bob too loud", "KILL bob :too loud"),
        ("/kill bob :too loud", "KILL bob :too loud"),
        ("/reports resolve 3 the user was banned", "REPORTS resolve 3 :the user was banned"),
        ("/wallops the server stops", "WALLOPS :the server stops"),
    ],
)
async def test_lines(line: str, done: object) -> None:
    """What a typed line means."""
    client = Asked()
    await interpret(client, line, COMMANDS)
    assert [
        entry.replace(" :#", " #") if isinstance(entry, str) else entry for entry in client.done
    ] == [done]


async def test_several_channels_are_joined_at_once() -> None:
    """They have commas between them, as in JOIN, and perhaps no first sign; so have their keys."""
    client = Asked()
    await interpret(client, "/join games,#chess,,go a,b,c", COMMANDS)
    assert client.done == [("join", "#games", "a"), ("join", "#chess", "b"), ("join", "#go", "")]


def test_every_command_of_an_operator_can_be_typed() -> None:
    """Those that take a right in the table of the server, and no others."""
    assert {name for name, entry in SERVER_COMMANDS.items() if entry.right} == set(NAMES)
    page = PAGE.read_text("utf-8").partition("export function")[0]
    assert set(re.findall('"([A-Z]+)"', page)) == set(NAMES)


MUTES = {
    "trio-chat": ("CHANMODES=beI,k,fl,n PREFIX=(ov)@+ EXTBAN=,amr", "+b m:bob!*@*"),
    "Ergo": ("CHANMODES=Ibe,k,fl,CEMRUimnstu PREFIX=(qaohv)~&@%+ EXTBAN=,m", "+b m:bob!*@*"),
    "InspIRCd": (
        "CHANMODES=IXbegw,k,FHJLfjl,AC PREFIX=(ov)@+ EXTBAN=,ACNOQRSTUacjmnorsw",
        "+b m:bob!*@*",
    ),
    "UnrealIRCd": (
        "CHANMODES=beI,fkL,lFH,cd PREFIX=(qaohv)~&@%+ EXTBAN=~,ACGOSTacfijmnpqrt",
        "+b ~q:bob!*@*",
    ),
    "Nefarious": ("EXTBAN=~,acjnqrtw", "+b ~q:bob!*@*"),
    "ircd-hybrid": (
        "CHANMODES=beI,k,l,imnp PREFIX=(ohv)@%+ EXTBAN=$,acgjmnorsuxz",
        "+b $m:bob!*@*",
    ),
    "Solanum, as at Libera.Chat": (
        "CHANMODES=eIbq,k,flj,CF PREFIX=(ov)@+ EXTBAN=$,ajrxz",
        "+q bob!*@*",
    ),
    "Solanum with hostmask bans": (
        "EXTBAN=$,ajmrxz CHANMODES=eIbq,k,flj,CF PREFIX=(ov)@+",
        "+q bob!*@*",
    ),
}


@pytest.mark.parametrize("server", MUTES)
async def test_mute_on_servers_of_other_families(server: str) -> None:
    """`/mute` uses what the server announces: a quiet list, or an extended ban with its prefix."""
    isupport, change = MUTES[server]
    client = Asked(isupport=isupport)
    await interpret(client, "/mute bob!*@*", COMMANDS)
    await interpret(client, "/unmute bob!*@*", COMMANDS)
    assert client.done == [f"MODE #lobby {change}", f"MODE #lobby {change.replace('+', '-')}"]


@pytest.mark.parametrize(
    "isupport",
    [
        "",
        "CHANMODES=b,k,l,imnpst PREFIX=(ov)@+",  # ircu
        "CHANMODES=beI,k,l,n PREFIX=(qaohv)~&@%+ EXTBAN=~,acjnr",  # here q is a rank
        "EXTBAN=~,amr",  # after ~, m is something else
        "EXTBAN=,amr -EXTBAN",
    ],
)
async def test_mute_where_a_server_has_none(isupport: str) -> None:
    """On a server that cannot mute, `/mute` sends nothing and says so."""
    client = Asked(isupport=isupport)
    await interpret(client, "/mute bob", COMMANDS)
    assert [type(each) for each in client.done] == [events.Note]


async def test_muting_many_users() -> None:
    """One MODE has at most four changes."""
    client = Asked(isupport="CHANMODES=eIbq,k,flj,CF PREFIX=(ov)@+")
    await interpret(client, "/mute a!* b!* c!* d!* e!*", COMMANDS)
    assert client.done == ["MODE #lobby +qqqq a!* b!* c!* d!*", "MODE #lobby +q e!*"]


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
        "/translate @nobody",
        "/translate @bob de now",
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
