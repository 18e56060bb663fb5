"""The pages of the private authority: its certificate, and how to install it."""

import hashlib
import plistlib
import re
import ssl
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge import edge
from trio_chat.config import (
    ListenerSettings,
    ServerSettings,
    Settings,
    StorageSettings,
    TlsSettings,
)
from trio_chat.server.http.authority import preferred_language
from trio_chat.server.http.messages import HttpRequest

PLAIN = ListenerSettings(name="")
TLS_ONLY = ListenerSettings(name="", tls="required")
PATHS = ("/ca", "/ca.css", "/ca.svg", "/ca.pem", "/ca.cer", "/ca.mobileconfig")


@pytest.fixture
def chat(tmp_path: Path) -> Settings:
    """Return the settings of a server that has an authority."""
    return Settings(
        server=ServerSettings(network="A <b> & 'c'", allowed_hosts=("chat.example",)),
        storage=StorageSettings(file=tmp_path / "chat.db"),
    )


async def get(
    settings: Settings, path: str, *headers: str, listener: ListenerSettings = PLAIN
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a page."""
    async with edge(settings) as here:
        stream = here.stream(listener)
        lines = [f"GET {path} HTTP/1.1", "Host: chat.example:5000", "Connection: close", *headers]
        await stream.send_all("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while data := await stream.receive_some():
            answer += data
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        status, *rows = head.decode().split("\r\n")
        fields = dict(row.split(": ", 1) for row in rows)
        return int(status.split()[1]), {key.lower(): value for key, value in fields.items()}, body


class Page(HTMLParser):
    """Elements and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_the_page_says_what_to_install_and_what_to_compare(
    chat: Settings, language: str
) -> None:
    """In both languages, without a script; the name of the network is text."""
    status, headers, body = await get(chat, f"/ca?lang={language}")
    page, text = Page(body.decode()), body.decode()
    assert (status, headers["content-language"]) == (200, language)
    assert "script-src" not in headers["content-security-policy"]
    assert "script" not in page.tags
    assert not any(name.startswith("on") or name == "style" for name, _ in page.attributes)
    assert "A &lt;b&gt; &amp; &#x27;c&#x27;" in text
    async with edge(chat) as here:
        der = await here.server.encryption.authority()
    digest = hashlib.sha256(der).hexdigest().upper()
    assert ":".join(re.findall("..", digest)) in text
    links = {value for name, value in page.attributes if name in ("href", "src")}
    assert links >= {"/ca.cer", "/ca.pem", "/ca.mobileconfig", "/ca.svg", "/ca.css", "/"}
    assert "https://chat.example:5000/" in links
    for word in ("Windows", "macOS", "iPhone", "Android", "Firefox", "Linux", "$HOME/.pki"):
        assert word in text
    assert "$" not in text.replace("$HOME", "")


async def test_the_files_are_the_certificate(chat: Settings) -> None:
    """PEM, DER, and a profile for iOS and macOS."""
    _, headers, pem = await get(chat, "/ca.pem")
    assert headers["content-type"] == "application/x-pem-file"
    assert headers["content-disposition"] == 'attachment; filename="chat.local-ca.pem"'
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    assert b"PRIVATE" not in pem
    _, headers, cer = await get(chat, "/ca.cer")
    assert (cer, headers["content-type"]) == (der, "application/x-x509-ca-cert")
    _, headers, body = await get(chat, "/ca.mobileconfig")
    assert headers["content-type"] == "application/x-apple-aspen-config"
    profile = plistlib.loads(body)
    assert profile["PayloadContent"][0]["PayloadContent"] == der
    assert profile["PayloadContent"][0]["PayloadType"] == "com.apple.security.root"
    assert plistlib.loads((await get(chat, "/ca.mobileconfig"))[2]) == profile


async def test_the_code_is_an_image(chat: Settings) -> None:
    """Without a script in it."""
    _, headers, body = await get(chat, "/ca.svg")
    assert headers["content-type"] == "image/svg+xml"
    root = ElementTree.fromstring(body)
    assert root.tag.endswith("svg")
    assert {element.tag.partition("}")[2] for element in root.iter()} <= {"svg", "g", "path"}


@pytest.mark.parametrize("path", PATHS)
async def test_the_pages_are_there_without_tls_too(chat: Settings, path: str) -> None:
    """Where TLS is required, a device that does not trust the server yet needs them most."""
    assert (await get(chat, path, listener=TLS_ONLY))[0] == 200
    assert (await get(chat, "/", listener=TLS_ONLY))[0] == 308


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/ca.css"])
@pytest.mark.parametrize("kind", ["own", "nothing kept", "damaged", "off"])
async def test_a_server_without_an_authority_says_so(
    chat: Settings, tmp_path: Path, kind: str, path: str
) -> None:
    """One with a certificate of the administrator's, without a database, with a damaged file, or
    without TLS.
    """
    if kind == "own":
        chat = replace(chat, tls=TlsSettings(certificate=tmp_path / "none.pem"))
    elif kind == "off":
        chat = replace(chat, server=replace(chat.server, tls="off"))
    elif kind == "nothing kept":
        chat = replace(chat, storage=StorageSettings(file=None))
    else:
        (tmp_path / "chat.db.ca.pem").write_text("damaged")
    status, _, body = await get(chat, path)
    assert status == 404
    assert b"no private authority" in body


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ru", "ru"),
        ("ru-RU, en;q=0.5", "ru"),
        ("en-GB,ru;q=0.9", "en"),
        ("de, ru;q=0.3, en;q=0.7", "en"),
        ("de", "en"),
        ("", "en"),
        ("ru;q=zzz", "ru"),
        (";;,=,ru;q=2", "ru"),
    ],
)
def test_the_language_is_the_one_that_the_browser_prefers(accepted: str, language: str) -> None:
    """English when there is no other; a link leads to the other one."""
    request = HttpRequest(
        method="GET",
        target=b"/ca",
        host=None,
        headers=[(b"accept-language", accepted.encode())],
    )
    assert preferred_language(request) == language
    assert preferred_language(replace(request, target=b"/ca?lang=ru")) == "ru"
