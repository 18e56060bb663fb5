"""Parameters of a header such as Content-Disposition (RFC 9110 §5.6.6, RFC 8187, RFC 2231).

The parser of the standard library takes a time that grows with the square of the length, and fails
with some combinations of parameters; a stranger writes them.
"""

import re
from urllib.parse import unquote

_PARAMETER = re.compile(
    r";\s*+(?P<name>[^\s;=\"*]++)(?:\*(?P<number>[0-9]{1,3}))?(?P<star>\*?)\s*+=\s*+"
    r"(?P<value>\"(?P<quoted>(?:[^\"\\]|\\.)*+)\"|[^;]*+)",
    re.DOTALL | re.ASCII,
)
_ESCAPED = re.compile(r"\\([\"\\])")


def parameters(header: str) -> dict[str, str]:
    """Return the parameters of a header by their names in small letters; the first of a name.

    One in the extended form (`name*`) takes precedence; that of several parts (`name*0`) is joined.
    """
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    parts: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(header):
        name, quoted = match["name"].lower(), match["quoted"]
        # Only these two: paths of Windows come without any escape.
        value = match["value"].strip() if quoted is None else _ESCAPED.sub(r"\1", quoted)
        is_extended = bool(match["star"])
        if match["number"]:
            parts.setdefault(name, {}).setdefault(int(match["number"]), (value, is_extended))
        elif is_extended:
            extended.setdefault(name, _decoded(value))
        else:
            plain.setdefault(name, value)
    joined = {name: _joined(numbered) for name, numbered in parts.items()}
    return plain | joined | extended


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    """Return the value of a parameter that comes in parts, each of which may be escaped."""
    values = [numbered[number] for number in sorted(numbered)]
    if not values[0][1]:
        return "".join(value for value, _ in values)
    return _decoded(
        "".join(value if escaped else value.replace("%", "%25") for value, escaped in values)
    )


def _decoded(value: str) -> str:
    """Return an extended value, `charset'language'text`.

    RFC 8187 requires UTF-8 alone. Python knows many more, some of them with surprises.
    """
    charset, *rest = value.split("'", 2)
    known = len(rest) == 2 and charset.lower() == "utf-8"
    return unquote(rest[1] if len(rest) == 2 else value, "utf-8" if known else "latin-1")
