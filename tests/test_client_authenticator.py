"""The secret of an authenticator in the client: a QR code on a terminal, and nothing in logs."""

import os
from dataclasses import replace

import pytest

from screen_fakes import inside
from trio_chat.chat import app_passwords, recovery_codes, totp
from trio_chat.client.authenticator import code_rows
from trio_chat.client.credentials import MASK, has_credentials
from trio_chat.client.line.pipe import PlainInterface
from trio_chat.client.log_files import lines_of
from trio_chat.client.qr import qr_lines
from trio_chat.client.rendering import Renderer
from trio_chat.client.session.events import MessageKind, Said
from trio_chat.client.spans import plain

SECRET = totp.make_secret()
URL = totp.otpauth_url(SECRET, "Анна", "My chat: home")
ANSWER = Said("NickServ", "ann", URL, MessageKind.NOTICE, private=True)


def shown(event: Said, *, draws_codes: bool) -> list[str]:
    """Return the lines for an event."""
    renderer = Renderer(lambda _target: True, draws_codes=draws_codes)
    return [plain(line) for line in renderer.lines(event)]


def test_a_terminal_shows_the_code_below_the_address() -> None:
    """Each row is a line, and no wider than a small terminal."""
    first, *rows = shown(ANSWER, draws_codes=True)
    assert first.endswith(URL)
    assert [row.removeprefix("[INFO] ") for row in rows] == qr_lines(URL)
    assert 0 < len(rows[0]) <= 80


def test_other_outputs_get_text_alone() -> None:
    """A program that reads the lines wants no pictures."""
    (line,) = shown(ANSWER, draws_codes=False)
    assert line.endswith(URL)


@pytest.mark.parametrize(
    "event",
    [
        replace(ANSWER, sender="eve"),
        replace(ANSWER, sender="ChanServ"),
        replace(ANSWER, kind=MessageKind.MESSAGE),
        replace(ANSWER, private=False, target="#a"),
        replace(ANSWER, played_back="2026-05-04T12:00:00.000Z"),
        replace(ANSWER, text=f"see {URL}"),
        replace(ANSWER, text=f"{URL} now"),
        replace(ANSWER, text=f"{URL}\nx"),
        replace(ANSWER, text="https://example.org/"),
        replace(ANSWER, text="otpauth://hotp/x?secret=A"),
        replace(ANSWER, text=f"otpauth://totp/{'x' * 500}"),
        replace(ANSWER, text=""),
    ],
    ids=lambda event: f"{event.sender}-{event.kind.name}-{event.text[:20]}",
)
def test_what_gets_no_code(event: Said) -> None:
    """Only the address that NickServ itself gives now."""
    assert code_rows(event) == []


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (URL, URL.partition("secret=")[2][:20]),
        (f"Or type this key there: {totp.to_base32(SECRET)}", totp.to_base32(SECRET)),
        ("  ".join(codes := recovery_codes.make_codes()[:2]), codes[1]),
        (f"The app password x is: {(made := app_passwords.make_password())}", made),
    ],
    ids=("address", "key", "recovery", "app password"),
)
def test_no_log_has_what_is_shown_once(text: str, secret: str) -> None:
    """The log is a file that is kept, and backups have it."""
    (line,) = lines_of(replace(ANSWER, text=text))
    assert secret not in line
    assert MASK in line


@pytest.mark.parametrize(
    "event",
    [
        replace(ANSWER, text="The second factor is on since 2026-05-04. Codes left: 9 of 10."),
        replace(ANSWER, text="I do not know OTPAUTH. /msg NickServ HELP shows what I know."),
        replace(ANSWER, sender="bob", text="the state-of-the-art-thing ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ],
)
def test_other_texts_stay_in_the_log(event: Said) -> None:
    """Also words of people that look like secrets."""
    (line,) = lines_of(event)
    assert line == f"-{event.sender}- {event.text}"


@pytest.mark.parametrize(
    "line",
    [
        "/msg NickServ 2FA ON password",
        "/ns 2fa on password",
        "/msg NickServ 2FA CONFIRM 123456",
        "/quote NICKSERV 2FA OFF password 123456",
        "/msg NickServ SET PASSWORD password",
        "/msg NickServ DROP 123456",
    ],
)
def test_the_lines_that_are_typed_for_it_are_secret(line: str) -> None:
    """So the history of typed lines does not keep them."""
    assert has_credentials(line)


def test_a_pipe_is_no_terminal() -> None:
    """Its reader gets no code."""
    reading, writing = os.pipe()
    try:
        assert not PlainInterface(interactive=True, stdin=reading, stdout=writing).draws_codes
    finally:
        os.close(reading)
        os.close(writing)


async def test_the_full_screen_shows_the_code() -> None:
    """Below the address, in the conversation that is open."""
    async with inside(columns=110, rows=50) as (running, server):
        await server.send(f":NickServ!NickServ@srv.test NOTICE {server.nick} :{URL}")
        for row in (qr_lines(URL)[5], qr_lines(URL)[-2]):
            await running.sees(row.strip())
