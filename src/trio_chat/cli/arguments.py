"""Argument types for argparse, and the arguments that several commands share."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.cli.commands import Argument
from trio_chat.i18n import N_, _

if TYPE_CHECKING:
    from trio_chat.chat.channel_registration import HistorySetting
    from trio_chat.client.target import ServerAddress

_DAY = 86_400.0
_MOST_DAYS = 36_500
_MOST_REPORTS = 2**53
"""More than any server has; all programs can read it."""


def setting(section: str, key: str) -> Callable[[str], object]:
    """Return an argument type with the values that config.ini allows for a key."""

    def parse(value: str) -> object:
        from trio_chat.config import KEYS  # noqa: PLC0415

        kind = KEYS[section][key]
        try:
            return kind.parse(value)
        except ValueError:
            message = _("{value!r} is not allowed; allowed: {allowed}").format(
                value=value, allowed=kind.allowed
            )
            raise argparse.ArgumentTypeError(message) from None

    return parse


def target(text: str) -> "ServerAddress":
    """Parse the server of `connect`."""
    from trio_chat.client.target import TargetError, parse  # noqa: PLC0415

    try:
        return parse(text)
    except TargetError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def fingerprint(text: str) -> str:
    """Parse a SHA-256 fingerprint; return plain hexadecimal digits."""
    from trio_chat.client.fingerprints import fingerprint_of  # noqa: PLC0415

    try:
        return fingerprint_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            _("a SHA-256 fingerprint has 64 hexadecimal digits")
        ) from None


def channel_name(text: str) -> str:
    """Parse the name of a channel, with or without its '#'; return the folded name."""
    from trio_chat.config.values import LONGEST_CHANNEL, channel  # noqa: PLC0415
    from trio_chat.irc.names import InvalidName, fold_channel  # noqa: PLC0415

    try:
        return fold_channel(channel(text), LONGEST_CHANNEL)
    except InvalidName:
        raise argparse.ArgumentTypeError(
            _("{value!r} is not the name of a channel").format(value=text)
        ) from None


def some_text(text: str) -> str:
    """Refuse an empty text, as of a variable that a script has not set, which would be taken for an
    option that was left out.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError(_("it is empty"))
    return text


def account_name(text: str) -> str:
    """Check that an account can have this name; return it unchanged."""
    from trio_chat.config.values import LONGEST_NICK  # noqa: PLC0415
    from trio_chat.irc.names import InvalidName, fold_nick  # noqa: PLC0415

    try:
        fold_nick(text, LONGEST_NICK)
    except InvalidName:
        raise argparse.ArgumentTypeError(
            _("{value!r} is not a name that an account can have").format(value=text)
        ) from None
    return text


def moment(text: str) -> float:
    """Parse a date or time in ISO 8601; return the Unix time."""
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            _("{value!r} is not a date such as 2026-01-31").format(value=text)
        ) from None


def days_ago(text: str) -> float:
    """Parse a number of days; return the Unix time of that many days ago."""
    import time  # noqa: PLC0415

    days = _whole_number(text, _MOST_DAYS)
    return time.time() - days * _DAY


def report_number(text: str) -> int:
    """Parse the number of a report."""
    return _whole_number(text, _MOST_REPORTS)


def _whole_number(text: str, most: int) -> int:
    if not (
        text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most
    ):
        problem = _("{value!r} is not a whole number from 1 to {most}")
        raise argparse.ArgumentTypeError(problem.format(value=text, most=most))
    return int(text)


def duration(text: str) -> int:
    """Parse a duration such as 1d12h; return seconds, 0 for ever."""
    return _duration(text, least=0)


def limited_duration(text: str) -> int:
    """Parse a duration that has an end; return seconds."""
    return _duration(text, least=1)


def _duration(text: str, least: int) -> int:
    from trio_chat.chat import durations  # noqa: PLC0415

    seconds = durations.parse(text)
    if seconds is None or seconds < least:
        raise argparse.ArgumentTypeError(
            _("{value!r} is not a duration such as 1d12h, 90m or 2w").format(value=text)
        )
    return seconds


def uses(text: str) -> int:
    """Parse how many users can use an invitation; 0 for any number."""
    from trio_chat.chat.invitations import MOST_USES  # noqa: PLC0415

    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) <= MOST_USES):
        problem = _("{value!r} is not a whole number from 0 to {most}")
        raise argparse.ArgumentTypeError(problem.format(value=text, most=MOST_USES))
    return int(text)


def history_days(text: str) -> "HistorySetting":
    """Parse for how many days messages of a channel are kept: a number, `off` or `default`."""
    from trio_chat.chat.channel_registration import MAX_DAYS, parse_history  # noqa: PLC0415

    parsed = parse_history(text)
    if parsed is None:
        problem = _("{value!r} is not a whole number from 1 to {most}, off or default").format(
            value=text, most=MAX_DAYS
        )
        raise argparse.ArgumentTypeError(problem)
    return parsed


def file_or_stream(text: str) -> Path | None:
    """Parse the name of a file; return None for `-`, standard input or output."""
    return None if text == "-" else Path(text)


ONLY_CHANNEL = Argument(
    "--channel",
    type=channel_name,
    metavar="CHANNEL",
    words=N_("only this channel; its '#' may be left out"),
)
YES = Argument("--yes", action="store_true", words=N_("do not ask"))
FORCE = Argument("--force", action="store_true", words=N_("replace the file when there is one"))
