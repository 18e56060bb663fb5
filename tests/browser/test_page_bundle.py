"""The page in its two forms: bundled, as in a wheel, and by modules, as in a checkout."""

from collections.abc import Callable
from pathlib import Path

import harness
import pytest
from harness import Server, Visitor
from playwright.sync_api import expect


def test_people_chat_by_the_modules(
    serve: Callable[..., Server], visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout, and a wheel that was made without esbuild, have no bundle."""
    monkeypatch.setattr(harness, "SOURCE", harness.ROOT / "src")
    server = serve()
    ann, boris = visit(address=server.url), visit(address=server.url)
    requested: list[str] = []
    ann.page.on("request", lambda request: requested.append(request.url))
    ann.join("ann")
    boris.join("boris")
    ann.say("Hello")
    boris.sees("Hello")
    assert [url for url in requested if url.endswith("/app/views/chat.js")]
    assert not [url for url in requested if "/bundle/" in url]


def test_people_chat_by_the_bundle(
    bundled: Path, serve: Callable[..., Server], visit: Callable[..., Visitor]
) -> None:
    """The browser requests no module, and the page works as it does with them: also in Russian, and
    with the picker of emoji, which are loaded when they are wanted.
    """
    if not (bundled / "trio_chat" / "web" / "bundle").is_dir():
        pytest.skip("the bundle of the page is NOT tested: there is no esbuild (npm ci)")
    server = serve()
    ann = visit(address=server.url)
    requested: list[str] = []
    ann.page.on("request", lambda request: requested.append(request.url))
    ann.join("ann")
    ann.say("Hello")
    ann.sees("Hello")
    assert [url for url in requested if "/bundle/app/main.js" in url]
    assert not [
        url for url in requested if "/v/" in url and url.endswith(".js") and "/bundle/" not in url
    ]
    assert not [url for url in requested if "admin" in url]  # it is loaded when it is opened
    anna = visit(address=server.url, locale="ru-RU")
    anna.open()
    anna.page.get_by_role("textbox", name="Ник").first.fill("анна")
    anna.page.keyboard.press("Enter")
    expect(anna.page.get_by_role("log")).to_be_visible()
    anna.page.get_by_role("button", name="Эмодзи", exact=True).click()
    anna.page.get_by_role("searchbox", name="Название эмодзи").fill("ракета")
    expect(anna.page.get_by_role("dialog").get_by_role("button", name="ракета")).to_be_visible()
    anna.page.keyboard.press("Enter")
    expect(anna.page.get_by_role("dialog")).to_have_count(0)
    anna.page.keyboard.press("Enter")
    ann.sees("🚀")
