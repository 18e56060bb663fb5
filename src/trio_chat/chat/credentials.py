"""The values of an account besides its name: what proves its owner, and its e-mail address."""

from typing import NamedTuple


class ScramKeys(NamedTuple):
    """The keys that SCRAM stores instead of a password (RFC 5802 §3): a password can be checked by
    them, but not recovered.
    """

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


class Credentials(NamedTuple):
    """What a password is checked against: an argon2id hash, and the keys of SCRAM."""

    password: str
    scram: ScramKeys

    @property
    def key(self) -> bytes:
        """What no other password has in common with this one, not even an equal one."""
        return self.scram.salt


class Email(NamedTuple):
    """The e-mail address of an account, and whether the user has proved to receive mail there."""

    address: str
    is_verified: bool


class Certificate(NamedTuple):
    """A certificate of an account.

    Args:
        fingerprint: SHA-256, in hexadecimal.
        is_proved: whether a session of the account has shown it. One that was added as text takes
            the account's name to log in.
    """

    fingerprint: str
    is_proved: bool
