"""The page at each kind of address that a host may give to guests."""

from collections.abc import Callable

import pytest
from harness import Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]
_NETWORK = "allowed_hosts = chat.test\n"
"""The browser of the tests finds `chat.test` on this machine, and does not count it as local."""


def chat(visitor: Visitor) -> None:
    """Join and say something that comes back."""
    visitor.join("ann")
    visitor.say("hello")
    visitor.sees("hello")


def test_an_address_in_the_local_network_without_tls(
    visit: Visit, serve: Callable[..., Server]
) -> None:
    """The chat works. Browsers have no notifications and no service worker there, and the page says
    so where the user would look for them.
    """
    server = serve(_NETWORK)
    ann = visit(address=f"http://chat.test:{server.port}/")
    chat(ann)
    assert not ann.page.evaluate("isSecureContext")
    ann.page.get_by_role("button", name="Settings").click()
    dialog = ann.page.get_by_role("dialog")
    expect(dialog.get_by_label("Show notifications")).to_be_disabled()
    expect(dialog).to_contain_text("https")


def test_tls_with_a_certificate_that_the_browser_does_not_know(
    visit: Visit, serve: Callable[..., Server]
) -> None:
    """After the user has accepted the certificate, the connection is encrypted as well."""
    server = serve(_NETWORK)
    ann = visit(address=f"https://chat.test:{server.port}/", ignore_https_errors=True)
    chat(ann)
    assert ann.page.evaluate("isSecureContext")


def test_an_ip_address(visit: Visit, server: Server) -> None:
    """As the server prints it."""
    chat(visit(address=f"http://127.0.0.1:{server.port}/"))


@pytest.mark.parametrize("script", [True, False])
def test_the_page_says_how_to_join_without_it(
    visit: Visit, server: Server, *, script: bool
) -> None:
    """Without script, or before it is there, the page names other programs and the address."""
    ann = visit(java_script_enabled=script)
    if script:
        ann.page.route("**/*.js", lambda route: route.abort())
        ann.expect_errors("ERR_FAILED|Failed to fetch")
    ann.page.goto(server.url)
    expect(ann.page.locator("body")).to_contain_text(str(server.port))
    expect(ann.page.locator("body")).to_contain_text("trio-chat connect")


def test_a_page_of_another_origin_cannot_use_the_chat(visit: Visit, server: Server) -> None:
    """A hostile page in the same browser opens no WebSocket and reads nothing."""
    mallory = visit(address="data:text/html,<title>mallory</title>")
    mallory.expect_errors("WebSocket|CORS|ERR_FAILED|Failed to load")
    mallory.open()
    outcome = mallory.page.evaluate(
        """async (port) => {
            const socket = new WebSocket(`ws://localhost:${port}/`);
            const opened = await new Promise((resume) => {
                socket.onopen = () => resume(true);
                socket.onerror = () => resume(false);
            });
            const read = await fetch(`http://localhost:${port}/`).then(() => true, () => false);
            return [opened, read];
        }""",
        server.port,
    )
    assert outcome == [False, False]
