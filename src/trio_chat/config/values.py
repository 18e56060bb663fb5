"""Types of values in config.ini: a parser and its description, kept together so that they cannot
disagree.

Pure: text in, value out. A parser raises ValueError for anything it does not take; the caller knows
file, section and key, and says them together with `ValueType.allowed`.
"""

import codecs
import os
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import NamedTuple

from trio_chat.config import proxies
from trio_chat.irc.mail import email_address
from trio_chat.irc.masks import format_network, host_network
from trio_chat.irc.names import CHANTYPES, fold_channel, fold_nick
from trio_chat.irc.rights import RIGHTS

NONE = "none"
"""How to write an empty list or no file, where nothing at all could be a slip."""

LANGUAGES = ("en", "ru")
LONGEST_NICK = 64
LONGEST_CHANNEL = 100

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\.?$){_LABEL}(?:\.{_LABEL})*\.?")
_SERVER_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_WHOLE = re.compile(r"[0-9]{1,15}")
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_SIZE = re.compile(r"([0-9]{1,15})([kKmM]?)")
_MODE = re.compile(r"[0-7]{3}")
_ORIGIN = re.compile(
    r"https?://(?:\*\.)?[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?"
)
_URL = re.compile(r"https?://[!-~]+")
LONGEST_URL = 200
"""Bytes of an address, so that the line of RPL_ISUPPORT that names it holds it."""
_HOST_PATTERN = re.compile(r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ARGON2 = re.compile(
    r"\$argon2id\$v=19\$m=[0-9]{1,7},t=[0-9]{1,2},p=[0-9]{1,2}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"
)
_MASK = re.compile(r"[^\s!,#;]{1,100}")
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


class ValueType(NamedTuple):
    """What a key takes: how it is read, and how that is said to people."""

    parse: Callable[[str], object]
    allowed: str
    prose: bool = False
    """Text for people: '#' and ';' start a comment only when a space follows, so that '#lobby' can
    be written in it.
    """
    lines: bool = False
    """More than one line may be given, each further one indented."""
    secret: bool = False
    """Never shown, not even in an error."""


def _yes_or_no(value: str) -> bool:
    if value.lower() not in {"yes", "no"}:
        raise ValueError(value)
    return value.lower() == "yes"


YES_OR_NO = ValueType(_yes_or_no, "yes or no")


def integer(low: int, high: int, note: str = "") -> ValueType:
    """Return the kind of a whole number in a range, with a note for people."""
    return ValueType(
        lambda value: _whole(value, low, high), f"a whole number from {low} to {high}{note}"
    )


def integer_or_none(low: int, high: int, note: str = "") -> ValueType:
    """Return the kind of a whole number in a range, or the word `none`."""
    words = f"a whole number from {low} to {high}{note}, or none"
    return ValueType(
        lambda value: None if value.lower() == NONE else _whole(value, low, high), words
    )


def size(low: int, high: int, note: str = "") -> ValueType:
    """Return the kind of a number of bytes in a range; 'k' and 'M' count 1024 and 1024 * 1024."""
    words = f"a number of bytes from {low} to {high}, where k means 1024 and M 1048576{note}"
    return ValueType(lambda value: _size(value, low, high), words)


def decimal(low: float, high: float, what: str) -> ValueType:
    """Return the kind of a number that may have a fraction, such as seconds."""
    return ValueType(
        lambda value: _decimal(value, low, high),
        f"{what} from {low:g} to {high:g}, such as 90 or 0.5",
    )


def text(longest: int, *, secret: bool = False) -> ValueType:
    """Return the kind of one line of text, which may be empty."""
    words = f"one line of at most {longest} bytes in UTF-8, without control characters"
    return ValueType(lambda value: _text(value, longest), words, prose=True, secret=secret)


def nonempty_text(longest: int) -> ValueType:
    """Return the kind of one line of text that may not be empty."""
    words = f"one line of 1 to {longest} bytes in UTF-8, without control characters"
    return ValueType(lambda value: _text(value, longest) or _refuse(value), words, prose=True)


def text_lines(most: int, longest: int) -> ValueType:
    """Return the kind of several lines of text."""
    words = (
        f"at most {most} lines of at most {longest} bytes each; every line after the first starts"
        " with a space"
    )
    return ValueType(lambda value: _text_lines(value, most, longest), words, prose=True, lines=True)


def choice(*words: str) -> ValueType:
    """Return the kind of one word out of a few, in any case."""
    return ValueType(lambda value: _choice(value, words), f"one of {', '.join(words)}")


def letters_or_none(allowed: str) -> Callable[[str], str]:
    """Return what reads letters out of a few, each once, or `none` for no letter."""

    def parse(value: str) -> str:
        if value.lower() in ("", "none"):
            return ""
        return (
            value
            if not set(value) - set(allowed) and len(set(value)) == len(value)
            else _refuse(value)
        )

    return parse


def _refuse(value: str) -> str:
    raise ValueError(value)


def _check_range(number: float, low: float, high: float) -> None:
    if not low <= number <= high:
        raise ValueError(number)


def _whole(value: str, low: int, high: int) -> int:
    if not _WHOLE.fullmatch(value):
        raise ValueError(value)
    _check_range(int(value), low, high)
    return int(value)


def _size(value: str, low: int, high: int) -> int:
    match = _SIZE.fullmatch(value)
    if not match:
        raise ValueError(value)
    number = int(match[1]) * _UNITS[match[2].lower()]
    _check_range(number, low, high)
    return number


def _decimal(value: str, low: float, high: float) -> float:
    if not _DECIMAL.fullmatch(value):
        raise ValueError(value)
    _check_range(float(value), low, high)
    return float(value)


def _text(value: str, longest: int) -> str:
    if _CONTROL.search(value) or len(value.encode()) > longest:
        raise ValueError(value)
    return value


def _text_lines(value: str, most: int, longest: int) -> tuple[str, ...]:
    lines = value.expandtabs().split("\n") if value else []
    if len(lines) > most:
        raise ValueError(value)
    return tuple(_text(line, longest) for line in lines)


def _choice(value: str, words: tuple[str, ...]) -> str:
    if value.lower() not in words:
        raise ValueError(value)
    return value.lower()


def hosts(value: str) -> tuple[str, ...]:
    """Return the addresses and names in a list separated by commas or spaces; an IPv6 address may
    stand in brackets.
    """
    return tuple(host(part) for part in _parts(value))


def host(value: str) -> str:
    """Return an IP address or a host name, without the brackets an IPv6 address may have."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    try:
        ip_address(bare)
    except ValueError:
        # A name made of digits and dots only is an address with a slip in it; resolvers read
        # "1.2.3" in strange ways.
        if value != bare or not _HOST_NAME.fullmatch(value) or not value.strip("0123456789."):
            raise
    return bare


def optional_host(value: str) -> str:
    """Return an IP address or a host name, or nothing for nothing."""
    return host(value) if value else ""


def optional_email(value: str) -> str:
    """Return an e-mail address, or nothing for nothing."""
    return email_address(value) if value else ""


def optional_url(value: str) -> str:
    """Return the address of something on the web, or nothing for nothing."""
    if value and not (len(value) <= LONGEST_URL and _URL.fullmatch(value)):
        raise ValueError(value)
    return value


def port_or_none(value: str) -> int | None:
    """Return a port, or None when nothing is to listen."""
    return None if value.lower() == NONE else _whole(value, 0, 65535)


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks in a list; host bits are ignored, so 192.168.1.5/24 means
    192.168.1.0/24.
    """
    if value.lower() == NONE:
        return ()
    return tuple(ip_network(part, strict=False) for part in _parts(value))


def _parts(value: str) -> list[str]:
    parts = value.replace(",", " ").split()
    if not parts:
        raise ValueError(value)
    return parts


def origins(value: str) -> tuple[str, ...]:
    """Return where web pages may come from that open a connection: `any`, or `same` and origins,
    which may begin with `*.`.
    """
    parts = tuple(part.lower() for part in _parts(value))
    if parts != ("any",) and not all(part == "same" or _ORIGIN.fullmatch(part) for part in parts):
        raise ValueError(value)
    return parts


def host_patterns(value: str) -> tuple[str, ...]:
    """Return names of this server: `any`, or names, which may begin with `*.`; nothing for the word
    `none`.
    """
    if value.lower() == NONE:
        return ()
    parts = tuple(part.lower().removesuffix(".") for part in _parts(value))
    if not all(_HOST_PATTERN.fullmatch(part) for part in parts):
        raise ValueError(value)
    return parts


def file_mode(value: str) -> int:
    """Return the permissions of a file."""
    if not _MODE.fullmatch(value):
        raise ValueError(value)
    return int(value, 8)


def secret_text(value: str) -> str:
    """Return a password that may not be empty."""
    return _text(value, 500) or _refuse(value)


def server_name(value: str) -> str:
    """Return a name that can stand as the source of a message and is not taken for a mask, a user
    or a channel.
    """
    if not _SERVER_NAME.fullmatch(value):
        raise ValueError(value)
    return value


def channel(value: str) -> str:
    """Return a channel name; its '#' may be left out, because '#' looks like a comment to many."""
    name = value if value.startswith(CHANTYPES) else CHANTYPES + value
    fold_channel(name, LONGEST_CHANNEL)
    return name


def channel_or_none(value: str) -> str:
    """Return a channel name, or nothing for the word `none`."""
    return "" if value.lower() == NONE else channel(value)


def optional_channel(value: str) -> str:
    """Return a channel name, or nothing for nothing."""
    return channel(value) if value else ""


def channels(value: str) -> tuple[str, ...]:
    """Return the channel names in a list, which may be empty."""
    return tuple(channel(part.strip()) for part in value.split(",") if part.strip())


def encoding(value: str) -> str:
    """Return the name of an encoding of one byte for each character."""
    try:
        is_of_bytes = len(bytes(range(256)).decode(value, "replace")) == 256
    except (LookupError, UnicodeError, ValueError):
        is_of_bytes = False
    return codecs.lookup(value).name if is_of_bytes else _refuse(value)


def optional_encoding(value: str) -> str:
    """Return the name of an encoding, or ""."""
    return encoding(value) if value else ""


def words(value: str) -> tuple[str, ...]:
    """Return the words in a list, which may be empty."""
    return tuple(_text(part.strip(), 100) for part in value.split(",") if part.strip())


def optional_nick(value: str) -> str:
    """Return a nickname that a server could accept, or nothing for nothing."""
    if value:
        fold_nick(value, LONGEST_NICK)
    return value


def optional_language(value: str) -> str:
    """Return the code of a language there is a translation for, or nothing for the language of the
    system.
    """
    return _choice(value, LANGUAGES) if value else ""


def optional_secret(value: str) -> str:
    """Return what nobody should guess, or nothing for nothing."""
    if value and not (16 <= len(value) <= 200 and value.isprintable() and " " not in value):
        raise ValueError(value)
    return value


def optional_proxy(value: str) -> str:
    """Return the URL of a proxy, `none` for a direct connection, or nothing for what is set
    elsewhere.
    """
    if value.lower() in ("", NONE):
        return value.lower()
    proxies.parse(value)
    return value


def optional_hash(value: str) -> str:
    """Return an argon2id hash, or nothing for nothing; a password as it is is refused."""
    if value and not _ARGON2.fullmatch(value):
        raise ValueError(value)
    return value


def optional_mask(value: str) -> str:
    """Return an address, a network, or a mask of one, with or without a user name before it;
    nothing for nothing.
    """
    username, at, host = value.rpartition("@")
    if (network := host_network(host)) is not None and (not at or _MASK.fullmatch(f"{username}@*")):
        return f"{username}{at}{format_network(network)}"
    if value and not _MASK.fullmatch(value):
        raise ValueError(value)
    return value


def rights(value: str) -> tuple[str, ...]:
    """Return the rights in a list, in the order of the table."""
    words = [word.lower() for word in _parts(value)]
    if words == ["all"]:
        return tuple(RIGHTS)
    if not RIGHTS.keys() >= set(words):
        raise ValueError(value)
    return tuple(right for right in RIGHTS if right in words)


def optional_path(value: str) -> Path | None:
    """Return a path, with '~' for the home directory; None when no file is wanted."""
    if not value or value.lower() == NONE:
        return None
    # Not Path.expanduser, which raises when there is no home directory.
    return Path(os.path.expanduser(_text(value, 4096)))
