"""A LibreTranslate for tests: over HTTP, or as what the server asks."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio

from fake_servers import until_reset
from trio_chat.chat.translation import Answer, Translation, TranslationFailed
from trio_chat.chat.users import Session

LANGUAGES = [{"code": code, "name": code, "targets": ["en"]} for code in ("en", "ru", "zh-Hans")]


def http(document: object, status: str = "200 OK") -> bytes:
    """Return an answer in JSON."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def upper(question: dict[str, Any]) -> dict[str, Any]:
    """Translate: into capital letters."""
    return {
        "translatedText": question["q"].upper(),
        "detectedLanguage": {"language": "de", "confidence": 90.0},
    }


class LibreTranslateFake:
    """A service over HTTP.

    Args:
        url: its address.

    Attributes:
        asked: the documents that were posted to it.
        answer: returns the bytes that answer one.
        languages: the bytes that answer the question for languages.
        lists: how often these were asked for.
        gate: what an answer waits for.
    """

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.asked: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], bytes] = lambda question: http(upper(question))
        self.languages = http(LANGUAGES)
        self.lists = 0
        self.gate = trio.Event()
        self.gate.set()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one question, and close."""
        head, _, body = (await stream.receive_some(65536)).partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: ([0-9]+)", head)
        while length and len(body) < int(length[1]):
            body += await stream.receive_some(65536)
        if head.startswith(b"GET /languages HTTP/1.1\r\n"):
            self.lists += 1
            answer = self.languages
        else:
            assert head.startswith(b"POST /translate HTTP/1.1\r\n"), head
            self.asked.append(json.loads(body))
            await self.gate.wait()
            answer = self.answer(self.asked[-1])
        try:
            await stream.send_all(answer)
            await stream.aclose()
        except trio.BrokenResourceError:
            pass  # the server did not wait for all of it


@asynccontextmanager
async def libretranslate() -> AsyncIterator[LibreTranslateFake]:
    """Run a service."""
    fake = LibreTranslateFake()
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            partial(trio.serve_tcp, until_reset(fake.serve), 0, host="127.0.0.1")
        )
        fake.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"
        yield fake
        nursery.cancel_scope.cancel()


class FakeBackend:
    """What translates into capital letters, when its gate is open.

    Attributes:
        asked: the texts and languages, in order.
        cancelled: how many questions were given up.
        error: what it raises instead.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.cancelled = 0
        self.gate = trio.Event()
        self.error: Exception | None = None

    async def translate(self, text: str, language: str) -> Translation:
        """Translate a text."""
        self.asked.append((text, language))
        try:
            await self.gate.wait()
        except trio.Cancelled:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return Translation(text.upper(), "de", language)


class FakeTranslator:
    """The port, for a world without a server: it keeps what was asked.

    Attributes:
        asked: the texts and languages.
        answers: what makes the answers.
        refusal: what it raises instead.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answers: list[Answer] = []
        self.refusal: TranslationFailed | None = None

    def ask(self, session: Session, text: str, language: str, answer: Answer) -> None:
        """Keep a question."""
        if self.refusal is not None:
            raise self.refusal
        self.asked.append((text, language))
        self.answers.append(answer)
