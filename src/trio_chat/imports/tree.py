"""Files of an export, which is a ZIP archive or a directory, read by name without being unpacked.

A ZIP archive from a stranger can name files outside its directory, or unpack to any size. Names are
only compared here, and every file is read up to a limit. They are compared in the composed form
(NFC): macOS decomposes the names of files.
"""

import os
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from trio_chat.i18n import _
from trio_chat.imports.messages import ImportFileError

MOST_FILES = 500_000
MOST_OF_FILE = 64 << 20
"""Bytes of one file."""
_IS_UTF8 = 1 << 11
"""The flag of a name in UTF-8 (APPNOTE.TXT, 4.4.4)."""


class TooLarge(Exception):
    """A file is larger than `MOST_OF_FILE`."""


class Tree:
    """The files of an export.

    Args:
        path: the archive or the directory.

    Raises:
        ImportFileError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._root = ""
        self._written: dict[str, str] = {}  # whole names, as they are written there
        self.sizes: dict[str, int] = {}
        """By name, the bytes that a file takes in the export."""
        if os.path.isdir(path):
            with _explained():
                os.listdir(path)  # a pattern finds nothing in a directory that cannot be read
            for each in list(path.glob("**/*"))[:MOST_FILES]:
                if each.is_file() and not each.is_symlink():
                    self._add(each.relative_to(path).as_posix(), each.stat().st_size)
            return
        with _explained():
            self._zip = zipfile.ZipFile(path)
            infos = self._zip.infolist()
        if len(infos) > MOST_FILES:
            raise ImportFileError(_("the archive has too many files"))
        for info in infos:
            name = _name_of(info)
            if not name.endswith("/"):
                self._add(info.filename, info.compress_size, name)

    def _add(self, written: str, size: int, name: str = "") -> None:
        name = unicodedata.normalize("NFC", name or written)
        self._written[name] = written
        self.sizes[name] = size

    def enter(self, names: Collection[str]) -> None:
        """Make the directory of a file the root, where an export is in a directory of its own.

        Args:
            names: that the file may have.
        """
        found = [
            each
            for each in self.sizes
            if each.rpartition("/")[2] in names and not each.startswith("__MACOSX/")
        ]
        if not found:
            return
        directory, separator, _name = min(found, key=lambda each: each.count("/")).rpartition("/")
        root = directory + separator
        self._root += root
        self.sizes = {
            each.removeprefix(root): size
            for each, size in self.sizes.items()
            if each.startswith(root)
        }

    @property
    def is_zip(self) -> bool:
        """Whether it is an archive."""
        return self._zip is not None

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            ImportFileError: it cannot be read.
            TooLarge: it is too large.
        """
        with _explained(), self._open(name) as stream:
            data = stream.read(MOST_OF_FILE + 1)
        if len(data) > MOST_OF_FILE:
            raise TooLarge
        return data

    def _open(self, name: str) -> IO[bytes]:
        if self._zip is not None:
            return self._zip.open(self._written[self._root + name])
        return self.path_of(name).open("rb")

    def path_of(self, name: str) -> Path:
        """Return where a file of a directory is."""
        return self.path / self._written[self._root + name]

    def close(self) -> None:
        """Close the archive."""
        if self._zip is not None:
            self._zip.close()


def _name_of(info: zipfile.ZipInfo) -> str:
    """Return the name of a file in an archive. Some programs write UTF-8 without saying so; Python
    then takes it for the code page of DOS. Others, such as older PowerShell, write backslashes.
    """
    name = info.filename
    if not info.flag_bits & _IS_UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        NotImplementedError,  # an unknown compression
        RuntimeError,  # a password
        ValueError,
    ) as error:
        raise ImportFileError(
            _("the archive cannot be read: {error}").format(error=error)
        ) from error
