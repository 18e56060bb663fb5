"""The page without its server: the service worker has its files, and the browser its messages."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import harness
import pytest
from harness import Server, Visitor
from playwright.sync_api import expect

Visit = Callable[..., Visitor]
_REFUSED = "WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|Failed to load resource"
_HAS_PAGE = "navigator.serviceWorker.controller && await caches.match('/')"
_HAS_MESSAGES = """await new Promise((resume) => {
    const opening = indexedDB.open("trio-chat-messages");
    opening.onupgradeneeded = () => opening.transaction.abort();
    opening.onerror = () => resume(false);
    opening.onsuccess = () => {
        const count = opening.result.transaction("messages").objectStore("messages").count();
        count.onsuccess = () => (opening.result.close(), resume(count.result > 0));
    };
})"""
_VERSION = "document.documentElement.dataset.version"


def install(visitor: Visitor) -> None:
    """Have the device keep messages, and wait until they and all files of the page are there."""
    visitor.page.get_by_role("button", name="Settings").click()
    visitor.page.get_by_label("Keep the login and the last messages on this device").check()
    visitor.page.keyboard.press("Escape")
    until(visitor, _HAS_MESSAGES)
    until(visitor, _HAS_PAGE)


def until(visitor: Visitor, condition: str) -> None:
    """Wait until an asynchronous expression is true in the page."""
    visitor.page.evaluate(
        f"""async () => {{
            const end = performance.now() + 30000;
            while (!({condition})) {{
                if (performance.now() > end) throw new Error({condition!r});
                await new Promise((resume) => setTimeout(resume, 20));
            }}
        }}"""
    )


def numbers(visitor: Visitor) -> list[str]:
    """Return the texts of the messages that are shown."""
    texts: list[str] = visitor.messages.locator(".text").all_inner_texts()
    return [text for text in texts if text.startswith("number")]


def no_connection(visitor: Visitor) -> None:
    """Wait until the page says that it has no connection."""
    expect(visitor.page.get_by_role("status").filter(has_text="No connection")).to_be_visible()


def test_the_page_opens_without_its_server(visit: Visit, server: Server) -> None:
    """It shows what it has kept, and says that there is no connection. When the server is back,
    nothing is missing and nothing is there twice. What could not be sent is in the prompt.
    """
    ann = visit()
    ann.expect_errors(_REFUSED)
    ann.join("ann")
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :number {number}" for number in range(10)))
    ann.sees("number 9")
    install(ann)
    boris.close()
    server.kill()
    no_connection(ann)
    ann.say("later")
    ann.sees("later")
    ann.page.reload()
    ann.sees("number 9")
    no_connection(ann)
    expect(ann.page.get_by_placeholder("Message #lobby")).to_have_value("later")
    assert numbers(ann) == [f"number {number}" for number in range(10)]
    ann.page.get_by_role("button", name="Settings").click()
    expect(ann.page.get_by_role("dialog")).to_contain_text("Language")
    ann.page.keyboard.press("Escape")
    server.start()
    boris = server.irc("boris", "#lobby")
    boris.send(*(f"PRIVMSG #lobby :number {number}" for number in range(10, 15)))
    ann.sees("number 14")
    assert numbers(ann) == [f"number {number}" for number in range(15)]


@pytest.fixture
def renew(
    tmp_path: Path, serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Return a function that gives the page of servers that are started from now on a version."""
    del serve  # named here, so that the source of this fixture is the one that counts
    copy = tmp_path / "copy"
    shutil.copytree(harness.ROOT / "src" / "trio_chat", copy / "trio_chat")
    monkeypatch.setattr(harness, "SOURCE", copy)
    main = copy / "trio_chat" / "web" / "app" / "main.js"
    source = main.read_text("utf-8")

    def renew(version: str) -> None:
        line = f"\ndocument.documentElement.dataset.version = {version!r};\n"
        main.write_text(source + line, "utf-8")

    return renew


def test_a_new_version_replaces_the_old_one_as_a_whole(
    visit: Visit, serve: Callable[..., Server], renew: Callable[[str], None]
) -> None:
    """A page of the old version still has its dialogs; the next load has only files of the new one,
    also without a server.
    """
    renew("old")
    server = serve()
    ann = visit(address=server.url)
    ann.expect_errors(_REFUSED)
    ann.join("ann")
    install(ann)
    server.kill()
    no_connection(ann)
    renew("new")
    server.start()
    boris = server.irc("boris", "#lobby")
    ann.say("from the old page")
    boris.until("from the old page")
    assert ann.page.evaluate(_VERSION) == "old"
    ann.page.get_by_role("button", name="Settings").click()
    expect(ann.page.get_by_role("dialog")).to_be_visible()
    ann.page.keyboard.press("Escape")
    digests: set[str] = set()

    def note(url: str) -> None:
        digests.update(re.findall(r"/v/([^/]+)/", url))

    ann.page.on("request", lambda request: note(request.url))
    ann.page.reload()
    ann.sees("from the old page")
    assert ann.page.evaluate(_VERSION) == "new"
    assert len(digests) == 1
    until(ann, f"(await (await caches.match('/')).text()).includes('{digests.copy().pop()}')")
    server.kill()
    no_connection(ann)
    ann.page.reload()
    ann.sees("from the old page")
    assert ann.page.evaluate(_VERSION) == "new"
    assert len(digests) == 1
    ann.page.get_by_role("button", name="Settings").click()
    expect(ann.page.get_by_role("dialog")).to_be_visible()


def test_a_part_that_the_server_does_not_have_any_longer_is_explained(
    visit: Visit, server: Server
) -> None:
    """Without https there is no service worker, and a newer server has other files."""
    ann = visit(service_workers="block")
    ann.expect_errors("status of 404")
    ann.join("ann")
    ann.page.route("**/queries*.js", lambda route: route.fulfill(status=404))
    ann.say("/search tea")
    ann.sees(
        "This part of the page could not be loaded."
        " Reload the page: the server may have a newer one."
    )
    expect(ann.prompt).to_have_value("/search tea")
