"""Uploads as other clients and programs send them: the same requests, byte by byte."""

import base64
from pathlib import Path

import pytest
import trio
import trio.testing

import upload_fakes as fakes
from trio_chat.config import ListenerSettings
from trio_chat.server.peer import Peer
from trio_chat.server.transport import StreamTransport
from upload_site import HOST, ORIGIN, Opener, Uploads, basic, field, opener_in, request

PHOTO = fakes.png()
CERTIFICATE = "ab" * 32


@pytest.fixture
def opened(tmp_path: Path) -> Opener:
    """Return what opens a server with uploads."""
    return opener_in(tmp_path)


def plain(name: str = "ann", password: str = "correct horse") -> str:
    """Return the name and password as in Basic authentication."""
    return base64.b64encode(f"{name}:{password}".encode()).decode()


async def stored_name(uploads: Uploads, head: str) -> str:
    """Return the name of the file behind a Location."""
    name = field(head, "Location").partition("/file/")[2][:22]
    assert uploads.server.uploads is not None
    upload = await uploads.server.uploads.find(name)
    assert upload is not None
    assert upload.type == "image/png"
    return upload.filename


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=\"my_cat.png\"; filename*=UTF-8''my%5Fcat%2Epng", "my_cat.png"),
        (
            "attachment; filename=\"ZhongWen.png\"; filename*=UTF-8''%E4%B8%AD%E6%96%87%2Epng",
            "中文.png",
        ),
    ],
)
async def test_halloy(opened: Opener, disposition: str, name: str) -> None:
    """reqwest: names in small letters, both forms of the name, and the type by the extension."""
    async with opened() as uploads:
        lines = (
            "content-type: image/png",
            f"content-disposition: {disposition}",
            f"content-length: {len(PHOTO)}",
            f"authorization: Basic {plain()}",
            "accept: */*",
            f"host: {HOST}",
        )
        status, head, _ = await uploads.ask(request("POST", "/upload", *lines) + PHOTO)
        assert status == 201
        assert await stored_name(uploads, head) == name


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=cat.png", "cat.png"),
        ('attachment; filename="my cat.png"', "my_cat.png"),
        ("attachment; filename*=utf-8''%D0%BA%D0%BE%D1%82.png", "кот.png"),
    ],
)
async def test_senpai(opened: Opener, disposition: str, name: str) -> None:
    """net/http of Go: a name without quotes if it is a token, and extended if it is not ASCII; the
    body is chunked if its length is unknown.
    """
    async with opened() as uploads:
        lines = (
            f"Host: {HOST}",
            "User-Agent: senpai",
            "Transfer-Encoding: chunked",
            f"Authorization: Basic {plain()}",
            f"Content-Disposition: {disposition}",
            "Content-Type: image/png",
            "Accept-Encoding: gzip",
        )
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(PHOTO), PHOTO)
        status, head, _ = await uploads.ask(request("POST", "/upload", *lines) + body)
        assert status == 201
        assert await stored_name(uploads, head) == name


async def test_goguma(opened: Opener) -> None:
    """dart:io: names in small letters; a name in quotes, in UTF-8; and HEAD, to know the type."""
    async with opened() as uploads:
        lines = (
            "user-agent: Dart/3.5 (dart:io)",
            "content-type: image/png",
            "accept-encoding: gzip",
            'content-disposition: attachment; filename="1000012345.png"',
            f"content-length: {len(PHOTO)}",
            f"authorization: Basic {plain()}",
            f"host: {HOST}",
        )
        status, head, _ = await uploads.ask(request("POST", "/upload", *lines) + PHOTO)
        assert status == 201
        assert await stored_name(uploads, head) == "1000012345.png"
        path = field(head, "Location").removeprefix(f"http://{HOST}")
        status, head, body = await uploads.ask(request("HEAD", path, f"host: {HOST}"))
        assert (status, body) == (200, b"")
        assert field(head, "Content-Type") == "image/png"
        assert int(field(head, "Content-Length")) > 0


async def test_gamja(opened: Opener) -> None:
    """A page of another origin that [origins] lists: a preflight, credentials, and a script that
    may read Location.
    """
    async with opened() as uploads:
        page = (f"Host: {HOST}", f"Origin: {ORIGIN}", f"Referer: {ORIGIN}/")
        wanted = "authorization,content-disposition,content-type"
        asked = (
            "Access-Control-Request-Method: POST",
            f"Access-Control-Request-Headers: {wanted}",
        )
        status, head, _ = await uploads.ask(request("OPTIONS", "/upload", *page, *asked))
        allowed = field(head, "Access-Control-Allow-Headers").lower()
        assert status == 204
        assert all(word in allowed for word in wanted.split(","))
        assert "POST" in field(head, "Access-Control-Allow-Methods")
        assert field(head, "Access-Control-Allow-Credentials") == "true"
        disposition = 'Content-Disposition: attachment; filename="cat.png"'
        lines = (*page, f"Authorization: Basic {plain()}", disposition, "Content-Type: image/png")
        length = f"Content-Length: {len(PHOTO)}"
        status, head, _ = await uploads.ask(request("POST", "/upload", *lines, length) + PHOTO)
        assert status == 201
        assert field(head, "Access-Control-Allow-Origin") == ORIGIN
        assert field(head, "Access-Control-Allow-Credentials") == "true"
        assert "Location" in field(head, "Access-Control-Expose-Headers")


async def test_curl_with_a_large_body(opened: Opener) -> None:
    """It waits for 100 before it sends the body, and claims that this is a form."""
    async with opened() as uploads:
        stream = uploads.here.stream()
        data = PHOTO + bytes(1_200_000)
        lines = (
            f"Host: {HOST}",
            f"Authorization: Basic {plain()}",
            "User-Agent: curl/7.88.1",
            "Accept: */*",
            "Content-Disposition: attachment; filename=cat.png",
            f"Content-Length: {len(data)}",
            "Content-Type: application/x-www-form-urlencoded",
            "Expect: 100-continue",
        )
        await stream.send_all(request("POST", "/upload", *lines))
        assert await stream.receive_some() == b"HTTP/1.1 100 \r\n\r\n"
        await stream.send_all(data)
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 201 ")


async def test_a_wrong_password_is_refused_before_the_body(opened: Opener) -> None:
    """A client that waits for 100 sends nothing in vain."""
    async with opened() as uploads:
        stream = uploads.here.stream()
        wrong = basic(password="wrong")
        lines = (f"Host: {HOST}", wrong, "Content-Length: 2000000", "Expect: 100-continue")
        await stream.send_all(request("POST", "/upload", *lines))
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 401 ")


async def test_http_1_0(opened: Opener) -> None:
    """Without a host, and the connection ends: the link has an address of the server."""
    async with opened(url="http://chat.example/") as uploads:
        lines = (f"Authorization: Basic {plain()}", f"Content-Length: {len(PHOTO)}")
        head_of_request = request("POST", "/upload", *lines).replace(b"HTTP/1.1", b"HTTP/1.0")
        status, head, _ = await uploads.ask(head_of_request + PHOTO)
        assert status == 201
        assert field(head, "Location").startswith("http://chat.example/file/")
        assert field(head, "Connection") == "close"


async def test_a_form_is_refused(opened: Opener) -> None:
    """Its body would become the file, with the boundaries around the picture."""
    async with opened() as uploads:
        kind = "Content-Type: multipart/form-data; boundary=x"
        body = (
            b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n" + PHOTO + b"\r\n--x--\r\n"
        )
        status, _, answer = await uploads.put(body, basic(), kind)
        assert status == 415
        assert b"the file itself" in answer
        assert not uploads.files()


async def by_certificate(uploads: Uploads, *lines: str) -> int:
    """Upload with a certificate and no other credentials; return the status."""
    ours, theirs = trio.testing.memory_stream_pair()
    peer = Peer(host="192.0.2.9", certificate=CERTIFICATE, is_secure=True)
    async with trio.open_nursery() as nursery:
        serve, transport = uploads.server.open_and_serve, StreamTransport(theirs)
        nursery.start_soon(serve, transport, peer, ListenerSettings(name=""))
        length = f"Content-Length: {len(PHOTO)}"
        await ours.send_all(request("POST", "/upload", f"Host: {HOST}", length, *lines) + PHOTO)
        answer = await ours.receive_some()
        await ours.aclose()
    return int(answer.split()[1])


async def test_a_certificate_as_with_sasl_external(opened: Opener) -> None:
    """Halloy sends nothing else. A page cannot use that of its user: its request has an origin."""
    async with opened() as uploads:
        accounts = uploads.server.world.accounts
        assert accounts is not None
        assert await by_certificate(uploads) == 401
        number = accounts.known["ann"].id
        await accounts.add_certificate(number, CERTIFICATE, is_proved=True)
        assert await by_certificate(uploads, "Origin: https://evil.example") == 401
        assert await by_certificate(uploads, f"Origin: http://{HOST}") == 401
        assert await by_certificate(uploads) == 201
        assert len(uploads.files()) == 1


async def test_safari_plays_a_film(opened: Opener) -> None:
    """It asks for two bytes, then for all of them as a range, then for parts; and sends If-Range
    with the tag when it goes on.
    """
    async with opened() as uploads:
        film = fakes.mp4()
        _, head, _ = await uploads.put(film, basic())
        path = field(head, "Location").removeprefix(f"http://{HOST}")
        get = ("GET", path, f"Host: {HOST}", "Accept: */*", "Accept-Encoding: identity")
        status, head, body = await uploads.ask(request(*get, "Range: bytes=0-1"))
        size = int(field(head, "Content-Range").partition("/")[2])
        assert (status, len(body), size) == (206, 2, len(film))
        assert field(head, "Accept-Ranges") == "bytes"
        status, head, body = await uploads.ask(request(*get, f"Range: bytes=0-{size - 1}"))
        assert (status, len(body)) == (206, size)
        tag = f"If-Range: {field(head, 'ETag')}"
        status, _, rest = await uploads.ask(request(*get, "Range: bytes=100-", tag))
        assert (status, rest) == (206, body[100:])
        stale = 'If-Range: "another"'
        assert (await uploads.ask(request(*get, "Range: bytes=100-", stale)))[2] == body


async def test_no_range_of_head(opened: Opener) -> None:
    """Ranges are defined for GET alone (RFC 9110 §14.2)."""
    async with opened() as uploads:
        _, head, _ = await uploads.put(b"0123456789", basic())
        path = field(head, "Location").removeprefix(f"http://{HOST}")
        lines = (f"Host: {HOST}", "Range: bytes=3-5")
        status, head, _ = await uploads.ask(request("HEAD", path, *lines))
        assert (status, field(head, "Content-Length")) == (200, "10")
