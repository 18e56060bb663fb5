"""Passwords of imported accounts, which are checked by their SCRAM-SHA-256 keys (RFC 5802 §3).

The keys stand where an argon2id hash is otherwise: `$scram-sha-256$<iterations>$<salt>$<key>`. The
first login with the password replaces them.
"""

import base64
import binascii
import hashlib
import hmac

from trio_chat.chat.credentials import ScramKeys

_PREFIX = "$scram-sha-256$"


def scram_hash(keys: ScramKeys) -> str:
    """Return the keys as a text that `verify` takes."""
    salt, stored = (base64.b64encode(part).decode() for part in (keys.salt, keys.stored_key))
    return f"{_PREFIX}{keys.iterations}${salt}${stored}"


def is_scram_hash(hashed: str) -> bool:
    """Return whether a text is of this kind."""
    return hashed.startswith(_PREFIX)


def verify(hashed: str, password: str) -> bool:
    """Return whether a password has these keys. Blocks for some milliseconds."""
    try:
        iterations, salt, stored = hashed.removeprefix(_PREFIX).split("$")
        expected = base64.b64decode(stored, validate=True)
        salted = hashlib.pbkdf2_hmac(
            "sha256", password.encode(), base64.b64decode(salt, validate=True), int(iterations)
        )
    except (ValueError, OverflowError, binascii.Error):
        return False
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), expected)
