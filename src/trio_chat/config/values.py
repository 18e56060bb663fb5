"""Types of the values in config.ini: each is a parser with the description of what it accepts.

Pure: text in, value out. A parser raises ValueError for an invalid value; the caller knows file,
section and key, and reports them together with `ValueType.allowed`.
"""

import codecs
import os
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from trio_chat.config import proxies
from trio_chat.config.block_lists import BlockListZone
from trio_chat.config.descriptions import Description
from trio_chat.i18n import N_
from trio_chat.irc.addresses import parse_address
from trio_chat.irc.calls import is_base
from trio_chat.irc.mail import email_address
from trio_chat.irc.masks import format_network, host_network
from trio_chat.irc.names import CHANTYPES, fold_channel, fold_nick
from trio_chat.irc.rights import RIGHTS

NONE = "none"
"""The word for an empty list or no file, where an empty value could be an oversight."""

EXEMPTIONS = ("invitation", "email")
LANGUAGES = ("en", "ru")
LONGEST_NICK = 64
LONGEST_CHANNEL = 100

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\.?$){_LABEL}(?:\.{_LABEL})*\.?")
_SERVER_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_WHOLE = re.compile(r"[0-9]{1,15}")
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_SIZE = re.compile(r"([0-9]{1,16})([kKmM]?)")
_PORT = re.compile(r"[0-9]{1,5}")
_MODE = re.compile(r"[0-7]{3}")
_ORIGIN = re.compile(
    r"https?://(?:\*\.)?[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?"
    r"|https?://\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?"
)
_PAGE_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
)
_URL = re.compile(r"https?://[!-~]+")
_DIRECTORY = re.compile(r"ldaps?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")
LONGEST_URL = 200
"""Bytes of a URL that fits into a line of RPL_ISUPPORT."""
_HOST_PATTERN = re.compile(r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ARGON2 = re.compile(
    r"\$argon2id\$v=19\$m=[0-9]{1,7},t=[0-9]{1,2},p=[0-9]{1,2}"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"
)
_MASK = re.compile(r"[^\s!,#;]{1,100}")
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


class ValueType(NamedTuple):
    """The type of a value: its parser, and the description of what is allowed."""

    parse: Callable[[str], object]
    allowed: Description
    prose: bool = False
    """Whether it is prose, in which '#' and ';' begin a comment only before a space: it may contain
    '#lobby'.
    """
    lines: bool = False
    """Whether more than one line is allowed, each further one indented."""
    secret: bool = False
    """Whether it is never shown, not even in an error."""


def _yes_or_no(value: str) -> bool:
    if value.lower() not in {"yes", "no"}:
        raise ValueError(value)
    return value.lower() == "yes"


YES_OR_NO = ValueType(_yes_or_no, Description(N_("yes or no")))


def integer(low: int, high: int, note: str = "") -> ValueType:
    """Return the type of an integer in a range; the note, marked by `N_`, is appended to its
    description.
    """
    words = Description(
        N_("a whole number from {low} to {high}{note}"), low=low, high=high, note=Description(note)
    )
    return ValueType(lambda value: _whole(value, low, high), words)


def integer_or_none(low: int, high: int, note: str = "") -> ValueType:
    """Return the type of an integer in a range, or the word `none`; the note as of `integer`."""
    words = Description(
        N_("a whole number from {low} to {high}{note}, or none"),
        low=low,
        high=high,
        note=Description(note),
    )
    return ValueType(
        lambda value: None if value.lower() == NONE else _whole(value, low, high), words
    )


def size(low: int, high: int) -> ValueType:
    """Return the type of a number of bytes in a range; 'k' and 'M' mean 1024 and 1024 * 1024."""
    words = Description(
        N_("a number of bytes from {low} to {high}, where k means 1024 and M 1048576"),
        low=low,
        high=high,
    )
    return ValueType(lambda value: _size(value, low, high), words)


def decimal(low: float, high: float, unit: str) -> ValueType:
    """Return the type of a decimal number in a range; the unit is marked by `N_`."""
    words = Description(
        N_("{unit} from {low:g} to {high:g}, such as 90 or 0.5"),
        unit=Description(unit),
        low=low,
        high=high,
    )
    return ValueType(lambda value: _decimal(value, low, high), words)


def text(longest: int, *, secret: bool = False) -> ValueType:
    """Return the type of one line of text, which may be empty."""
    words = Description(
        N_("one line of at most {longest} bytes in UTF-8, without control characters"),
        longest=longest,
    )
    return ValueType(lambda value: _text(value, longest), words, prose=True, secret=secret)


def nonempty_text(longest: int) -> ValueType:
    """Return the type of one line of text that must not be empty."""
    words = Description(
        N_("one line of 1 to {longest} bytes in UTF-8, without control characters"),
        longest=longest,
    )
    return ValueType(lambda value: _text(value, longest) or _refuse(value), words, prose=True)


def text_lines(most: int, longest: int) -> ValueType:
    """Return the type of several lines of text."""
    words = Description(
        N_(
            "at most {most} lines of at most {longest} bytes each; every line after the first"
            " starts with a space"
        ),
        most=most,
        longest=longest,
    )
    return ValueType(lambda value: _text_lines(value, most, longest), words, prose=True, lines=True)


def choice(*words: str) -> ValueType:
    """Return the type of one word out of a few, in upper or lower case."""
    allowed = Description(N_("one of {words}"), words=", ".join(words))
    return ValueType(lambda value: _choice(value, words), allowed)


def letters_or_none(allowed: str) -> Callable[[str], str]:
    """Return a parser of letters out of a few, each once, or `none` for no letter."""

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
    """Parse a list of addresses and host names, separated by commas or spaces."""
    return tuple(host(part) for part in _parts(value))


def host(value: str) -> str:
    """Parse an IP address or a host name; an IPv6 address may be in brackets."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    try:
        ip_address(bare)
    except ValueError:
        # A name of digits and dots alone is a misspelt address; resolvers read "1.2.3" in strange
        # ways.
        if value != bare or not _HOST_NAME.fullmatch(value) or not value.strip("0123456789."):
            raise
    return bare


def addresses(value: str) -> tuple[tuple[str, int | None], ...]:
    """Parse a list of hosts, each with or without a port: `a.example, [::1]:5001`."""
    return tuple(_address(part) for part in _parts(value))


def _address(value: str) -> tuple[str, int | None]:
    bare, colon, port = value.rpartition(":")
    if not colon or (":" in bare and not bare.endswith("]")):  # an IPv6 address without a port
        return host(value), None
    if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise ValueError(value)
    return host(bare), int(port)


def optional_host(value: str) -> str:
    """Parse an IP address or a host name, or an empty value."""
    return host(value) if value else ""


def optional_email(value: str) -> str:
    """Parse an e-mail address, or an empty value."""
    return email_address(value) if value else ""


def optional_url(value: str) -> str:
    """Parse an HTTP URL, or an empty value."""
    if value and not (len(value) <= LONGEST_URL and _URL.fullmatch(value)):
        raise ValueError(value)
    return value


def optional_contact(value: str) -> str:
    """Parse the URL by which an operator is reached, or an empty value (RFC 8292 §2.1)."""
    scheme, _, rest = value.partition(":")
    if scheme == "mailto":
        return f"mailto:{email_address(rest)}"
    if value and scheme != "https":
        raise ValueError(value)
    return optional_url(value)


def optional_issuer(value: str) -> str:
    """Parse the address of a provider of single sign-on, or an empty value: https, or http on this
    machine.
    """
    if not value:
        return ""
    if not _URL.fullmatch(value) or len(value) > LONGEST_URL or any(x in value for x in "?#@"):
        _refuse(value)
    is_here = re.match(r"http://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)", value)
    return value if value.startswith("https://") or is_here else _refuse(value)


def optional_directory(value: str) -> str:
    """Parse the address of a directory, or an empty value."""
    if not value:
        return ""
    found = re.fullmatch(
        r"ldaps?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?", value
    )
    if not found or int(found[2] or 1) not in range(1, 65536):
        return _refuse(value)
    return value.rstrip("/")


def optional_page_url(value: str) -> str:
    """Parse the URL of a page that links are made from, or an empty value; return it with a `/` at
    its end.
    """
    if value and not (len(value) < LONGEST_URL and _PAGE_URL.fullmatch(value)):
        raise ValueError(value)
    return value if not value or value.endswith("/") else f"{value}/"


def optional_node_address(value: str) -> str:
    """Parse the URL by which a node of a cluster reaches another one, or an empty value; return it
    with a `/` at its end. Files do not cross the Internet without TLS.
    """
    address = optional_page_url(value)
    parts = urlsplit(address)
    if parts.path not in ("", "/"):
        raise ValueError(value)
    literal = parse_address(parts.hostname or "")
    if parts.scheme == "http" and literal is not None and literal.is_global:
        raise ValueError(value)
    return address


def optional_translator(value: str) -> str:
    """Parse the URL of a service that translates, or an empty value; return it with a `/` at its
    end. Messages do not cross the Internet without TLS.
    """
    address = optional_page_url(value)
    parts = urlsplit(address)
    literal = parse_address(parts.hostname or "")
    if parts.scheme == "http" and literal is not None and literal.is_global:
        raise ValueError(value)
    return address


def optional_call_base(value: str) -> str:
    """Parse the URL that rooms for calls are under, or an empty value; return it with its host in
    lower case and a `/` at its end: https, or http on this machine.
    """
    scheme, mark, rest = value.partition("://")
    host, slash, path = rest.partition("/")
    base = f"{scheme.lower()}{mark}{host.lower()}{slash}{path}"
    base = base if not base or base.endswith("/") else f"{base}/"
    return base if not base or is_base(base) else _refuse(value)


def port_or_none(value: str) -> int | None:
    """Parse a port; None for the word `none`."""
    return None if value.lower() == NONE else _whole(value, 0, 65535)


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Parse a list of networks; host bits are ignored: 192.168.1.5/24 is 192.168.1.0/24."""
    if value.lower() == NONE:
        return ()
    return tuple(ip_network(part, strict=False) for part in _parts(value))


def _parts(value: str) -> list[str]:
    parts = value.replace(",", " ").split()
    if not parts:
        raise ValueError(value)
    return parts


def origins(value: str) -> tuple[str, ...]:
    """Parse the allowed origins of web pages: `any`, or `same` and origins, also with `*.`."""
    parts = tuple(part.lower() for part in _parts(value))
    if parts != ("any",) and not all(part == "same" or _ORIGIN.fullmatch(part) for part in parts):
        raise ValueError(value)
    return parts


def host_patterns(value: str) -> tuple[str, ...]:
    """Parse host names of this server: `any`, or names, also with `*.`; empty for `none`."""
    if value.lower() == NONE:
        return ()
    parts = tuple(part.lower().removesuffix(".") for part in _parts(value))
    if not all(_HOST_PATTERN.fullmatch(part) for part in parts):
        raise ValueError(value)
    return parts


def file_mode(value: str) -> int:
    """Parse the permissions of a file, in octal digits."""
    if not _MODE.fullmatch(value):
        raise ValueError(value)
    return int(value, 8)


def secret_text(value: str) -> str:
    """Parse a password that must not be empty."""
    return _text(value, 500) or _refuse(value)


def server_name(value: str) -> str:
    """Parse a server name: a valid source of messages that cannot be mistaken for a user's."""
    if not _SERVER_NAME.fullmatch(value):
        raise ValueError(value)
    return value


def channel(value: str) -> str:
    """Parse a channel name, with or without its '#', which looks like a comment to many people."""
    name = value if value.startswith(CHANTYPES) else CHANTYPES + value
    fold_channel(name, LONGEST_CHANNEL)
    return name


def channel_or_none(value: str) -> str:
    """Parse a channel name; empty for the word `none`."""
    return "" if value.lower() == NONE else channel(value)


def optional_channel(value: str) -> str:
    """Parse a channel name, or an empty value."""
    return channel(value) if value else ""


def channels(value: str) -> tuple[str, ...]:
    """Parse a list of channel names, which may be empty."""
    return tuple(channel(part.strip()) for part in value.split(",") if part.strip())


def encoding(value: str) -> str:
    """Parse the name of a single-byte encoding."""
    try:
        is_of_bytes = len(bytes(range(256)).decode(value, "replace")) == 256
    except (LookupError, UnicodeError, ValueError):
        is_of_bytes = False
    return codecs.lookup(value).name if is_of_bytes else _refuse(value)


def optional_encoding(value: str) -> str:
    """Parse the name of a single-byte encoding, or an empty value."""
    return encoding(value) if value else ""


def words(value: str) -> tuple[str, ...]:
    """Parse a list of words, which may be empty."""
    return tuple(_text(part.strip(), 100) for part in value.split(",") if part.strip())


def optional_nick(value: str) -> str:
    """Parse a nickname that a server could accept, or an empty value."""
    if value:
        fold_nick(value, LONGEST_NICK)
    return value


def optional_language(value: str) -> str:
    """Parse the code of a language with a translation; empty for the language of the system."""
    return _choice(value, LANGUAGES) if value else ""


def optional_secret(value: str) -> str:
    """Parse a secret of at least 16 characters, or an empty value."""
    if value and not (16 <= len(value) <= 200 and value.isprintable() and " " not in value):
        raise ValueError(value)
    return value


def optional_proxy(value: str) -> str:
    """Parse the URL of a proxy; `none` for a direct connection, empty for the general setting."""
    if value.lower() in ("", NONE):
        return value.lower()
    proxies.parse(value)
    return value


def optional_hash(value: str) -> str:
    """Parse an argon2id hash, or an empty value; a plain password is refused."""
    if value and not _ARGON2.fullmatch(value):
        raise ValueError(value)
    return value


def optional_mask(value: str) -> str:
    """Parse an address, a network or a mask, also after `username@`; or an empty value."""
    username, at, host = value.rpartition("@")
    if (network := host_network(host)) is not None and (not at or _MASK.fullmatch(f"{username}@*")):
        return f"{username}{at}{format_network(network)}"
    if value and not _MASK.fullmatch(value):
        raise ValueError(value)
    return value


def block_lists(value: str) -> tuple[BlockListZone, ...]:
    """Parse the zones of block lists, which may have ranges of answers; empty for `none`."""
    if value.lower() == NONE:
        return ()
    parts = [part.strip().lower().partition(":") for part in _parts(value)]
    return tuple(_block_list(name, colon, codes) for name, colon, codes in parts)


def _block_list(name: str, colon: str, codes: str) -> BlockListZone:
    if not _HOST_NAME.fullmatch(name) or "." not in name or (colon and not codes):
        raise ValueError(name)
    ranges = [part.partition("-") for part in codes.split("|") if codes]
    found = tuple((_whole(low, 1, 255), _whole(high or low, 1, 255)) for low, _, high in ranges)
    if any(low > high for low, high in found):
        raise ValueError(codes)
    return BlockListZone(name.removesuffix("."), found)


def exemptions(value: str) -> tuple[str, ...]:
    """Parse what exempts a new account from probation; return it in the order of the table."""
    words = [word.lower() for word in _parts(value)]
    if words == [NONE]:
        return ()
    if not words or not {*EXEMPTIONS} >= set(words):
        raise ValueError(value)
    return tuple(word for word in EXEMPTIONS if word in words)


def rights(value: str) -> tuple[str, ...]:
    """Parse a list of rights, or `all`; return them in the order of the table."""
    words = [word.lower() for word in _parts(value)]
    if words == ["all"]:
        return tuple(RIGHTS)
    if not RIGHTS.keys() >= set(words):
        raise ValueError(value)
    return tuple(right for right in RIGHTS if right in words)


def optional_path(value: str) -> Path | None:
    """Parse a path, in which '~' is the home directory; None for `none` or an empty value."""
    if not value or value.lower() == NONE:
        return None
    # Not Path.expanduser, which raises when there is no home directory.
    return Path(os.path.expanduser(_text(value, 4096)))


def optional_file(value: str) -> Path | None:
    """Parse a path as `optional_path` does, and refuse one that no file can have."""
    path = optional_path(value)
    if path is not None and path.name in ("", ".."):
        raise ValueError(value)
    return path
