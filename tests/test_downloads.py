"""Packages that the server hands on: which names it serves, and which one it offers first."""

import hashlib
import json
import os
from dataclasses import replace
from io import BufferedReader
from ipaddress import ip_network
from pathlib import Path

import pytest
import trio

from edge import edge
from http_fakes import get
from trio_chat.config import ServerSettings, Settings
from trio_chat.server.http import downloads as store
from trio_chat.server.http.download_choice import choices, fitting
from trio_chat.server.http.downloads import MOST_FILES, Download, Downloads

NAMES = (
    "trio-chat-client-0.9.0.exe",
    "trio-chat-setup-0.9.0.exe",
    "trio-chat-portable-0.9.0.zip",
    "trio-chat_0.9.0_amd64.deb",
    "trio_chat-0.9.0-py3-none-any.whl",
    "trio-chat-offline-0.9.0.zip",
    "SHA256SUMS",
)
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
DATA = b"a package" * 100


def serving(directory: Path | None) -> Settings:
    """Return settings with a directory of packages."""
    return Settings(server=ServerSettings(name="chat.test", downloads=directory))


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A directory with one package of each kind."""
    directory = tmp_path / "downloads"
    directory.mkdir()
    for name in NAMES:
        (directory / name).write_bytes(DATA)
    return directory


@pytest.mark.parametrize("name", NAMES)
async def test_a_package_is_delivered_as_a_file_to_save(packages: Path, name: str) -> None:
    """With its digest as the entity tag, and nothing for a browser to run."""
    async with edge(serving(packages)) as here:
        answer = await get(here, f"/download/{name}")
        assert (answer.status, answer.body) == (200, DATA)
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["etag"] == f'"{hashlib.sha256(DATA).hexdigest()}"'


async def test_head_ranges_and_conditions(packages: Path) -> None:
    """An interrupted download goes on, and a kept one is not sent again."""
    path = f"/download/{NAMES[0]}"
    async with edge(serving(packages)) as here:
        head = await get(here, path, method="HEAD")
        assert (head.status, head.headers["content-length"]) == (200, str(len(DATA)))
        part = await get(here, path, b"Range: bytes=10-19\r\n")
        assert (part.status, part.body) == (206, DATA[10:20])
        outside = await get(here, path, b"Range: bytes=9000-\r\n")
        assert outside.status == 416
        tag = head.headers["etag"].encode()
        assert (await get(here, path, b"If-None-Match: " + tag + b"\r\n")).status == 304
        stale = await get(here, path, b'Range: bytes=10-19\r\nIf-Range: "old"\r\n')
        assert (stale.status, stale.body) == (200, DATA)


@pytest.mark.parametrize(
    "name",
    [
        "config.ini",
        "../config.ini",
        "..%2fconfig.ini",
        "trio-chat-client-../../config.ini.exe",
        "trio-chat-client-0.9.0.exe/",
        "trio-chat-client-0.9.0.exe%00",
        "/etc/passwd",
        "trio-chat-client-0.9.0.exe:stream",
        "trio-chat-client-0.9.0.exe.",
        "TRIO-CHAT-CLIENT-0.9.0.EXE",
        "trio-chat-client-0.9.0\\x.exe",
        "trio-chat-client-.exe",
        "trio-chat-client-" + "1" * 5000 + ".exe",
        "con",
        "sha256sums",
    ],
)
async def test_other_names_are_not_served(packages: Path, name: str) -> None:
    """Also when there is such a file."""
    (packages / "config.ini").write_text("secret")
    (packages.parent / "config.ini").write_text("secret")
    async with edge(serving(packages)) as here:
        answer = await get(here, f"/download/{name}")
        assert answer.status == 404
        assert b"secret" not in answer.body


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
async def test_only_regular_files_are_served(packages: Path) -> None:
    """No symbolic link, directory or named pipe, which would block the thread."""
    (packages.parent / "secret").write_text("secret")
    names = [f"trio-chat-client-{number}.exe" for number in (1, 2, 3)]
    (packages / names[0]).symlink_to(packages.parent / "secret")
    (packages / names[1]).mkdir()
    os.mkfifo(packages / names[2])
    async with edge(serving(packages)) as here:
        page = (await get(here, "/download/")).text
        for name in names:
            assert (await get(here, f"/download/{name}")).status == 404
            assert name not in page


@pytest.mark.parametrize("directory", [None, Path("/nowhere/at/all")])
async def test_without_packages_the_page_has_the_command(directory: Path | None) -> None:
    """It joins the chat with a program that is installed."""
    async with edge(serving(directory)) as here:
        answer = await get(here, "/download/", host="chat.test:5000")
        assert "trio-chat connect chat.test:5000" in answer.text
        assert "/download/trio" not in answer.text
        assert (await get(here, f"/download/{NAMES[0]}")).status == 404


async def test_the_page_lists_all_in_both_languages(packages: Path) -> None:
    """With the package for the visitor's system first."""
    agent = f"User-Agent: {WINDOWS}\r\n".encode()
    async with edge(serving(packages)) as here:
        english = (await get(here, "/download/", agent)).text
        russian = (await get(here, "/download/", agent + b"Accept-Language: ru\r\n")).text
        for page in (english, russian):
            links = [part.partition('"')[0] for part in page.split('href="/download/')[1:]]
            packages_named = [link for link in links if not link.startswith("?")]
            assert packages_named[0] == NAMES[1]
            assert set(packages_named) == set(NAMES)
            assert hashlib.sha256(DATA).hexdigest() in page
        assert "Для вашей системы" in russian


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (WINDOWS, "Run anyway"),
        ("X11; Ubuntu; Linux x86_64", f"sudo apt install ./{NAMES[3]}"),
        ("X11; Linux x86_64", "pip install"),
        ("Linux; Android 14", "needs no program"),
    ],
)
async def test_the_page_says_how_the_package_is_opened(
    packages: Path, agent: str, words: str
) -> None:
    """Windows, for one, does not know the author."""
    async with edge(serving(packages)) as here:
        page = await get(here, "/download/", f"User-Agent: Mozilla/5.0 ({agent})\r\n".encode())
    assert words in page.text


async def test_a_person_may_leave_the_slash_out(packages: Path) -> None:
    """The browser goes on to the page."""
    async with edge(serving(packages)) as here:
        answer = await get(here, "/download")
        assert (answer.status, answer.headers["location"]) == (308, "/download/")


async def test_scripts_get_the_list_as_json(packages: Path) -> None:
    """With sizes and digests."""
    async with edge(serving(packages)) as here:
        text = (await get(here, "/download/", b"Accept: application/json\r\n")).text
        assert f'"size": {len(DATA)}' in text
        assert all(name in text for name in NAMES)


@pytest.mark.parametrize(
    ("agent", "chosen"),
    [
        (WINDOWS, NAMES[1]),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:130.0)", NAMES[3]),
        ("Mozilla/5.0 (X11; Ubuntu; Linux aarch64; rv:130.0)", NAMES[4]),
        ("Mozilla/5.0 (X11; Linux x86_64)", NAMES[4]),
        ("Mozilla/5.0 (X11; Linux armv7l)", NAMES[4]),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)", None),
        ("Mozilla/5.0 (X11; CrOS aarch64) like Linux", None),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", NAMES[4]),
        ("Mozilla/5.0 (Linux; Android 14)", None),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", None),
        ("", None),
    ],
)
def test_which_package_fits(agent: str, chosen: str | None) -> None:
    """A telephone gets none: the page in the browser is its client."""
    best = fitting([Download(name, 1, "") for name in NAMES], agent)
    assert (best.filename if best else None) == chosen


async def test_the_newest_version_is_first_and_the_list_is_bounded(tmp_path: Path) -> None:
    """Versions are compared as numbers."""
    for number in range(MOST_FILES + 5):
        (tmp_path / f"trio-chat-client-0.{number}.0.exe").write_bytes(b"x")
    found = await Downloads().all(tmp_path)
    assert len(found) == MOST_FILES
    assert found[0].filename == f"trio-chat-client-0.{MOST_FILES + 4}.0.exe"


async def digest_of(downloads: Downloads, directory: Path, name: str) -> str:
    """Return the digest of a package as visitors see it."""
    [found] = await downloads.described(directory, [name])
    return found.sha256


async def test_a_replaced_package_has_another_digest(packages: Path) -> None:
    """Digests are kept for as long as the file is the same."""
    downloads = Downloads()
    before = await digest_of(downloads, packages, NAMES[0])
    (packages / NAMES[0]).write_bytes(b"another one")
    after = await digest_of(downloads, packages, NAMES[0])
    assert after == hashlib.sha256(b"another one").hexdigest() != before


async def test_a_package_is_hashed_once(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Visitors that come at the same time wait for the same digest."""
    downloads, hashed = Downloads(), list[int]()
    advance = store._Hashing.advance

    def counted(hashing: store._Hashing, file: BufferedReader) -> bool:
        hashed.append(hashing.state.inode)
        return advance(hashing, file)

    monkeypatch.setattr(store._Hashing, "advance", counted)
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(downloads.all, packages)
    assert len(hashed) == len(set(hashed)) == len(NAMES)


async def test_a_slow_digest_delays_no_visitor_and_is_continued(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is offered and sent without it, and the next visitor finds more of it done."""
    monkeypatch.setattr(store, "PATIENCE", 0.0)
    async with edge(serving(packages)) as here:
        sent = await get(here, f"/download/{NAMES[0]}")
        assert (sent.status, sent.body) == (200, DATA)
        assert "etag" not in sent.headers
        assert "is being computed" in (await get(here, "/download/")).text
        scripts = await get(here, "/download/", b"Accept: application/json\r\n")
        assert {each["sha256"] for each in json.loads(scripts.text)["files"]} == {""}


async def test_a_digest_that_was_interrupted_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each visitor waits for a short time only."""
    monkeypatch.setattr(store, "_HASHED_AT_ONCE", 10)
    (tmp_path / NAMES[0]).write_bytes(DATA)
    downloads = Downloads()
    package = await downloads.open(tmp_path, NAMES[0])
    assert package
    reached = []
    with package.file:
        hashing = store._Hashing(package.state)
        downloads._hashing[package.state] = hashing
        for _ in range(3):
            hashing.advance(package.file)
            reached.append(hashing.reached)
        found = await downloads.describe(package)
    assert reached == [10, 20, 30]
    assert found.sha256 == hashlib.sha256(DATA).hexdigest()
    assert not downloads._hashing


async def test_a_package_that_is_replaced_is_sent_as_it_was(packages: Path) -> None:
    """The digest in the headers is that of the bytes."""
    downloads = Downloads()
    package = await downloads.open(packages, NAMES[0])
    assert package
    found = await downloads.describe(package)
    other = packages / "other"
    other.write_bytes(b"x" * len(DATA))
    other.replace(packages / NAMES[0])
    sent = b"".join([piece async for piece in package.pieces(0, package.state.size)])
    assert hashlib.sha256(sent).hexdigest() == found.sha256
    assert package.file.closed


@pytest.mark.parametrize("data", [b"y" * len(DATA), b"short"])
async def test_a_package_that_is_written_to_is_cut_short(
    packages: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a visitor would have a file whose digest nobody knows."""
    package = await Downloads().open(packages, NAMES[0])
    assert package
    os.utime(packages / NAMES[0], (1, 1))
    (packages / NAMES[0]).write_bytes(data)
    pieces = package.pieces(0, package.state.size)
    with pytest.raises(trio.BrokenResourceError):
        await anext(pieces)
    assert package.file.closed
    assert "was not sent completely" in caplog.text


async def test_an_empty_package_and_a_huge_one(
    packages: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The one has a digest as well, and the other is named in the log once."""
    (packages / NAMES[0]).write_bytes(b"")
    with (packages / NAMES[1]).open("wb") as huge:
        huge.truncate(5 << 30)
    async with edge(serving(packages)) as here:
        assert (await get(here, f"/download/{NAMES[0]}")).body == b""
        for _ in range(3):
            page = (await get(here, "/download/")).text
    assert hashlib.sha256(b"").hexdigest() in page
    assert NAMES[1] not in page
    assert caplog.text.count(NAMES[1]) == 1


async def test_another_package_of_the_same_name_is_asked_for(packages: Path) -> None:
    """A browser that keeps the former one would show bytes of another digest."""
    async with edge(serving(packages)) as here:
        headers = (await get(here, f"/download/{NAMES[0]}")).headers
        assert headers["cache-control"] == "no-cache"
        tag = headers["etag"].encode()
        (packages / NAMES[0]).write_bytes(b"another one")
        again = await get(here, f"/download/{NAMES[0]}", b"If-None-Match: " + tag + b"\r\n")
        assert (again.status, again.body) == (200, b"another one")


def test_scripts_get_the_choice_for_each_system() -> None:
    """The page names the system, and has no table of its own."""
    found = choices([Download(name, 1, "") for name in NAMES])
    assert found["windows"] == NAMES[1]
    assert found["linux-arm"] == NAMES[4]
    assert choices([Download(NAMES[3], 1, "")]) == {"debian": NAMES[3], "linux": NAMES[3]}


async def test_a_proxy_does_not_speak_irc(packages: Path) -> None:
    """The address for clients has the port of the server, and the host that the visitor knows."""
    settings = replace(
        serving(packages),
        server=replace(serving(packages).server, proxies=(ip_network("127.0.0.1/32"),)),
    )
    headers = b"X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Host: chat.test\r\n"
    async with edge(settings) as here:
        page = (await get(here, "/download/", headers, host="localhost:8080")).text
    assert f"trio-chat connect chat.test:{settings.server.port}<" in page
