"""Known servers and their keys, kept as ssh keeps host keys: a file of lines.

    chat.example.org:5000 ca
    192.0.2.7:5000 key d7be2efc4ca9…
    192.0.2.8:5000 8f00b204e980…

`ca` means that a certificate authority of the system has signed the certificate. `key` comes before
the SHA-256 fingerprint of the public key that the server presented first: a renewed certificate
changes nothing. A fingerprint alone is that of the certificate, which earlier versions wrote; it
becomes that of the key when the server presents the certificate again.
"""

import os
import tempfile
from pathlib import Path

import trio

from trio_chat.client.paths import known_servers_file
from trio_chat.client.session.connecting import CannotConnectError
from trio_chat.i18n import _
from trio_chat.private import make_directory

BY_AUTHORITY = "ca"
_KEY = "key"


def key_mark(fingerprint: str) -> str:
    """Return the mark of a server that is known by the fingerprint of its key."""
    return f"{_KEY} {fingerprint}"


class KnownServers:
    """The file, read and written in threads.

    Args:
        path: the file; None means the platform's place.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The file."""
        return self._path or known_servers_file()

    async def get(self, address: str) -> str:
        """Return the mark of a server, "" for a server that is not known.

        Raises:
            OSError: the file exists and cannot be read, so a changed certificate would go
                unnoticed.
        """
        return (await trio.to_thread.run_sync(self._read)).get(address, "")

    async def require(self, address: str) -> str:
        """Return the same for a connection, which must not be made without an answer.

        Raises:
            CannotConnectError: the message says why, in the user's language.
        """
        try:
            return await self.get(address)
        except OSError as error:
            text = _(
                "{path} cannot be read: {reason}. Without it nobody can say whether this is still"
                " the same server."
            )
            raise CannotConnectError(
                text.format(path=error.filename or "known_servers", reason=error.strerror or error)
            ) from error

    async def remember(self, address: str, mark: str) -> None:
        """Remember the mark of a server.

        Raises:
            OSError: the file cannot be written.
        """
        await trio.to_thread.run_sync(self._write, address, mark)

    def newest(self, most: int) -> list[tuple[str, int]]:
        """Return the hosts and ports of the servers that were added last, the newest first; none
        when the file cannot be read. Blocks.

        Args:
            most: how many.
        """
        try:
            addresses = list(self._read())
        except OSError:
            return []
        places = []
        for address in reversed(addresses):
            host, colon, port = address.rpartition(":")
            if colon and port.isdecimal() and len(port) <= 5:
                places.append((host.removeprefix("[").removesuffix("]"), int(port)))
        return places[:most]

    def _read(self) -> dict[str, str]:
        try:
            text = self.path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return {}
        except RuntimeError as error:  # the user has no home
            raise OSError(str(error)) from error
        marks: dict[str, str] = {}
        for words in map(str.split, text.splitlines()):
            if len(words) == 2 or (len(words) == 3 and words[1] == _KEY):
                marks[words[0]] = " ".join(words[1:])
        return marks

    def _write(self, address: str, mark: str) -> None:
        servers = self._read() | {address: mark}
        make_directory(self.path.parent)
        # For the owner only.
        handle, part = tempfile.mkstemp(prefix=".known_servers.", dir=self.path.parent)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.writelines(f"{name} {value}\n" for name, value in servers.items())
            os.replace(part, self.path)
        except BaseException:
            os.unlink(part)
            raise
