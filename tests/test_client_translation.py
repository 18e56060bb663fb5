"""/translate in the clients for terminals: what is asked, and how the answer is shown."""

import pytest
from trio.testing import MockClock

from client_fakes import chat
from screen_fakes import inside
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.entries import BufferEntry, EntryKind, EntryTranslation
from trio_chat.client.session import events
from trio_chat.client.session.events import Event
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.irc.message import parse

CAPS = "batch labeled-response trio-chat/translate"
WAITED_FOR = events.Translated("#a", "m", "", "", "en")


def protocol(caps: str = CAPS) -> ClientProtocol:
    """Return a client that may ask."""
    made = ClientProtocol("ann")
    receive(made, f":s CAP * LS :{caps}", f":s CAP * ACK :{caps}", ":s 001 ann :hi")
    made.take_lines()
    made.take_events()
    return made


def receive(client: ClientProtocol, *lines: str) -> list[Event]:
    """Have a client receive lines; return the events."""
    for line in lines:
        client.receive(parse(line))
    return client.take_events()


def ask(client: ClientProtocol) -> None:
    """Ask for a message."""
    client.translations.ask_for_message("#a", "m", "en")
    assert client.take_events() == [WAITED_FOR]


def test_an_answer_of_several_lines() -> None:
    """Parts with the same number are one line; what is asked meanwhile is kept apart."""
    client = protocol()
    ask(client)
    client.translations.ask_for_text("", "", "de", "hi")
    assert [parse(line).params for line in client.take_lines()] == [
        ("#a", "m", "en"),
        ("*", "*", "de", "hi"),
    ]
    client.take_events()
    assert receive(
        client,
        "@label=translation-2 :s BATCH +2 trio-chat/translate * * de *",
        "@label=translation-1 :s BATCH +1 trio-chat/translate #a m en ru",
        "@batch=1 :s TRANSLATE 1 :Good ",
        "@batch=2 :s TRANSLATE 1 :hallo",
        "@batch=1 :s TRANSLATE 1 :morning",
        "@batch=1 :s TRANSLATE 2 :all",
        ":s BATCH -2",
        ":s BATCH -1",
    ) == [
        events.Translated("", "", "hallo", "", "de"),
        events.Translated("#a", "m", "Good morning\nall", "ru", "en"),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("@batch=9 :s TRANSLATE 1 :x",),
        (":s TRANSLATE 1 :x", ":s TRANSLATE 1", ":s TRANSLATE"),
        ("@label=x :s BATCH +1 trio-chat/translate #a m en ru", ":s BATCH -1"),
        ("@label=translation-1 :s BATCH +1 trio-chat/translate", ":s BATCH -1"),
        ("@label=translation-1 :s BATCH +1 chathistory #a m en ru", ":s BATCH -1"),
    ],
)
def test_what_is_no_answer(lines: tuple[str, ...]) -> None:
    """A server cannot have anything shown that was not asked for."""
    client = protocol()
    ask(client)
    assert receive(client, *lines) == []


def test_an_endless_answer_is_cut() -> None:
    """Whatever the server sends."""
    client = protocol()
    ask(client)
    begin = "@label=translation-1 :s BATCH +1 trio-chat/translate #a m en ru"
    parts = [f"@batch=1 :s TRANSLATE {number} :{'x' * 400}" for number in range(1000)]
    (shown,) = receive(client, begin, *parts, ":s BATCH -1")
    assert isinstance(shown, events.Translated)
    assert 90_000 < len(shown.text) < 110_000


def test_a_refusal() -> None:
    """It is about the message, once."""
    client = protocol()
    ask(client)
    line = "@label=translation-1 :s FAIL TRANSLATE RATE_LIMITED #a m en :Later"
    assert receive(client, line) == [events.TranslationRefused("#a", "m", "RATE_LIMITED", "Later")]


def test_the_end_of_the_connection() -> None:
    """What was waited for does not come, whether it has begun or not."""
    client = protocol()
    ask(client)
    ask(client)
    receive(client, "@label=translation-1 :s BATCH +1 trio-chat/translate #a m en ru")
    client.end(returns=True)
    lost = events.TranslationRefused("#a", "m", "LOST", "")
    assert client.take_events() == [lost, lost]


@pytest.mark.parametrize(
    ("caps", "text", "code"),
    [
        ("batch labeled-response", "hi", "NO_TRANSLATION"),
        ("batch trio-chat/translate", "hi", "NO_TRANSLATION"),
        (CAPS, "я" * 300, "TOO_LONG"),
        (CAPS, "a\nb", "TOO_LONG"),
    ],
)
def test_what_is_not_asked(caps: str, text: str, code: str) -> None:
    """The user learns why."""
    client = ClientProtocol("ann")
    receive(client, f":s CAP * LS :{caps}")
    asked = client.take_lines()[-1].strip().partition(":")[2]
    receive(client, f":s CAP * ACK :{asked}", ":s 001 ann :hi")
    client.take_lines()
    client.take_events()
    client.translations.ask_for_text("", "", "de", text)
    assert client.take_lines() == []
    assert client.take_events() == [events.TranslationRefused("", "", code, "")]


def test_a_deleted_message_has_no_translation() -> None:
    """It goes with the message, and does not come back."""
    buffer = Buffer("#a", BufferKind.CHANNEL)
    buffer.append(BufferEntry(EntryKind.MESSAGE, 1.0, "bob", "hallo", "m"))
    assert buffer.translate("m", EntryTranslation("hello", "de → en"))
    buffer.redact("m", "bob")
    buffer.translate("m", EntryTranslation("hello", "de → en"))
    extras = buffer[0].extras
    assert extras is not None
    assert extras.translation is None
    assert not buffer.translate("none", None)


async def test_the_line_client() -> None:
    """The newest message of somebody else, into the language of the client; a line names it."""
    async with chat(caps=f"{CAPS} message-tags") as c:
        server = await c.server()
        await server.enter()
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :hallo", "@msgid=b :alice!u@h PRIVMSG #lobby :what?"
        )
        await c.interface.take()
        c.interface.type("/translate")
        line = parse(await server.expect("TRANSLATE #lobby a en"))
        await server.send(
            f"@label={line.tags['label']} :s BATCH +1 trio-chat/translate #lobby a en de",
            "@batch=1 :s TRANSLATE 1 :hello",
            "@batch=1 :s TRANSLATE 2 :\x1b[2Jthere",
            ":s BATCH -1",
        )
        assert await c.interface.take() == [
            "[INFO] Translation (de → en) of the message of bob “hallo”: hello",
            "[INFO]   \\x1b[2Jthere",
        ]
        c.interface.type("/translate de Good morning, all")
        line = parse(await server.expect("TRANSLATE * * de Good morning, all"))
        await server.send(
            f"@label={line.tags['label']} :s FAIL TRANSLATE RATE_LIMITED * * de :Later"
        )
        assert await c.interface.take() == [
            "[ERROR] You have asked for many translations. Try again in a minute."
        ]


async def test_a_private_message_of_a_guest() -> None:
    """The server may not have it, so its text is sent; the answer belongs to the message."""
    async with chat(caps=f"{CAPS} message-tags") as c:
        server = await c.server()
        await server.enter()
        await server.send("@msgid=a :bob!u@h PRIVMSG alice :hallo")
        await c.interface.take()
        c.interface.type("/translate @bob")
        line = parse(await server.expect("TRANSLATE * * en hallo"))
        await server.send(
            f"@label={line.tags['label']} :s BATCH +1 trio-chat/translate * * en de",
            "@batch=1 :s TRANSLATE 1 :hello",
            ":s BATCH -1",
        )
        (shown,) = await c.interface.take()
        assert "bob “hallo”" in shown


async def test_the_full_screen(jumping_clock: MockClock) -> None:
    """F7 shows a translation beneath the message, and takes it away; so does /translate."""
    async with inside(caps=CAPS) as (it, server):
        await server.send(
            "@msgid=a :bob!u@h PRIVMSG #lobby :eins", "@msgid=b :bob!u@h PRIVMSG #lobby :zwei"
        )
        await it.sees("zwei")
        it.screen.press("shift up", "shift up", "f7")
        line = parse(await server.expect("TRANSLATE #lobby a en"))
        await it.sees("is being translated")
        await server.send(
            f"@label={line.tags['label']} :s BATCH +1 trio-chat/translate #lobby a en de",
            "@batch=1 :s TRANSLATE 1 :one",
            ":s BATCH -1",
        )
        await it.sees("⇢ [de → en] one")
        it.screen.press("f7")
        await it.sees_not("⇢")
        it.screen.press("esc", *"/translate de", "enter")
        line = parse(await server.expect("TRANSLATE #lobby b de"))
        await server.send(f"@label={line.tags['label']} :s FAIL TRANSLATE REFUSED #lobby b de :No")
        await it.sees("does not take")
        await it.sees_not("⇢")


@pytest.mark.parametrize(
    ("text", "typed"), [("Guten Tag", "Guten Tag"), ("/quit \x1b[2J", "//quit [2J")]
)
async def test_a_text_that_is_about_to_be_sent(
    jumping_clock: MockClock, text: str, typed: str
) -> None:
    """Its translation comes to the prompt, and Enter sends it as a message; if something else was
    typed meanwhile, it is shown.
    """
    async with inside(caps=CAPS) as (it, server):
        for room in (True, False):
            it.screen.press(*"/translate de good day", "enter")
            line = parse(await server.expect("TRANSLATE * * de good day"))
            if not room:
                it.screen.press(*"else")
            await server.send(
                f"@label={line.tags['label']} :s BATCH +1 trio-chat/translate * * de en",
                f"@batch=1 :s TRANSLATE 1 :{text}",
                ":s BATCH -1",
            )
            await it.sees(f"› {typed}" if room else "Translation (en → de)")
            if room:
                it.screen.press("enter")
                await server.expect(f"PRIVMSG #lobby {typed.replace('//', '/')}")
