"""Files of IRC logs: which files are logs, in which order, and their lines in UTF-8.

Logs are rotated by logrotate (`x.log.1`, `x.log-20260131`), WeeChat (`x.weechatlog.1`) and their
users, and then often packed. The parts of one log are read one after the other, the oldest first,
so that they have the same messages as before.
"""

import codecs
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, Protocol

from trio_chat.i18n import _
from trio_chat.imports.messages import ImportFileError

SUFFIXES = (".log", ".txt", ".weechatlog")
MOST_UNPACKED = 1 << 30
"""Bytes of one packed log: a few bytes could become any number."""
_CHUNK = 1 << 16
_MEMORY = 128 << 20
"""Bytes that the unpacking of one file may take; `xz -9` needs 65 MiB."""
_NAME = re.compile(
    rf"(?P<name>.+?(?:{'|'.join(map(re.escape, SUFFIXES))}))"
    r"(?:\.(?P<number>[0-9]{1,4})|-(?P<date>[0-9]{8}(?:-[0-9]{1,10})?))?"
    r"(?:\.(?:gz|bz2|xz|zst))?",
    re.ASCII | re.DOTALL | re.IGNORECASE,
)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _Age(NamedTuple):
    """Which part of a log a file is, so that the older one is the smaller one.

    Args:
        is_current: whether it has the name of the log itself.
        date: when it was rotated, or "".
        number: how often the log was rotated since, as a negative number; or 0.
    """

    is_current: bool = True
    date: str = ""
    number: int = 0


class FoundLogs(NamedTuple):
    """The files in a directory.

    Args:
        logs: those that are named like logs, the parts of one log in their order.
        others: the others.
        links: symbolic links to files and directories, which are not followed.
    """

    logs: list[Path]
    others: list[Path]
    links: list[Path]


def find_logs(directory: Path) -> FoundLogs:
    """Return the files of a directory, by their names; links are not followed, and hidden files are
    left out.
    """
    logs: dict[tuple[Path, _Age], Path] = {}
    others, links = [], []
    for path in sorted(directory.rglob("*")):
        if path.name.startswith("."):
            continue
        if path.is_symlink():
            links.append(path)
            continue
        if not path.is_file():
            continue
        match = _NAME.fullmatch(path.name)
        if match is None:
            others.append(path)
        else:
            # The file that is not packed comes first, and the other one has the same messages.
            logs.setdefault((path.with_name(match["name"]), _age(match)), path)
    return FoundLogs([logs[key] for key in sorted(logs)], others, links)


def _age(match: re.Match[str]) -> _Age:
    if match["number"]:
        return _Age(is_current=False, number=-int(match["number"]))
    if match["date"]:
        return _Age(is_current=False, date=match["date"])
    return _Age()


def log_of(path: PurePosixPath) -> PurePosixPath:
    """Return the path that the log had before it was rotated and packed."""
    match = _NAME.fullmatch(path.name)
    return path.with_name(match["name"]) if match else path


class _Unpacker(Protocol):
    """What the standard library has for each format."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gunzip:
    """`zlib` with the interface of `bz2` and `lzma`."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _bunzip() -> _Unpacker:
    import bz2  # noqa: PLC0415  # Python can be built without it

    return bz2.BZ2Decompressor()


def _unxz() -> _Unpacker:
    import lzma  # noqa: PLC0415  # the same

    return lzma.LZMADecompressor(memlimit=_MEMORY)


def _unzstd() -> _Unpacker:
    raise ImportFileError(_("files of Zstandard are not read: unpack it first (zstd -d)"))


_FORMATS: dict[bytes, Callable[[], _Unpacker]] = {
    b"\x1f\x8b": _Gunzip,
    b"BZh": _bunzip,
    b"\xfd7zXZ\0": _unxz,
    b"\x28\xb5\x2f\xfd": _unzstd,
}
"""By the first bytes of a file, as no log begins."""


class _Stream(io.RawIOBase):
    """Chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            found = next(self._chunks, None)
            if found is None:
                return 0
            self._rest = found
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def readable(stream: io.BufferedReader) -> BinaryIO:
    """Return a log unpacked, and in UTF-8 where it is in UTF-16 (as of programs for Windows).

    Raises:
        ImportFileError: it has a format that is not read; or later, it is damaged.
        OSError: it cannot be read.
    """
    start = stream.peek(8)
    for sign, make in _FORMATS.items():
        if start.startswith(sign):
            stream = io.BufferedReader(_Stream(_unpacked(stream, make)))
    if stream.peek(2).startswith(_UTF_16):
        stream = io.BufferedReader(_Stream(_in_utf8(stream)))
    return stream


def _unpacked(stream: BinaryIO, make: Callable[[], _Unpacker]) -> Iterator[bytes]:
    try:
        size = 0
        for chunk in _chunks(stream, make):
            size += len(chunk)
            if size > MOST_UNPACKED:
                problem = _("it unpacks to more than {size} MiB: unpack it first")
                raise ImportFileError(problem.format(size=MOST_UNPACKED >> 20))
            yield chunk
    except ImportFileError:
        raise
    except Exception as error:  # `OSError`, `zlib.error`, `lzma.LZMAError`, `EOFError`
        raise ImportFileError(
            _("the archive cannot be read: {error}").format(error=error)
        ) from error


def _chunks(stream: BinaryIO, make: Callable[[], _Unpacker]) -> Iterator[bytes]:
    """Yield what is packed, which can be several archives one after the other."""
    unpacker, data = make(), b""
    while True:
        if unpacker.eof:
            data = (unpacker.unused_data or stream.read(_CHUNK)).lstrip(b"\0")  # padding
            if not data:
                return
            unpacker = make()
        elif unpacker.needs_input:
            data = stream.read(_CHUNK)
            if not data:
                raise EOFError(_("it ends too early"))
        yield unpacker.decompress(data, _CHUNK)
        data = b""


def _in_utf8(stream: BinaryIO) -> Iterator[bytes]:
    decode = codecs.getincrementaldecoder("utf-16")("replace").decode
    while data := stream.read(_CHUNK):
        yield decode(data).encode()
    yield decode(b"", final=True).encode()
