"""The file of the refresh tokens, one for each server, which only the user can read."""

import json
from pathlib import Path
from typing import Any

from trio_chat import private
from trio_chat.client.sign_on.offer import Offer, SignOnError, check_url

_MOST = 100
"""Servers in the file."""
_LARGEST = 1_000_000


class TokensFile:
    """The refresh tokens of a user. Its methods block.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, server: str) -> tuple[Offer, str] | None:
        """Return what is kept for a server: where tokens come from, and the refresh token."""
        entry = self._read().get(server)
        if not isinstance(entry, dict):
            return None
        fields = [entry.get(name) for name in (*Offer._fields, "refresh")]
        if not all(isinstance(field, str) for field in fields):
            return None
        *offered, refresh = map(str, fields)
        offer = Offer(*offered)
        try:
            check_url(offer.configuration)
        except SignOnError:
            return None
        return offer, refresh

    def save(self, server: str, offer: Offer, refresh: str) -> None:
        """Keep a refresh token for a server, or with "" none.

        Raises:
            OSError: the file cannot be written.
        """
        kept = self._read()
        kept.pop(server, None)
        if refresh:
            kept[server] = {**offer._asdict(), "refresh": refresh}
        newest = dict(list(kept.items())[-_MOST:])
        private.write_text(self._path, json.dumps(newest))

    def _read(self) -> dict[str, Any]:
        try:
            with self._path.open(encoding="utf-8") as stream:
                document = json.loads(stream.read(_LARGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}
