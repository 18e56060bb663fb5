"""`/upload`: the file that a user names, the request, and what a hostile host answers."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import trio
import trio.testing

from trio_chat.client.http_upload import send_file
from trio_chat.client.link.uploads import Uploads
from trio_chat.client.local_file import LocalFile, UploadError, open_file, typed_paths
from trio_chat.client.session.effects import Effects
from trio_chat.client.session.features import Features
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.upload_tokens import UploadTokens
from trio_chat.client.trust import Connector, Security

URL = "http://chat.example:5000/upload"


@pytest.fixture
def local(tmp_path: Path) -> LocalFile:
    """Return an open file."""
    (tmp_path / "кот.txt").write_bytes(b"hello")
    return open_file(tmp_path / "кот.txt")


async def put(local: LocalFile, answer: bytes, *, closes: bool = True) -> tuple[str, bytes]:
    """Upload to a host with an answer; return the link, and what the host has received."""
    ours, theirs = trio.testing.memory_stream_pair()
    received = b""

    async def host() -> None:
        nonlocal received
        while not received.endswith(b"hello"):
            received += await theirs.receive_some()
        await theirs.send_all(answer)
        if closes:
            await theirs.send_eof()

    async def report(sent: int) -> None:  # noqa: ASYNC124
        """Show nothing."""

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host)
        try:
            link = await send_file(ours, URL, local, "Bearer x", report)
        finally:
            local.file.close()
    return link, received


def created(location: bytes) -> bytes:
    """Return the answer to an upload."""
    return b"HTTP/1.1 201 Created\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"


async def test_the_request(local: LocalFile) -> None:
    """With name, size and token, as FILEHOST describes."""
    link, received = await put(local, created(b"/file/x/y.txt?size=5"), closes=False)
    assert link == "http://chat.example:5000/file/x/y.txt?size=5"
    head = received.partition(b"\r\n\r\n")[0].decode()
    assert head.startswith("POST /upload HTTP/1.1\r\n")
    for line in (
        "Host: chat.example:5000",
        "Content-Length: 5",
        "Content-Disposition: attachment; filename*=UTF-8''%D0%BA%D0%BE%D1%82.txt",
        "Authorization: Bearer x",
    ):
        assert line in head


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 413 X\r\nContent-Length: 14\r\n\r\n413: too large", "413: too large"),
        (b"HTTP/1.1 507 X\r\n\r\n\x1b[2Jfull\nmore", "full"),
        (b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", "500"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "201"),
        (created(b"javascript:alert(1)"), "201"),
        (created(b"http://a.example/a b"), "201"),
        (b"", "broken"),
        (b"no HTTP\r\n\r\n", "broken"),
    ],
)
async def test_a_refusal_is_shown(local: LocalFile, answer: bytes, reason: str) -> None:
    """In one line, without control characters; a link that is none is none."""
    error: str = ""
    try:
        await put(local, answer)
    except* UploadError as group:  # of the nursery with the host
        error = str(group.exceptions[0])
    assert reason in error
    assert error.isprintable()


async def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    """The user learns it, and the host gets no half file that looks whole."""
    (tmp_path / "a.txt").write_bytes(b"hello")
    local = open_file(tmp_path / "a.txt")._replace(size=10)
    ours, _theirs = trio.testing.memory_stream_pair()

    async def report(sent: int) -> None:  # noqa: ASYNC124
        """Show nothing."""

    with local.file, pytest.raises(UploadError, match="changed"):
        await send_file(ours, URL, local, "", report)


@pytest.mark.parametrize("url", ["http://a/b c", "http://a/\n", "http://é/x"])
async def test_a_hostile_address(local: LocalFile, url: str) -> None:
    """It is no request, and no defect."""
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.send_eof()

    async def report(sent: int) -> None:  # noqa: ASYNC124
        """Show nothing."""

    with local.file, pytest.raises(UploadError):
        await send_file(ours, url, local, "", report)


POSIX = os.name == "posix"


@pytest.mark.parametrize(
    ("typed", "paths"),
    [
        ("a.txt", ["a.txt"]),
        ('"a b.txt"', ["a b.txt"]),
        (" a.txt ", ["a.txt"]),
        ('"', ['"']),
        ("~/a.txt", [f"{Path.home()}/a.txt"]),
        ("no such file.txt", ["no such file.txt"]),
        ("it's mine.txt", ["it's mine.txt"]),
    ],
)
def test_the_path_that_is_typed(typed: str, paths: list[str]) -> None:
    """Quotes and `~` are those of a shell; a name that nothing has is shown as it was typed."""
    assert typed_paths(typed) == [Path(path) for path in paths]


@pytest.mark.skipif(not POSIX, reason="a backslash separates directories")
@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("my cat.txt", ["my cat.txt"]),
        ("my\\ cat.txt", ["my cat.txt"]),
        ("'my cat.txt' ", ["my cat.txt"]),
        ("a.txt 'my cat.txt'", ["a.txt", "my cat.txt"]),
        ("a.txt it\\'s\\ \\(1\\).txt", ["a.txt", "it's (1).txt"]),
        ("it's (1).txt", ["it's (1).txt"]),
        ("a.txt none.txt", ["a.txt", "none.txt"]),
        ("a\\b.txt", ["a\\b.txt"]),
        ("file://{}/my%20cat.txt", ["my cat.txt"]),
    ],
)
def test_files_that_are_typed_or_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, names: list[str]
) -> None:
    """A name as it is goes first; then names as a terminal inserts them, also several."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "my cat.txt", "it's (1).txt", "a\\b.txt"):
        (tmp_path / name).write_text("x")
    found = typed_paths(typed.replace("{}", str(tmp_path)))
    assert [path.name for path in found] == names


def test_paths_of_windows() -> None:
    """Backslashes stay; double quotes go around names with spaces."""
    typed = 'C:\\Users\\ann\\a.png "C:\\my pictures\\b.png"'
    assert typed_paths('"C:\\my pictures\\b.png"', is_posix=False) == [
        Path("C:\\my pictures\\b.png")
    ]
    # Neither exists here, so this could be one name.
    assert typed_paths(typed, is_posix=False) == [Path(typed)]
    assert typed_paths("C:\\a.png", is_posix=False) == [Path("C:\\a.png")]


class OfflineLink:
    """A link that is not connected, and keeps what it says."""

    session = None

    def __init__(self) -> None:
        self.told: list[str] = []

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Keep a sentence."""
        self.told.append(text)
        await trio.lowlevel.checkpoint()

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Call a function."""
        action(cast("ClientProtocol", None))
        await trio.lowlevel.checkpoint()

    async def say(self, target: str, text: str) -> None:
        """Send nothing."""
        raise AssertionError(text)


async def no_connection() -> trio.abc.Stream:  # noqa: ASYNC124
    """Connect to nothing."""
    raise AssertionError


@pytest.mark.skipif(not POSIX, reason="names are quoted as in a shell")
async def test_one_file_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    """Each has its own answer; too many at once have one."""
    for name in ("a", "b"):
        (tmp_path / name).write_text("x")
    link = OfflineLink()
    uploads = Uploads(link, lambda: no_connection)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(uploads.run)
        await uploads.add("#a", f"{tmp_path}/a {tmp_path}/b")
        await uploads.wait()
        assert len(link.told) == 2
        await uploads.add("#a", f"{tmp_path}/a " * 30)
        await uploads.wait()
        nursery.cancel_scope.cancel()
    assert len(link.told) == 3
    assert "more than 20 files" in link.told[-1]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "directory"),
        (lambda path: path.touch(), "empty"),
        (getattr(os, "mkfifo", None), "no ordinary file"),
        (lambda path: path.symlink_to(path), "cannot be read"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
def test_what_cannot_be_uploaded(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    """The reason names the path."""
    make(tmp_path / "x")
    with pytest.raises(UploadError, match=problem) as caught:
        open_file(tmp_path / "x")
    assert str(tmp_path / "x") in str(caught.value)


class ConnectedLink(OfflineLink):
    """A link to a server that takes the password for files, and to which it was only proved."""

    def __init__(self, url: str, *, is_private: bool) -> None:
        super().__init__()
        features = SimpleNamespace(filehost=url, has_upload_tokens=False)
        credentials = SimpleNamespace(account="ann", password="horse12")
        authentication = SimpleNamespace(
            account="ann", credentials=credentials, is_private=is_private
        )
        protocol = SimpleNamespace(features=features, authentication=authentication)
        self.session = cast("None", SimpleNamespace(protocol=protocol, is_secure=False))


@pytest.mark.parametrize(
    ("url", "is_private"),
    [
        ("http://chat.example:5000/upload", False),
        ("https://chat.example:5000/upload", False),
        ("http://files.example/upload", False),
        ("http://files.example/upload", True),
    ],
)
async def test_no_password_is_sent_without_encryption(
    tmp_path: Path, url: str, *, is_private: bool
) -> None:
    """The server names the address, and the login may have been one by SCRAM."""
    (tmp_path / "a").write_text("x")
    link = ConnectedLink(url, is_private=is_private)
    connect = Connector("chat.example", 5000, Security())
    uploads = Uploads(link, lambda: connect)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(uploads.run)
        await uploads.add("#a", f"{tmp_path}/a")
        await uploads.wait()
        nursery.cancel_scope.cancel()
    assert "without encryption" in link.told[-1]


def test_tokens_come_in_the_order_of_the_requests() -> None:
    """A refusal is an answer, too; at the end of the connection nobody waits."""
    effects, answers = Effects(), list[tuple[str, str]]()
    tokens = UploadTokens(effects)
    assert not tokens.answered("unasked")
    for _ in range(3):
        tokens.request(lambda token, reason: answers.append((token, reason)))
    assert effects.take_lines() == ["TOKEN GENERATE FILEHOST"] * 3
    tokens.answered("first")
    tokens.answered("", "no")
    tokens.end("")
    assert answers == [("first", ""), ("", "no"), ("", "")]


def test_the_address_of_uploads() -> None:
    """Under either name, until it is taken back."""
    features = Features()
    features.read(["soju.im/FILEHOST=https://a.example/up\\x3D", "draft/AUTHTOKEN"])
    assert (features.filehost, features.has_upload_tokens) == ("https://a.example/up=", True)
    features.read(["-draft/FILEHOST", "-draft/AUTHTOKEN"])
    assert (features.filehost, features.has_upload_tokens) == ("", False)
