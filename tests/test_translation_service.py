"""Translations on a server: once for all who ask, within limits, and for nobody who is gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from edge import Edge, End, edge
from translation_fakes import FakeBackend, http, libretranslate
from trio_chat.chat.control import RehashError
from trio_chat.config import Settings, StorageSettings, TranslationSettings
from trio_chat.irc.message import Message
from trio_chat.server.app import Server
from trio_chat.server.control import ServerControl
from trio_chat.server.secret_file import SecretFileError
from trio_chat.server.translation import service
from trio_chat.server.translation.libretranslate import LibreTranslate

URL = "http://127.0.0.1:1/"


@asynccontextmanager
async def translating(url: str = URL) -> AsyncIterator[tuple[Edge, FakeBackend]]:
    """Run a server with a service that waits."""
    async with edge(Settings(translation=TranslationSettings(url=url))) as here:
        backend = FakeBackend()
        here.server.translation.use(backend)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.server.translation.run)
            yield here, backend
            nursery.cancel_scope.cancel()


async def joined(here: Edge, nick: str, host: str = "192.0.2.9") -> End:
    """Return a client that may ask."""
    end = here.connect(host=host)
    caps = "batch labeled-response trio-chat/translate"
    hello = f"CAP REQ :{caps}\r\nNICK {nick}\r\nUSER {nick} 0 * :{nick}\r\nCAP END\r\n"
    await end.send(hello.encode())
    await end.until("422")
    return end


async def ask(end: End, *texts: str) -> None:
    """Ask for translations."""
    for text in texts:
        await end.send(f"@label={text} TRANSLATE * * en :{text}\r\n".encode())
    await wait_all_tasks_blocked()


async def answered(end: End) -> Message:
    """Return the line of the next translation, or the next failure."""
    while True:
        message = await end.until("BATCH")
        if message.params[0].startswith("+"):
            return await end.until("TRANSLATE")


async def test_a_client_goes_on_meanwhile() -> None:
    """What it sends after the question is answered before it."""
    async with translating() as (here, backend):
        ann = await joined(here, "ann")
        await ask(ann, "hallo")
        await ann.send(b"PING x\r\n")
        await ann.until("PONG")
        backend.gate.set()
        begin = await ann.until("BATCH")
        assert begin.tags["label"] == "hallo"
        assert (await ann.until("TRANSLATE")).params == ("1", "HALLO")


async def test_equal_questions_are_asked_once() -> None:
    """By ten people at the same time, and by another one later."""
    async with translating() as (here, backend):
        people = [await joined(here, f"p{number}") for number in range(10)]
        for person in people:
            await ask(person, "hallo")
        backend.gate.set()
        for person in people:
            assert (await answered(person)).params[1] == "HALLO"
        await ask(people[0], "hallo")
        assert (await answered(people[0])).params[1] == "HALLO"
    assert backend.asked == [("hallo", "en")]


async def test_what_was_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten; what was used lately is not."""
    monkeypatch.setattr(service, "MOST_KEPT", 2)
    async with translating() as (here, backend):
        backend.gate.set()
        ann = await joined(here, "ann")
        for text in ("a", "b", "a", "c", "a", "b"):
            await ask(ann, text)
            await answered(ann)
    assert [text for text, _ in backend.asked] == ["a", "b", "c", "b"]


async def test_long_texts_are_kept_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """What alone is too long is not kept."""
    monkeypatch.setattr(service, "MOST_KEPT_CHARACTERS", 9)
    async with translating() as (here, backend):
        backend.gate.set()
        ann = await joined(here, "ann")
        for text in ("long5", "long5", "ab", "cd", "ab"):
            await ask(ann, text)
            await answered(ann)
    assert [text for text, _ in backend.asked] == ["long5", "long5", "ab", "cd"]


async def test_a_client_that_leaves_has_no_question() -> None:
    """The last one that leaves ends it; for another one it goes on."""
    async with translating() as (here, backend):
        ann, bob = await joined(here, "ann"), await joined(here, "bob")
        await ask(ann, "one", "two")
        await ask(bob, "two")
        await ann.stream.aclose()
        await wait_all_tasks_blocked()
        assert backend.cancelled == 1
        backend.gate.set()
        assert (await answered(bob)).params[1] == "TWO"


async def test_who_asks_after_the_last_has_left() -> None:
    """The question is asked again; nobody waits for what was given up."""
    async with translating() as (here, backend):
        ann, bob = await joined(here, "ann"), await joined(here, "bob")
        await ask(ann, "one")
        await ann.stream.aclose()
        await wait_all_tasks_blocked()
        backend.gate.set()
        await ask(bob, "one")
        assert (await answered(bob)).params[1] == "ONE"
    assert len(backend.asked) == 2


async def test_only_some_questions_at_once() -> None:
    """The others wait for their turn."""
    async with translating() as (here, backend):
        people = [await joined(here, f"p{number}") for number in range(service.AT_ONCE + 2)]
        for number, person in enumerate(people):
            await ask(person, f"text{number}")
        assert len(backend.asked) == service.AT_ONCE
        backend.gate.set()
        for person in people:
            await answered(person)
    assert len(backend.asked) == service.AT_ONCE + 2


async def test_a_client_waits_for_some_translations_only() -> None:
    """A fifth one is refused while four are waited for."""
    async with translating() as (here, backend):
        ann = await joined(here, "ann")
        await ask(ann, *(f"text{number}" for number in range(service.MOST_OF_SESSION + 1)))
        assert (await ann.until("FAIL")).params[1] == "RATE_LIMITED"
        backend.gate.set()
        for _ in range(service.MOST_OF_SESSION):
            await answered(ann)


async def test_many_questions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all clients together are bounded; one that is asked already is none more."""
    monkeypatch.setattr(service, "MOST_QUESTIONS", 1)
    async with translating() as (here, backend):
        ann, bob = await joined(here, "ann"), await joined(here, "bob")
        await ask(ann, "one")
        await ask(bob, "two", "one")
        assert (await bob.until("FAIL")).params[1] == "TEMPORARILY_UNAVAILABLE"
        backend.gate.set()
        assert (await answered(bob)).params[1] == "ONE"


async def test_an_address_asks_for_so_many(autojump_clock: MockClock) -> None:
    """However many clients it has; what is known costs nothing, and time helps."""
    async with translating() as (here, backend):
        backend.gate.set()
        ann, bob = await joined(here, "ann"), await joined(here, "bob")
        other = await joined(here, "eve", "198.51.100.1")
        for number in range(service.BURST):
            await ask(ann, f"text{number}")
            await answered(ann)
        for person, text in ((ann, "more"), (bob, "others")):
            await ask(person, text)
            assert (await person.until("FAIL")).params[1] == "RATE_LIMITED"
        await ask(ann, "text0")
        await answered(ann)
        await ask(other, "more")
        await answered(other)
        await trio.sleep(1 / service.PER_SECOND + 1)
        await ask(bob, "others")
        await answered(bob)


async def test_an_answer_is_not_waited_for_ever(autojump_clock: MockClock) -> None:
    """Whatever the service does."""
    async with translating() as (here, _):
        ann = await joined(here, "ann")
        await ask(ann, "one")
        assert (await ann.until("FAIL")).params[1] == "TEMPORARILY_UNAVAILABLE"


async def test_a_defect_ends_no_server(caplog: pytest.LogCaptureFixture) -> None:
    """The client gets an error, and the log has the reason."""
    async with translating() as (here, backend):
        backend.error = ZeroDivisionError()
        backend.gate.set()
        ann = await joined(here, "ann")
        await ask(ann, "one")
        assert (await ann.until("FAIL")).params[1] == "TEMPORARILY_UNAVAILABLE"
    assert "internal error" in caplog.text


async def test_the_log_has_neither_text_nor_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """But why the service has not translated."""
    file = tmp_path / "key"
    file.write_text("hunter2\n")
    file.chmod(0o600)
    async with libretranslate() as fake, translating() as (here, _):
        fake.answer = lambda question: http({"error": "Invalid API key"}, "403 Forbidden")
        settings = Settings(translation=TranslationSettings(url=fake.url, key_file=file))
        await here.server.reload_translation(settings)
        ann = await joined(here, "ann")
        await ask(ann, "secret-text")
        await ann.until("FAIL")
    assert fake.asked[0]["api_key"] == "hunter2"
    assert "HTTP 403: Invalid API key" in caplog.text
    assert "hunter2" not in caplog.text
    assert "secret-text" not in caplog.text


async def test_rehash_changes_the_service(tmp_path: Path) -> None:
    """Another address is used at once, clients learn of the end, and a bad key changes nothing."""
    async with libretranslate() as fake, translating() as (here, backend):
        server = here.server
        loaded = [server.settings]
        control = server.world.control
        assert isinstance(control, ServerControl)
        control._load = lambda: loaded[0]
        ann = await joined(here, "ann")
        await ann.send(b"CAP LS 302\r\n")
        await ann.until("CAP")
        loaded[0] = replace(server.settings, translation=TranslationSettings(url=fake.url))
        await control.rehash()
        await ask(ann, "hallo")
        assert (await answered(ann)).params[1] == "HALLO"
        assert backend.asked == []
        there = server.translation.backend
        missing = TranslationSettings(url=fake.url, key_file=tmp_path / "none")
        loaded[0] = replace(server.settings, translation=missing)
        with pytest.raises(RehashError, match="key_file"):
            await control.rehash()
        assert server.translation.backend is there
        loaded[0] = replace(server.settings, translation=TranslationSettings())
        await control.rehash()
        assert (await ann.until("CAP")).params[1:] == ("DEL", "trio-chat/translate")
        assert server.translation.backend is None


async def test_a_server_does_not_start_without_its_key(tmp_path: Path) -> None:
    """The operator reads what is missing."""
    translation = TranslationSettings(url=URL, key_file=tmp_path / "none")
    settings = Settings(translation=translation, storage=StorageSettings(file=None))
    with pytest.RaisesGroup(SecretFileError, flatten_subgroups=True):
        await Server(settings).serve([])


async def test_a_server_is_off_by_default() -> None:
    """And asks nobody."""
    async with edge() as here:
        await here.server.reload_translation(here.server.settings)
        assert here.server.translation.backend is None
        assert not isinstance(here.server.translation.backend, LibreTranslate)


async def test_the_end_of_the_server_does_not_wait() -> None:
    """A question that is being answered ends with its nursery."""
    async with translating() as (here, backend):
        ann = await joined(here, "ann")
        await ask(ann, "one")
    assert backend.cancelled == 1
