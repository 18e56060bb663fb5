"""Time-based one-time passwords (RFC 6238), as all authenticator applications make them: six digits
of HMAC-SHA-1, another code every thirty seconds.
"""

import base64
import hmac
import re
import secrets
import struct
from typing import Final
from urllib.parse import quote

PERIOD: Final = 30
"""Seconds for which a code is shown (RFC 6238 §5.2 recommends them)."""
DIGITS: Final = 6
SECRET_BYTES: Final = 20
"""160 bits, the length of the hash (RFC 4226 §4, R6)."""
WINDOW: Final = 1
"""Time steps by which the clock of the authenticator may be early or late (RFC 6238 §5.2)."""
_FORM: Final = re.compile(r"[0-9]{3} ?[0-9]{3}")


def make_secret() -> bytes:
    """Return a new secret."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of a time step (RFC 4226 §5.3)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0x0F
    number: int = struct.unpack_from(">I", digest, offset)[0] & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def step_at(now: float) -> int:
    """Return the time step of a moment, in seconds of Unix time."""
    return int(now) // PERIOD


def find_step(secret: bytes, code: str, now: float, after: int = 0) -> int | None:
    """Return the time step of a code that is valid now, or None.

    All steps of the window are compared, so that the time it takes says nothing. If two steps have
    the same code, which one in a million pairs has, its use counts for the later one: otherwise it
    would be valid a second time.

    Args:
        secret: of the account.
        code: as it was typed; `has_form` has been asked.
        now: seconds of Unix time.
        after: the last step whose code was used: no code is valid twice (RFC 6238 §5.2), and none
            of an earlier step.
    """
    plain, current = code.replace(" ", "").encode(), step_at(now)
    matching = [
        step
        for step in range(max(0, current - WINDOW), current + WINDOW + 1)
        if hmac.compare_digest(code_at(secret, step).encode(), plain)
    ]
    return max((step for step in matching if step > after), default=None)


def has_form(text: str) -> bool:
    """Return whether a text has the form of a code, also with a space in the middle."""
    return _FORM.fullmatch(text) is not None


def to_base32(secret: bytes) -> str:
    """Return a secret as authenticators take it when it is typed."""
    return base64.b32encode(secret).decode().rstrip("=")


def otpauth_url(secret: bytes, account: str, issuer: str) -> str:
    """Return the address by which authenticators take a secret, in a link or a QR code (Google
    Authenticator, Key URI Format). What is not named in it has its usual value.

    Args:
        secret: of the account.
        account: its name.
        issuer: the name of the server.
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?secret={to_base32(secret)}&issuer={quote(issuer, safe='')}"
