"""Outgoing e-mail: messages go to a mail server by SMTP (smtplib in a thread), or to sendmail.

Every step has a deadline, and few messages are sent at once: a mail server that does not answer
delays only the clients that register.
"""

import base64
import smtplib
import ssl
import subprocess
from contextlib import suppress
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import formatdate, make_msgid
from functools import partial

import trio

from trio_chat.chat.verification import Letter, MailError, MailRefused
from trio_chat.config import MailSettings
from trio_chat.irc.text import escape_controls

DEADLINE = 60.0
"""Seconds that a letter may take."""
_STEP = 20.0
"""Seconds that one answer of a mail server may take."""
_AT_ONCE = 4
"""Letters that are on their way at the same time."""
_WAITING = 100
"""Letters that wait for that."""
_LONGEST_REASON = 300

_REFUSED = frozenset((65, 67, 68))
"""What sendmail returns when it is the address that is wrong (sysexits.h): EX_DATAERR, EX_NOUSER,
EX_NOHOST.
"""


class Mailer:
    """The port `trio_chat.chat.verification.Mail`.

    Args:
        settings: the [mail] section.
        context: what a mail server's certificate is checked with; None for the system's
            authorities.
    """

    def __init__(self, settings: MailSettings, context: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._context = context
        self._limiter = trio.CapacityLimiter(_AT_ONCE)
        self._waiting = 0

    async def send(self, letter: Letter) -> None:
        """Send a letter; see `Mail.send`. When cancelled, a thread may go on sending it, until its
        own deadlines.
        """
        if self._waiting >= _AT_ONCE + _WAITING:
            raise MailError("too many letters are waiting to be sent")
        self._waiting += 1
        try:
            with trio.fail_after(DEADLINE):
                await self._send(letter)
        except trio.TooSlowError as error:
            raise MailError(f"it took longer than {DEADLINE:g} seconds") from error
        finally:
            self._waiting -= 1

    async def _send(self, letter: Letter) -> None:
        try:
            letter = letter._replace(to=on_the_wire(letter.to))
            message = written(letter, on_the_wire(self._settings.mail_from))
        except (
            MessageError,
            ValueError,
            IndexError,
        ) as error:  # the last from the library's parser of addresses
            raise MailRefused(
                f"the address cannot be written in a letter: {_reason(error)}"
            ) from error
        if self._settings.sendmail is not None:
            async with self._limiter:
                await self._hand_over(letter, message)
        else:
            work = partial(self._send_by_smtp, letter, message)
            await trio.to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)

    async def _hand_over(self, letter: Letter, message: EmailMessage) -> None:
        # `--` because an address may begin with '-'; no shell reads any of it.
        command = [
            str(self._settings.sendmail),
            "-i",
            "-f",
            self._settings.mail_from,
            "--",
            letter.to,
        ]
        # As programs on this machine have it.
        data = message.as_bytes(policy=message.policy.clone(linesep="\n"))
        try:
            done = await trio.run_process(
                command,
                stdin=data,
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise MailError(f"{self._settings.sendmail}: {_reason(error)}") from error
        if done.returncode:
            kind = MailRefused if done.returncode in _REFUSED else MailError
            raise kind(f"{self._settings.sendmail} ended with {done.returncode}")

    def _send_by_smtp(self, letter: Letter, message: EmailMessage) -> None:
        try:
            smtp = self._connected()
            try:
                if self._settings.smtp_user:
                    _log_in(smtp, self._settings.smtp_user, self._settings.smtp_password)
                smtp.send_message(message, self._settings.mail_from, [letter.to])
            finally:
                _leave(smtp)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            kind = MailRefused if 500 <= code < 600 else MailError
            raise kind(
                f"{self._where}: {code} {_reason(said.decode('utf-8', 'replace'))}"
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            # SMTPUTF8 (RFC 6531), which it does not have.
            kind = MailError if letter.to.isascii() else MailRefused
            raise kind(f"{self._where}: {_reason(error)}") from error
        except (
            OSError,
            smtplib.SMTPException,
            ValueError,
        ) as error:  # OSError: the network, TLS; ValueError: a name like "a..b"
            raise MailError(f"{self._where}: {_reason(error)}") from error

    def examine(self) -> str:
        """Return why the mail server takes no letters; "" if it does. Blocks, and sends none."""
        try:
            smtp = self._connected()
            try:
                smtp.ehlo_or_helo_if_needed()
                if self._settings.smtp_user:
                    _log_in(smtp, self._settings.smtp_user, self._settings.smtp_password)
            finally:
                _leave(smtp)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return f"{self._where}: {_reason(error)}"
        return ""

    def _connected(self) -> smtplib.SMTP:
        settings, context = self._settings, self._context or ssl.create_default_context()
        if settings.smtp_tls == "tls":
            return smtplib.SMTP_SSL(
                settings.smtp_host, settings.smtp_port, timeout=_STEP, context=context
            )
        smtp = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_STEP)
        try:
            if settings.smtp_tls == "starttls":
                smtp.starttls(context=context)
        except BaseException:
            smtp.close()
            raise
        return smtp

    @property
    def _where(self) -> str:
        return f"{self._settings.smtp_host} port {self._settings.smtp_port}"


def _log_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """Log in to a mail server. smtplib takes ASCII alone, and PLAIN has UTF-8 (RFC 4616 §2)."""
    if (user + password).isascii():
        smtp.login(user, password)
        return
    smtp.ehlo_or_helo_if_needed()
    pair = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    code, said = smtp.docmd("AUTH", f"PLAIN {pair}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, said)


def _leave(smtp: smtplib.SMTP) -> None:
    """Say goodbye. What a mail server answers to that does not change whether it has taken a letter
    (RFC 5321 §4.1.1.10).
    """
    with suppress(OSError, smtplib.SMTPException):
        smtp.quit()
    smtp.close()


def on_the_wire(address: str) -> str:
    """Return an address with its domain in ASCII, which every mail server understands.

    Raises:
        ValueError: its domain is none.
    """
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def written(letter: Letter, sender: str) -> EmailMessage:
    """Return a letter as it is sent (RFC 5322), marked as written by a program (RFC 3834 §5).

    Raises:
        MessageError: an address cannot be written.
        ValueError: likewise.
    """
    is_ascii = letter.to.isascii() and sender.isascii()
    message = EmailMessage(SMTP if is_ascii else SMTPUTF8)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def mailer(settings: MailSettings) -> Mailer | None:
    """Return the sender of mail for these settings; None when they are incomplete."""
    return Mailer(settings) if settings.is_usable else None


def _reason(error: object) -> str:
    """Return what went wrong, harmless and short: a mail server may have written it."""
    return escape_controls(str(error) or type(error).__name__)[:_LONGEST_REASON]
