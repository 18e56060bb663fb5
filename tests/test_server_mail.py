"""Mail: a small SMTP server accepts messages, refuses them, or does not answer."""

import base64
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import trio
import trustme

from trio_chat.chat.verification import Letter, MailError, MailRefused
from trio_chat.config import AccountSettings, LimitSettings, MailSettings, Settings
from trio_chat.server import mail, rehash
from trio_chat.server.app import Server
from trio_chat.server.mail import Mailer, mailer, on_the_wire, written

LETTER = Letter("ann@example.org", "Your code", "The code:\n\n    abc\n.\nнет\n")
SENDER = "chat@example.org"


class _Session(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs (RFC 5321)."""

    server: "MailServer"

    def handle(self) -> None:
        """Answer each line until the other side goes."""
        self._say("220 little")
        while line := self.rfile.readline():
            verb = line.split()[0].upper().decode()
            self.server.heard.append(line.decode().strip())
            if verb == "EHLO":
                self._say(*self.server.extensions)
            elif verb == "STARTTLS":
                self._say("220 go ahead")
                self._start_tls()
            elif verb == "DATA":
                self._say("354 go ahead")
                self._take_letter()
            else:
                self._say(self.server.answers.get(verb, "250 fine"))
                if verb == "QUIT":
                    return

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _start_tls(self) -> None:
        assert self.server.context
        self.rfile.close()
        self.wfile.close()
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", buffering=0)
        self.server.was_encrypted = True

    def finish(self) -> None:
        """Close what TLS was put around, too."""
        super().finish()
        self.request.close()

    def _take_letter(self) -> None:
        data = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            data += line.removeprefix(b".") if line.startswith(b"..") else line
        self.server.letters.append(data)
        self._say(self.server.answers.get("DATA", "250 taken"))


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server on a free port, in threads."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.letters: list[bytes] = []
        self.heard: list[str] = []
        self.answers: dict[str, str] = {"QUIT": "221 bye"}
        self.extensions = [
            "250-little",
            "250-AUTH PLAIN",
            "250 STARTTLS" if context else "250 8BITMIME",
        ]
        self.context = context
        self.was_encrypted = False
        super().__init__(("127.0.0.1", 0), _Session)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: that clients go away is part of the tests."""

    def settings(self, **changes: object) -> MailSettings:
        """Return how it is reached."""
        settings = MailSettings(
            mail_from=SENDER,
            smtp_host="127.0.0.1",
            smtp_port=self.server_address[1],
            smtp_tls="off",
        )
        return replace(settings, **changes)  # type: ignore[arg-type]


@contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """Run a mail server."""
    with MailServer(context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def read(data: bytes) -> EmailMessage:
    """Read a letter as a mail program does."""
    return message_from_bytes(data, policy=default)


async def test_a_letter_arrives() -> None:
    """Sender, recipient, date, Auto-Submitted and every line of the text are right."""
    with running() as server:
        await Mailer(server.settings()).send(LETTER)
    (data,) = server.letters
    letter = read(data)
    assert (letter["From"], letter["To"], letter["Subject"]) == (SENDER, LETTER.to, "Your code")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].endswith("@example.org>")
    assert letter["Date"]
    assert letter.get_content().replace("\r\n", "\n") == LETTER.text
    assert f"mail FROM:<{SENDER}>".upper() in [
        line.upper().partition(" SIZE")[0] for line in server.heard
    ]
    assert f"rcpt to:<{LETTER.to}>" in [
        line.replace("TO:", "to:") for line in server.heard
    ]  # Pythons differ in the case


async def test_logging_in() -> None:
    """With user and password, where they are given."""
    with running() as server:
        server.answers["AUTH"] = "235 welcome"
        await Mailer(server.settings(smtp_user="chat", smtp_password="horse")).send(LETTER)
    assert any(line.startswith("AUTH PLAIN") for line in server.heard)
    assert len(server.letters) == 1


async def test_logging_in_with_any_letters() -> None:
    """RFC 4616 §2: they are sent in UTF-8."""
    with running() as server:
        server.answers["AUTH"] = "235 welcome"
        await Mailer(server.settings(smtp_user="chat", smtp_password="пароль")).send(LETTER)
    (line,) = [line for line in server.heard if line.startswith("AUTH PLAIN")]
    assert base64.b64decode(line.split()[-1]).decode() == "\0chat\0пароль"


@pytest.mark.parametrize("password", ["horse battery", "лошадь"])
async def test_a_wrong_password_is_not_told(password: str) -> None:
    """The error is for the log."""
    with running() as server:
        server.answers["AUTH"] = "535 no"
        with pytest.raises(MailError, match="535") as error:
            await Mailer(server.settings(smtp_user="chat", smtp_password=password)).send(LETTER)
    assert password[:5] not in str(error.value)
    assert not isinstance(error.value, MailRefused)


@pytest.mark.parametrize(
    ("verb", "answer", "kind"),
    [
        ("RCPT", "550 no such user", MailRefused),
        ("RCPT", "450 try later", MailError),
        ("MAIL", "550 not you", MailError),
        ("DATA", "554 spam", MailError),
    ],
)
async def test_a_refusal_says_whose_fault_it_is(
    verb: str, answer: str, kind: type[MailError]
) -> None:
    """Only when the receiver is refused for ever is it the address."""
    with running() as server:
        server.answers[verb] = answer
        with pytest.raises(MailError, match=answer[:3]) as error:
            await Mailer(server.settings()).send(LETTER)
    assert type(error.value) is kind


@pytest.mark.parametrize("answer", ["250 fine", "421 too slow", "what?"])
async def test_a_letter_that_was_taken_is_sent(answer: str) -> None:
    """Whatever the mail server says to QUIT after it."""
    with running() as server:
        server.answers["QUIT"] = answer
        await Mailer(server.settings()).send(LETTER)
    assert len(server.letters) == 1


async def test_no_mail_server() -> None:
    """Its place is named."""
    with running() as server:
        settings = server.settings()
    with pytest.raises(MailError, match=r"127\.0\.0\.1 port"):
        await Mailer(settings).send(LETTER)


async def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while nobody waits any more."""
    monkeypatch.setattr(mail, "_STEP", 0.05)
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with listener:
        port = listener.socket.getsockname()[1]
        settings = MailSettings(
            mail_from=SENDER, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="off"
        )
        with pytest.raises(MailError, match="timed out"):
            await Mailer(settings).send(LETTER)


async def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """More are refused at once."""
    monkeypatch.setattr(mail, "_WAITING", -mail._AT_ONCE)
    with pytest.raises(MailError, match="too many"):
        await Mailer(MailSettings()).send(LETTER)


async def test_starttls_with_a_good_certificate() -> None:
    """The letter, and the password, are encrypted."""
    authority, context, trusting = (
        trustme.CA(),
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.create_default_context(),
    )
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(trusting)
    with running(context) as server:
        await Mailer(server.settings(smtp_tls="starttls"), trusting).send(LETTER)
    assert server.was_encrypted
    assert len(server.letters) == 1


async def test_a_certificate_of_nobody_knows_whom() -> None:
    """No letter is given to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with running(context) as server, pytest.raises(MailError, match="certificate verify failed"):
        await Mailer(server.settings(smtp_tls="starttls")).send(LETTER)
    assert not server.letters


async def test_a_server_without_starttls_gets_no_letter() -> None:
    """Encryption is not given up quietly."""
    with running() as server, pytest.raises(MailError, match="STARTTLS"):
        await Mailer(server.settings(smtp_tls="starttls")).send(LETTER)
    assert not server.letters


def program(tmp_path: Path, ending: str) -> MailSettings:
    """Return a program that keeps what it is given."""
    script = tmp_path / "sendmail"
    script.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\nhere = pathlib.Path(__file__).parent\n"
        f"(here / 'letter').write_bytes(sys.stdin.buffer.read())\n"
        f"(here / 'arguments').write_text(' '.join(sys.argv[1:]))\nsys.exit({ending})\n",
        encoding="utf-8",
    )
    script.chmod(0o700)
    return MailSettings(mail_from=SENDER, sendmail=script)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sendmail")
async def test_a_program_takes_a_letter(tmp_path: Path) -> None:
    """An address cannot become an option of it."""
    await Mailer(program(tmp_path, "0")).send(LETTER._replace(to="-x@example.org"))
    assert (tmp_path / "arguments").read_text() == f"-i -f {SENDER} -- -x@example.org"
    assert read((tmp_path / "letter").read_bytes()).get_content() == LETTER.text


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sendmail")
@pytest.mark.parametrize(("ending", "kind"), [("67", MailRefused), ("75", MailError)])
async def test_a_program_that_fails(tmp_path: Path, ending: str, kind: type[MailError]) -> None:
    """EX_NOUSER is the address's fault, EX_TEMPFAIL is not."""
    with pytest.raises(MailError, match=f"ended with {ending}") as error:
        await Mailer(program(tmp_path, ending)).send(LETTER)
    assert type(error.value) is kind


async def test_no_program(tmp_path: Path) -> None:
    """Its path is named."""
    with pytest.raises(MailError, match="nowhere"):
        await Mailer(MailSettings(mail_from=SENDER, sendmail=tmp_path / "nowhere")).send(LETTER)


@pytest.mark.parametrize("to", ["анна@example.org", '"a,b"@example.org', "-x@y"])
def test_unusual_addresses_can_be_written(to: str) -> None:
    """As one receiver."""
    letter = written(LETTER._replace(to=to), SENDER)
    assert [address.addr_spec for address in letter["To"].addresses] == [to]
    assert to.encode() in bytes(letter)


def test_a_domain_in_any_script_is_written_in_ascii() -> None:
    """RFC 5890; the part before it stays as it is."""
    assert on_the_wire("Анна@Пример.рф") == "Анна@xn--e1afmkfd.xn--p1ai"


async def test_a_server_that_takes_only_ascii_refuses_others() -> None:
    """RFC 6531: then it is the address, not the server, that cannot be used."""
    with running() as server, pytest.raises(MailRefused):
        await Mailer(server.settings()).send(LETTER._replace(to="анна@example.org"))


def test_what_says_how_to_send() -> None:
    """An address and a server or a program; less is no way."""
    assert mailer(MailSettings()) is None
    assert mailer(MailSettings(smtp_host="localhost")) is None
    assert mailer(MailSettings(mail_from=SENDER)) is None
    assert mailer(MailSettings(mail_from=SENDER, smtp_host="localhost")) is not None


def test_a_running_server_takes_another_mail_server() -> None:
    """REHASH: at once."""
    server = Server(Settings(limits=LimitSettings()))
    before = server.world.mail
    settings = MailSettings(mail_from=SENDER, smtp_host="localhost", smtp_password="horse")
    outcome = rehash.apply(
        server, Settings(mail=settings, accounts=AccountSettings(email="verified"))
    )
    assert (before, server.world.mail is None) == (None, False)
    assert server.world.server_info.account_rules.email == "verified"
    assert "horse" not in f"{settings} {outcome.lines}"
