"""Lines of the pages: keys, commands, buffers, and messages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.formatting import pieces
from trio_chat.client.model.server import ServerState
from trio_chat.client.model.workspace import MessageList, MessageReference
from trio_chat.client.registry import SlashCommand
from trio_chat.client.screen.keymap import BINDINGS, PROMPT_KEYS
from trio_chat.client.screen.pager import PageLine
from trio_chat.client.screen.rows import fitted
from trio_chat.client.screen.themes import nick_style
from trio_chat.i18n import _
from trio_chat.irc.text import clean

_KEY_COLUMNS = 22


def key_lines(styles: Mapping[str, Any]) -> list[PageLine]:
    """Return the keys and their effects."""
    keys = [(binding.shown, binding.help) for binding in BINDINGS]
    head = PageLine([(styles["day"], " " + _("While you type:"))])
    lines = [_two(styles, shown, _(text)) for shown, text in keys]
    return [
        *lines,
        PageLine([(None, "")]),
        head,
        *(_two(styles, shown, _(text)) for shown, text in PROMPT_KEYS),
    ]


def help_lines(
    styles: Mapping[str, Any], commands: Mapping[str, SlashCommand], name: str
) -> list[PageLine]:
    """Return the commands and their effects: one of them, or all for the name ""."""
    lines = []
    for command in sorted(commands.values()):
        if name in ("", command.name):
            lines.append(PageLine([(styles["key"], f" {command.synopsis()}")]))
            lines.append(PageLine([(styles["text"], f"     {_(command.help)}")]))
    return lines


def channel_lines(
    styles: Mapping[str, Any],
    places: Sequence[tuple[ServerState, Buffer]],
    go: Callable[[tuple[ServerState, Buffer]], None],
) -> list[PageLine]:
    """Return buffers, each of which can be chosen."""
    many = len({id(server) for server, _buffer in places}) > 1
    lines = []
    for server, buffer in places:
        where = f"  {clean(server.name)}" if many else ""
        count = f"  {buffer.unread}" if buffer.unread else ""
        style = styles[
            "buffer mention" if buffer.mentions else "buffer unread" if buffer.unread else "buffer"
        ]
        lines.append(
            PageLine(
                [(style, f" {clean(buffer.name)}{where}{count}")], partial(go, (server, buffer))
            )
        )
    return lines or [PageLine([(styles["hint"], " " + _("No channel or person matches."))])]


def found_lines(
    styles: Mapping[str, Any], found: MessageList, go: Callable[[MessageReference], None]
) -> list[PageLine]:
    """Return messages, each of which can be chosen."""
    return message_lines(styles, [(message, partial(go, message)) for message in found.messages])


def message_lines(
    styles: Mapping[str, Any], messages: Sequence[tuple[MessageReference, Callable[[], None]]]
) -> list[PageLine]:
    """Return messages, each with the function that is called when it is chosen."""
    lines = []
    for message, choose in messages:
        entry = message.entry
        text = "".join(text for text, _style in pieces(entry.text.replace("\n", " ")))
        sender = (
            [(styles[nick_style(entry.sender)], f"{clean(entry.sender)}: ")] if entry.sender else []
        )
        where = [
            (styles["time"], f" {_moment(entry.time)} "),
            (styles["buffer"], f"{clean(message.conversation)} "),
        ]
        lines.append(PageLine([*where, *sender, (styles["text"], text)], choose))
    return lines or [PageLine([(styles["hint"], " " + _("Nothing was found."))])]


def _two(styles: Mapping[str, Any], left: str, right: str) -> PageLine:
    return PageLine([(styles["key"], f" {fitted(left, _KEY_COLUMNS)} "), (styles["text"], right)])


def _moment(time: float) -> str:
    try:
        return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "?"
