"""App passwords: random passwords of an account, one for each program that cannot log in otherwise.

An app password logs in like the password of the account, but does not change how one logs in: for
that, the password of the account is needed. Only its hash is stored; as it is random, a fast hash
is enough.
"""

import hashlib
import re
import secrets
from typing import Final, NamedTuple

from trio_chat.chat.api_tokens import NOT_IN_PATHS
from trio_chat.irc.app_passwords import ALPHABET, GROUP, GROUPS

MOST: Final = 30
"""App passwords of an account."""
MAX_NAME: Final = 40
USE_INTERVAL: Final = 3600
"""Seconds after which another use is noted, so that not every login writes to the storage."""
_NAME: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]+")


class AppPassword(NamedTuple):
    """An app password.

    Args:
        name: as the user calls the program or the device.
        digest: the hash of the password, in hexadecimal.
        created: seconds of Unix time.
        used: when a login with it was noted last; 0 for never.
        expires: when it is valid no longer; 0 for never.
    """

    name: str
    digest: str
    created: int
    used: int = 0
    expires: int = 0

    def has_expired(self, now: float) -> bool:
        """Return whether it is valid no longer."""
        return 0 < self.expires <= now


def make_password() -> str:
    """Return a new app password, of 125 random bits."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


def digest_of(password: str) -> str:
    """Return the hash of an app password, in whatever case it was typed."""
    return hashlib.sha256(password.lower().encode("utf-8", "surrogatepass")).hexdigest()


def is_name(name: str) -> bool:
    """Return whether an app password can have this name: one word, of bounded length, that an
    address of the API can have.
    """
    is_word = len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None
    return is_word and name not in NOT_IN_PATHS
