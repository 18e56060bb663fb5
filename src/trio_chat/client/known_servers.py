"""Known servers and their certificates, kept as ssh keeps host keys: a file of lines.

    chat.example.org:5000 ca
    192.0.2.7:5000 d7be2efc4ca9…

`ca` means that a certificate authority of the system has signed the certificate. Anything else is
the SHA-256 fingerprint of the certificate that the server presented first.
"""

import os
import tempfile
from pathlib import Path

import trio

from trio_chat.client.paths import known_servers_file
from trio_chat.private import make_directory

BY_AUTHORITY = "ca"


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

    async def remember(self, address: str, mark: str) -> None:
        """Remember the mark of a server.

        Raises:
            OSError: the file cannot be written.
        """
        await trio.to_thread.run_sync(self._write, address, mark)

    def _read(self) -> dict[str, str]:
        try:
            text = self.path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return {}
        except RuntimeError as error:  # the user has no home
            raise OSError(str(error)) from error
        return {words[0]: words[1] for line in text.splitlines() if len(words := line.split()) == 2}

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
