"""Files for tests of uploads, made byte by byte; and an upload service on a database in a file."""

import struct
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import trio

from support import NOON
from trio_chat.config.settings import UploadSettings
from trio_chat.server.uploads.directory import UploadDirectory
from trio_chat.server.uploads.limits import Uploader
from trio_chat.server.uploads.service import UploadService
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.uploads import SqliteUploads, directory_of

SECRET = b"GPS 55.7558 37.6173"
"""What no reader may find in a file."""
GUEST = Uploader(0, "192.0.2.1", "ann!ann@h")
OTHER_GUEST = Uploader(0, "192.0.2.2", "bob!bob@h")


def exif(orientation: int = 1, order: str = "big") -> bytes:
    """Return EXIF data with an orientation, and a secret behind it."""
    mark, form = (b"MM", ">") if order == "big" else (b"II", "<")
    entry = struct.pack(f"{form}HHIHH", 0x0112, 3, 1, orientation, 0)
    head = mark + struct.pack(f"{form}HIH", 42, 8, 1)
    return head + entry + b"\0\0\0\0" + SECRET


def segment(marker: int, content: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def jpeg(orientation: int = 1, *extra: bytes, tail: bytes = b"") -> bytes:
    """Return a JPEG of 640 by 480 pixels with private metadata in each place for it."""
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0" + bytes(9)),
            segment(0xE1, b"Exif\0\0" + exif(orientation)),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
            segment(0xE2, b"ICC_PROFILE\0\1\1colours"),
            segment(0xE2, b"MPF\0" + SECRET),
            segment(0xED, b"Photoshop 3.0\0" + SECRET),
            segment(0xEE, b"Adobe" + bytes(7)),
            segment(0xFE, SECRET),
            *extra,
            segment(0xC0, b"\x08" + struct.pack(">HH", 480, 640) + bytes(10)),
            segment(0xDA, bytes(10)) + b"scan\xff\x00\xff\xd0more",
            segment(0xC4, b"table"),
            segment(0xDA, bytes(10)) + b"second\xff\x00scan",
            b"\xff\xd9",
            tail,
        )
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png(orientation: int = 1, *, width: int = 3, height: int = 2) -> bytes:
    """Return a PNG with private metadata in each place for it."""
    pixels = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            chunk(b"tEXt", b"Comment\0" + SECRET),
            chunk(b"gAMA", struct.pack(">I", 45455)),
            chunk(b"eXIf", exif(orientation)),
            chunk(b"prVt", SECRET),
            chunk(b"IDAT", pixels),
            chunk(b"iTXt", SECRET),
            chunk(b"IEND", b""),
            SECRET,
        )
    )


def riff(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a WebP."""
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def webp(orientation: int = 1) -> bytes:
    """Return an extended WebP of 300 by 200 pixels with private metadata."""
    canvas = bytes((0x0C, 0, 0, 0)) + (299).to_bytes(3, "little") + (199).to_bytes(3, "little")
    lossy = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 300, 200) + b"data!"
    content = b"WEBP" + b"".join(
        (
            riff(b"VP8X", canvas),
            riff(b"VP8 ", lossy),
            riff(b"EXIF", exif(orientation, "little")),
            riff(b"XMP ", SECRET),
            riff(b"ABCD", SECRET),
        )
    )
    return b"RIFF" + struct.pack("<I", len(content)) + content + SECRET


def gif(comment: bytes = SECRET) -> bytes:
    """Return a GIF of 2 by 1 pixels with a comment and an application block."""
    blocks = b"".join(bytes((len(part),)) + part for part in (comment,)) + b"\0"
    application = b"\x21\xff\x0bXMP DataXMP" + blocks
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 1, 0) + b"\x02\x02\x44\x01\0"
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", 2, 1, 0x80, 0, 0)
        + bytes(6)
        + b"\x21\xfe"
        + blocks
        + application
        + loop
        + picture
        + b"\x3b"
        + SECRET
    )


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box of an MP4."""
    return struct.pack(">I", len(content) + 8) + kind + content


def mp4() -> bytes:
    """Return an MP4 of 320 by 240 pixels that says where it was taken."""
    track = bytes(40) + b"\x00\x01\x00\x00" + bytes(32) + struct.pack(">II", 320 << 16, 240 << 16)
    return b"".join(
        (
            box(b"ftyp", b"isom\0\0\2\0isommp42"),
            box(
                b"moov",
                box(b"trak", box(b"tkhd", track) + box(b"meta", SECRET))
                + box(b"udta", box(b"\xa9xyz", SECRET)),
            ),
            box(b"uuid", bytes(16) + SECRET),
            box(b"mdat", b"frames"),
        )
    )


def avif() -> bytes:
    """Return an AVIF of 64 by 32 pixels, turned by 90°, with EXIF in its data."""
    item = b"\x02\0\0\0" + struct.pack(">HH", 7, 0) + b"Exif\0"
    information = box(b"iinf", bytes(4) + struct.pack(">H", 1) + box(b"infe", item))
    properties = box(
        b"iprp",
        box(b"ipco", box(b"ispe", bytes(4) + struct.pack(">II", 64, 32)) + box(b"irot", b"\x01")),
    )

    def whole(offset: int) -> bytes:
        place = struct.pack(">HHHHII", 7, 0, 1, 0, 0, 0)[:6] + struct.pack(
            ">II", offset, len(SECRET)
        )
        location = box(b"iloc", bytes(4) + b"\x44\x00" + struct.pack(">H", 1) + place)
        meta = box(b"meta", bytes(4) + information + location + properties)
        return box(b"ftyp", b"avif\0\0\0\0avifmif1") + meta + box(b"mdat", SECRET + b"pixels")

    return whole(whole(0).index(SECRET))


async def pieces(*parts: bytes) -> AsyncGenerator[bytes, None]:  # noqa: ASYNC124  # a body
    """Return a body in pieces."""
    for part in parts:
        yield part


class Kept:
    """An upload service with its parts.

    Args:
        database: its database.
        path: the file of that.
        settings: its limits.
    """

    def __init__(self, database: Database, path: Path, settings: UploadSettings) -> None:
        self.now = NOON
        self.database = database
        self.table = SqliteUploads(database)
        self.path = directory_of(path)
        self.directory = UploadDirectory(self.path)
        self.service = UploadService(
            self.table, self.directory, settings, lambda: self.now, trio.current_time
        )

    def files(self) -> list[str]:
        """Return the names of the files that are on the disk."""
        return sorted(entry.name for entry in self.path.iterdir())


@asynccontextmanager
async def kept_uploads(tmp_path: Path, **settings: object) -> AsyncIterator[Kept]:
    """Open an upload service."""
    path = tmp_path / "chat.db"
    async with open_database(path) as database:
        kept = Kept(database, path, replace(UploadSettings(reserve=0), **settings))  # type: ignore[arg-type]
        await kept.service.prepare()
        yield kept
