"""Trust of a browser in the server's private authority, which is installed as `/ca` says."""

import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from trio_chat.server.certified_names import SubjectNames
from trio_chat.server.private_authority import PrivateAuthority, new_key, private_bytes

if TYPE_CHECKING:
    from harness import Server
    from playwright.sync_api import Browser, Page

CERTUTIL = shutil.which("certutil")
pytestmark = pytest.mark.skipif(
    CERTUTIL is None, reason="certutil is not installed; it is in the package libnss3-tools"
)


class Device:
    """A device with a browser of its own.

    Args:
        browser: whose program is used.
        home: the home of its user.
    """

    def __init__(self, browser: "Browser", home: Path) -> None:
        self._browser = browser
        self._home = home
        self._store = home / ".pki" / "nssdb"
        self._store.mkdir(parents=True)
        self._certutil("-N", "--empty-password")

    def install(self, authority: Path) -> None:
        """Trust an authority."""
        self._certutil("-A", "-t", "C,,", "-n", "chat", "-i", str(authority))

    def _certutil(self, *words: str) -> None:
        assert CERTUTIL is not None
        subprocess.run([CERTUTIL, "-d", f"sql:{self._store}", *words], check=True)

    @contextmanager
    def page(self) -> "Iterator[Page]":
        """Start the browser, and open an empty page."""
        from harness import chromium

        arguments = ["--no-sandbox", "--host-resolver-rules=MAP * 127.0.0.1"]
        started = self._browser.browser_type.launch(
            executable_path=chromium(), args=arguments, env={"HOME": str(self._home)}
        )
        try:
            yield started.new_page()
        finally:
            started.close()


@pytest.fixture
def device(browser: "Browser", tmp_path: Path) -> Device:
    """Return a device that trusts nothing yet."""
    return Device(browser, tmp_path / "home")


def fetched(server: "Server", tmp_path: Path) -> Path:
    """Return the authority's certificate, as a device fetches it without TLS."""
    path = tmp_path / "chat-ca.pem"
    with urlopen(f"{server.url.rstrip('/')}/ca.pem") as answer:  # our own server
        path.write_bytes(answer.read())
    return path


def test_a_device_that_trusts_the_authority_has_the_whole_page(
    server: "Server", device: Device, tmp_path: Path
) -> None:
    """By https at its name and its address: a secure context with a service worker. Without that
    trust there is only a warning.
    """
    port = urlsplit(server.url).port
    with device.page() as page, pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
        page.goto(f"https://127.0.0.1:{port}/")
    device.install(fetched(server, tmp_path))
    with device.page() as page:
        for host in ("127.0.0.1", "localhost", "chat.local"):
            page.goto(f"https://{host}:{port}/")
            assert page.evaluate("isSecureContext")
            scope = page.evaluate(
                "navigator.serviceWorker.register('/sw.js').then((worker) => worker.scope)"
            )
            assert scope == f"https://{host}:{port}/"
        with pytest.raises(Exception, match="ERR_CERT_COMMON_NAME_INVALID"):
            page.goto(f"https://other.local:{port}/")


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with a page."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


@contextmanager
def thief(directory: Path, name: str, port_of: list[int]) -> Iterator[None]:
    """Serve a site with a certificate that the stolen key of an authority has signed."""
    database = next(directory.glob("server-*/trio-chat.db"))
    authority = PrivateAuthority.read(
        database.with_name("trio-chat.db.ca.pem").read_bytes(),
        database.with_name("trio-chat.db.ca.key").read_bytes(),
    )
    key = new_key()
    leaf = authority.issue(SubjectNames((name,)), key.public_key(), datetime.now(UTC))
    chain = directory / f"{name}.pem"
    chain.write_bytes(
        private_bytes(key) + leaf.public_bytes(Encoding.PEM) + authority.certificate_bytes()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    site.socket = context.wrap_socket(site.socket, server_side=True)
    port_of.append(site.server_address[1])
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    try:
        yield
    finally:
        site.shutdown()
        thread.join()
        site.server_close()


def test_a_thief_of_the_authority_has_no_power_over_other_sites(
    server: "Server", device: Device, tmp_path: Path
) -> None:
    """Chromium enforces the name constraints; a local name shows that the rest of it is right."""
    device.install(fetched(server, tmp_path))
    ports: list[int] = []
    with (
        thief(tmp_path, "bank.example", ports),
        thief(tmp_path, "other.local", ports),
        device.page() as page,
    ):
        page.goto(f"https://other.local:{ports[1]}/")
        with pytest.raises(Exception, match="ERR_CERT"):
            page.goto(f"https://bank.example:{ports[0]}/")
