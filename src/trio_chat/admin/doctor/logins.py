"""Checks of what accounts need of other programs: the provider of single sign-on, the directory,
and the mail server or the program that sends mail.
"""

import os
from collections.abc import Iterator

from trio_chat.admin.doctor.findings import Finding, good, problem
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls


def sign_on(settings: Settings) -> Iterator[Finding]:
    """Yield whether the provider can be asked; nothing if there is none."""
    if not settings.oidc.issuer:
        return
    from trio_chat.server.login.examination import examine_sign_on  # noqa: PLC0415  # few have it

    if why := examine_sign_on(settings):
        advice = _("Until that is mended, nobody logs in by single sign-on.")
        yield problem(escape_controls(why), advice)
    else:
        yield _answers(settings.oidc.issuer)


def directory(settings: Settings) -> Iterator[Finding]:
    """Yield whether the directory can be asked; nothing if there is none."""
    if not settings.ldap.url:
        return
    from trio_chat.server.login.examination import examine_directory  # noqa: PLC0415  # likewise

    if why := examine_directory(settings):
        advice = _("Until that is mended, nobody logs in with a password of the directory.")
        yield problem(escape_controls(why), advice)
    else:
        yield _answers(settings.ldap.url)


def mail(settings: Settings) -> Iterator[Finding]:
    """Yield whether the mail server can be asked, or the program that sends mail can be run;
    nothing if there is neither.
    """
    program = settings.mail.sendmail
    if program is None:
        yield from _mail_server(settings)
        return
    shown = escape_controls(str(program))
    if program.is_file() and os.access(program, os.X_OK):
        yield good(_("{file} can be run.").format(file=shown))
        return
    yield problem(
        _("{file} is no program that can be run.").format(file=shown)
        if program.exists()
        else _("There is no {file}, which sends mail.").format(file=shown),
        _("Until that is mended, no mail is sent: set [mail] sendmail, or smtp_host instead."),
    )


def _mail_server(settings: Settings) -> Iterator[Finding]:
    if not settings.mail.smtp_host:
        return
    from trio_chat.server.mail import Mailer  # noqa: PLC0415  # likewise

    if why := Mailer(settings.mail).examine():
        yield problem(escape_controls(why), _("Until that is mended, no mail is sent."))
    else:
        yield _answers(settings.mail.smtp_host)


def _answers(place: str) -> Finding:
    return good(_("{place} can be asked.").format(place=escape_controls(place)))
