"""Uploads as the rules see them: the port to their table, permissions, and the tokens by which a
session uploads (IRCv3 `draft/authtoken`).

A token is an opaque random string for one request. It names the session that requested it, so it
ends with that session. The table has only digests of tokens: a look-up by digest takes the same
time whatever a token is compared with.
"""

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from trio_chat.chat.users import Session, User

SERVICE = "FILEHOST"
"""The key of the service in TOKEN (IRCv3 `draft/authtoken`)."""
LINK = re.compile(r"/file/([A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])")
"""A link to an upload, with its random name, anywhere in a text."""
TOKEN_LIFETIME = 600.0
"""Seconds for which a token is valid; the specification recommends 10 to 15 minutes."""
_MOST_OF_SESSION = 16
_MOST_TOKENS = 65_536


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
    """

    name: str
    filename: str
    type: str
    size: int
    account: int
    address: str
    created: int


class Usage(NamedTuple):
    """The bytes of uploads, in whole blocks: of one account or address, and of all."""

    own: int
    total: int


class UploadTable(Protocol):
    """The stored uploads. The storage removes one by itself with the last message of its uploader
    that links to it, and with the account of its uploader.

    Every method raises `trio_chat.storage.database.StorageError` when it cannot be done.
    """

    async def find(self, name: str) -> Upload | None:
        """Return an upload by its random name; None when there is none."""

    async def usage(self, account: int, address: str) -> Usage:
        """Return what an account (or, without one, an address) uses, and all together."""

    async def stored(self) -> tuple[int, int]:
        """Return the number of all uploads, and their bytes."""

    async def add(self, upload: Upload, own: int, total: int) -> bool:
        """Add an upload if the quotas allow it; return whether they do, and its account exists.

        Args:
            upload: the upload, whose bytes are in their place.
            own: bytes that its account or address may use.
            total: bytes that all may use.
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


class _Token(NamedTuple):
    session: int
    expires: float


class UploadTokens:
    """The tokens that are valid.

    Args:
        elapsed: returns seconds that never go back.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        # By digest, in the order of their ends.
        self._tokens: OrderedDict[bytes, _Token] = OrderedDict()
        self._counts: dict[int, int] = {}

    def generate(self, session: Session) -> str:
        """Return a new token of a session; "" if it has too many that are valid."""
        self._expire()
        if self._counts.get(session.id, 0) >= _MOST_OF_SESSION:
            return ""
        while len(self._tokens) >= _MOST_TOKENS:
            self._drop(next(iter(self._tokens)))
        token = secrets.token_urlsafe(32)
        self._tokens[_digest(token)] = _Token(session.id, self._elapsed() + TOKEN_LIFETIME)
        self._counts[session.id] = self._counts.get(session.id, 0) + 1
        return token

    def use(self, token: str) -> int:
        """Return the number of the session that a token names, and make the token invalid; 0 for a
        token that is not valid.
        """
        self._expire()
        digest = _digest(token)
        return self._drop(digest) if digest in self._tokens else 0

    def _expire(self) -> None:
        now = self._elapsed()
        while self._tokens:
            digest, oldest = next(iter(self._tokens.items()))
            if oldest.expires > now:
                return
            self._drop(digest)

    def _drop(self, digest: bytes) -> int:
        session = self._tokens.pop(digest).session
        self._counts[session] -= 1
        if not self._counts[session]:
            del self._counts[session]
        return session


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
