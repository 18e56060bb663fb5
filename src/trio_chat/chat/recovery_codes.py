"""Recovery codes: random codes of an account, each of which stands once for the code of an
authenticator that is lost. Only their hashes are kept; as they are random, a fast hash is enough.
"""

import hashlib
import re
import secrets
from typing import Final

from trio_chat.irc.app_passwords import ALPHABET

CODES: Final = 10
GROUPS, GROUP = 4, 4
"""Groups of a code, and characters of a group: 80 bits."""
_FORM: Final = re.compile(rf"[{ALPHABET}]{{{GROUP}}}(?:-?[{ALPHABET}]{{{GROUP}}}){{{GROUPS - 1}}}")


def make_codes() -> list[str]:
    """Return new codes."""
    return [_make_code() for _ in range(CODES)]


def _make_code() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


def has_form(text: str) -> bool:
    """Return whether a text has the form of a code, in whatever case, and without its hyphens."""
    return text.isascii() and _FORM.fullmatch(text.lower()) is not None


def digest_of(code: str) -> str:
    """Return the hash of a code, however it was typed."""
    letters = code.lower().replace("-", "")
    groups = (letters[start : start + GROUP] for start in range(0, len(letters), GROUP))
    return hashlib.sha256("-".join(groups).encode("utf-8", "surrogatepass")).hexdigest()
