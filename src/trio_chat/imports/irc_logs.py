"""Logs of IRC clients and bouncers: a directory with one file for each channel, or for each channel
and day.

The format of a file is that which takes most of its first lines apart. The channel, the network and
perhaps the date are in its path:

- ZNC: `network/#channel/2026-01-31.log`, or `user_network_#channel_20260131.log`
- the client of this program: `server/#channel/2026-01-31.txt`
- WeeChat: `irc.network.#channel.weechatlog`
- irssi, HexChat, mIRC and The Lounge: `network/#channel.log`, or `2026/network/#channel.01-31.log`
- any of them: `#channel/2026/01/31.log`
"""

import codecs
import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from trio_chat.imports import log_lines, messages
from trio_chat.imports.log_files import SUFFIXES
from trio_chat.imports.log_lines import LineFormat, LineKind, LogLine
from trio_chat.imports.messages import (
    MessageForm,
    Skipped,
    SourceChannel,
    SourceItems,
    SourceMessage,
    SourcePerson,
    irc_person,
)
from trio_chat.imports.months import date_or_none
from trio_chat.imports.source_ids import digest
from trio_chat.imports.time_zones import time_zone

NETWORK = "irc"
LONGEST_LINE = 1 << 16
"""Bytes of a line."""
ENCODING = "cp1252"
"""Most clients wrote it before UTF-8."""
_SAMPLE = 50
_SHOWN = 40
"""Characters of a text that are part of the key of its message."""
_SIGNS = ("#", "&", "+", "!")
"""With one of them the name of a channel begins."""
_TO_ALL = re.compile(r"#|[&+!](?!#)")
"""How a channel as a receiver begins; before its name may be the prefix of those that receive it
(STATUSMSG).
"""
_DATE = re.compile(
    r"(?:^|[^0-9])(?P<year>[0-9]{4})(?P<sign>[-._]?)(?P<month>[0-9]{2})(?P=sign)(?P<day>[0-9]{2})"
    r"(?=[^0-9]|$)"
)
_DATE_OF_FOLDERS = re.compile(r"(?:^|.*/)([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})", re.DOTALL)
"""`2026/01/31` and `2026/01-31`: names of folders, and that of the file."""
_DAY_OF_YEAR = re.compile(r".*[._-]([0-9]{2})-([0-9]{2})", re.DOTALL)
_PART_OF_DATE = re.compile(
    r"[._-](?:(?:19|20)[0-9]{2}-?(?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))$"
)
"""What users of irssi and WeeChat add to the name of a channel: months, or days of a year."""
_AFTER_NETWORK = re.compile(r"(?:(?P<znc>.+?)_|(?P<xchat>[^#&+!].*?)-)(?P<channel>#.*)", re.DOTALL)
"""`user_network_#channel` of ZNC, and `network-#channel` of XChat."""
_WEECHAT = re.compile(
    r"[^.]+\.(?P<network>.+?)\.(?P<channel>[#&+!].*)|[^.]+\.(?P<server>.+)\.(?P<nick>[^.]+)",
    re.DOTALL,
)
"""`irc.network.#channel` of WeeChat: the name of a server may have dots, and a nickname none."""
_YEAR = re.compile(r"(?:19|20)[0-9]{2}(?:-?[0-9]{2}){0,2}|[0-9]{2}", re.ASCII)
_FULL_YEAR = re.compile(r"(?:19|20)[0-9]{2}", re.ASCII)
_NO_NETWORKS = frozenset(
    ("", ".", "/", "moddata", "log", "logs", "irclogs", "xchatlogs", "scrollback", "weechat")
)
"""Names of directories that are not those of networks."""
_OF_TEXTUAL = frozenset(("channels", "queries"))
"""Likewise, between those of a network and a channel."""
_SPREAD = 400
"""Milliseconds by which the messages of different channels are apart in the same second."""
_FALL_BACK = timedelta(hours=2)
_NIGHT = 12 * 3600
"""Seconds by which the clock goes back when the next day has begun, unless it was set back."""
_SET_BACK = 3 * 3_600_000
"""Milliseconds by which a log goes back where its clock was wrong before."""


class LogName(NamedTuple):
    """What the path of a log says.

    Args:
        network: the network, or "".
        channel: the channel, or the other person of a private conversation.
        day: the date, or None.
    """

    network: str
    channel: str
    day: date | None


def parse_name(path: PurePosixPath) -> LogName:
    """Return what the whole path of a log says."""
    path = _decoded(path)
    suffix = path.suffix.lower()
    stem = path.stem if suffix in SUFFIXES else path.name
    day = None
    if match := _DATE.search(stem):
        day = _day_of(match["year"], match["month"], match["day"])
        if day is not None:
            stem = (stem[: match.start()] + stem[match.end() :]).strip("_-. ")
    elif match := _DATE_OF_FOLDERS.fullmatch("/".join((*path.parts[-3:-1], stem))):
        day = _day_of(*match.groups())
        stem = "" if day is not None else stem
    elif match := _DAY_OF_YEAR.fullmatch(stem):
        years = [part for part in path.parts[:-1] if _FULL_YEAR.fullmatch(part)]
        day = _day_of(years[-1], *match.groups()) if years else None
    folders = [
        part
        for part in path.parts[:-1]
        if part.lower() not in _NO_NETWORKS | _OF_TEXTUAL and not _YEAR.fullmatch(part)
    ]
    if suffix == ".weechatlog" and (match := _WEECHAT.fullmatch(_PART_OF_DATE.sub("", stem))):
        return LogName(match["network"] or match["server"], match["channel"] or match["nick"], day)
    if not stem and folders:
        return LogName(folders[-2] if len(folders) > 1 else "", _unescaped(folders[-1]), day)
    if match := _AFTER_NETWORK.fullmatch(stem):
        network = match["xchat"] or match["znc"].rpartition("_")[2]
        return LogName(network, _without_date(match["channel"]), day)
    return LogName(folders[-1] if folders else "", _unescaped(_without_date(stem)), day)


def _day_of(*numbers: str) -> date | None:
    return date_or_none(*map(int, numbers))


def _decoded(path: PurePosixPath) -> PurePosixPath:
    """Return a path as text: programs of the time before UTF-8 wrote names as they wrote lines."""
    data = os.fsencode(path)
    try:
        return PurePosixPath(data.decode())
    except UnicodeDecodeError:
        return PurePosixPath(data.decode(ENCODING, "replace"))


def _without_date(name: str) -> str:
    return _PART_OF_DATE.sub("", name) if name.startswith(_SIGNS) else name


def _unescaped(name: str) -> str:
    """Return the name that this program's client writes with `%` and hexadecimal digits."""
    data = re.sub(
        rb"%([0-9a-f]{2})",
        lambda match: bytes([int(match[1], 16)]),
        name.encode(),
    )
    return data.decode("utf-8", "replace")


def detect(lines: list[str]) -> LineFormat | None:
    """Return the format of the first lines of a file; None when there is none."""
    counts = {
        name: sum(parse(line) is not None for line in lines)
        for name, parse in log_lines.FORMATS.items()
    }
    best = max(counts, key=lambda name: counts[name])
    return log_lines.FORMATS[best] if counts[best] * 2 > len(lines) else None


class IrcLog:
    """One file.

    Args:
        stream: the file, unpacked and in UTF-8.
        path: the whole path of the log.
        zone: the time zone of lines that name none.
        with_events: whether joins, parts, quits and changes of nicknames are among the messages.
        encoding: of lines that are not UTF-8.
        own_nick: the nickname of the owner of the log, or "".
    """

    def __init__(
        self,
        stream: BinaryIO,
        path: PurePosixPath,
        zone: tzinfo,
        *,
        with_events: bool = False,
        encoding: str = ENCODING,
        own_nick: str = "",
    ) -> None:
        self._stream = stream
        self._encoding = encoding
        self._with_events = with_events
        self._own_nick = own_nick
        self._zone = zone
        self.is_understood = True
        """Whether the format of the file is known; as far as it was read."""
        self.is_guessed = False
        """Whether a line is not UTF-8; as far as it was read."""
        name = parse_name(path)
        self._is_channel = name.channel.startswith(_SIGNS)
        self.channel = SourceChannel(
            f"irc:{name.network}/{name.channel}".lower(),
            name.channel.removeprefix("#"),
            is_private=not self._is_channel,
        )
        self._day = self._named_day = name.day
        self._last_month = 0
        self._clock = -1  # of the line before with the same date
        self._before: LogLine | None = None
        self._last = 0  # milliseconds of Unix time
        self._offset = int(digest(self.channel.key), 16) % _SPREAD
        self._people: dict[str, SourcePerson] = {}

    def follow(self, other: "IrcLog") -> None:
        """Go on where another part of the same log has ended, with its date and its messages of the
        same second.
        """
        self._day, self._last_month, self._clock = other._day, other._last_month, other._clock
        self._before, self._last, self._people = other._before, other._last, other._people

    def items(self) -> SourceItems:
        """Yield the messages."""
        lines = self._lines()
        sample = [line for line in islice(lines, _SAMPLE) if line]
        parse = detect(sample) if sample else None
        self.is_understood = parse is not None or not sample
        for line in chain(sample, lines):
            if line:
                yield from self._item(parse, line)

    def _lines(self) -> Iterator[str]:
        """Yield the lines; one that is too long as a line in no format."""
        while data := self._stream.readline(LONGEST_LINE):
            if len(data) == LONGEST_LINE and not data.endswith(b"\n"):
                while data and not data.endswith(b"\n"):
                    data = self._stream.readline(LONGEST_LINE)
                yield "\0"
                continue
            yield self._decoded(data.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n"))

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            self.is_guessed = True
            return data.decode(self._encoding, "replace")

    def _item(self, parse: LineFormat | None, line: str) -> Iterator[SourceMessage | Skipped]:
        parsed = parse(line) if parse is not None else None
        if parsed is None:
            yield Skipped(messages.UNREADABLE)
            return
        self._note_date(parsed)
        if parsed.kind is LineKind.DATE:
            return
        if parsed.kind is LineKind.REST:
            # Without the message before, nobody knows whose it is.
            before = self._before or LogLine(LineKind.EVENT)
            parsed = parsed._replace(
                kind=before.kind, nick=before.nick, form=before.form, to=before.to
            )
        self._before = parsed
        is_wanted = parsed.kind is LineKind.MESSAGE or (self._with_events and parsed.command)
        if not is_wanted:
            yield Skipped(messages.EVENTS)
        elif self._is_channel and parsed.to and not _TO_ALL.match(parsed.to):
            yield Skipped(messages.TO_SOME)
        elif not parsed.nick and not self._own_nick:
            yield Skipped(messages.OWN)
        elif self._day is None:
            yield Skipped(messages.TIMELESS)
        else:
            yield self._message(parsed, self._day)

    def _note_date(self, line: LogLine) -> None:
        before = self._clock
        if line.clock >= 0 or line.kind is LineKind.DATE:
            self._clock = line.clock
        if line.day is not None:
            self._day = line.day
            self._last_month = line.day.month
        elif line.kind is LineKind.DATE:  # the day before would be wrong
            self._day = self._named_day
        elif line.month_day is not None and self._day is not None:
            month, day = line.month_day
            year = self._day.year + (month < self._last_month)
            try:
                self._day = date(year, month, day)
            except ValueError:  # the 29th of February of another year
                return
            self._last_month = month
        elif (
            line.month_day is None
            and before - self._clock > _NIGHT
            and self._day is not None
            and self._day < date.max
        ):
            self._day += timedelta(days=1)

    def _message(self, line: LogLine, day: date) -> SourceMessage:
        zone = (time_zone(line.zone) if line.zone else None) or self._zone
        moment = self._moment(day, line.clock, zone) + self._offset
        # Several messages of a second, or of a minute, stay in order, and so do those after a clock
        # that was set back a little.
        self._last = moment if moment < self._last - _SET_BACK else max(self._last + 1, moment)
        nick = line.nick or self._own_nick
        person = self._people.get(nick)
        if person is None:
            person = self._people[nick] = irc_person(nick)
        key = f"{self.channel.key}/{self._last}/{nick}/{line.text[:_SHOWN]}"
        form = MessageForm.EVENT if line.command else line.form
        return SourceMessage(
            self.channel, key, self._last, person, line.text, form, command=line.command
        )

    def _moment(self, day: date, clock: int, zone: tzinfo) -> int:
        """Return milliseconds of Unix time. An hour that occurs twice, at the end of summer time,
        is the later one if messages of the first one came before.
        """
        local = datetime.combine(day, datetime.min.time()) + timedelta(seconds=clock)
        first = _milliseconds(local.replace(tzinfo=zone))
        if first < self._last - 1000:
            second = _milliseconds(local.replace(tzinfo=zone, fold=1))
            if self._last - second < _FALL_BACK.total_seconds() * 1000:
                return second
        return first


def _milliseconds(moment: datetime) -> int:
    try:
        return int(moment.astimezone(UTC).timestamp()) * 1000
    except (OverflowError, ValueError):
        return 0
