"""Syntax of an e-mail address (RFC 5321 §4.1.2, RFC 6531): strict enough that nothing else can hide
in one.

An address literal, `ann@[192.0.2.1]`, is none here: who gives one would choose which machine our
mail server speaks to.
"""

import re
from functools import cache

LONGEST = 254
"""Bytes: the longest that can be written in a path (RFC 5321 §4.5.3.1.3)."""
_LONGEST_LOCAL = 64

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
_QUOTED = r'"(?:[!#-\[\]-~]|\\[!-~])+"'
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"


@cache
def _address() -> re.Pattern[str]:
    # Made when it is needed: 4 ms that every start of the client would pay, and few have an address
    # to look at.
    return re.compile(
        rf"(?P<local>{_ATOM}(?:\.{_ATOM})*|{_QUOTED})@(?P<domain>{_LABEL}(?:\.{_LABEL})*)"
    )


def email_address(text: str) -> str:
    """Return an e-mail address, its domain in small letters.

    Raises:
        ValueError: it is none.
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
