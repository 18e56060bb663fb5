"""Lines of IRC logs: the formats of ZNC, trio-chat, WeeChat, irssi, HexChat, mIRC, The Lounge, and
what resembles them.

A format takes a line apart. It knows neither files nor time zones: the time of a line is a clock
reading, with as much of the date as the line has.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from enum import Enum, auto
from itertools import chain
from typing import NamedTuple

from trio_chat.imports import hexchat_events
from trio_chat.imports.messages import MessageForm
from trio_chat.imports.months import date_of, date_or_none, month_of
from trio_chat.irc.text import strip_formatting


class LineKind(Enum):
    """What a line is."""

    MESSAGE = auto()
    REST = auto()
    """A further line of the message before: its text alone."""
    EVENT = auto()
    DATE = auto()
    """A line that says from which date on the others are, perhaps in words that are unknown."""


class LogLine(NamedTuple):
    """A line of a log.

    Args:
        kind: what it is.
        clock: seconds since midnight; -1 for a line without a time.
        day: the date, or None where the line has none.
        month_day: the month and day, where the line has no year; or None.
        nick: the author of a message; "" for the owner of the log, whom a line does not name.
        text: its text.
        form: how it was sent.
        zone: the time zone as an offset, where the line has one; or "".
        command: JOIN, PART, QUIT or NICK for an event that is one of them; `nick` is the user, and
            `text` the reason or the new nickname.
        to: the receiver of a notice, where the line or its program tells; "" for the channel or
            the other person of the log.
    """

    kind: LineKind
    clock: int = -1
    day: date | None = None
    month_day: tuple[int, int] | None = None
    nick: str = ""
    text: str = ""
    form: MessageForm = MessageForm.TEXT
    zone: str = ""
    command: str = ""
    to: str = ""


LineFormat = Callable[[str], LogLine | None]
"""Takes a line apart; None for a line that is not of the format."""

_NICK = r"[@+%&~! ]{0,30}(?P<nick>[^\s<>]{1,64}?)"
_CLOCK = (
    r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]|60))?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?(?=[\])\s]))?"
)
_ZONE = r"(?:\.[0-9]{1,9})?(?: ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})(?=[\])\s]))?"
_NUMBERS = (
    r"(?:(?P<year>[0-9]{4})(?P<sign>[-/.])(?P<month>[0-9]{2})(?P=sign)(?P<day>[0-9]{2})"
    r"|(?P<last_day>[0-9]{2})\.(?P<last_month>[0-9]{2})\.(?P<last_year>[0-9]{4}))"
)
"""A date in numbers. With slashes and the year at the end, either number may be the month."""
_OPEN = r"(?:(?P<open>\[)|(?P<round>\())?"
_CLOSE = r"(?(open)\])(?(round)\)(?=[ \t]+[<*\u2022-]))"
"""Behind round brackets only what is no `nick: text`, as of Pidgin: it would pass for an event."""
_PLAIN = re.compile(rf"{_OPEN}{_CLOCK}{_CLOSE}(?P<rest> .*|)", re.ASCII | re.DOTALL)
_DATED = re.compile(
    rf"{_OPEN}{_NUMBERS}(?:T|,? ){_CLOCK}{_ZONE}{_CLOSE}(?P<rest>[ \t].*)",
    re.ASCII | re.DOTALL,
)
_WEECHAT = re.compile(
    rf"(?:{_NUMBERS}(?:T|,? ))?{_CLOCK}{_ZONE}\t(?P<prefix>[^\t]*)\t(?P<text>.*)",
    re.ASCII | re.DOTALL,
)
_HEXCHAT = re.compile(
    rf" ?(?:de |d[’'])?(?P<month>\S{{2,8}}) +(?P<day>[0-3]?[0-9]) {_CLOCK} (?P<rest>.*)",
    re.ASCII | re.DOTALL,
)
_SAID = re.compile(rf"<{_NICK}>(?:[ \t](?P<text>.*)|)", re.DOTALL)
_ACTED = re.compile(
    # Of Textual `• nick: text`, and of Eggdrop `Action: nick text`.
    rf"(?:\*|\u2022|Action:) {_NICK}:?(?: (?P<text>.*)|)",
    re.DOTALL,
)
_NOTICED = re.compile(
    # To nobody, to a channel as of irssi, mIRC (`:#a`) and HexChat (`/#a`), or as of irssi with the
    # address of the sender: to the owner of the log.
    r"-(?P<nick>[^\s<>:()-][^\s<>:()]{0,63}?)"
    r"(?::(?P<to>\S{1,200}?)|/(?P<channel>[@%+&~!]?[#&+!]\S{0,200}?)|\((?P<host>[^\s()]{0,200})\))?-"
    r"(?:(?P<gap>[ \t])(?P<text>.*)|)",
    re.DOTALL,
)
_OWN_NOTICE = re.compile(
    # Of irssi, mIRC and HexChat, which shows a CTCP request likewise.
    r"(?:\[notice\((\S{1,200})\)\]|-> -(\S{1,200})-|>(\S{1,200})<(?=\t)(?!\tCTCP ))"
    r"(?:[ \t](?P<text>.*)|)",
    re.DOTALL,
)
OWNER = "*"
"""The receiver of a notice to the owner of the log."""
_IRSSI_DAY = re.compile(r"--- (?:Log opened|Log closed|Day changed) (?P<date>.*)", re.DOTALL)
_SESSION_DAY = re.compile(r"Session (?:Start|Time|Close)(?: \([^)]*\))?: (?P<date>.*)", re.DOTALL)
_HEXCHAT_DAY = re.compile(
    # The words are in the language of the user; the date never is.
    r"\*{3,4} .*?(?P<date>[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-3][0-9] [0-9:]+ [0-9]{4}).*",
    re.DOTALL,
)
_DAY = re.compile(
    r"(?P<weekday>\S{1,20}) +(?:de |d[’'])?(?P<month>\S{2,20}) +(?P<day>[0-3]?[0-9])"
    r"(?: [0-9:]+)? (?P<year>[0-9]{4})\s*",
    re.ASCII,
)
_DAY_FIRST = re.compile(
    r"(?:(?P<weekday>\S{1,20}) +)?(?P<day>[0-3]?[0-9])\.? +(?:de |d[’'])?(?P<month>\S{2,20})"
    r" +(?P<year>[0-9]{4})(?: [0-9:]+)?\s*",
    re.ASCII,
)
_DAY_IN_NUMBERS = re.compile(rf"(?:\S{{1,20}} +)?{_NUMBERS}(?:[T ,]+[0-9:]+.*)?\s*", re.ASCII)
_MIRC_COLOR = re.compile(r"\x03[0-9]{1,2}(?:,[0-9]{1,2})?|[0-9]{2}(?=\[)", re.ASCII)
"""Of a whole line, as a code, or without its sign where something has removed control codes."""
_MIRC_EVENT = re.compile(
    r"Now talking in |Topic is '|Set by |Rejoined channel |Attempting to rejoin |Disconnected"
    r"|You (?:were|have|are|left) |(?:Joins|Parts|Quits): "
    r"|[^ ]+ (?:\([^ @()]*@[^ ()]*\) )?(?:has joined [#&+!]|has left [#&+!]|has quit IRC|Quit \("
    r"|sets mode: |is now known as |was kicked by |changes topic to ')"
)
"""What stands behind the `* ` with which actions begin, too."""
_WHO = r"(?P<nick>[^\s()\[\]]{1,64})"
_HOST = r"[\[(][^\s\])]{1,200}[\])]"
_REASON = r"(?: [\[(](?P<text>.*)[\])])?"
_Command = tuple[str, re.Pattern[str]]
_COMMANDS: tuple[_Command, ...] = tuple(
    (command, re.compile(pattern, re.DOTALL))
    for command, pattern in (
        ("JOIN", rf"Joins: {_WHO} {_HOST}(?P<text>).*"),
        # WeeChat adds the account and the real name, which may have spaces.
        ("JOIN", rf"{_WHO} (?:[\[(].{{1,400}}[\])] )?(?:has )?joined(?P<text>)(?: .*)?"),
        ("PART", rf"Parts: {_WHO} {_HOST}{_REASON}"),
        ("PART", rf"{_WHO} (?:{_HOST} )?(?:has )?left(?: [#&+!]\S+)?{_REASON}"),
        ("QUIT", rf"Quits: {_WHO} {_HOST}{_REASON}"),
        ("QUIT", rf"{_WHO} (?:{_HOST} )?(?:has )?[Qq]uit(?: IRC)?{_REASON}"),
        ("NICK", rf"{_WHO} (?:is now known as|changed nick to) (?P<text>\S{{1,64}})"),
    )
)
"""What the programs write for events, each with the command."""
_WEECHAT_NOTICE = re.compile(  # in the languages of WeeChat
    r"(?:Notice|Aviso|Hinweis|Oznámení|Powiadomienie)(?:\((?P<nick>[^()\s]{1,64})\))?"
    r"(?: -> (?P<to>[^:\s]+))?: (?P<text>.*)",
    re.DOTALL,
)
_NICK_SIGNS = frozenset("[]\\`_^{|}")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def plain(line: str) -> LogLine | None:
    """`[12:34:56] <nick> text`, as of ZNC's log module and of this program's client, or
    `12:34 <@nick> text`, as of irssi, with the date in lines of its own.
    """
    if day := _day_line(_IRSSI_DAY, line):
        return day
    match = _PLAIN.fullmatch(line)
    return _spoken(match, match["rest"]) if match else None


def mirc(line: str) -> LogLine | None:
    """The same with sessions, in which events look like actions: `[12:34] * Disconnected`."""
    if day := _day_line(_SESSION_DAY, line):
        return day
    if line.startswith("Session Ident"):
        return LogLine(LineKind.EVENT)
    color = _MIRC_COLOR.match(line)
    match = _PLAIN.fullmatch(line, color.end() if color else 0)
    if match is None:
        return None
    rest = match["rest"].lstrip()
    if rest.startswith("* ") and _MIRC_EVENT.match(rest, 2):
        return _event(_clock(match), rest[2:])
    said = _spoken(match, rest)
    # A window also shows the notices to its owner, and names the channel in those to the channel.
    is_to_owner = said.form is MessageForm.NOTICE and not said.to
    return said._replace(to=OWNER) if is_to_owner else said


def dated(line: str) -> LogLine | None:
    """`[2026-01-31T12:34:56.789Z] <nick> text`, as of The Lounge, or the same without brackets,
    fraction and zone, or with the date as in `31.01.2026` or `2026/01/31`.
    """
    match = _DATED.fullmatch(line)
    if match is None:
        return None
    day = _numbered(match)
    if day is None:
        return None
    rest = match["rest"]
    if rest.startswith(" | "):  # of The Lounge
        said = LogLine(LineKind.REST, _clock(match), text=rest[3:])
    else:
        said = _spoken(match, rest)
    return said._replace(day=day, zone=match["zone"] or "")


def weechat(line: str) -> LogLine | None:
    """`2026-01-31 12:34:56<Tab>nick<Tab>text`, or since 4.8 `2026-01-31 12:34:56.789012Z<Tab>…`, or
    without the date, which is then in the name of the file.
    """
    match = _WEECHAT.fullmatch(_ANSI.sub("", line))  # of `logger.file.color_lines`
    if match is None:
        return None
    day = _numbered(match)
    if day is None and (match["year"] or match["last_year"]):
        return None
    said = _weechat_said(_clock(match), match["prefix"].strip(), match["text"])
    return said._replace(day=day, zone=match["zone"] or "")


def _weechat_said(clock: int, prefix: str, text: str) -> LogLine:
    if prefix == "*":
        nick, _separator, said = text.partition(" ")
        return _message(clock, nick, said, MessageForm.ACTION)
    if prefix == "--" and (notice := _WEECHAT_NOTICE.fullmatch(text)):
        return _notice(clock, notice["nick"] or "", notice["text"], notice["to"] or OWNER)
    if not _is_weechat_nick(prefix):
        return _event(clock, text)
    if prefix[0] == "<" and prefix[-1] == ">":  # of `logger.file.nick_prefix`
        prefix = prefix[1:-1].lstrip()
    nick = prefix.lstrip("@+%&~!") or prefix
    return _message(clock, nick, text, MessageForm.TEXT)


def _is_weechat_nick(prefix: str) -> bool:
    """Return whether a prefix is a nickname, and none of the signs for events, such as `-->`, which
    users can choose (`weechat.look.prefix_join`).
    """
    return (
        prefix != "ℹ"
        and any(char.isalnum() or char in _NICK_SIGNS for char in prefix)
        and not any(char.isspace() for char in prefix.strip("<> "))
    )


def hexchat(line: str) -> LogLine | None:
    """`Jan 31 12:34:56 <nick><Tab>text`, with the year in lines of its own."""
    if day := _day_line(_HEXCHAT_DAY, line):
        return day
    match = _HEXCHAT.fullmatch(line)
    month = month_of(match["month"]) if match else 0
    if match is None or not month:
        return None
    month_day = (month, int(match["day"]))
    return _spoken(match, match["rest"])._replace(month_day=month_day)


FORMATS: dict[str, LineFormat] = {
    "weechat": weechat,  # before `dated`, which takes its lines apart, too
    "hexchat": hexchat,
    "plain": plain,
    "mirc": mirc,
    "dated": dated,
}
"""The formats by name; the first of those that fit equally well counts."""


def _spoken(match: re.Match[str], rest: str) -> LogLine:
    clock, rest = _clock(match), rest.lstrip(" \t")
    if rest.startswith(("***", "-!-")):
        return _event(clock, rest[3:].lstrip())
    if rest.startswith("*\t"):  # HexChat, whatever its user has made of the time
        if hexchat_events.BY_NOBODY.match(rest, 2):
            return LogLine(LineKind.EVENT, clock)
        if hexchat_events.BY_SOMEBODY.match(rest, 2):
            return _event(clock, rest[2:], hexchat_events.COMMANDS)
        rest = f"* {rest[2:]}"
    for pattern, form in ((_SAID, MessageForm.TEXT), (_ACTED, MessageForm.ACTION)):
        if said := pattern.fullmatch(rest):
            return _message(clock, said["nick"], said["text"] or "", form)
    if noticed := _NOTICED.fullmatch(rest):
        to = noticed["to"] or noticed["channel"] or ""
        if not to and (noticed["host"] is not None or noticed["gap"] == "\t"):  # a tab: HexChat
            to = OWNER
        return _notice(clock, noticed["nick"], noticed["text"] or "", to)
    if own := _OWN_NOTICE.fullmatch(rest):
        return _notice(clock, "", own["text"] or "", own[1] or own[2] or own[3])
    return LogLine(LineKind.EVENT, clock)


def _event(clock: int, text: str, further: Iterable[_Command] = ()) -> LogLine:
    for command, pattern in chain(_COMMANDS, further):
        if match := pattern.fullmatch(text):
            nick = strip_formatting(match["nick"]).lstrip("@+%&~!") or "*"
            words = match["text"] or ""
            return LogLine(LineKind.EVENT, clock, nick=nick, text=words, command=command)
    return LogLine(LineKind.EVENT, clock)


def _message(clock: int, nick: str, text: str, form: MessageForm) -> LogLine:
    return LogLine(LineKind.MESSAGE, clock, None, None, strip_formatting(nick) or "*", text, form)


def _notice(clock: int, nick: str, text: str, to: str) -> LogLine:
    said = _message(clock, nick, text, MessageForm.NOTICE)
    return said._replace(to=to, nick=said.nick if nick else "")


def _clock(match: re.Match[str]) -> int:
    second = min(int(match["second"] or 0), 59)  # a leap second
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    return hour * 3600 + int(match["minute"]) * 60 + second


def _numbered(match: re.Match[str]) -> date | None:
    """Return the date of `_NUMBERS`; None when there is none."""
    for before in ("", "last_"):
        numbers = [match[f"{before}{unit}"] for unit in ("year", "month", "day")]
        if all(numbers):
            return date_or_none(*map(int, numbers))
    return None


def _day_line(pattern: re.Pattern[str], line: str) -> LogLine | None:
    """Return a line that says the date, which is None if it cannot be read."""
    if not (found := pattern.fullmatch(line)):
        return None
    if match := _DAY_IN_NUMBERS.fullmatch(found["date"]):
        return LogLine(LineKind.DATE, day=_numbered(match))
    match = _DAY.fullmatch(found["date"]) or _DAY_FIRST.fullmatch(found["date"])
    if match is None:
        return LogLine(LineKind.DATE)
    words = match["weekday"] or "", match["month"], int(match["day"]), int(match["year"])
    return LogLine(LineKind.DATE, day=date_of(*words))
