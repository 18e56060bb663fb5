"""Files for tests of uploads, made byte by byte; and an upload service on a database in a file."""

import struct
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from support import NOON
from trio_chat.config.settings import UploadSettings
from trio_chat.server.uploads.directory import UploadDirectory
from trio_chat.server.uploads.limits import Uploader, UploadRefused
from trio_chat.server.uploads.received import Received
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


def track(handler: bytes, *tables: bytes, width: int = 0, height: int = 0) -> bytes:
    """Return a track of an MP4, with the time at which it was made and the name of the camera."""
    size = struct.pack(">II", width << 16, height << 16)
    header = bytes(4) + SECRET[:8] + bytes(28) + b"\x00\x01\x00\x00" + bytes(32) + size
    media = box(b"mdhd", bytes(4) + SECRET[:8] + bytes(12))
    media += box(b"hdlr", bytes(8) + handler + bytes(12) + SECRET + b"\0")
    media += box(b"minf", box(b"stbl", b"".join(tables)))
    return box(b"trak", box(b"tkhd", header) + box(b"mdia", media) + box(b"meta", SECRET))


def movie(brand: bytes = b"isom") -> bytes:
    """Return a film of 320 by 240 pixels that says where and when it was taken, in boxes and in a
    track with positions.
    """

    def whole(positions: int) -> bytes:
        tables = (
            box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 2, 1)),
            box(b"stsz", struct.pack(">IIIII", 0, 0, 2, len(SECRET), len(SECRET))),
            box(b"stco", struct.pack(">III", 0, 1, positions)),
        )
        film = track(b"vide", width=320, height=240) + track(b"meta", *tables)
        header = box(b"mvhd", bytes(4) + SECRET[:8] + bytes(88))
        return b"".join(
            (
                box(b"ftyp", brand + b"\0\0\2\0" + brand + b"mp42"),
                box(b"moov", header + film + box(b"udta", box(b"\xa9xyz", SECRET))),
                box(b"uuid", bytes(16) + SECRET),
                box(b"free", SECRET),
                box(b"GPS ", SECRET),
                box(b"mdat", b"frames" + SECRET + SECRET + b"more"),
            )
        )

    return whole(whole(0).index(b"frames") + 6)


def mp4() -> bytes:
    """Return an MP4; see `movie`."""
    return movie()


def quicktime() -> bytes:
    """Return a QuickTime film; see `movie`."""
    return movie(b"qt  ").replace(b"mp42", b"qt  ")


def element(kind: int, content: bytes, width: int = 0) -> bytes:
    """Return an element of a WebM, with its size in so many bytes; 0 for as few as it takes."""
    name = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    width = width or next(w for w in range(1, 9) if len(content) < (1 << 7 * w) - 1)
    return name + (len(content) | 1 << 7 * width).to_bytes(width, "big") + content


def recording(kind: int, content: bytes) -> bytes:
    """Return an element of unknown size, as programs write it that send while they record."""
    return kind.to_bytes(4, "big") + b"\x01" + b"\xff" * 7 + content


def webm(doctype: bytes = b"webm", *, is_live: bool = False) -> bytes:
    """Return a WebM of 160 by 90 pixels with private metadata in each place for it."""
    info = b"".join(
        (
            element(0xBF, b"sum!"),
            element(0x2AD7B1, b"\x0f\x42\x40"),
            element(0x4461, SECRET[:8]),
            element(0x7BA9, SECRET),
            element(0x4D80, SECRET),
            element(0x5741, SECRET),
        )
    )
    video = element(0xE0, element(0xB0, b"\xa0") + element(0xBA, b"\x5a"))
    entry = element(0xAE, element(0xD7, b"\x01") + element(0x536E, SECRET) + video)
    cluster = element(0xE7, b"\0") + element(0xA3, b"\x81\0\0\x80frames")
    make = recording if is_live else element
    content = b"".join(
        (
            element(0xEC, SECRET),
            element(0x1549A966, info),
            element(0x1654AE6B, entry),
            make(0x1F43B675, cluster),
            make(0x1F43B675, cluster),
            element(0x1254C367, SECRET, 4),
            element(0x1941A469, SECRET * 10),
        )
    )
    return element(0x1A45DFA3, element(0x4282, doctype)) + make(0x18538067, content)


def live_webm() -> bytes:
    """Return a WebM as it is recorded; see `webm`."""
    return webm(is_live=True)


def mp3() -> bytes:
    """Return an MP3 with a tag of each kind."""
    first = b"ID3\4\0\0" + b"\0\0\1\0" + SECRET.ljust(128, b"\0")
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, len(SECRET) + 32, 1, 0) + bytes(8)
    lyrics = b"LYRICSBEGIN" + SECRET + b"%06dLYRICS200" % (len(SECRET) + 11)
    last = b"TAG" + SECRET.ljust(125, b"\0")
    return first + bytes(10) + b"\xff\xfb\x90\x64frames" + SECRET + ape + lyrics + last


def page(number: int, packets: list[bytes], flags: int = 0) -> bytes:
    """Return a page of an Ogg file; the last packet goes on if its length is a multiple of 255."""
    lacing = b""
    for packet in packets:
        lacing += b"\xff" * (len(packet) // 255)
        lacing += (
            b"" if packet is packets[-1] and not len(packet) % 255 else bytes((len(packet) % 255,))
        )
    head = b"OggS\0" + bytes((flags,)) + bytes(8) + struct.pack("<III", 7, number, 0)
    content = head + bytes((len(lacing),)) + lacing + b"".join(packets)
    check = 0
    for byte in content:
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1) ^ (0x104C11DB7 if check & 0x80000000 else 0)
    return content[:22] + struct.pack("<I", check) + content[26:]


def ogg(first: bytes = b"OpusHead", second: bytes = b"OpusTags") -> bytes:
    """Return an Ogg file whose comments are on two pages."""
    comments = (
        second + struct.pack("<I", 8) + b"encoder!" + struct.pack("<II", 1, 700) + SECRET * 60
    )
    return b"".join(
        (
            page(0, [first + bytes(11)], 2),
            page(1, [comments[:510]]),
            page(2, [comments[510:], b"setup"], 1),
            page(3, [b"audio"]),
        )
    )


def vorbis() -> bytes:
    """Return an Ogg file with Vorbis; see `ogg`."""
    return ogg(b"\x01vorbis", b"\x03vorbis")


def still(brand: bytes) -> bytes:
    """Return a picture of 64 by 32 pixels, turned by 90°, with EXIF and XMP in its data."""
    items = (
        b"\x02\0\0\0" + struct.pack(">HH", 7, 0) + b"Exif\0",
        b"\x02\0\0\0" + struct.pack(">HH", 8, 0) + b"mime\0",
    )
    information = box(
        b"iinf", bytes(4) + struct.pack(">H", 2) + b"".join(box(b"infe", item) for item in items)
    )
    sizes = [box(b"ispe", bytes(4) + struct.pack(">II", *size)) for size in ((8, 8), (64, 32))]
    properties = box(b"iprp", box(b"ipco", b"".join(sizes) + box(b"irot", b"\x01")))

    def whole(offset: int) -> bytes:
        places = b"".join(
            struct.pack(">HHHII", item, 0, 1, offset + at, len(SECRET))
            for item, at in ((7, 0), (8, len(SECRET)))
        )
        location = box(b"iloc", bytes(4) + b"\x44\x00" + struct.pack(">H", 2) + places)
        meta = box(b"meta", bytes(4) + information + location + properties)
        head = box(b"ftyp", brand + bytes(4) + brand + b"mif1")
        return head + meta + box(b"mdat", SECRET + SECRET + b"pixels")

    return whole(whole(0).index(SECRET))


def avif() -> bytes:
    """Return an AVIF; see `still`."""
    return still(b"avif")


def heic() -> bytes:
    """Return a HEIC; see `still`."""
    return still(b"heic")


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


async def put(kept: Kept, data: bytes, name: str = "a.txt") -> Received:
    """Upload a file of a guest."""
    async with aclosing(pieces(data)) as body:
        return await kept.service.receive(GUEST, name, body, len(data))


async def refused(kept: Kept, *parts: bytes, name: str = "a", length: int | None = None) -> int:
    """Upload what is refused; return the status."""
    async with aclosing(pieces(*parts)) as body:
        with pytest.raises(UploadRefused) as caught:
            await kept.service.receive(GUEST, name, body, length)
    assert not kept.files()
    return caught.value.status


@asynccontextmanager
async def kept_uploads(tmp_path: Path, **settings: object) -> AsyncIterator[Kept]:
    """Open an upload service."""
    path = tmp_path / "chat.db"
    async with open_database(path) as database:
        kept = Kept(database, path, replace(UploadSettings(reserve=0), **settings))  # type: ignore[arg-type]
        await kept.service.prepare()
        yield kept
