"""Uploads as the rules see them: the port to their table, permissions, and the tokens by which a
session uploads (IRCv3 `draft/authtoken`).

A token is an opaque string for one request. It names the session that requested it, so it ends with
that session. It is signed instead of stored, because a load balancer may lead the upload to another
server of the cluster than the one that has made the token.
"""

import base64
import hmac
import math
import re
import secrets
import struct
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from trio_chat.chat.users import Session, User

SERVICE: Final = "FILEHOST"
"""The key of the service in TOKEN (IRCv3 `draft/authtoken`)."""
LINK: Final = re.compile(r"/file/([A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])")
"""A link to an upload, with its random name, anywhere in a text."""
TOKEN_LIFETIME: Final = 600.0
"""Seconds for which a token is valid; the specification recommends 10 to 15 minutes."""
_NONCE_BYTES: Final = 16
_KEY_BYTES: Final = 32
_SIGNED: Final = struct.Struct(f"!QQ{_NONCE_BYTES}s")
"""The number of a session, the end of the token, and a random number."""
_MOST_USED = 65_536
"""Used tokens that are remembered; an account may upload far less often."""


class Upload(NamedTuple):
    """An uploaded file.

    Args:
        name: the random name.
        filename: the name that readers see.
        type: its media type.
        size: in bytes.
        account: the number of the uploader's account, or 0 of a guest.
        address: by which a guest is counted, or "" of an account.
        created: seconds of Unix time.
        digest: SHA-256 of its bytes, in hexadecimal; "" if it is not known.
    """

    name: str
    filename: str
    type: str
    size: int
    account: int
    address: str
    created: int
    digest: str = ""


class Usage(NamedTuple):
    """The bytes of uploads, in whole blocks: of one account or address, and of all."""

    own: int
    total: int


class UploadTable(Protocol):
    """The stored uploads. The storage removes one by itself with the last message of its uploader
    that links to it, and with the account of its uploader.

    Every method raises `trio_chat.storage.errors.StorageError` when it cannot be done.
    """

    async def find(self, name: str) -> Upload | None:
        """Return an upload by its random name; None when there is none."""

    async def usage(self, account: int, address: str) -> Usage:
        """Return what an account (or, without one, an address) uses, and all together."""

    async def stored(self) -> tuple[int, int]:
        """Return the number of all uploads, and their bytes."""

    async def add(self, upload: Upload, own: int, total: int, session: int = 0) -> bool:
        """Add an upload if the quotas allow it; return whether they do, and its account exists.

        Args:
            upload: the upload, whose bytes are in their place.
            own: bytes that its account or address may use.
            total: bytes that all may use.
            session: the number of the session that has uploaded it, or 0.
        """

    async def remove(self, name: str) -> bool:
        """Remove an upload; return whether there was one."""

    async def prune(self, before: int) -> int:
        """Remove some uploads that were made before a Unix time; return their number."""

    async def prune_unlinked(self, before: int, used: Collection[str]) -> int:
        """Remove some uploads that were made before a Unix time, and to which no stored message
        links; return their number.

        Args:
            before: seconds of Unix time.
            used: random names of uploads that stay, because something else refers to them.
        """

    async def removed(self) -> list[str]:
        """Return random names of some removed uploads whose bytes are to be deleted."""

    async def forget_removed(self, names: Sequence[str]) -> None:
        """Note that the bytes of removed uploads were deleted."""

    async def names(self) -> set[str]:
        """Return the random names of all uploads."""


class UploadRules(NamedTuple):
    """The users that may upload.

    Args:
        is_enabled: whether the server takes uploads at all.
        users: `all`, `accounts` (users that are logged in), or `operators`.
    """

    is_enabled: bool = False
    users: str = "all"

    def why_not(self, *, is_account: bool, is_operator: bool) -> str:
        """Return why a user may not upload, as a sentence; "" when the user may."""
        if not self.is_enabled:
            return "This server takes no uploads"
        if self.users == "operators" and not is_operator:
            return "Only operators of this server may upload files"
        if self.users == "accounts" and not (is_account or is_operator):
            return "Log in to an account to upload files"
        return ""

    def why_not_user(self, user: User) -> str:
        """Return why a user of the chat may not upload; see `why_not`."""
        return self.why_not(is_account=bool(user.account_id), is_operator=user.operator is not None)


class UploadTokens:
    """The tokens that are valid: signed by a key, so that every server that has the key and knows
    the session can check them.

    In a cluster, each server knows only which tokens were used there.

    Args:
        elapsed: returns seconds that never go back.
        key: of the signatures; None for one of this object.
    """

    def __init__(self, elapsed: Callable[[], float], key: bytes | None = None) -> None:
        self._elapsed = elapsed
        self._key = key or secrets.token_bytes(_KEY_BYTES)
        # Tokens that were used here, and their ends, in the order of their use.
        self._used: OrderedDict[bytes, float] = OrderedDict()

    def generate(self, session: Session) -> str:
        """Return a new token of a session."""
        end = math.ceil(self._elapsed() + TOKEN_LIFETIME)
        signed = _SIGNED.pack(session.id, end, secrets.token_bytes(_NONCE_BYTES))
        token = base64.urlsafe_b64encode(signed + self._signature(signed, session))
        return token.decode().rstrip("=")

    def use(self, token: str, sessions: Mapping[int, Session]) -> Session | None:
        """Return the session of a token, and make the token invalid; None for a token that is not
        valid.

        Args:
            token: as the client has sent it.
            sessions: those that exist, by number.
        """
        try:
            raw = base64.urlsafe_b64decode(f"{token}==")
            signed, signature = raw[: _SIGNED.size], raw[_SIGNED.size :]
            number, end, _nonce = _SIGNED.unpack(signed)
        except (ValueError, struct.error):
            return None
        session = sessions.get(number)
        if session is None or not hmac.compare_digest(signature, self._signature(signed, session)):
            return None
        now = self._elapsed()
        while self._used and (
            len(self._used) >= _MOST_USED or next(iter(self._used.values())) <= now
        ):
            self._used.popitem(last=False)
        if end <= now or signed in self._used:
            return None
        self._used[signed] = end
        return session

    def _signature(self, signed: bytes, session: Session) -> bytes:
        # After a restart another session may have the number, but not since the same moment.
        return hmac.digest(self._key, signed + repr(session.connected).encode(), "sha256")
