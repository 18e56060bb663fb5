"""Lines about accounts: logging in and out, registration and verification."""

from trio_chat.client import reasons
from trio_chat.client.rendering.registry import RenderContext, info_line, renders
from trio_chat.client.session import events
from trio_chat.client.spans import Line, error
from trio_chat.i18n import _
from trio_chat.irc.text import clean


@renders(events.LoggedIn)
def _logged_in(_context: RenderContext, event: events.LoggedIn) -> list[Line]:
    return info_line(_("You are logged in as {account}."), account=event.account)


@renders(events.LoggedOut)
def _logged_out(_context: RenderContext, _event: events.LoggedOut) -> list[Line]:
    return info_line(_("You are not logged in any more."))


@renders(events.AccountCreated)
def _registered(_context: RenderContext, event: events.AccountCreated) -> list[Line]:
    text = _("The account {account} is yours now, and you are logged in to it.")
    return info_line(text, account=event.account)


@renders(events.MustVerify)
def _must_verify(_context: RenderContext, event: events.MustVerify) -> list[Line]:
    text = _(
        "The account {account} is not ready yet: {text}. When you have the code: /verify"
        " {account} code"
    )
    return info_line(text, account=event.account, text=event.text.rstrip("."))


@renders(events.AccountRefused)
def _account_refused(_context: RenderContext, event: events.AccountRefused) -> list[Line]:
    reason = reasons.account_refused(event.account, event.code, event.reason)
    return [error(clean(reason))]
