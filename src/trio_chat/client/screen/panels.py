"""Panels around the timeline, as functions of the model: topic, buffers, members, and status."""

from collections.abc import Callable, Mapping
from typing import Any

from trio_chat.client.model.buffer import Buffer, BufferKind, Member
from trio_chat.client.model.connection_state import ConnectionState
from trio_chat.client.model.formatting import pieces
from trio_chat.client.model.server import ServerState
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.screen.markup import clock_of
from trio_chat.client.screen.rows import Markup, fitted, width
from trio_chat.client.screen.themes import nick_style
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import clean

BUFFERS_COLUMNS = 20
MEMBERS_COLUMNS = 18
_MOST_TYPING = 3
_SLOW = 2.0
_MOST_COUNT = 99
_LEAST_SPACE = 10
"""Free columns between the status and the clock, so that the clock is not read as a part of the
status.
"""


class Panels:
    """The panels.

    Args:
        workspace: the model.
        styles: returns the display attributes by name.
        now: seconds of Unix time.
    """

    def __init__(
        self,
        workspace: Workspace,
        styles: Callable[[], Mapping[str, Any]],
        now: Callable[[], float],
    ) -> None:
        self._workspace = workspace
        self._styles = styles
        self._now = now

    def topic(self, columns: int, rows: int) -> list[Markup]:
        """Return the line above: the name and the topic of the buffer."""
        if not self._workspace.servers:
            return []
        server, buffer = self._workspace.server, self._workspace.buffer
        style = self._styles()["topic"]
        if buffer.kind is BufferKind.SERVER:
            name, topic = clean(server.name), clean(server.features.network)
        else:
            name, topic = clean(buffer.name), "".join(text for text, _style in pieces(buffer.topic))
        if buffer.kind is BufferKind.PRIVATE and buffer.is_away:
            topic = _("is away")
        if buffer.kind is BufferKind.CHANNEL and not buffer.is_joined:
            topic = _("you are not in this channel; /join goes back")
        return [[(style, fitted(f" {name}{'  ' if topic else ''}{topic}", columns))]] * rows

    # The list of buffers

    def buffers(self, columns: int, rows: int) -> list[Markup]:
        """Return the buffers, with the current one among the visible ones."""
        if not self._workspace.servers:
            return []
        lines: list[Markup] = []
        here = 0
        for number, (server, buffer) in enumerate(self._workspace.all(), start=1):
            if buffer is self._workspace.buffer:
                here = len(lines)
            lines.append(self._buffer_line(number, server, buffer, columns))
        start = max(min(here - rows // 2, len(lines) - rows), 0)
        return lines[start : start + rows]

    def _buffer_line(
        self, number: int, server: ServerState, buffer: Buffer, columns: int
    ) -> Markup:
        styles = self._styles()
        is_here = buffer is self._workspace.buffer
        sign = f"{number}" if number < 10 else " "
        if buffer.kind is BufferKind.SERVER:
            name = (
                f"{sign} {clean(server.name)}{_ASKS if server.asks_nick else _STATES[server.state]}"
            )
        else:
            name = f"{sign}   {clean(buffer.name)}"
        is_quiet = server.level(buffer) == "nothing"
        unread, mentions = (0, 0) if is_quiet else (buffer.unread, buffer.mentions)
        count = f" {_count(mentions)}!" if mentions else f" {_count(unread)}" if unread else ""
        style = "server" if buffer.kind is BufferKind.SERVER else "buffer"
        if is_here:
            style = "buffer here"
        elif mentions:
            style = "buffer mention"
        elif unread:
            style = "buffer unread"
        elif (
            not buffer.is_joined or buffer.is_away or server.state is not ConnectionState.CONNECTED
        ):
            style = "buffer gone" if buffer.kind is not BufferKind.SERVER else style
        return [(styles[style], fitted(name, columns - width(count) - 1) + count + " ")]

    # Members

    def members(self, columns: int, rows: int) -> list[Markup]:
        """Return the members: the highest ranks first, members who are away in grey."""
        if not self._workspace.servers:
            return []
        server, buffer = self._workspace.server, self._workspace.buffer
        order = server.features.prefixes
        people = sorted(
            buffer.members.values(), key=lambda each: (_rank(each, order), each.nick.casefold())
        )
        count = len(people)
        styles = self._styles()
        head = ngettext("{count} person", "{count} people", count).format(count=count)
        lines: list[Markup] = [[(styles["hint"], fitted(f" {head}", columns))]]
        shown = people if count < rows else people[: max(rows - 2, 0)]
        lines += [self._member(member, columns) for member in shown]
        if count > len(shown):
            more = count - len(shown)
            lines.append(
                [
                    (
                        styles["hint"],
                        fitted(
                            " "
                            + ngettext("and {count} more", "and {count} more", more).format(
                                count=more
                            ),
                            columns,
                        ),
                    )
                ]
            )
        return lines

    def _member(self, member: Member, columns: int) -> Markup:
        styles = self._styles()
        rank = member.ranks[:1] or " "
        name = clean(member.nick)
        if member.is_away:
            return [
                (styles["rank"], rank),
                (styles["away"], fitted(name + " " + _("(away)"), columns - 1)),
            ]
        return [
            (styles["rank"], rank),
            (styles[nick_style(member.nick)], fitted(name, columns - 1)),
        ]

    # Status

    def status(self, columns: int, *, waiting: int, hidden: int, question: str) -> Markup:
        """Return the status line.

        Args:
            columns: its width.
            waiting: own messages that the server has not confirmed.
            hidden: entries below the visible ones.
            question: the question to the user, "" for none.
        """
        styles, server, buffer = self._styles(), self._workspace.server, self._workspace.buffer
        if question:
            return [(styles["status bad"], fitted(f" {question}", columns))]
        away = " " + _("(away)") if server.is_away else ""
        line: list[tuple[Any, str]] = [
            self._state(server),
            (styles["status"], f" {clean(server.nick)}{away}"),
        ]
        if typing := [clean(nick) for nick in buffer.typing(self._now())]:
            line.append((styles["status typing"], "  " + _typing(typing)))
        unread, mentions = self._workspace.unread()
        if mentions:
            text = ngettext("{count} mention", "{count} mentions", mentions).format(count=mentions)
            line.append((styles["status bad"], f"  {text}"))
        elif unread:
            line.append(
                (
                    styles["status"],
                    "  "
                    + ngettext("{count} unread", "{count} unread", unread).format(count=unread),
                )
            )
        if waiting:
            line.append(
                (
                    styles["status typing"],
                    "  "
                    + ngettext("sending {count}", "sending {count}", waiting).format(count=waiting),
                )
            )
        if hidden:
            text = ngettext("↓ {count} more below", "↓ {count} more below", hidden).format(
                count=hidden
            )
            line.append((styles["status bad"], f"  {text}"))
        elif buffer.is_loading:
            line.append((styles["status"], "  " + _("fetching what was said before …")))
        used = sum(width(text) for _style, text in line)
        clock = f" {clock_of(self._now())} "
        if columns - used < len(clock) + _LEAST_SPACE:
            clock = ""
        return [*line, (styles["status"], fitted("", max(columns - used - len(clock), 0)) + clock)]

    def _state(self, server: ServerState) -> tuple[Any, str]:
        styles = self._styles()
        if server.asks_nick:
            text = _("asks for a nickname")
            return styles["status bad"], f" ○ {text} "
        if server.state is ConnectionState.CONNECTED:
            lag = (
                ""
                if server.lag is None
                else f" {server.lag:.1f} s"
                if server.lag >= 1
                else f" {server.lag * 1000:.0f} ms"
            )
            slow = server.lag is not None and server.lag >= _SLOW
            text = (
                _("TLS")
                if server.is_secure
                else _("this computer")
                if server.is_local
                else _("not encrypted")
            )
            is_good = not slow and (server.is_secure or server.is_local)
            return styles["status good" if is_good else "status bad"], f" ● {text}{lag} "
        if server.state is ConnectionState.LOST and server.retry_at is not None:
            seconds = max(round(server.retry_at - self._now()), 0)
            text = ngettext(
                "not connected, trying again in {count} s",
                "not connected, trying again in {count} s",
                seconds,
            )
            return styles["status bad"], f" ○ {text.format(count=seconds)} "
        text = {
            ConnectionState.CONNECTING: _("connecting …"),
            ConnectionState.LOST: _("not connected"),
            ConnectionState.ENDED: _("ended"),
        }[server.state]
        return styles["status bad"], f" ○ {text} "


_ASKS = " ?"
_STATES = {
    ConnectionState.CONNECTED: "",
    ConnectionState.CONNECTING: " …",
    ConnectionState.LOST: " ○",
    ConnectionState.ENDED: " ×",
}


def _count(number: int) -> str:
    return str(number) if number <= _MOST_COUNT else f"{_MOST_COUNT}+"


def _rank(member: Member, order: str) -> int:
    return order.index(member.ranks[0]) if member.ranks and member.ranks[0] in order else len(order)


def _typing(nicks: list[str]) -> str:
    if len(nicks) > _MOST_TYPING:
        return _("several people are typing …")
    text = ngettext("{nicks} is typing …", "{nicks} are typing …", len(nicks))
    return text.format(nicks=", ".join(nicks))
