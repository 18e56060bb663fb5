"""Syntax of an e-mail address (RFC 5321 §4.1.2, RFC 6531), strict enough to exclude injection.

An address literal such as `ann@[192.0.2.1]` is refused: with it a user could choose the machine
that our mail server connects to.
"""

import re
from functools import cache
from typing import Final

LONGEST: Final = 254
"""Bytes of the longest address that fits into a path (RFC 5321 §4.5.3.1.3)."""
_LONGEST_LOCAL: Final = 64

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
_QUOTED: Final = r'"(?:[!#-\[\]-~]|\\[!-~])+"'
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"


@cache
def _address() -> re.Pattern[str]:
    # Compiled on first use: it takes 4 ms, and most processes never check an address.
    return re.compile(
        rf"(?P<local>{_ATOM}(?:\.{_ATOM})*|{_QUOTED})@(?P<domain>{_LABEL}(?:\.{_LABEL})*)"
    )


def email_address(text: str) -> str:
    """Return an e-mail address with its domain in lower case.

    Raises:
        ValueError: the text is not an e-mail address.
    """
    match = _address().fullmatch(text)
    if (
        not match
        or not text.isprintable()
        or len(text.encode()) > LONGEST
        or len(match["local"].encode()) > _LONGEST_LOCAL
    ):
        raise ValueError("not an e-mail address")
    return f"{match['local']}@{match['domain'].lower()}"
