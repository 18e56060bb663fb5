"""Messages as JSON Lines, for export and import.

The import checks every field, because such files may come from strangers, and clients receive
stored messages unchanged. A line must have all keys and no others: with a misspelt "private"
everybody could read a message that was sent to the members alone.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

from trio_chat.chat import multiline
from trio_chat.chat.history import GUEST, MESSAGES, Record, buffer_of
from trio_chat.chat.ids import EPOCH_MS, GREATEST, msgid, parse_msgid, parse_time, server_time
from trio_chat.chat.timeline import SEQUENCE_BITS
from trio_chat.config.values import LONGEST_CHANNEL, LONGEST_NICK
from trio_chat.i18n import N_, _
from trio_chat.irc import tag_names
from trio_chat.irc.message import MAX_BODY, MAX_CLIENT_TAGS, format_body, format_tags
from trio_chat.irc.names import InvalidName, fold_channel, fold_nick, fold_or_self, is_speaker

LONGEST_MULTILINE = 16_384 + 2_000
"""Bytes of a multiline message: the highest possible limit, and the separators of its lines."""
LONGEST = 1 << 17
"""Bytes of a line: a little more than the longest message with every character escaped."""
MOST_REPORTED = 20
"""Invalid lines of a file that are reported one by one."""
_KEYS = {
    "channel": str,
    "msgid": str,
    "time": str,
    "command": str,
    "source": str,
    "account": str,
    "text": str,
    "tags": dict,
    "private": bool,
}
_OPTIONAL = {"bot": bool, "origin": str, "account_id": int, "parties": list}
"""Keys that are left out when they have no value, as in files of earlier versions."""
_TAG = re.compile(r"\+[^\0\r\n; =]*")  # a client-only tag, as leniently as the server takes it
TAGMSG = "TAGMSG"
"""The command of a message of tags alone (IRCv3 message-tags), such as a reaction."""
_USER_AT_HOST = re.compile(r"[A-Za-z0-9._~-]{1,32}@[!-?A-~]{1,64}")
# JSON allows these characters, but some programs end a line at them, and some terminals obey them.
_RAW = re.compile("[\x7f-\x9f\u2028\u2029]")


class InvalidLine(NamedTuple):
    """A line that is not a message, with its number and the problem."""

    number: int
    problem: str


class AccountNumbers(NamedTuple):
    """The numbers of the accounts in a database.

    An account of the same name in another database may belong to another person. So a number
    identifies an account, and only in the database that assigned it.

    Args:
        origin: an identifier of the database.
        names: the folded names of accounts, and of deleted ones whose names are not free.
        last: the greatest number that was assigned.
    """

    origin: str
    names: Mapping[int, str]
    last: int

    def are_of(self, number: int, folded: str) -> bool:
        """Return whether a number is that of an account here, with this name if it has one."""
        return 0 < number <= self.last and self.names.get(number, folded) == folded


NO_ACCOUNTS = AccountNumbers("", {}, 0)
"""The numbers in a database without accounts."""
_NAMELESS = f"{GUEST}deleted"
"""The name for a deleted account whose name is free."""


class LineError(ValueError):
    """A line that is not a message; the text is the problem, for the user."""


def to_line(record: Record, numbers: AccountNumbers = NO_ACCOUNTS) -> bytes:
    """Format a message as a line, in which account numbers are valid for the same database only."""
    parties = record.buffer.split(",") if "," in record.buffer else []
    fields = {
        "channel": ",".join(_shown(party, numbers) for party in parties) or record.buffer,
        "msgid": msgid(record.id),
        "time": server_time(record.id, record.shift),
        "command": record.command,
        "source": record.source,
        "account": record.account,
        "text": record.text,
        "tags": dict(record.tags),
        "private": record.is_private,
    }
    if record.is_bot:
        fields["bot"] = True
    if numbers.origin and (record.account_id or parties):
        fields |= {"origin": numbers.origin, "account_id": record.account_id}
        fields |= {"parties": [_number(party) for party in parties]} if parties else {}
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return (_RAW.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n").encode()


def _number(party: str) -> int:
    return 0 if party.startswith(GUEST) else int(party)


def _shown(party: str, numbers: AccountNumbers) -> str:
    return party if party.startswith(GUEST) else numbers.names.get(int(party), _NAMELESS)


def read_lines(
    stream: BinaryIO, numbers: AccountNumbers = NO_ACCOUNTS
) -> Iterator[Record | InvalidLine]:
    """Yield the message or the problem of each line that is not empty; see `from_line`."""
    number = 0
    while line := stream.readline(LONGEST + 1):
        number += 1
        if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            # Not read: the shell has taken the text for that of another encoding, too.
            yield InvalidLine(
                number, _("a shell such as PowerShell has changed the file: write it with --output")
            )
            return
        if len(line) > LONGEST:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST)
            yield InvalidLine(number, _("too long"))
        elif line.strip():
            try:
                yield from_line(line, numbers)
            except LineError as error:
                yield InvalidLine(number, str(error))


def from_line(line: bytes, numbers: AccountNumbers = NO_ACCOUNTS) -> Record:
    """Parse a line. Accounts of another database are unknown here, whatever their names.

    Args:
        line: the line, with or without its end.
        numbers: the numbers of the accounts here.

    Raises:
        LineError: it is not a message that this server would have accepted.
    """
    fields = _fields(line)
    number, shift = _id(fields["msgid"], fields["time"])
    is_ours = bool(numbers.origin) and fields.get("origin") == numbers.origin
    if not is_ours:
        numbers = NO_ACCOUNTS
    account = fields.get("account_id", 0)
    record = Record(
        buffer=_buffer(fields["channel"], fields.get("parties", []), numbers),
        id=number,
        command=fields["command"],
        source=fields["source"],
        account=fields["account"],
        text=fields["text"],
        tags=fields["tags"],
        is_private=fields["private"],
        is_bot=fields.get("bot", False),
        shift=shift,
        account_id=account if numbers.are_of(account, fold_or_self(fields["account"])) else 0,
    )
    for is_right, problem in _RULES:
        if not is_right(record):
            raise LineError(_(problem))
    return record


def _fields(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise LineError(_("not UTF-8")) from None
    except (ValueError, RecursionError):
        raise LineError(_("not JSON")) from None
    if not isinstance(fields, dict):
        raise LineError(_("not an object of JSON"))
    if fields.keys() - _OPTIONAL.keys() != _KEYS.keys():
        problem = _("needs the keys {keys}, and no others").format(keys=", ".join(_KEYS))
        raise LineError(problem)
    for key, kind in (_KEYS | _OPTIONAL).items():
        if key in fields and type(fields[key]) is not kind:
            raise LineError(_("the type of {key} is wrong").format(key=key))
    if not all(isinstance(value, str) for value in fields["tags"].values()):
        raise LineError(_("the type of {key} is wrong").format(key="tags"))
    if not all(type(value) is int for value in fields.get("parties", [])):
        raise LineError(_("the type of {key} is wrong").format(key="parties"))
    # JSON can express a lone surrogate, which UTF-8 cannot.
    if not all(_is_text(value) for value in fields.values() if isinstance(value, str)):
        raise LineError(_("half a character"))
    return fields


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _buffer(name: str, parties: Sequence[int], numbers: AccountNumbers) -> str:
    """Return the folded name of a channel or of a conversation (see `chat.conversations`)."""
    try:
        if "," in name:
            first, second = name.split(",", 1)
            given = (*parties, 0, 0)
            return buffer_of(_party(first, given[0], numbers), _party(second, given[1], numbers))
        return fold_channel(name, LONGEST_CHANNEL)
    except InvalidName:
        raise LineError(_("channel is not the name of a channel")) from None


def _party(name: str, number: int, numbers: AccountNumbers) -> str:
    """Return the number of an account here, or the folded name of a user without one."""
    folded = fold_nick(name.removeprefix(GUEST), LONGEST_NICK)
    if numbers.are_of(number, folded):
        return str(number)
    return GUEST + folded


def _id(written: str, time: str) -> tuple[int, int]:
    """Return the id, and the milliseconds that it is ahead of the time (see `chat.timeline`)."""
    number = parse_msgid(written)
    if not number or number > GREATEST:
        raise LineError(_("msgid is not one of this program's"))
    moment = parse_time(time)
    shift = (number >> SEQUENCE_BITS) - moment if moment is not None and moment >= -EPOCH_MS else -1
    if shift < 0:
        raise LineError(
            _("time is neither that of the msgid, {time}, nor earlier").format(
                time=server_time(number)
            )
        )
    return number, shift


def _is_source(source: str) -> bool:
    nick, _separator, rest = source.partition("!")
    return is_speaker(nick, LONGEST_NICK) and _USER_AT_HOST.fullmatch(rest) is not None


def _is_nick(name: str) -> bool:
    try:
        fold_nick(name, LONGEST_NICK)
    except InvalidName:
        return False
    return True


def _has_good_tags(record: Record) -> bool:
    for key, value in record.tags.items():
        if (
            not (_TAG.fullmatch(key) or key == tag_names.RELAYMSG)
            or not _is_text(key + value)
            or "\0" in value
        ):
            return False
    return len(format_tags(record.tags).encode()) <= MAX_CLIENT_TAGS


def _fits(record: Record) -> bool:
    if len(record.text.encode()) > LONGEST_MULTILINE:
        return False
    # "#" stands for the channel: its folded name may be longer than the name that was written.
    lines = [
        (line.text, format_body(record.command, ("#", ""), record.source))
        for line in multiline.split(record.text)
    ]
    return all(len(f"{text}{head}".encode()) <= MAX_BODY for text, head in lines)


def _has_good_lines(record: Record) -> bool:
    first, *others = multiline.split(record.text)
    if first.is_joined or any(line.is_joined and not line.text for line in others):
        return False
    return not any(sign in line.text for line in (first, *others) for sign in "\r\0")


_RULES: tuple[tuple[Callable[[Record], bool], str], ...] = (
    (
        lambda record: record.command in MESSAGES or record.command == TAGMSG,
        N_("command is neither PRIVMSG nor NOTICE nor TAGMSG"),
    ),
    (
        lambda record: record.command != TAGMSG or bool(record.tags and not record.text),
        N_("a TAGMSG has tags and no text"),
    ),
    (lambda record: _is_source(record.source), N_("source is not written as nick!user@host")),
    (
        lambda record: not record.account or _is_nick(record.account),
        N_("account is not a name that an account can have"),
    ),
    (
        lambda record: record.command == TAGMSG or bool(record.text.strip("\n")),
        N_("text is empty"),
    ),
    (_has_good_lines, N_("text has a sign that no message can have")),
    (_has_good_tags, N_("tags are not client-only tags, or are too long")),
    (_fits, N_("text does not fit into a line of IRC")),
)
"""The conditions of a message, each with the problem that is reported when it is not met."""
