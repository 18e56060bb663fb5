"""The full-screen client without a terminal: a screen that stores rows, and key presses."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing
import urwid
from urwid.display.common import BaseScreen

from client_fakes import Calm, FakeServer, NoState, until
from trio_chat.client.link.joined_channels import JoinedChannels
from trio_chat.client.link.link import Link
from trio_chat.client.link.options import LinkOptions
from trio_chat.client.screen.app import ScreenClient, ScreenOptions

NOW = 1_777_852_800.0
"""2026-05-04 00:00 UTC, when the messages of `said_before` were said."""
CAPS = (
    "away-notify batch draft/chathistory draft/message-redaction"
    " draft/multiline=max-bytes=4096,max-lines=50 draft/read-marker echo-message labeled-response"
    " message-tags multi-prefix server-time soju.im/search standard-replies"
)


class FakeScreen(BaseScreen):
    """A screen without a terminal."""

    def __init__(self, columns: int = 100, rows: int = 24) -> None:
        super().__init__()
        self.size = (columns, rows)
        self.canvas: Any = None
        self.drawn = 0
        self.given_back = 0
        self.written = ""
        self.title = ""
        self._callback: Callable[[list[Any], list[int]], Any] | None = None

    def _stop(self) -> None:
        self.given_back += 1

    def get_cols_rows(self) -> tuple[int, int]:
        """Return the size."""
        return self.size

    def draw_screen(self, size: tuple[int, int], canvas: Any) -> None:
        """Remember what is drawn."""
        assert (canvas.cols(), canvas.rows()) == size
        self.canvas = canvas
        self.drawn += 1

    def hook_event_loop(
        self, event_loop: Any, callback: Callable[[list[Any], list[int]], Any]
    ) -> None:
        """Remember whom keys are for."""
        self._callback = callback

    def unhook_event_loop(self, event_loop: Any) -> None:
        """Forget that."""

    def write(self, data: str) -> None:
        """Keep what goes to the terminal past the screen."""
        self.written += data

    def flush(self) -> None:
        """Do nothing."""

    def set_title(self, title: str | None) -> None:
        """Keep the title."""
        self.title = title or ""

    def press(self, *keys: str) -> None:
        """Press keys."""
        assert self._callback is not None
        self._callback(list(keys), [])

    def type(self, text: str) -> None:
        """Type a text."""
        self.press(*text)

    def resize(self, columns: int, rows: int) -> None:
        """Become another size."""
        self.size = (columns, rows)
        self.press("window resize")

    def lines(self) -> list[str]:
        """Return what is on the screen."""
        return [line.rstrip() for line in self.canvas.decoded_text] if self.canvas else []

    def text(self) -> str:
        """Return the same as one text."""
        return "\n".join(self.lines())

    def attributes(self, text: str) -> list[urwid.AttrSpec]:
        """Return how the pieces of a row with this text in them are drawn."""
        runs = [
            (attribute, piece.decode())
            for row in self.canvas.content()
            for attribute, _charset, piece in row
        ]
        return [attribute for attribute, piece in runs if text in piece]


class WatchedClient:
    """A running client, its screen, and the servers it connects to."""

    def __init__(self, screen: FakeScreen, options: ScreenOptions, caps: str) -> None:
        self.screen = screen
        self.code: int | None = None
        self.time = NOW
        self._caps = caps
        self._servers, self._servers_receive = trio.open_memory_channel[FakeServer](100)
        self.client = ScreenClient(
            screen, options, self._make, now=lambda: self.time, environment={"TERM": "xterm"}
        )
        self.controller = self.client.controller
        self.workspace = self.client.workspace

    def paste(self, text: str, *keys: str) -> None:
        """Paste a text, as a terminal brackets it, with keys behind it in the same packet."""
        signs = {"\n": "enter", "\t": "tab"}
        self.screen.press(
            "begin paste", *(signs.get(sign, sign) for sign in text), "end paste", *keys
        )

    def link(self, channel: str = "#lobby", nick: str = "alice") -> Link:
        """Return a link to a server of ours."""
        return Link(
            self._connect,
            JoinedChannels(channel),
            LinkOptions(nick=nick, sees_status=True, stays=True),
            state=NoState(),
            random=Calm(),  # type: ignore[arg-type]
        )

    def _make(self, wanted: str) -> tuple[str, Link]:
        if wanted.startswith("bad"):
            raise ValueError(f"that is no server: {wanted}")
        return wanted, self.link()

    async def _connect(self) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        here, there = trio.testing.memory_stream_pair()
        self._servers.send_nowait(FakeServer(there, self._caps))
        return here

    async def server(self) -> FakeServer:
        """Return the server's end of the next connection."""
        return await self._servers_receive.receive()

    async def sees(self, *texts: str) -> list[str]:
        """Wait until all of these are on the screen, and return its rows."""
        with trio.move_on_after(20):
            await until(lambda: all(text in self.screen.text() for text in texts))
            return self.screen.lines()
        raise AssertionError(f"{texts} not in\n{self.screen.text()}")

    async def sees_not(self, text: str) -> list[str]:
        """Wait until this is not on the screen, and return its rows."""
        with trio.move_on_after(20):
            await until(lambda: text not in self.screen.text())
            return self.screen.lines()
        raise AssertionError(f"{text!r} in\n{self.screen.text()}")

    async def rest(self) -> None:
        """Wait until everything has come to rest and is drawn."""
        await trio.sleep(0.2)
        await trio.testing.wait_all_tasks_blocked()

    async def run(self) -> None:
        """Run it."""
        self.code = await self.client.run()


@asynccontextmanager
async def watched(
    caps: str = CAPS,
    *,
    columns: int = 100,
    rows: int = 24,
    options: ScreenOptions | None = None,
    nick: str = "alice",
) -> AsyncIterator[WatchedClient]:
    """Run a client on a screen; at the end it must have ended by itself or is cancelled."""
    running = WatchedClient(FakeScreen(columns, rows), options or ScreenOptions(theme="dark"), caps)
    running.client.add("test", running.link(nick=nick))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(running.run)
        yield running
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def inside(
    caps: str = CAPS, *messages: str, **options: Any
) -> AsyncIterator[tuple[WatchedClient, FakeServer]]:
    """Run a client that is in the lobby with bob; the messages are what was said there before."""
    async with watched(caps, **options) as running:
        server = await running.server()
        await server.greet()
        await server.expect("JOIN #lobby")
        await server.expect("PING ready")
        await server.send(
            f":{server.nick}!u@h JOIN #lobby",
            f":srv.test 353 {server.nick} = #lobby :@{server.nick} bob",
            f":srv.test 366 {server.nick} #lobby :End of /NAMES list",
            ":srv.test PONG srv.test ready",
        )
        server.skips = ("WHO", "PING lag", "CHATHISTORY TARGETS", "MARKREAD", "TAGMSG")
        if "draft/chathistory" in caps:
            await server.play_back(*messages)
        await running.sees("@alice" if running.screen.size[0] >= 95 else "alice")
        yield running, server
