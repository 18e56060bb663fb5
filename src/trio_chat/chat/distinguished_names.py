"""Distinguished names of a directory (RFC 4514), compared as the directory compares them: it may
write `cn=Chat\\2C users` where config.ini has `CN=Chat\\, users`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

_SEPARATORS: Final = ",;+"
"""RFC 2253 §4 has the semicolon for a comma."""
_HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


class _Part(NamedTuple):
    """One attribute with its value.

    Args:
        attribute: its type, in small letters.
        value: without escapes, case-folded; of a value in hexadecimal digits these.
        end: what stands behind it: a separator, or "" at the end.
    """

    attribute: str
    value: str
    end: str


def normal_form(name: str) -> str:
    """Return what all ways to write a distinguished name have in common. A text that is none, such
    as the name of a group alone, is case-folded.
    """
    try:
        parts = [*_parts(name)]
    except ValueError:
        return name.casefold()
    levels: list[list[str]] = [[]]
    for part in parts:
        levels[-1].append(f"{part.attribute}={part.value}")
        if part.end in (",", ";"):
            levels.append([])
    return ",".join("+".join(sorted(level)) for level in levels)


def check(name: str) -> None:
    """Check that a text is a distinguished name, or one of Active Directory by a number.

    Raises:
        ValueError: it is none.
    """
    if not (name.startswith("<") and name.endswith(">")):  # such as <GUID=…>
        for _part in _parts(name):
            pass


def _parts(name: str) -> Iterator[_Part]:
    """Yield the attributes of a name in their order.

    Raises:
        ValueError: it is no distinguished name.
    """
    place, end = 0, ","
    while end:
        equals = name.find("=", place)
        kind = name[place : max(equals, place)].strip().lower()
        if not kind.isascii() or not kind.replace("-", "").replace(".", "").isalnum():
            raise ValueError("an attribute has no name, or no value")
        value, place = _value(name, equals + 1)
        end = name[place : place + 1]
        place += 1
        yield _Part(kind, value, end)


def _value(name: str, place: int) -> tuple[str, int]:
    """Read a value; return it and where it ends."""
    while name[place : place + 1] == " ":
        place += 1
    if name[place : place + 1] == "#":
        return _hexadecimal(name, place)
    quoted, found = name[place : place + 1] == '"', bytearray()
    place += quoted
    while place < len(name) and (quoted or name[place] not in _SEPARATORS):
        sign = name[place]
        place += 1
        if sign == "\\":
            octets, place = _escaped(name, place)
            found += octets
            continue
        if sign == '"':
            if not quoted:
                raise ValueError("a quotation mark is not escaped")
            quoted = False
            while name[place : place + 1] == " ":
                place += 1
            if place < len(name) and name[place] not in _SEPARATORS:
                raise ValueError("a value goes on behind its quotation marks")
            break
        found += sign.encode("utf-8", "surrogatepass")
    if quoted:
        raise ValueError("a quotation mark has no other one")
    # A directory compares texts without regard to case and to further spaces (RFC 4518).
    text = " ".join(found.decode("utf-8", "surrogateescape").split()).casefold()
    return _written(text), place


def _escaped(name: str, place: int) -> tuple[bytes, int]:
    """Return what a backslash before a place stands for, and where it ends."""
    pair = name[place : place + 2]
    if len(pair) == 2 and _HEX_DIGITS.issuperset(pair):
        return bytes.fromhex(pair), place + 2
    if not pair:
        raise ValueError("nothing is behind a backslash")
    return pair[0].encode("utf-8", "surrogatepass"), place + 1


def _hexadecimal(name: str, place: int) -> tuple[str, int]:
    """Read a value in hexadecimal digits (RFC 4514 §2.4)."""
    start = place
    place += 1
    while name[place : place + 1] in _HEX_DIGITS:
        place += 1
    value = name[start:place].lower()
    while name[place : place + 1] == " ":
        place += 1
    goes_on = place < len(name) and name[place] not in _SEPARATORS
    if len(value) < 3 or not len(value) % 2 or goes_on:
        raise ValueError("behind # at the beginning of a value are hexadecimal digits; write \\#")
    return value, place


def _written(text: str) -> str:
    """Return a value with escapes by which no two values look alike."""
    text = text.replace("\\", "\\\\")
    for sign in _SEPARATORS:
        text = text.replace(sign, f"\\{sign}")
    return f"\\{text}" if text.startswith("#") else text
