"""What a server makes of an uploaded file: its name, its type, and no private metadata."""

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import upload_fakes as fakes
from trio_chat.server.uploads import content_types, filenames, media
from trio_chat.server.uploads.media import DamagedMedia, Plan
from trio_chat.server.uploads.media.plan import Part, exif_orientation
from upload_fakes import SECRET

BIDI = "\u202e"


def content(part: Part, data: bytes) -> bytes:
    """Return the bytes of a part of a plan."""
    if isinstance(part, tuple):
        assert 0 <= part[0] <= part[1] <= len(data)
        return data[slice(*part)]
    return bytes(part)


def written(data: bytes) -> tuple[bytes, Plan]:
    """Return a file without private metadata, and its plan."""
    plan = media.clean(content_types.detect(data), data)
    assert plan is not None
    clean = b"".join(content(part, data) for part in plan.parts)
    assert len(clean) == plan.size()
    return clean, plan


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a b.jpg"', "a b.jpg"),
        ("attachment; filename=plain.txt", "plain.txt"),
        ("attachment; filename*=UTF-8''%D0%BA%D0%BE%D1%82.png; filename=cat.png", "кот.png"),
        ('attachment; filename="кот.png"', "кот.png"),
        (r'inline; filename="a \"b\".txt"', 'a "b".txt'),
        ("attachment", ""),
        ("", ""),
        ("attachment; filename*=NOPE''%ff", "\xff"),
        ("attachment; filename*=utf-8''%D0%BA", "к"),
        ("attachment; filename*=a\0b''%ff", "\xff"),
        ("attachment; filename*=unicode_escape''%5Cu002e", "\\u002e"),
        ("attachment; filename*=utf-8''a.txt; filename*0*=b", "a.txt"),
        ('attachment; filename*1="b.txt"; filename*0="a "', "a b.txt"),
        ("attachment; filename*0*=utf-8''%D0; filename*1*=%BA; filename*2=%", "к%"),
        ('attachment; name="a; filename=b"; FILENAME = "c;d.txt"', "c;d.txt"),
        (r'attachment; filename="C:\new\a.txt"', r"C:\new\a.txt"),
        ('attachment; filename="a', '"a'),
        (f"attachment{';' * 8000}filename=a", "a"),
    ],
)
def test_the_name_is_read(header: str, name: str) -> None:
    """In either form of RFC 6266, the extended one first."""
    assert filenames.from_disposition(header) == name


@pytest.mark.parametrize(
    ("sent", "safe"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\photo.jpg", "photo.jpg"),
        (f"{BIDI}gpj.exe", "gpj.exe"),
        ("a\0b\r\nc\x1b[2J.txt", "ab_c[2J.txt"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("lpt1.tar.gz", "_lpt1.tar.gz"),
        ("constant.txt", "constant.txt"),
        ("", "file"),
        ("..", "file"),
        ("/", "file"),
        (".htaccess", "htaccess"),
        ("trailing. . ", "trailing"),
        ("a  b\tc.txt", "a_b_c.txt"),
        ('a<b>:"|?*.txt', "a_b.txt"),
        ("кот на окне.png", "кот_на_окне.png"),
        ("e\u0301.txt", "é.txt"),
        ("\ud800.txt", "txt"),
        ("👩\u200d💻.png", "👩\u200d💻.png"),
    ],
)
def test_a_name_is_made_safe(sent: str, safe: str) -> None:
    """Paths, control characters, bidirectional overrides and names of devices are not left."""
    assert filenames.safe_name(sent) == safe


WORDS = (
    "filename",
    "filename*",
    "*0",
    "*1*",
    "=",
    ";",
    '"',
    "\\",
    "''",
    "utf-8",
    "idna",
    "\0",
    "%ff",
)


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=20))
def test_any_header_has_a_name_or_none(words: list[str]) -> None:
    """What a client sends is never an error of the server."""
    filenames.safe_name(filenames.from_disposition(f"attachment; {''.join(words)}")).encode()


@given(st.text())
def test_a_safe_name_is_safe(text: str) -> None:
    """Whatever was sent, it is short, printable, and stays itself."""
    name = filenames.safe_name(text)
    assert 0 < len(name.encode()) <= filenames.LONGEST
    assert not set(name) & set('/\\:*?"<>|\0\r\n ')
    assert name not in (".", "..")
    assert not name.startswith(".")
    filenames.disposition(name, is_inline=False).encode("ascii")


def test_a_long_name_keeps_its_extension() -> None:
    """It is cut before that, and not in the middle of a character."""
    name = filenames.safe_name("ж" * 200 + ".jpg")
    assert name == "ж" * 48 + ".jpg"


def test_a_name_is_written() -> None:
    """As ASCII for old programs, and as UTF-8."""
    written = filenames.disposition("naïve кот.png", is_inline=True)
    plain, _, extended = written.partition("; filename*=")
    assert plain == 'inline; filename="naive ___.png"'
    assert extended == "UTF-8''na%C3%AFve%20%D0%BA%D0%BE%D1%82.png"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (fakes.jpeg(), "image/jpeg"),
        (fakes.png(), "image/png"),
        (fakes.gif(), "image/gif"),
        (fakes.webp(), "image/webp"),
        (fakes.avif(), "image/avif"),
        (fakes.mp4(), "video/mp4"),
        (b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", "video/x-matroska"),
        (b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88other", content_types.OCTETS),
        (fakes.ogg(), "audio/ogg"),
        (fakes.ogg(b"\x7fFLAC"), content_types.OCTETS),
        (b"OggS\0\2", content_types.OCTETS),
        (fakes.quicktime(), "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\0\x08mdat", "video/quicktime"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\0isom3gp4", "video/3gpp"),
        (b"\0\0\0\x18ftypMSNV\0\0\0\0MSNVmp42", "video/mp4"),
        (b"\0\0\0\x18ftypcrx \0\0\0\0crx ", content_types.OCTETS),
        (b"ID3\4\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"%PDF-1.7", content_types.OCTETS),
        (b"PK\x03\x04", content_types.OCTETS),
        (b"MZ\x90\0", content_types.OCTETS),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", content_types.OCTETS),
        (b"RIFF\0\0\0\0WAVE", content_types.OCTETS),
        (b"", content_types.OCTETS),
        (b"\xff", content_types.OCTETS),
    ],
)
def test_the_content_shows_the_type(data: bytes, kind: str) -> None:
    """By its first bytes, whatever the client says."""
    assert content_types.detect(data[: content_types.HEAD]) == kind


@pytest.mark.parametrize(
    ("data", "is_text"),
    [
        (b"hello", True),
        ("привет\tмир\r\n".encode(), True),
        ("\ufeffbyte order mark".encode(), True),
        (b"\x1b[31mcolours\x1b[m", True),
        (b"a < b and b > c", True),
        (b"<html>", False),
        (b"  \r\n<!doctype html>", False),
        (b"<?xml version='1.0'?><svg onload='x'/>", False),
        ("\ufeff <script>".encode(), False),
        (b"NUL\0here", False),
        (b"latin \xe9", False),
        (b"half a character \xd0", False),
        (b"\xff\xfeh\0i\0", False),
        (b" \n", False),
    ],
)
def test_text_is_utf_8_without_markup(data: bytes, is_text: bool) -> None:
    """What a browser could take for a page is no text here; pieces make no difference."""
    assert content_types.is_plain_text([data]) is is_text
    assert content_types.is_plain_text(data[at : at + 1] for at in range(len(data))) is is_text


@pytest.mark.parametrize(
    ("kind", "extension", "right"),
    [
        ("image/jpeg", ".jpeg", None),
        ("image/jpeg", ".png", ".jpg"),
        ("image/jpeg", "", ".jpg"),
        ("image/gif", ".js", ".gif"),
        ("text/plain", ".py", None),
        ("text/plain", ".jpg", ".txt"),
        ("text/plain", "", ".txt"),
        (content_types.OCTETS, ".jpg", ".jpg.bin"),
        (content_types.OCTETS, ".svg", None),
        (content_types.OCTETS, ".zip", None),
        (content_types.OCTETS, "", None),
        ("image/heic", ".heic", None),
        ("image/heic", ".jpg", ".heic"),
        ("image/heic", "", None),
        ("video/quicktime", ".mp4", ".mov"),
    ],
)
def test_the_extension_shows_the_type(kind: str, extension: str, right: str | None) -> None:
    """One that claims another type is replaced."""
    assert content_types.extension_for(kind, extension) == right


MAKERS = (
    fakes.jpeg,
    fakes.png,
    fakes.webp,
    fakes.gif,
    fakes.mp4,
    fakes.quicktime,
    fakes.avif,
    fakes.heic,
    fakes.webm,
    fakes.live_webm,
    fakes.mp3,
    fakes.ogg,
    fakes.vorbis,
)


@pytest.mark.parametrize("make", MAKERS)
def test_no_private_metadata_is_left(make: Callable[[], bytes]) -> None:
    """Neither in a place for it, nor in an unknown one, nor behind the end; once more changes
    nothing.
    """
    data = make()
    assert SECRET in data
    clean, _ = written(data)
    assert SECRET not in clean
    assert SECRET[:8] not in clean  # a time of eight bytes
    assert content_types.detect(clean) == content_types.detect(data)
    assert written(clean)[0] == clean


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (fakes.jpeg(), (640, 480)),
        (fakes.jpeg(6), (480, 640)),
        (fakes.png(width=7, height=5), (7, 5)),
        (fakes.png(8), (2, 3)),
        (fakes.webp(), (300, 200)),
        (fakes.webp(5), (200, 300)),
        (fakes.gif(), (2, 1)),
        (fakes.mp4(), (320, 240)),
        (fakes.avif(), (32, 64)),
        (fakes.webm(), (160, 90)),
        (fakes.live_webm(), (160, 90)),
        (fakes.mp3(), (0, 0)),
    ],
)
def test_the_size_is_as_it_is_shown(data: bytes, size: tuple[int, int]) -> None:
    """A picture that is turned by 90° is as wide as it is high otherwise."""
    plan = written(data)[1]
    assert (plan.width, plan.height) == size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_jpeg_remains(orientation: int) -> None:
    """Alone, in EXIF data that is made anew."""
    clean, _ = written(fakes.jpeg(orientation))
    at = clean.find(b"Exif\0\0")
    found = exif_orientation(clean[at + 6 :]) if at >= 0 else 1
    assert found == orientation


def test_the_orientation_of_a_png_and_a_webp_remains() -> None:
    """With a right checksum, and the flag that announces it."""
    clean, _ = written(fakes.png(3))
    at = clean.index(b"eXIf")
    (length,) = struct.unpack(">I", clean[at - 4 : at])
    content = clean[at + 4 : at + 4 + length]
    assert exif_orientation(content) == 3
    assert struct.unpack(">I", clean[at + 4 + length :][:4]) == (zlib.crc32(b"eXIf" + content),)
    clean, _ = written(fakes.webp(6))
    assert clean[20] == 0x08
    assert exif_orientation(clean[clean.index(b"EXIF") + 8 :]) == 6
    assert struct.unpack("<I", clean[4:8]) == (len(clean) - 8,)
    assert written(fakes.webp())[0][20] == 0


def test_what_shows_the_picture_remains() -> None:
    """Colours, tables and each scan; a loop of a GIF; the frames of a film in their place."""
    clean, _ = written(fakes.jpeg())
    for part in (b"JFIF\0", b"ICC_PROFILE\0", b"Adobe", b"\xff\xd0more", b"table", b"second"):
        assert part in clean
    assert clean.endswith(b"scan\xff\xd9")
    assert b"gAMA" in written(fakes.png())[0]
    assert b"NETSCAPE2.0" in written(fakes.gif())[0]
    film = fakes.mp4()
    assert written(film)[0].index(b"frames") == film.index(b"frames")


def test_a_jpeg_that_was_cut_off_is_shown_as_far_as_it_goes() -> None:
    """As browsers do: an end is added."""
    data = fakes.jpeg()
    clean, _ = written(data[: data.index(b"second") + 3])
    assert clean.endswith(b"sec\xff\xd9")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe1\xff\xff" + SECRET,
        b"\xff\xd8\xff\xe1\0\0" + SECRET,
        b"\xff\xd8\xff\xfe\x00\x15<script>alert(1)</script>",
        fakes.png()[:20],
        fakes.png()[:60],
        b"\x89PNG\r\n\x1a\n" + fakes.chunk(b"tEXt", SECRET),
        fakes.png(width=0),
        fakes.webp()[:16],
        b"RIFF\xff\xff\xff\xffWEBPVP8X\xff\xff\xff\xff" + SECRET,
        b"GIF89a/*" + bytes(3) + b"*/=1;alert(1)//" + SECRET,
        fakes.gif()[:30],
        b"\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\xff\xffmoov" + SECRET,
        b"\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\0\2moov" + SECRET,
        fakes.webm()[:22] + fakes.element(0x18538067, fakes.element(0x1549A966, b"\x44")),
    ],
)
def test_a_damaged_picture_is_refused(data: bytes) -> None:
    """Its metadata could not be found; so a GIF that is a script, too, is refused."""
    with pytest.raises(DamagedMedia):
        written(data)


@given(
    make=st.sampled_from(MAKERS),
    at=st.integers(0, 2000),
    noise=st.binary(max_size=40),
    rest=st.integers(0, 60),
)
def test_hostile_bytes_are_damaged_media(
    make: Callable[[], bytes], at: int, noise: bytes, rest: int
) -> None:
    """Whatever is changed, inserted or cut off: never another exception, a range outside of the
    file, or more bytes than there were, but for the orientation.
    """
    data = make()
    kind = content_types.detect(data)
    at %= len(data)
    for hostile in (
        data[:at],
        data[:at] + noise,
        data[:at] + noise + data[at:],
        data[:at] + noise + data[at + len(noise) :],
        data[:at] + data[at + rest :],
        data + noise,
    ):
        try:
            plan = media.clean(kind, hostile)
        except DamagedMedia:
            continue
        assert plan is not None
        clean = b"".join(content(part, hostile) for part in plan.parts)
        assert len(clean) == plan.size() <= len(hostile) + 64


@given(kind=st.sampled_from(sorted(media.CLEANERS)), data=st.binary(max_size=300))
def test_noise_is_damaged_media(kind: str, data: bytes) -> None:
    """Also without anything that resembles a file."""
    try:
        plan = media.clean(kind, data)
    except DamagedMedia:
        return
    assert plan is not None
    assert len(b"".join(content(part, data) for part in plan.parts)) <= len(data) + 64


@pytest.mark.parametrize(
    "data",
    [
        fakes.jpeg()[:-2] + b"\xff" * 3_000_000 + b"\0",
        b"\xff\xd8" + b"\xff\xe0\0\2" * 1_000_000,
        b"\xff\xd8" + b"\xff" * 3_000_000,
        fakes.jpeg()[:-2] + b"\xff\xd4\0\2" * 100_000 + b"\xff\xda\0\2a" * 100_000,
        fakes.png()[:33] + (fakes.chunk(b"IDAT", b"") + fakes.chunk(b"tEXt", b"")) * 100_000,
        fakes.gif()[:-20] + b"\x21\xff\x01a" + b"\x01a" * 1_000_000,
        b"RIFF\xff\xff\xff\x0fWEBP" + fakes.riff(b"ABCD", b"") * 200_000,
        fakes.mp4() + fakes.box(b"mdat", b"") * 200_000,
        fakes.mp4() + fakes.box(b"moov", fakes.box(b"trak", b"")) * 100_000,
        fakes.webm() + fakes.element(0xEC, b"") * 300_000,
        fakes.mp3()[:20] + bytes(3_000_000),
        fakes.mp3()[:20] + b"ID3\4\0\0\0\0\0\0" * 200_000,
        fakes.ogg() + fakes.page(4, [b""]) * 100_000 + b"x",
        fakes.page(0, [b"OpusHead"], 2) + fakes.page(1, [b"OpusTags"]) * 100_000,
    ],
    ids=range(14),
)
def test_files_that_take_many_steps_are_refused(data: bytes) -> None:
    """A reader is bounded in time and in memory; a pattern must not try each place again."""
    with suppress(DamagedMedia):
        assert len(written(data)[1].parts) < 60_000


@pytest.mark.parametrize(
    "data",
    [
        fakes.gif().removesuffix(b"\x3b" + SECRET)
        + b"\x21\xff"
        + b"\x0f123456789012345" * 200_000
        + b"\0\x3b",
        fakes.ogg() + fakes.page(4, [b""]) * 40_000,
        b"\xff\xd8" + b"\xff\xdb\0\x1012345678901234" * 12_000 + fakes.jpeg()[2:],
    ],
    ids=["GIF", "Ogg", "JPEG"],
)
def test_files_of_parts_that_no_program_writes_are_refused(data: bytes) -> None:
    """Their readers would need seconds for the largest file that may be uploaded."""
    with pytest.raises(DamagedMedia):
        written(data)


def test_thousands_of_tiny_pictures_are_no_hostile_file() -> None:
    """A recorded terminal is a GIF of such pictures."""
    picture = b"\x21\xf9\4\0\0\0\0\0" + b"\x2c" + bytes(9) + b"\2\2\x4c\1\0"
    head = fakes.gif().removesuffix(b"\x3b" + SECRET)
    data = head + picture * 8000 + b"\x3b"
    assert written(data)[0].count(picture) == 8000


def test_a_long_voice_of_short_packets_is_no_hostile_file() -> None:
    """Some programs write a page for each packet."""
    voice = fakes.page(4, [bytes(50)]) * 30_000
    assert written(fakes.ogg() + voice)[0].endswith(voice)


def test_a_long_recording_is_no_hostile_file() -> None:
    """A voice is a cluster of unknown size with very many short blocks."""
    head, blocks = fakes.live_webm(), fakes.element(0xA3, bytes(60)) * 50_000
    at = head.rindex(fakes.recording(0x1F43B675, b""))
    clean, _ = written(head[:at] + fakes.recording(0x1F43B675, blocks))
    assert clean.endswith(blocks)


@pytest.mark.parametrize(
    ("make", "is_in_place"),
    [
        (fakes.mp4, True),
        (fakes.webm, True),
        (fakes.ogg, True),
        (fakes.heic, True),
        (fakes.jpeg, False),
        (fakes.mp3, False),
    ],
)
def test_films_are_changed_where_they_are(make: Callable[[], bytes], is_in_place: bool) -> None:
    """A large file need not be copied for that."""
    assert written(make())[1].is_in_place is is_in_place


def test_zeros_take_no_memory() -> None:
    """A box of any size becomes a number of zeros."""
    data = fakes.mp4() + fakes.box(b"udta", bytes(10_000_000))
    assert 10_000_000 in written(data)[1].parts


def test_positions_that_a_film_has_beside_its_pictures_go() -> None:
    """The samples of a track that is not shown are overwritten; pictures stay where they are."""
    film = fakes.mp4()
    clean = written(film)[0]
    at = film.index(b"frames")
    assert clean[at:] == b"frames" + bytes(2 * len(SECRET)) + b"more"


def test_checksums_of_pages_are_right() -> None:
    """A player drops a page whose checksum is wrong."""
    clean = written(fakes.ogg())[0]
    assert fakes.page(3, [b"audio"]) in clean
    second = clean[clean.index(b"OggS", 10) : clean.index(b"OggS", 60)]
    comments = b"OpusTags" + bytes(8)
    assert second == fakes.page(1, [comments.ljust(510, b"\0")])
    assert b"\x03vorbis" + bytes(8) + b"\x01" in written(fakes.vorbis())[0]


def test_a_picture_with_a_page_in_it_stays_a_picture() -> None:
    """The page of a JPEG with HTML in a comment is gone."""
    data = fakes.jpeg(1, fakes.segment(0xFE, b"<html><script>alert(1)</script>"))
    assert b"<script>" not in written(data)[0]


def test_other_types_stay_as_they_are() -> None:
    """There is no plan for them."""
    assert media.clean(content_types.OCTETS, b"") is None
