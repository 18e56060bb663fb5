"""What a server makes of an uploaded file: its name, its type, and no private metadata."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import upload_fakes as fakes
from trio_chat.server.uploads import content_types, filenames, images
from trio_chat.server.uploads.images import BadImage, Plan
from trio_chat.server.uploads.images.plan import exif_orientation
from upload_fakes import SECRET

BIDI = "\u202e"


def written(data: bytes) -> tuple[bytes, Plan]:
    """Return a file without private metadata, and its plan."""
    plan = images.clean(content_types.detect(data), data)
    assert plan is not None
    parts = [part if isinstance(part, bytes) else data[slice(*part)] for part in plan.parts]
    clean = b"".join(parts)
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
        (b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", content_types.OCTETS),
        (b"OggS\0\2", "audio/ogg"),
        (b"ID3\4\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"%PDF-1.7", content_types.OCTETS),
        (b"PK\x03\x04", content_types.OCTETS),
        (b"MZ\x90\0", content_types.OCTETS),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", content_types.OCTETS),
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
    ],
)
def test_the_extension_shows_the_type(kind: str, extension: str, right: str | None) -> None:
    """One that claims another type is replaced."""
    assert content_types.extension_for(kind, extension) == right


@pytest.mark.parametrize(
    "make", [fakes.jpeg, fakes.png, fakes.webp, fakes.gif, fakes.mp4, fakes.avif]
)
def test_no_private_metadata_is_left(make: object) -> None:
    """Neither in a place for it, nor in an unknown one, nor behind the end; once more changes
    nothing.
    """
    data = make()  # type: ignore[operator]
    assert SECRET in data
    clean, _ = written(data)
    assert SECRET not in clean
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
    ],
)
def test_a_damaged_picture_is_refused(data: bytes) -> None:
    """Its metadata could not be found; so a GIF that is a script, too, is refused."""
    with pytest.raises(BadImage):
        written(data)


@given(st.binary(max_size=200), st.sampled_from(["jpeg", "png", "webp", "gif", "mp4", "avif"]))
def test_hostile_bytes_are_a_damaged_picture(noise: bytes, kind: str) -> None:
    """Never another exception, nor more bytes than there were, but for the orientation."""
    data = getattr(fakes, kind)()
    for hostile in (data[: len(data) // 3] + noise, data[:40] + noise + data[40 + len(noise) :]):
        try:
            plan = images.clean(f"{'video' if kind == 'mp4' else 'image'}/{kind}", hostile)
        except BadImage:
            continue
        assert plan is not None
        assert plan.size() <= len(hostile) + 64


def test_a_picture_with_a_page_in_it_stays_a_picture() -> None:
    """The page of a JPEG with HTML in a comment is gone."""
    data = fakes.jpeg(1, fakes.segment(0xFE, b"<html><script>alert(1)</script>"))
    assert b"<script>" not in written(data)[0]


def test_other_types_stay_as_they_are() -> None:
    """There is no plan for them."""
    assert images.clean("audio/ogg", b"OggS") is None
    assert images.clean(content_types.OCTETS, b"") is None
