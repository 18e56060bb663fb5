"""Accounts of Ergo, from its database `ircd.db` (buntdb).

The file is a log of commands in the form of Redis (RESP): `set key value`, `del key`. Passwords
come over by their SCRAM-SHA-256 keys (RFC 5802), which Ergo stores since 2.8 with its own hash
(bcrypt of SHA3-512). An account without them has no password that could be checked here.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from trio_chat.i18n import N_, _
from trio_chat.imports.fields import object_of
from trio_chat.imports.messages import ImportFileError

MAGIC = b"*"
"""The first byte of a file of buntdb."""
_LONGEST_PART = 16 << 20
_MOST_PARTS = 8
_MOST_KEYS = 5_000_000
_PREFIX = "account."
_FIELDS = frozenset(
    ("exists", "verified", "name", "registered.time", "credentials", "suspended", "unregistered")
)
_DIGEST_BYTES = 32

UNVERIFIED = N_("accounts that were not verified")
SUSPENDED = N_("accounts that are suspended")
WITHOUT_PASSWORD = N_("accounts whose password cannot be checked here; add them by hand")


class ErgoAccount(NamedTuple):
    """An account.

    Args:
        name: as registered.
        created: seconds of Unix time.
        salt: of the SCRAM keys.
        iterations: of them.
        stored_key: of them.
        server_key: of them.
        certificates: SHA-256 fingerprints in hexadecimal.
    """

    name: str
    created: int
    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes
    certificates: tuple[str, ...]


class NotImported(NamedTuple):
    """An account that is not imported, and the reason."""

    name: str
    reason: str


def read_accounts(stream: BinaryIO) -> Iterator[ErgoAccount | NotImported]:
    """Yield the accounts of a database.

    Raises:
        ImportFileError: the file is no such database.
    """
    accounts: dict[str, dict[str, str]] = {}
    for key, value in _entries(stream):
        field, _separator, name = key.removeprefix(_PREFIX).partition(" ")
        if not key.startswith(_PREFIX) or field not in _FIELDS or not name:
            continue
        if value is None:
            accounts.get(name, {}).pop(field, None)
        else:
            accounts.setdefault(name, {})[field] = value
        if len(accounts) > _MOST_KEYS:
            raise ImportFileError(_("the file has too many accounts"))
    for name in sorted(accounts):
        if "exists" in accounts[name] and "unregistered" not in accounts[name]:
            yield _account(name, accounts[name])


def _entries(stream: BinaryIO) -> Iterator[tuple[str, str | None]]:
    """Yield the commands: a key, and its new value or None."""
    while head := stream.readline(32):
        if not head.strip(b"\0"):
            continue
        count = _number(head.lstrip(b"\0"), b"*")
        if not 0 < count <= _MOST_PARTS:
            raise ImportFileError(_("the file is not a database of Ergo"))
        parts = [_part(stream) for _each in range(count)]
        if None in parts:  # the last command was not written to its end
            return
        command, *rest = [part or b"" for part in parts]
        if command == b"set" and len(rest) >= 2:
            yield rest[0].decode("utf-8", "replace"), rest[1].decode("utf-8", "replace")
        elif command == b"del" and rest:
            yield rest[0].decode("utf-8", "replace"), None


def _part(stream: BinaryIO) -> bytes | None:
    """Return one part of a command; None at the end of the file."""
    size = _number(stream.readline(32) or b"$0\r\n", b"$")
    if size > _LONGEST_PART:
        raise ImportFileError(_("an entry of the file is too large"))
    data = stream.read(size + 2)
    return data[:-2] if len(data) == size + 2 else None


def _number(line: bytes, sign: bytes) -> int:
    digits = line.rstrip(b"\r\n").removeprefix(sign)
    if not line.startswith(sign) or not digits.isdigit() or len(digits) > 12:
        raise ImportFileError(_("the file is not a database of Ergo"))
    return int(digits)


def _account(folded: str, fields: Mapping[str, str]) -> ErgoAccount | NotImported:
    name = fields.get("name") or folded
    if "verified" not in fields:
        return NotImported(name, UNVERIFIED)
    if "suspended" in fields:
        return NotImported(name, SUSPENDED)
    credentials = _object(fields.get("credentials", ""))
    scram = object_of(credentials, "SCRAMCreds") or credentials
    salt, stored, server = (_bytes(scram.get(key)) for key in ("Salt", "StoredKey", "ServerKey"))
    iterations = scram.get("Iters")
    is_complete = salt and len(stored) == len(server) == _DIGEST_BYTES
    if not is_complete or type(iterations) is not int or not 4096 <= iterations <= 1_000_000:
        return NotImported(name, WITHOUT_PASSWORD)
    certificates = credentials.get("Certfps")
    return ErgoAccount(
        name,
        _seconds(fields.get("registered.time", "")),
        salt,
        iterations,
        stored,
        server,
        tuple(each for each in certificates[:20] if _is_fingerprint(each))
        if isinstance(certificates, list)
        else (),
    )


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _bytes(value: object) -> bytes:
    """Return bytes as Go writes them into JSON: in base64."""
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _seconds(text: str) -> int:
    """Return the seconds of a time in nanoseconds; 0 when it is none."""
    return int(text) // 1_000_000_000 if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _is_fingerprint(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
