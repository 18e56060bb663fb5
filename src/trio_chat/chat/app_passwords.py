"""App passwords: random passwords of an account, one for each program that cannot log in otherwise.

An app password logs in like the password of the account, but does not change how one logs in: for
that, the password of the account is needed. Only its hash is stored; as it is random, a fast hash
is enough.
"""

import hashlib
import re
import secrets
from typing import NamedTuple

MOST = 30
"""App passwords of an account."""
MAX_NAME = 40
USE_INTERVAL = 3600
"""Seconds after which another use is noted, so that not every login writes to the storage."""
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""Letters and digits that are not mistaken for each other: five bits for each."""
_GROUPS, _GROUP = 5, 5
_FORM = re.compile(rf"[{_ALPHABET}]{{{_GROUP}}}(?:-[{_ALPHABET}]{{{_GROUP}}}){{{_GROUPS - 1}}}")
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]+")


class AppPassword(NamedTuple):
    """An app password.

    Args:
        name: as the user calls the program or the device.
        digest: the hash of the password, in hexadecimal.
        created: seconds of Unix time.
        used: when a login with it was noted last; 0 for never.
    """

    name: str
    digest: str
    created: int
    used: int = 0


def make_password() -> str:
    """Return a new app password, of 125 random bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def has_form(password: str) -> bool:
    """Return whether a password may be an app password."""
    return _FORM.fullmatch(password) is not None


def digest_of(password: str) -> str:
    """Return the hash of an app password."""
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()


def is_name(name: str) -> bool:
    """Return whether an app password can have this name: one word, of bounded length."""
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None
