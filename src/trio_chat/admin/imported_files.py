"""Attached files of an import, which become uploads.

The random name of an upload is made of a secret of the database and of the key at the source: it is
the same whenever the import is repeated, and nobody can guess it.
"""

import base64
import hmac
import os
import shutil
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from trio_chat.chat.uploads import Upload
from trio_chat.i18n import _
from trio_chat.imports import messages
from trio_chat.imports.conversion import FileToStore
from trio_chat.imports.messages import Skipped, SourceFile
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.atomic_file import FileError
from trio_chat.private import make_directory
from trio_chat.server.uploads import content_types, filenames
from trio_chat.server.uploads.directory import RANDOM_BYTES, PartialUpload, UploadDirectory
from trio_chat.server.uploads.media.plan import DamagedMedia
from trio_chat.storage import accounts, uploads

if TYPE_CHECKING:
    import apsw

    from trio_chat.config.settings import UploadSettings

_AT_ONCE = 1 << 20


class ImportedFiles:
    """The files of one import.

    Args:
        connection: the database.
        database: its file.
        settings: the [uploads] section.
        url: the address of the page with a `/` at its end, for links; "" if it is not known.
        secret: of which random names are made; b"" for that of the database.
    """

    def __init__(
        self,
        connection: "apsw.Connection",
        database: Path,
        settings: "UploadSettings",
        url: str,
        secret: bytes = b"",
    ) -> None:
        self._connection = connection
        self._directory = UploadDirectory(uploads.directory_of(database))
        self._settings = settings
        self._url = url
        self._secret = secret
        self.root: Path | None = None
        """The directory in which files may be; others are left out."""
        self.stored = 0
        self.failed: Counter[str] = Counter()
        """How many were not stored, by reason."""

    def link(self, file: SourceFile) -> tuple[str, FileToStore | None] | Skipped:
        """Return the text for a file, and the file if it is to be stored; see `FileLink`."""
        if file.path is None:
            return file.url or f"[{file.name}]", None
        if not self._settings.enabled:
            return Skipped(messages.NO_UPLOADS)
        if not self._url:
            return Skipped(messages.NO_ADDRESS)
        path = self._inside(file.path)
        if path is None:
            return Skipped(messages.NO_FILE)
        if path.stat().st_size > self._settings.max_size:
            return Skipped(messages.FILE_TOO_LARGE)
        name = self._name(file.key)
        filename = filenames.safe_name(file.name)
        return f"{self._url}file/{name}/{quote(filename)}", FileToStore(name, filename, path)

    def _inside(self, path: Path) -> Path | None:
        """Return the path of a file within the directory of the export, or None."""
        try:
            resolved = path.resolve(strict=True)
            is_file = resolved.is_file() and resolved.stat().st_size > 0
        except (OSError, ValueError, RuntimeError):  # a NUL, a loop of links
            return None
        is_inside = self.root is not None and resolved.is_relative_to(self.root)
        return resolved if is_file and is_inside else None

    def _name(self, key: str) -> str:
        self._secret = self._secret or accounts.secret(self._connection, "imported files")
        digest = hmac.digest(self._secret, key.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(digest[:RANDOM_BYTES]).decode().rstrip("=")

    def store(self, file: FileToStore, account: int = 0, *, is_new: bool = True) -> None:
        """Store a file as an upload of an account, or of a guest, unless it is one already.

        A file that is damaged, or for which there is no room, is counted in `failed`; its link
        leads nowhere. For want of room it becomes an upload without bytes, which the next import
        stores; what was deleted here does not come again.

        Args:
            file: the file.
            account: the number of the account, or 0.
            is_new: whether its message was not there before.

        Raises:
            FileError: the directory of uploads cannot be written.
        """
        known = uploads.find(self._connection, file.name)
        if known is None and not is_new:
            return
        if known is not None and (self._directory.path / file.name).exists():
            return
        if not self._has_room(file.path):
            self._postpone(file, account, messages.NO_SPACE)
            return
        partial = PartialUpload(self._directory, file.name)
        try:
            make_directory(self._directory.path)
            partial.remove_leftover()
            partial.open()
            with closing(file.path.open("rb")) as source:
                while data := source.read(_AT_ONCE):
                    partial.write(data)
            inspected = partial.finish()
            plain = filenames.safe_name(
                file.filename,
                content_types.extension_for(inspected.type, filenames.extension_of(file.filename)),
            )
            upload = Upload(
                file.name, plain, inspected.type, inspected.size, account, "", int(time.time())
            )
            total = self._settings.total_quota
            put = uploads.add if known is None else uploads.complete
            if not put(self._connection, upload, total, total):
                partial.discard()
                self._postpone(file, account, messages.NO_ROOM)
                return
            self.stored += 1
        except DamagedMedia:
            partial.discard()
            self.failed[messages.DAMAGED_FILE] += 1
        except OSError as error:
            partial.discard()
            raise FileError(
                _("{file}: cannot be stored: {reason}").format(
                    file=escape_controls(str(file.path)), reason=error.strerror
                )
            ) from error

    def _postpone(self, file: FileToStore, account: int, reason: str) -> None:
        self.failed[reason] += 1
        now = int(time.time())
        empty = Upload(file.name, file.filename, content_types.OCTETS, 0, account, "", now)
        uploads.insert(self._connection, empty)

    def _has_room(self, path: Path) -> bool:
        free = shutil.disk_usage(self._directory.path.parent).free
        return free - os.path.getsize(path) >= self._settings.reserve
