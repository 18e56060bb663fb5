"""The search in a terminal without a full screen, and for scripts."""

import codecs
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict

import trio

from trio_chat.client.discovery.describing import PATIENCE, searched, server_lines, why_nothing
from trio_chat.client.discovery.found import FoundServer
from trio_chat.client.discovery.search import ServerSearch
from trio_chat.client.known_servers import KnownServers
from trio_chat.client.target import ServerAddress, TargetError, parse
from trio_chat.i18n import _

MOST_KNOWN = 5
"""Known servers that are listed."""
_LONGEST_LINE = 4096


def find(seconds: float, *, as_json: bool) -> int:
    """Print the servers that answer; return the exit code: 0 when there are any, otherwise 1.

    Args:
        seconds: for the search.
        as_json: whether to print one JSON array for programs.
    """
    search = ServerSearch(KnownServers().newest(MOST_KNOWN))
    try:
        trio.run(_search_for, search, seconds)
    except* KeyboardInterrupt:  # the user has waited long enough
        pass
    servers = search.found.servers
    if as_json:
        print(json.dumps([asdict(server) for server in servers], ensure_ascii=False, indent=2))
    else:
        for line in server_lines(servers):
            print(line)
    if any(server.is_found for server in servers):
        return 0
    if not as_json:
        print("\n".join(why_nothing(search)), file=sys.stderr)
    return 1


async def _search_for(search: ServerSearch, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await search.run(lambda: None)


def ask() -> ServerAddress | None:
    """List the servers that answer, and return the one that the user chooses; None at the end of
    the input.
    """
    search = ServerSearch(KnownServers().newest(MOST_KNOWN))
    chosen: ServerAddress | None = None
    try:
        chosen = trio.run(PlainChooser(search, _read_line, _write).run)
    except* KeyboardInterrupt:  # nurseries put it into a group
        print()
    return chosen


class PlainChooser:
    """The choice of a server by its number or an address.

    Args:
        search: finds the servers.
        read: returns the next line that is typed, without its end; None at the end of the input.
        write: shows a text.
    """

    def __init__(
        self,
        search: ServerSearch,
        read: Callable[[], Awaitable[str | None]],
        write: Callable[[str], Awaitable[None]],
    ) -> None:
        self._search = search
        self._read, self._write = read, write
        self._shown: dict[tuple[str, int], FoundServer] = {}
        self._changed = trio.Event()

    async def run(self) -> ServerAddress | None:
        """Ask until the answer is a server, and return it; None at the end of the input."""
        chosen: ServerAddress | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._search.run, self._mark_changed)
            nursery.start_soon(self._show_servers)
            nursery.start_soon(self._explain)
            while (line := await self._read()) is not None:
                try:
                    chosen = chosen_server(line, self._search.found.servers)
                    break
                except TargetError as error:
                    await self._say([str(error)])
            nursery.cancel_scope.cancel()
        return chosen

    def _mark_changed(self) -> None:
        self._changed.set()

    async def _show_servers(self) -> None:
        """Show each server once its state is known, and again when that changes."""
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            lines = []
            servers = self._search.found.servers
            for number, line in enumerate(server_lines(servers)):
                server = servers[number]
                place = (server.host, server.port)
                is_ready = server.is_reachable is not None or not self._search.tests(server)
                if is_ready and self._shown.get(place) != server:
                    self._shown[place] = server
                    lines.append(f"{number + 1:>3}  {line}")
            if lines:
                await self._say(lines)

    async def _explain(self) -> None:
        """Say where the search takes place, and after a while why nothing may have been found."""
        await self._say([_("Looking for servers on this network …")])
        await self._search.looked.wait()
        await trio.sleep(PATIENCE)
        if not any(server.is_found for server in self._search.found.servers):
            await self._say([searched(self._search), *why_nothing(self._search)])

    async def _say(self, lines: Sequence[str]) -> None:
        await self._write("\n" + "\n".join(lines) + "\n" + _("Number or address: "))


def chosen_server(text: str, servers: Sequence[FoundServer]) -> ServerAddress:
    """Return the server that a number or an address means.

    Args:
        text: what the user typed; nothing means the first server.
        servers: as they were shown, counted from 1.

    Raises:
        TargetError: it is neither; the message says so.
    """
    word = text.strip() or "1"
    if not (word.isdecimal() and len(word) <= 3):
        return parse(word)
    if not 0 < int(word) <= len(servers):
        raise TargetError(
            _("There is no server number {number} in the list.").format(number=word)
            if servers
            else _("No server has been found yet. Wait a little, or type an address.")
        )
    server = servers[int(word) - 1]
    return ServerAddress(server.host, server.port, server.channel)


async def _read_line() -> str | None:
    return await trio.to_thread.run_sync(_read_typed_line, abandon_on_cancel=True)


def _read_typed_line() -> str | None:
    if sys.platform == "win32":  # a console is not read by `os.read` in UTF-8
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None
    # Not through sys.stdin: a thread left waiting in it would hold its lock when Python exits.
    try:
        data = os.read(0, _LONGEST_LINE)
    except OSError:
        return None
    return codecs.decode(data, "utf-8", "replace").rstrip("\r\n") if data else None


async def _write(text: str) -> None:
    await trio.to_thread.run_sync(_write_text, text, abandon_on_cancel=True)


def _write_text(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
