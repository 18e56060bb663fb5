"""Checks of what logs in besides the accounts: the provider of single sign-on, the directory."""

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


def _answers(place: str) -> Finding:
    return good(_("{place} can be asked.").format(place=escape_controls(place)))
