"""Translations of messages: the item in the menu, and what it shows beneath the message."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from harness import PHONE, Server, Visitor
from hostile_texts import assert_harmless
from playwright.sync_api import Locator, expect
from test_page_accessibility import AXE, violations

Visit = Callable[..., Visitor]

HOSTILE = "<img src=x onerror=ran=1> \r\nQUIT \x02\x0304\u202eevil\x0f " + "w" * 300


class LibreTranslate(BaseHTTPRequestHandler):
    """A service that waits for its gate, and knows one translation.

    Attributes:
        gate: what it waits for.
        asked: the questions.
    """

    gate = threading.Event()
    asked: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:  # as the class wants it
        """Name the languages."""
        self._answer(200, [{"code": "en"}, {"code": "ru"}])

    def do_POST(self) -> None:
        """Translate."""
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(question)
        self.gate.wait(20)
        if question["q"] == "refused":
            self._answer(429, {"error": "Slowdown"})
            return
        text = HOSTILE if question["q"] == "hostile" else f"{question['q']} in {question['target']}"
        self._answer(200, {"translatedText": text, "detectedLanguage": {"language": "de"}})

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@contextmanager
def _service() -> Iterator[str]:
    """Run a service; yield its address."""
    LibreTranslate.gate.clear()
    LibreTranslate.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), LibreTranslate)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        LibreTranslate.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _choose(visitor: Visitor, text: str, choice: str) -> None:
    """Choose an item in the menu of a message."""
    visitor.sees(text)
    visitor.timeline.locator(".row", has_text=text).last.focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("dialog").get_by_role("button", name=choice, exact=True).click()


def _beneath(visitor: Visitor) -> Locator:
    return visitor.timeline.locator(".translation")


def test_a_message_is_translated(serve: Callable[..., Server], visit: Visit) -> None:
    """It is marked as a translation, by name of the languages, and read out; the original is there,
    also for an old message, and a failure is explained. Nobody else sees anything.
    """
    with _service() as url:
        server = serve(f"[translation]\nurl = {url}")
        bob = server.irc("bob", "#garden")
        bob.send("PRIVMSG #garden :guten tag", "PRIVMSG #garden :hostile")
        bob.send("PRIVMSG #garden :refused")
        ann = visit(address=server.url)
        ann.join("ann", "#garden")
        _choose(ann, "guten tag", "Translate")
        live = _beneath(ann).locator("[aria-live=polite]")
        expect(live).to_contain_text("Is being translated")
        LibreTranslate.gate.set()
        expect(live).to_contain_text("Translation (German → English)")
        expect(live).to_contain_text("guten tag in en")
        if AXE.exists():
            assert violations(ann) == []
        _choose(ann, "guten tag", "Show original")
        expect(_beneath(ann)).to_have_count(0)
        _choose(ann, "guten tag", "Translate")
        ann.timeline.get_by_role("button", name="Show original").click()
        expect(_beneath(ann)).to_have_count(0)
        _choose(ann, "refused", "Translate")
        expect(ann.page.get_by_text("There is no translation at the moment").first).to_be_visible()
        expect(_beneath(ann)).to_have_count(0)
        _choose(ann, "hostile", "Translate")
        expect(_beneath(ann)).to_contain_text("<img src=x onerror=ran=1>")
        assert_harmless(ann)
        assert [each["q"] for each in LibreTranslate.asked] == ["guten tag", "refused", "hostile"]


def test_a_phone_in_russian(serve: Callable[..., Server], visit: Visit) -> None:
    """The language is that of the page; a deleted message loses its translation."""
    with _service() as url:
        LibreTranslate.gate.set()
        server = serve(f"[translation]\nurl = {url}")
        ann = visit(address=server.url, locale="ru-RU", color_scheme="dark", **PHONE)
        ann.open()
        ann.page.get_by_role("textbox", name="Ник").first.fill("анна")
        ann.page.keyboard.press("Enter")
        prompt = ann.page.get_by_role("textbox", name=re.compile("^Сообщение"))
        prompt.fill("guten tag")
        prompt.press("Enter")
        _choose(ann, "guten tag", "Перевести")
        expect(_beneath(ann)).to_contain_text("Перевод (немецкий → русский)")
        expect(_beneath(ann)).to_contain_text("guten tag in ru")
        assert ann.is_within_the_width()
        if AXE.exists():
            assert violations(ann) == []
        _choose(ann, "guten tag", "Удалить")
        ann.page.get_by_role("dialog").get_by_role("button", name="Удалить").click()
        expect(_beneath(ann)).to_have_count(0)


def test_a_server_without_a_service(server: Server, visit: Visit) -> None:
    """The menu has no item that leads nowhere."""
    ann = visit()
    ann.join("ann", "#garden")
    ann.say("guten tag")
    ann.sees("guten tag")
    ann.timeline.locator(".row", has_text="guten tag").last.focus()
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("button", name="Copy the text")).to_be_visible()
    expect(ann.page.get_by_role("button", name="Translate", exact=True)).to_have_count(0)
