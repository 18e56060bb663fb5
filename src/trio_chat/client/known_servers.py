"""Which servers are known by which certificate, as ssh remembers hosts: a line each, in a file of
the user's own.

    chat.example.org:5000 ca
    192.0.2.7:5000 d7be2efc4ca9…

`ca` means that an authority of the system has vouched for it; everything else is the SHA-256
fingerprint it showed first.
"""

import os
import sys
import tempfile
from pathlib import Path

import trio

from trio_chat.private import make_directory

BY_AUTHORITY = "ca"


def default_path() -> Path:
    """Return where this platform keeps such files."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return base / "trio-chat" / "known_servers"


class KnownServers:
    """The file, read and written in threads.

    Args:
        path: where it is; None means the platform's place.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path or default_path()

    async def get(self, address: str) -> str:
        """Return by what a server is known, "" when it is not.

        Raises:
            OSError: the file is there and cannot be read: then nobody can say whether something has
                changed.
        """
        return (await trio.to_thread.run_sync(self._read)).get(address, "")

    async def remember(self, address: str, mark: str) -> None:
        """Remember by what a server is known.

        Raises:
            OSError: that is impossible.
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
        handle, part = tempfile.mkstemp(
            prefix=".known_servers.", dir=self.path.parent
        )  # for the owner only
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.writelines(f"{name} {value}\n" for name, value in servers.items())
            os.replace(part, self.path)
        except BaseException:
            os.unlink(part)
            raise
