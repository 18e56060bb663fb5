"""Entries of a buffer as marked-up text: time, nickname, text, the quoted message and reactions."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import urwid

from trio_chat.client.model.buffer import Buffer
from trio_chat.client.model.entries import (
    BufferEntry,
    EntryKind,
    EntryTranslation,
    MembershipChange,
)
from trio_chat.client.model.formatting import pieces
from trio_chat.client.model.polls import shown_poll
from trio_chat.client.screen.poll_view import poll_markup
from trio_chat.client.screen.rows import Markup, fitted, settled, width
from trio_chat.client.screen.themes import nick_style, specs, styled
from trio_chat.i18n import N_, _, ngettext
from trio_chat.irc.text import clean

NICK_COLUMNS = 12
_NARROW = 56
"""The width below which nicknames have no column of their own."""
_QUOTED = 60
_MOST_NAMED = 6
_MOST_REACTIONS = 8
_MOST_REACTING = 3
_WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)


class ViewStyle(NamedTuple):
    """The style of all entries.

    Args:
        theme: the name of the theme, not `auto`.
        bare: whether only nicknames and texts are shown, to be copied.
    """

    theme: str
    bare: bool = False


class HangingIndent(urwid.StandardTextLayout):
    """A text layout that wraps everything behind a prefix in a column of its own.

    Args:
        prefix: characters of the prefix.
        indent: columns of the prefix.
    """

    def __init__(self, prefix: int, indent: int) -> None:
        super().__init__()
        self._prefix = prefix
        self._indent = indent

    def layout(self, text: Any, width: int, align: Any, wrap: Any) -> Any:
        """Return the layout, in urwid's form."""
        rest = super().layout(text[self._prefix :], max(width - self._indent, 1), align, wrap)
        lines = []
        for number, line in enumerate(rest):
            moved = [self._moved(segment) for segment in line]
            lines.append(
                [
                    (self._indent, None if number else 0, *(() if number else (self._prefix,))),
                    *moved,
                ]
            )
        return lines or [[(self._indent, 0, self._prefix)]]

    def _moved(self, segment: Any) -> Any:
        columns, start, *end = segment
        if start is None:
            return segment
        if end and isinstance(end[0], bytes):
            return (columns, start + self._prefix, end[0])
        return (columns, start + self._prefix, *(each + self._prefix for each in end))


@lru_cache(maxsize=64)
def _hanging(prefix: int, indent: int) -> HangingIndent:
    return HangingIndent(prefix, indent)


def clock_of(time: float) -> str:
    """Return a local time as hours and minutes."""
    return _clock(int(time // 60))


@lru_cache(maxsize=4096)
def _clock(minute: int) -> str:
    try:
        return datetime.fromtimestamp(minute * 60).astimezone().strftime("%H:%M")
    except (ValueError, OverflowError, OSError):  # the system cannot show this time
        return "??:??"


def day_of(time: float) -> str:
    """Return the local day of a time, as people write it."""
    try:
        moment = datetime.fromtimestamp(time).astimezone()
        return f"{_(_WEEKDAYS[moment.weekday()])}, {moment:%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return ""


def entry_text(entry: BufferEntry, buffer: Buffer, view: ViewStyle, columns: int) -> urwid.Text:
    """Return the widget that shows an entry in a number of columns."""
    attributes = specs(view.theme)
    name, name_style = _name(entry)
    body = _body(entry, buffer, view)
    if view.bare:
        head = [
            (
                attributes[name_style],
                f"{name}: " if entry.is_message and entry.kind is not EntryKind.ACTION else "",
            )
        ]
        return urwid.Text(settled([*head, *body]))
    time = f"{clock_of(entry.time)} "
    if columns < _NARROW:
        return urwid.Text(
            settled([(attributes["time"], time), (attributes[name_style], f"{name} "), *body])
        )
    name, sign = fitted(name, NICK_COLUMNS, right=True), " │ "
    head = [(attributes["time"], time), (attributes[name_style], name), (attributes["rule"], sign)]
    return urwid.Text(
        settled([*head, *body]),
        layout=_hanging(len(time + name + sign), width(time) + NICK_COLUMNS + len(sign)),
    )


def _name(entry: BufferEntry) -> tuple[str, str]:
    if entry.kind is EntryKind.ACTION:
        return "*", "own" if entry.own else nick_style(entry.sender)
    if entry.kind is EntryKind.NOTICE:
        return f"-{clean(entry.sender)}-", nick_style(entry.sender)
    if entry.kind is EntryKind.MESSAGE:
        return clean(entry.sender), "own" if entry.own else nick_style(entry.sender)
    return ("!!", "error") if entry.kind is EntryKind.ERROR else ("--", "info")


def _body(entry: BufferEntry, buffer: Buffer, view: ViewStyle) -> list[tuple[Any, str]]:
    attributes = specs(view.theme)
    extras = entry.extras
    if entry.kind is EntryKind.MEMBERSHIP:
        return [(attributes["info"], moves_text(entry))]
    if entry.kind in (EntryKind.INFO, EntryKind.ERROR):
        return [
            (attributes["error" if entry.kind is EntryKind.ERROR else "info"], entry.text or " ")
        ]
    if extras and extras.deleted_by:
        return [
            (attributes["info"], _("(deleted by {nick})").format(nick=clean(extras.deleted_by)))
        ]
    body: list[tuple[Any, str]] = []
    if extras and extras.reply_to and not view.bare:
        body.append((attributes["reply"], f"↳ {_quoted(buffer, extras.reply_to)}\n"))
    if extras and extras.only_to:
        sign = _("only to {prefix}").format(prefix=extras.only_to)
        body.append((attributes["reply"], f"({sign}) "))
    if entry.kind is EntryKind.ACTION:
        body.append(
            (
                attributes["own" if entry.own else nick_style(entry.sender)],
                f"{clean(entry.sender)} ",
            )
        )
    base = "mention" if entry.is_mention and not view.bare else "text"
    poll = None if view.bare else shown_poll(buffer, entry)
    body += poll_markup(poll, view.theme, base) if poll else _said(entry.text, view.theme, base)
    if extras and extras.translation and not view.bare:
        body.append((attributes["reply"], f"\n{_translation(extras.translation)}"))
    reactions = {
        reaction: nicks
        for reaction, nicks in (extras.reactions if extras and not view.bare else {}).items()
        if poll is None or poll.poll.number(reaction) is None
    }
    if reactions:
        body.append((attributes["reaction"], "\n" + _reactions(reactions)))
    return body


def _said(text: str, theme: str, base: str) -> list[tuple[Any, str]]:
    body: list[tuple[Any, str]] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            body.append((None, "\n"))
        body += [(styled(theme, base, style), piece) for piece, style in pieces(line)]
    return body or [(None, " ")]


def _translation(translation: EntryTranslation) -> str:
    languages = clean(translation.languages)
    text = "\n".join(map(clean, translation.text.split("\n"))) or _("is being translated …")
    return f"⇢ [{languages}] {text}"


def _reactions(reactions: dict[str, list[str]]) -> str:
    shown = []
    for reaction, nicks in list(reactions.items())[:_MOST_REACTIONS]:
        more = "…" if len(nicks) > _MOST_REACTING else ""
        shown.append(
            f"{clean(reaction)[:16]} {', '.join(map(clean, nicks[:_MOST_REACTING]))}{more}"
        )
    return "  ".join(shown)


def _quoted(buffer: Buffer, msgid: str) -> str:
    number = buffer.find(msgid)
    if number is None:
        return _("(an earlier message)")
    entry = buffer[number]
    text = clean(entry.text.partition("\n")[0])
    return f"{clean(entry.sender)}: {text[:_QUOTED]}{'…' if len(text) > _QUOTED else ''}"


def moves_text(entry: BufferEntry) -> str:
    """Return the joins and parts of an entry in one sentence that names each nickname once."""
    last: dict[str, list[MembershipChange]] = {}
    for move, nick in entry.extras.membership_changes if entry.extras else []:
        last.setdefault(clean(nick), []).append(move)
    groups: dict[str, list[str]] = {"came": [], "went": [], "passed": []}
    for nick, moves in last.items():
        came, went = moves[0] is MembershipChange.JOINED, moves[-1] is not MembershipChange.JOINED
        groups["passed" if came == went else "came" if came else "went"].append(nick)
    texts = []
    if nicks := groups["came"]:
        texts.append(
            ngettext("{nicks} has joined", "{nicks} have joined", len(nicks)).format(
                nicks=_listed(nicks)
            )
        )
    if nicks := groups["went"]:
        texts.append(
            ngettext("{nicks} has left", "{nicks} have left", len(nicks)).format(
                nicks=_listed(nicks)
            )
        )
    if nicks := groups["passed"]:
        texts.append(
            ngettext("{nicks} came and went", "{nicks} came and went", len(nicks)).format(
                nicks=_listed(nicks)
            )
        )
    return "; ".join([*texts, *_ranks(entry)])


def _ranks(entry: BufferEntry) -> list[str]:
    by: dict[str, list[str]] = {}
    for nick, change in entry.extras.ranks if entry.extras else []:
        by.setdefault(clean(nick), []).append(clean(change))
    return [
        _("{by} has set modes: {modes}").format(by=nick, modes=_listed(changes))
        for nick, changes in by.items()
    ]


def _listed(nicks: list[str]) -> str:
    shown = ", ".join(nicks[:_MOST_NAMED])
    more = len(nicks) - _MOST_NAMED
    return (
        shown
        if more <= 0
        else shown + " " + ngettext("and {count} more", "and {count} more", more).format(count=more)
    )


def rule(text: str, view: ViewStyle, columns: int, name: str) -> Markup:
    """Return a line across the screen with a text in the middle."""
    text = f" {text} " if text else ""
    left = max((columns - width(text)) // 2, 0)
    right = max(columns - width(text) - left, 0)
    return [(specs(view.theme)[name], "─" * left + text + "─" * right)]
