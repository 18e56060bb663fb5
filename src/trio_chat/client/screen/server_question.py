"""The question for a server: a page with the servers of this network, which fills while the user
looks at it, and a prompt for a number or an address.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import trio

from trio_chat.client.discovery.describing import PATIENCE, searched, server_lines, why_nothing
from trio_chat.client.discovery.found import FoundServer
from trio_chat.client.discovery.plain import chosen_server
from trio_chat.client.discovery.search import ServerSearch
from trio_chat.client.screen.input_state import PromptRequest
from trio_chat.client.screen.pager import PageLine
from trio_chat.client.target import THIS_COMPUTER, ServerAddress, TargetError
from trio_chat.i18n import _
from trio_chat.irc.text import clean


class QuestionScreen(Protocol):
    """The part of the full-screen client that the question needs."""

    def request(self, request: PromptRequest) -> None:
        """Ask a question in the prompt."""

    def open_page(self, title: str, lines: Sequence[PageLine]) -> None:
        """Show a page."""

    def update_page(self, lines: Sequence[PageLine]) -> None:
        """Replace the lines of the page; the chosen one keeps its place."""

    def refresh(self) -> None:
        """Draw what has changed."""


class ServerQuestion:
    """The question.

    Args:
        screen: asks it.
        search: finds the servers.
        title: of the page.
        intro: lines above the servers.
        done: called with the answer.
    """

    def __init__(
        self,
        screen: QuestionScreen,
        search: ServerSearch,
        title: str,
        intro: Sequence[str],
        done: Callable[[ServerAddress], None],
    ) -> None:
        self._screen, self._search = screen, search
        self._title, self._intro, self._done = title, intro, done
        self._problem = ""
        self._is_late = False
        self._scope = trio.CancelScope()

    def begin(self) -> None:
        """Show the page, and ask."""
        self._screen.open_page(self._title, self._lines())
        self._ask()

    async def run(self) -> None:
        """Search until the question is answered."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._search.run, self._show)
                await self._search.looked.wait()
                self._show()
                await trio.sleep(PATIENCE)
                self._is_late = True
                self._show()

    def _ask(self) -> None:
        self._screen.request(PromptRequest(_("Server: "), self._take))

    def _show(self) -> None:
        if not self._scope.cancel_called:
            self._screen.update_page(self._lines())
            self._screen.refresh()

    def _take(self, text: str) -> None:
        servers = self._search.found.servers
        try:
            # Enter alone chooses a line of the page; without any it means this computer.
            self._finish(chosen_server(text.strip() or THIS_COMPUTER, servers))
        except TargetError as error:
            self._problem = str(error)
            self._ask()
            self._show()

    def _choose(self, server: FoundServer) -> None:
        self._finish(ServerAddress(server.host, server.port, server.channel))

    def _finish(self, address: ServerAddress) -> None:
        self._scope.cancel()
        self._done(address)

    def _lines(self) -> list[PageLine]:
        servers = self._search.found.servers
        texts = [*self._intro, "", searched(self._search) if self._search.networks else ""]
        lines = [*map(_line, texts), _line("")]
        for number, text in enumerate(server_lines(servers)):
            markup = [(None, clean(f" {number + 1:>2}  {text}"))]
            lines.append(PageLine(markup, partial(self._choose, servers[number])))
        if self._is_late and not any(server.is_found for server in servers):
            lines += map(_line, why_nothing(self._search))
        return [*lines, _line(""), _line(self._problem)]


def _line(text: str) -> PageLine:
    return PageLine([(None, f" {clean(text)}")])
