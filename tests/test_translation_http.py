"""Questions to a LibreTranslate over HTTP: what an answer may be, and what comes of a bad one."""

from typing import Any

import pytest
import trio

from fake_servers import until_reset
from translation_fakes import LibreTranslateFake, http, libretranslate
from trio_chat.chat.translation import Translation, TranslationFailed
from trio_chat.server.bounded_http import MAX_BODY
from trio_chat.server.translation.libretranslate import (
    MAX_TEXT,
    LibreTranslate,
    Service,
    Unavailable,
)

LATER = "TEMPORARILY_UNAVAILABLE"


def client(fake: LibreTranslateFake, key: str = "", timeout: float = 5.0) -> LibreTranslate:
    """Return what asks a service."""
    return LibreTranslate(Service(fake.url, key, timeout))


async def test_a_text_is_translated() -> None:
    """The documented question, with the key; the languages are asked for once."""
    async with libretranslate() as fake:
        there = client(fake, "hunter2")
        assert await there.translate("привет\nмир", "EN") == Translation("ПРИВЕТ\nМИР", "de", "en")
        await there.translate("x", "ru")
    assert fake.asked[0] == {
        "q": "привет\nмир",
        "source": "auto",
        "target": "en",
        "format": "text",
        "api_key": "hunter2",
    }
    assert fake.lists == 1
    assert "hunter2" not in repr(there.service)


async def test_without_a_key_none_is_sent() -> None:
    """A service of one's own mostly needs none."""
    async with libretranslate() as fake:
        await client(fake).translate("x", "en")
    assert "api_key" not in fake.asked[0]


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("en", "en"),
        ("RU_ru", "ru"),
        ("zh", "zh-Hans"),
        ("zh-hans", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
    ],
)
async def test_a_language_that_the_service_knows(wanted: str, target: str) -> None:
    """The closest one to what the user writes."""
    async with libretranslate() as fake:
        assert (await client(fake).translate("x", wanted)).target == target


async def test_a_language_that_the_service_does_not_know() -> None:
    """The user reads which ones there are; the text is not sent."""
    async with libretranslate() as fake:
        with pytest.raises(TranslationFailed, match="en ru zh-Hans") as caught:
            await client(fake).translate("x", "xx")
    assert caught.value.code == "UNKNOWN_LANGUAGE"
    assert fake.asked == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            LATER,
        ),
        (http({"error": "Oops"}, "500 Internal Server Error"), LATER),
        (http({"error": "Banned"}, "403 Forbidden"), LATER),
        (http({"error": "Please contact the operator for an API key"}, "400 Bad Request"), LATER),
        (http({"error": "text limit exceeded"}, "400 Bad Request"), "REFUSED"),
        (http({"error": ["text"]}, "413 Too Large"), "REFUSED"),
        (http({"error": "Slowdown"}, "429 Too Many Requests"), LATER),
        (http(b"<html>"), LATER),
        (http(b"[" * 20_000), LATER),
        (http([]), LATER),
        (http({}), LATER),
        (http({"translatedText": None}), LATER),
        (http({"translatedText": ["x"]}), LATER),
        (http({"translatedText": " \r\n\x00"}), LATER),
        (http({"translatedText": "x" * (MAX_TEXT + 1)}), LATER),
        (http(b" " * (MAX_BODY + 10)), LATER),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", LATER),
        (b"SSH-2.0-OpenSSH\r\n", LATER),
        (b"", LATER),
    ],
)
async def test_a_bad_answer_is_no_translation(answer: bytes, code: str) -> None:
    """A redirect is not followed, no answer is endless, and the user learns what to do."""
    async with libretranslate() as fake:
        fake.answer = lambda question: answer
        with pytest.raises(Unavailable) as caught:
            await client(fake, "hunter2").translate("a secret", "en")
    assert caught.value.code == code
    assert "hunter2" not in caught.value.reason
    assert "secret" not in caught.value.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nQUIT :x", "a\nQUIT :x"),
        ("\x01ACTION a\x01\x00\x1b[2J", "ACTION a[2J"),
        ("a\u2028b\x85c\x0bd", "a\nb\nc\nd"),
        ("\u202eb\ud800", "b"),
        ("\n\na\tb \n\nc\n", "a b\n\nc"),
    ],
)
async def test_a_translation_has_no_control_characters(text: str, expected: str) -> None:
    """What comes back is text of lines, as a client can show it."""
    async with libretranslate() as fake:
        fake.answer = lambda question: http({"translatedText": text})
        assert (await client(fake).translate("x", "en")).text == expected


@pytest.mark.parametrize("source", [None, 5, "", "a b", "\r\nQUIT", "x" * 50, {"language": "de"}])
async def test_a_strange_source_is_left_out(source: Any) -> None:
    """It would be a word of a line."""
    document = {"translatedText": "a", "detectedLanguage": {"language": source}}
    async with libretranslate() as fake:
        fake.answer = lambda question: http(document)
        assert (await client(fake).translate("x", "en")).source == ""


@pytest.mark.parametrize(
    "languages",
    [
        http([]),
        http({"error": "x"}),
        http([{"code": 5}, "en", {"code": "a b"}, {"code": ""}, None]),
        http(b"no"),
        http({}, "500 Oops"),
    ],
)
async def test_strange_languages(languages: bytes) -> None:
    """Without a language nothing is translated, and the next question asks for them again."""
    async with libretranslate() as fake:
        fake.languages = languages
        there = client(fake)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await there.translate("x", "en")
    assert fake.lists == 2
    assert fake.asked == []


async def test_a_slow_service_is_not_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    """The time that the operator allows is for the whole answer."""

    async def resolve(host: str, port: int) -> list[str]:
        await trio.sleep_forever()
        raise AssertionError

    there = LibreTranslate(Service("http://example.org/", "", 7), resolve=resolve)
    with pytest.raises(Unavailable) as caught:
        await there.translate("x", "en")
    assert caught.value.reason == "no answer within 7 seconds"
    assert trio.current_time() == pytest.approx(7)


async def test_no_text_crosses_the_internet_without_tls() -> None:
    """A name that has a public address needs https:."""

    async def resolve(host: str, port: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        return ["93.184.215.14"]

    there = LibreTranslate(Service("http://example.org/", "", 7), resolve=resolve)
    with pytest.raises(Unavailable) as caught:
        await there.translate("x", "en")
    assert "https:" in caught.value.reason


async def test_a_path_of_the_service_is_kept() -> None:
    """A LibreTranslate may be behind a proxy, under a path."""
    heads: list[bytes] = []

    async def serve(stream: trio.SocketStream) -> None:
        heads.append(await stream.receive_some(65536))
        await stream.send_all(http({}, "404 Not Found"))

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, until_reset(serve), 0)
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(Unavailable):
            await client(LibreTranslateFake(f"http://127.0.0.1:{port}/lt/")).translate("x", "en")
        nursery.cancel_scope.cancel()
    assert heads[0].startswith(b"GET /lt/languages HTTP/1.1\r\n")
