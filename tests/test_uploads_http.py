"""Uploads over HTTP, byte by byte: FILEHOST, authentication, hostile bodies, and delivery."""

import base64
import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import pytest
import trio
import trio.testing

import upload_fakes as fakes
from support import NOON
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.identities import Identity, PersonRefused
from trio_chat.chat.steady import SteadyClock
from trio_chat.chat.uploads import Upload
from trio_chat.config import ListenerSettings, ServerSettings, Settings
from trio_chat.server.accounts import AccountKeeper
from trio_chat.server.http.connection import STALL_TIMEOUT
from trio_chat.server.links import page_url_for
from trio_chat.server.open_storage import prune
from trio_chat.server.peer import Peer
from trio_chat.storage.uploads import SqliteUploads
from upload_site import HOST, ORIGIN, Opener, Uploads, basic, field, opener_in, request


@pytest.fixture
def opened(tmp_path: Path) -> Opener:
    """Return what opens a server with uploads."""
    return opener_in(tmp_path)


async def test_options(opened: Opener) -> None:
    """What the address takes, without authentication."""
    async with opened() as uploads:
        status, head, _ = await uploads.ask(request("OPTIONS", "/upload", f"Host: {HOST}"))
        assert status == 204
        assert field(head, "Allow") == "OPTIONS, POST"
        assert field(head, "Accept-Post") == "*/*"
        assert field(head, "Upload-Limit") == "max-size=26214400"
        assert "Access-Control" not in head


async def test_options_of_a_file(opened: Opener) -> None:
    """They tell whether there is one, without an error."""
    async with opened() as uploads:
        _, head, _ = await uploads.put(b"hello", basic())
        path = field(head, "Location").removeprefix(f"http://{HOST}")
        for each, allowed in ((path, "OPTIONS, GET, HEAD, DELETE"), ("/file/x/y", "OPTIONS")):
            status, head, _ = await uploads.ask(request("OPTIONS", each, f"Host: {HOST}"))
            assert (status, field(head, "Allow")) == (204, allowed)


async def test_a_file_by_password_and_back(opened: Opener) -> None:
    """201 with the address, which delivers it to everybody."""
    async with opened() as uploads:
        disposition = 'Content-Disposition: attachment; filename="кот.jpeg"'
        status, head, body = await uploads.put(fakes.jpeg(), basic(), disposition)
        assert status == 201
        location = field(head, "Location")
        assert body.decode() == f"{location}\n"
        shown = re.fullmatch(
            rf"http://{HOST}(/file/[\w-]{{22}}/%D0%BA%D0%BE%D1%82\.jpeg\?w=640&h=480)", location
        )
        assert shown
        status, head, body = await uploads.ask(request("GET", shown[1], f"Host: {HOST}"))
        assert status == 200
        assert body.startswith(b"\xff\xd8")
        assert fakes.SECRET not in body
        assert field(head, "Content-Type") == "image/jpeg"
        assert field(head, "Content-Length") == str(len(body))
        assert field(head, "Content-Security-Policy") == "sandbox; default-src 'none'"
        assert head.lower().count("content-security-policy") == 1
        assert head.lower().count("nosniff") == 1


async def test_a_guest_uploads_with_a_token(opened: Opener) -> None:
    """Once."""
    async with opened() as uploads:
        token = await uploads.token(await uploads.guest())
        assert (await uploads.put(b"hello", token))[0] == 201
        status, head, body = await uploads.put(b"hello", token)
        assert status == 401
        # A browser would open a dialogue for `Basic`.
        assert field(head, "WWW-Authenticate") == 'Bearer error="invalid_token"'
        assert body == b"401: The token is not valid any more: get another one.\n"


async def test_a_token_ends_with_its_session(opened: Opener) -> None:
    """It is bound to it."""
    async with opened() as uploads:
        bob = await uploads.guest()
        token = await uploads.token(bob)
        await bob.send(b"QUIT\r\n")
        await bob.rest()
        assert (await uploads.put(b"hello", token))[0] == 401


@pytest.mark.parametrize(
    "header",
    [
        "X: y",
        basic(password="wrong"),
        basic("nobody"),
        "Authorization: Basic !!!",
        "Authorization: Basic YW5u",
        "Authorization: Basic",
        "Authorization: Basic " + base64.b64encode(b"a\0n:x").decode(),
        "Authorization: Basic " + "A" * 5000,
        "Authorization: Bearer",
        "Authorization: Bearer x",
        "Authorization: Digest x",
    ],
)
async def test_who_is_not_logged_in_is_refused(opened: Opener, header: str) -> None:
    """401, and how one can log in; nothing is written."""
    async with opened() as uploads:
        status, head, _ = await uploads.put(b"hello", header)
        assert status == 401
        assert "Bearer" in field(head, "WWW-Authenticate") or "Basic" in field(
            head, "WWW-Authenticate"
        )
        assert not uploads.files()


async def test_a_suspended_account_is_refused(opened: Opener) -> None:
    """With the reason."""
    async with opened() as uploads:
        world = uploads.server.world
        assert world.accounts is not None
        number = world.accounts.known["ann"].id
        world.bans.add(Ban(BanKind.ACCOUNT, "ann", "root", "spam", int(NOON), 0, number))
        status, _, body = await uploads.put(b"hello", basic())
        assert status == 403
        assert b"spam" in body


async def test_guessing_passwords_is_locked_out(opened: Opener) -> None:
    """As with SASL: 429 with Retry-After, also for the right one."""
    async with opened() as uploads:
        for _ in range(20):
            assert (await uploads.put(b"x", basic(password="wrong")))[0] == 401
        status, head, body = await uploads.put(b"x", basic())
        assert status == 429
        assert int(field(head, "Retry-After")) > 0
        assert b"Too many wrong passwords" in body


class RefusingDirectory:
    """A directory that takes the password of a person that may not log in by it."""

    is_first = True

    async def check(self, name: str, password: str) -> Identity | None:
        """Refuse the person."""
        raise PersonRefused(f"{name} is in no group of the chat")


async def test_who_may_not_log_in_is_not_asked_to_try_again(opened: Opener) -> None:
    """403, as the password was right: a repeat would be refused likewise."""
    async with opened() as uploads:
        accounts = uploads.server.world.accounts
        assert isinstance(accounts, AccountKeeper)
        accounts.directory = RefusingDirectory()
        status, head, body = await uploads.put(b"x", basic(password="of the directory"))
        assert (status, field(head, "Retry-After")) == (403, "")
        assert b"ann is in no group of the chat" in body


async def test_only_those_who_may(opened: Opener) -> None:
    """Accounts, or operators."""
    async with opened(permitted="accounts") as uploads:
        assert (await uploads.put(b"hello", basic()))[0] == 201
    async with opened(permitted="operators") as uploads:
        assert (await uploads.put(b"hello", basic()))[0] == 403


async def test_a_server_without_uploads(opened: Opener) -> None:
    """There is nothing at these addresses."""
    async with opened() as uploads:
        uploads.server.site.uploads = None
        for method, path in (("POST", "/upload"), ("OPTIONS", "/upload"), ("GET", "/file/x")):
            assert (await uploads.ask(request(method, path, f"Host: {HOST}")))[0] == 404


async def test_a_chunked_body(opened: Opener) -> None:
    """Without a length; too long, it is refused in the middle."""
    async with opened(max_size=1024) as uploads:
        head = request("POST", "/upload", f"Host: {HOST}", basic(), "Transfer-Encoding: chunked")
        assert (await uploads.ask(head + b"5\r\nhello\r\n0\r\n\r\n"))[0] == 201
        piece = b"200\r\n" + bytes(512) + b"\r\n"
        assert (await uploads.ask(head + piece * 3 + b"0\r\n\r\n"))[0] == 413
        assert (await uploads.ask(head + b"zz\r\nhello"))[0] == 400
        assert len(uploads.files()) == 1


async def test_a_length_that_is_too_large_is_refused_before_the_body(opened: Opener) -> None:
    """The client that waits for 100 need not send it."""
    async with opened(max_size=1024) as uploads:
        lines = (f"Host: {HOST}", basic(), "Expect: 100-continue", "Content-Length: 99999999999")
        status, head, body = await uploads.ask(request("POST", "/upload", *lines))
        assert status == 413
        assert field(head, "Connection") == "close"
        assert body == b"413: The file is larger than 1 kB, which is the limit here.\n"


async def test_a_refusal_is_in_the_language_of_the_browser(opened: Opener) -> None:
    """The page shows it as it is."""
    async with opened(max_size=1024) as uploads:
        russian = (basic(), "Accept-Language: ru-RU,ru;q=0.9,en;q=0.8")
        assert "Файл пуст" in (await uploads.put(b"", *russian))[2].decode()
        assert "Файл больше 1 kB" in (await uploads.put(bytes(2000), *russian))[2].decode()


async def test_a_body_that_ends_too_early_leaves_nothing(opened: Opener) -> None:
    """The client gets no answer, and the server keeps no byte."""
    async with opened() as uploads:
        lines = (f"Host: {HOST}", basic(), "Content-Length: 500000")
        status, _, _ = await uploads.ask(request("POST", "/upload", *lines) + bytes(300_000))
        assert status == 0
        assert not uploads.files()


async def test_a_body_that_stands_still_ends(
    opened: Opener, mock_clock: trio.testing.MockClock
) -> None:
    """After the deadline of the connection; one that goes on may take longer than that."""
    async with opened() as uploads:
        stream = uploads.here.stream()
        lines = (f"Host: {HOST}", basic(), "Content-Length: 2000000")
        await stream.send_all(request("POST", "/upload", *lines))
        await _until(lambda: bool(uploads.files()))
        for _ in range(12):  # fewer bytes than are written at once: no thread is waited for
            await stream.send_all(bytes(20_000))
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(STALL_TIMEOUT / 2)
        assert uploads.files()
        mock_clock.jump(STALL_TIMEOUT)
        await _until(lambda: not uploads.files())


async def _until(is_so: Callable[[], bool]) -> None:
    """Wait until threads have done something."""
    await trio.testing.wait_all_tasks_blocked()
    while not is_so():
        await trio.testing.wait_all_tasks_blocked(0.001)


class UnhurriedTable(SqliteUploads):
    """A table that takes a minute to add an upload."""

    is_reached: trio.Event

    async def add(self, upload: Upload, own: int, total: int, session: int = 0) -> bool:
        """Add an upload."""
        self.is_reached.set()
        await trio.sleep(60)
        return await super().add(upload, own, total, session)


async def test_a_large_file_has_time_in_proportion(
    opened: Opener, mock_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the connection nor the service ends what a disk may need for so many bytes."""
    monkeypatch.setattr("trio_chat.server.http.connection.SLOWEST_WORK", 100)
    monkeypatch.setattr("trio_chat.server.uploads.service._SLOWEST_DISK", 100)
    async with opened() as uploads, trio.open_nursery() as nursery:
        service = uploads.server.uploads
        assert service is not None
        table = UnhurriedTable(cast("SqliteUploads", service.table)._database)
        table.is_reached = trio.Event()
        service.table = table
        statuses: list[int] = []

        async def upload(size: int) -> None:
            statuses.append((await uploads.put(bytes(size), basic()))[0])

        for size, seconds, status in ((10_000, 60, 201), (1000, 25, 503)):
            nursery.start_soon(upload, size)
            await table.is_reached.wait()
            table.is_reached = trio.Event()
            mock_clock.jump(seconds)
            await _until(lambda: bool(statuses))
            assert statuses.pop() == status
        nursery.cancel_scope.cancel()


async def test_two_files_on_one_connection(opened: Opener) -> None:
    """The connection goes on after a body that was read."""
    async with opened() as uploads:
        one = request("POST", "/upload", f"Host: {HOST}", basic(), "Content-Length: 5") + b"hello"
        _, _, rest = await uploads.ask(one + one)
        assert rest.count(b"HTTP/1.1 201") == 1
        assert len(uploads.files()) == 2


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.svg"),
        (b"<!doctype html><script>alert(1)</script>", "a.html"),
        (b"<html>", "a.jpg"),
        (b"%PDF-1.7\n%\xe2\xe3", "a.pdf"),
        (b"PK\x03\x04", "42.zip"),
    ],
)
async def test_hostile_files_are_never_shown(opened: Opener, data: bytes, name: str) -> None:
    """A browser saves them."""
    async with opened() as uploads:
        disposition = f"Content-Disposition: attachment; filename={name}"
        _, head, _ = await uploads.put(data, basic(), disposition, "Content-Type: text/html")
        path = field(head, "Location").removeprefix(f"http://{HOST}")
        status, head, body = await uploads.ask(request("GET", path, f"Host: {HOST}"))
        assert (status, body) == (200, data)
        assert field(head, "Content-Type") == "application/octet-stream"
        assert field(head, "Content-Disposition").startswith("attachment;")


async def test_head_ranges_and_conditions(opened: Opener) -> None:
    """As RFC 9110 says, with the bytes that belong to them."""
    async with opened() as uploads:
        _, head, _ = await uploads.put(b"0123456789", basic())
        path = field(head, "Location").removeprefix(f"http://{HOST}")
        get = ("GET", path, f"Host: {HOST}")
        status, head, body = await uploads.ask(request("HEAD", path, f"Host: {HOST}"))
        assert (status, field(head, "Content-Length"), body) == (200, "10", b"")
        tag = field(head, "ETag")
        status, head, body = await uploads.ask(request(*get, "Range: bytes=3-5"))
        assert (status, field(head, "Content-Range"), body) == (206, "bytes 3-5/10", b"345")
        assert field(head, "Content-Length") == "3"
        assert (await uploads.ask(request(*get, "Range: bytes=10-")))[0] == 416
        status, head, body = await uploads.ask(request(*get, f"If-None-Match: {tag}"))
        assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/file/", "/file/x", f"/file/{'A' * 22}/a.txt", f"/file/../{'A' * 22}", "/file/%00"]
)
async def test_what_is_not_there(opened: Opener, path: str) -> None:
    """404, whatever the path is."""
    async with opened() as uploads:
        assert (await uploads.ask(request("GET", path, f"Host: {HOST}")))[0] == 404


async def test_the_name_in_the_link_makes_no_difference(opened: Opener) -> None:
    """Neither is it trusted, nor does a link without it fail."""
    async with opened() as uploads:
        _, head, _ = await uploads.put(b"hello", basic())
        path = field(head, "Location").removeprefix(f"http://{HOST}")[:28]
        status, head, _ = await uploads.ask(request("GET", f"{path}/x.html", f"Host: {HOST}"))
        assert status == 200
        assert field(head, "Content-Type") == "text/plain; charset=utf-8"
        assert "x.html" not in head
        assert (await uploads.ask(request("GET", path, f"Host: {HOST}")))[0] == 200


async def test_a_file_whose_bytes_are_missing_or_cannot_be_read(opened: Opener) -> None:
    """404, and 503: it may be there again later."""
    async with opened() as uploads:
        _, head, _ = await uploads.put(b"hello", basic())
        path = field(head, "Location").removeprefix(f"http://{HOST}")
        (file,) = uploads.path.iterdir()
        file.unlink()
        assert (await uploads.ask(request("GET", path, f"Host: {HOST}")))[0] == 404
        file.mkdir()
        assert (await uploads.ask(request("GET", path, f"Host: {HOST}")))[0] == 503


async def test_removal(opened: Opener) -> None:
    """By the account itself; a stranger cannot."""
    async with opened() as uploads:
        _, head, _ = await uploads.put(b"hello", basic())
        path = field(head, "Location").removeprefix(f"http://{HOST}")
        token = await uploads.token(await uploads.guest())
        lines = (f"Host: {HOST}", token)
        assert (await uploads.ask(request("DELETE", path, *lines)))[0] == 403
        assert (await uploads.ask(request("DELETE", path, f"Host: {HOST}")))[0] == 401
        lines = (f"Host: {HOST}", basic())
        assert (await uploads.ask(request("DELETE", path, *lines)))[0] == 204
        assert not uploads.files()
        assert (await uploads.ask(request("GET", path, f"Host: {HOST}")))[0] == 404


async def test_redact_removes_the_file(opened: Opener) -> None:
    """With the message, before the sender sees the echo."""
    async with opened() as uploads:
        end = uploads.here.connect()
        await end.send(
            b"CAP REQ :draft/message-redaction message-tags echo-message batch\r\n"
            b"NICK bob\r\nUSER bob 0 * :B\r\nCAP END\r\nJOIN #a\r\n"
        )
        await end.until("366")
        _, head, _ = await uploads.put(b"hello", await uploads.token(end))
        location = field(head, "Location")
        await end.send(f"PRIVMSG #a :look: {location}\r\n".encode())
        message = await end.until("PRIVMSG")
        await end.send(f"REDACT #a {message.tags['msgid']}\r\n".encode())
        await end.until("REDACT")
        path = location.removeprefix(f"http://{HOST}")
        assert (await uploads.ask(request("GET", path, f"Host: {HOST}")))[0] == 404


async def _prune(uploads: Uploads, days: float) -> None:
    """Let days pass, and what is too old go."""
    world = uploads.server.world
    assert world.storage is not None
    world.steady = SteadyClock(lambda: NOON + days * 86_400, world.elapsed)
    await prune(world, world.storage)


async def test_files_that_nobody_has_linked_go_after_a_day(opened: Opener) -> None:
    """Those of messages, topics and avatars stay, as long as these do."""
    async with opened() as uploads:
        end = uploads.here.connect()
        await end.send(b"CAP REQ :draft/metadata-2\r\nNICK bob\r\nUSER bob 0 * :B\r\nCAP END\r\n")
        await end.until("422")
        paths = []
        for number in range(5):
            _, head, _ = await uploads.put(b"%d" % number, basic())
            paths.append(field(head, "Location"))
        said, topic, avatar, channel = paths[1:]
        for line in (
            "JOIN #a",
            f"PRIVMSG #a :{said}",
            f"TOPIC #a :{topic}",
            f"METADATA * SET avatar :{avatar}",
            f"METADATA #a SET avatar :{channel}",
        ):
            await end.send(f"{line}\r\n".encode())
        await end.send(b"PING x\r\n")
        await end.until("PONG")
        await _prune(uploads, 0.9)
        assert len(uploads.files()) == 5
        await _prune(uploads, 1.1)
        assert await _statuses(uploads, *paths) == [404, 200, 200, 200, 200]
        await end.send(b"TOPIC #a :\r\nMETADATA * SET avatar\r\nPING x\r\n")
        await end.until("PONG")
        await _prune(uploads, 1.2)
        assert await _statuses(uploads, *paths) == [404, 200, 404, 404, 200]


async def _statuses(uploads: Uploads, *links: str) -> list[int]:
    """Return the statuses of the answers to requests for files."""
    paths = [link.removeprefix(f"http://{HOST}") for link in links]
    return [(await uploads.ask(request("GET", path, f"Host: {HOST}")))[0] for path in paths]


async def test_the_end_of_the_server_has_one_deadline(
    opened: Opener, mock_clock: trio.testing.MockClock
) -> None:
    """Connections and uploads get the same one, and an upload that begins later, too."""
    async with opened() as uploads, trio.open_nursery() as connections:
        assert uploads.server.uploads is not None
        await uploads.server._shut_down(connections)
        stop = connections.cancel_scope.deadline
        assert stop == trio.current_time() + uploads.server.settings.server.shutdown_grace
        with uploads.server.uploads._shielded(60):
            (scope,) = uploads.server.uploads._shields
            assert scope.deadline == stop


async def test_pages_of_listed_origins_may_upload(opened: Opener) -> None:
    """With CORS, refusals included; other pages get no permission."""
    async with opened() as uploads:
        lines = (f"Host: {HOST}", f"Origin: {ORIGIN}", "Access-Control-Request-Method: POST")
        _, head, _ = await uploads.ask(request("OPTIONS", "/upload", *lines))
        assert field(head, "Access-Control-Allow-Origin") == ORIGIN
        assert "Authorization" in field(head, "Access-Control-Allow-Headers")
        status, head, _ = await uploads.put(b"hello", basic(), f"Origin: {ORIGIN}")
        assert status == 201
        assert "Location" in field(head, "Access-Control-Expose-Headers")
        _, head, _ = await uploads.put(b"hello", f"Origin: {ORIGIN}")
        assert field(head, "Access-Control-Allow-Origin") == ORIGIN
        _, head, _ = await uploads.put(b"hello", basic(), "Origin: https://evil.example")
        assert "Access-Control" not in head


async def test_links_have_the_address_of_the_page(opened: Opener) -> None:
    """The configured one, also below a path."""
    async with opened(url="https://chat.example/irc/") as uploads:
        _, head, _ = await uploads.put(b"hello", basic())
        assert field(head, "Location").startswith("https://chat.example/irc/file/")


async def test_a_link_is_of_use_to_others(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the uploader has come by an address that only this machine has."""
    monkeypatch.setattr(
        "trio_chat.server.uploads.handlers.own_addresses", lambda: [ip_address("198.51.100.7")]
    )
    async with opened() as uploads:
        lines = ("Host: localhost:5000", "Content-Length: 5", basic())
        _, head, _ = await uploads.ask(request("POST", "/upload", *lines) + b"hello")
        assert field(head, "Location").startswith("http://198.51.100.7:5000/file/")


@pytest.mark.parametrize(
    ("peer", "url", "page"),
    [
        (Peer(host="x", local=("192.0.2.1", 5000)), "", "http://192.0.2.1:5000/"),
        (Peer(host="x", local=("192.0.2.1", 80)), "", "http://192.0.2.1/"),
        (
            Peer(host="x", local=("2001:db8::1", 6697), is_secure=True),
            "",
            "https://[2001:db8::1]:6697/",
        ),
        (Peer(host="x", local=("192.0.2.1", 5000)), "http://a.example/", "http://a.example/"),
        (Peer(host="x", is_secure=True), "http://a.example/", ""),
        (Peer(host="x", is_secure=True), "https://a.example/", "https://a.example/"),
        (Peer(host="x"), "", ""),
        (Peer(host="x", page_url="https://b.example/"), "http://a.example/", "https://b.example/"),
    ],
)
def test_the_page_of_a_peer(peer: Peer, url: str, page: str) -> None:
    """As the client reaches it; with TLS never by http."""
    assert page_url_for(Settings(server=ServerSettings(url=url)), peer) == page


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        (("Origin: http://chat.example:5000",), "http://chat.example:5000/"),
        ((f"Origin: {ORIGIN}",), "http://chat.example:5000/"),
        ((), "http://chat.example:5000/"),
    ],
)
async def test_the_page_of_a_websocket(opened: Opener, headers: tuple[str, ...], page: str) -> None:
    """The origin of the page itself, or the host that was requested."""
    async with opened() as uploads:
        stream = uploads.here.stream(ListenerSettings(name=""))
        lines = (
            f"Host: {HOST}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *headers,
        )
        await stream.send_all(request("GET", "/", *lines))
        assert b" 101 " in await stream.receive_some()
        await trio.testing.wait_all_tasks_blocked()
        (session,) = uploads.server.world.sessions.values()
        assert session.page_url == page
