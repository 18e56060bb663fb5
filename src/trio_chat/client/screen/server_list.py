"""The list of the servers of this network that `/connect` opens in a running client: a page that
fills while the user looks at it, and that the text in the prompt filters.
"""

from collections.abc import Callable
from functools import partial

import trio

from trio_chat.client.discovery.describing import PATIENCE, searched, server_lines, why_nothing
from trio_chat.client.discovery.found import FoundServer
from trio_chat.client.discovery.search import ServerSearch
from trio_chat.client.screen.input_state import PageFilter
from trio_chat.client.screen.pager import PageLine
from trio_chat.client.screen.pages import Pages
from trio_chat.client.target import ServerAddress, TargetError, parse
from trio_chat.i18n import _
from trio_chat.irc.text import clean


class ServerList:
    """The list. It shows nothing while the user answers another question.

    Args:
        pages: show it.
        search: finds the servers.
        connect: connects to the one that the user has chosen.
        refresh: draws what has changed.
    """

    def __init__(
        self,
        pages: Pages,
        search: ServerSearch,
        connect: Callable[[ServerAddress], None],
        refresh: Callable[[], None],
    ) -> None:
        self._pages, self._search = pages, search
        self._connect, self._refresh = connect, refresh
        self._text = ""
        self._is_late = False
        self._scope = trio.CancelScope()
        self._filter = PageFilter(_("Server: "), self._show, self._scope.cancel)

    async def run(self) -> None:
        """Show the list, and search until it is closed."""
        self._pages.filter(self._filter)
        if not self._pages.is_filtered_by(self._filter):
            return
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._search.run, self._update)
                await self._search.looked.wait()
                self._update()
                await trio.sleep(PATIENCE)
                self._is_late = True
                self._update()

    def _show(self, text: str) -> None:
        self._text = text.strip()
        self._pages.open(_("Servers — Enter connects, Esc closes"), self._lines())

    def _update(self) -> None:
        if not self._scope.cancel_called:
            self._pages.update(self._lines())
            self._refresh()

    def _choose(self, address: ServerAddress) -> None:
        self._pages.end_filter()
        self._connect(address)

    def _lines(self) -> list[PageLine]:
        search = self._search
        where = searched(search) if search.looked.is_set() else ""
        lines = [_line(where), _line(""), *(self._found() or self._typed())]
        if self._is_late and not any(server.is_found for server in search.found.servers):
            lines += [_line(""), *map(_line, why_nothing(search))]
        return lines

    def _found(self) -> list[PageLine]:
        """Return the lines of servers that have the number that is typed, or else the text."""
        servers = self._search.found.servers
        texts = [f"{number:>2}  {text}" for number, text in enumerate(server_lines(servers), 1)]
        wanted = self._text.casefold()
        numbers = [number for number in range(len(servers)) if wanted == str(number + 1)]
        return [
            PageLine(
                [(None, clean(f" {texts[number]}"))], partial(self._choose, _of(servers[number]))
            )
            for number in numbers or range(len(servers))
            if numbers or wanted in texts[number].casefold()
        ]

    def _typed(self) -> list[PageLine]:
        """Return the line for an address that is not in the list."""
        try:
            address = parse(self._text) if self._text else None
        except TargetError as error:
            return [_line(str(error))]
        if address is None:
            return []
        text = _("Connect to {address}").format(address=self._text)
        return [PageLine([(None, f" {clean(text)}")], partial(self._choose, address))]


def _of(server: FoundServer) -> ServerAddress:
    return ServerAddress(server.host, server.port, server.channel)


def _line(text: str) -> PageLine:
    return PageLine([(None, f" {clean(text)}")])
