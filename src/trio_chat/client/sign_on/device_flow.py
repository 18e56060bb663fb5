"""The device authorization grant (RFC 8628): the user enters a code on a page of the provider, in
any browser, and the client gets tokens; and their renewal (RFC 6749 §6).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import trio

from trio_chat.client.sign_on.fetching import Fetch, HttpAnswer
from trio_chat.client.sign_on.offer import Offer, SignOnError, check_url, text_at
from trio_chat.i18n import _

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL = 5.0
"""Seconds between two questions, if the provider says nothing (RFC 8628 §3.2), and what is added
when it asks for more (§3.5).
"""
_MOST_INTERVAL = 60.0
_LIFETIME = 600.0
_MOST_LIFETIME = 1800.0
"""Seconds for which the user may take."""


class Tokens(NamedTuple):
    """Tokens, which no representation shows.

    Args:
        sent: what the server gets.
        refresh: what the provider takes for new ones; "" if there is nothing.
    """

    sent: str
    refresh: str = ""

    def __repr__(self) -> str:
        """Return no token."""
        return "Tokens(…)"


class DeviceCode(NamedTuple):
    """What the user has to do.

    Args:
        page: the address to open.
        code: the code to enter there.
        complete: an address that has the code in it, for a QR code; "" for none.
    """

    page: str
    code: str
    complete: str = ""


async def get_tokens(
    offer: Offer, fetch: Fetch, show: Callable[[DeviceCode], Awaitable[None]]
) -> Tokens:
    """Have the user log in in a browser; return the tokens.

    Args:
        offer: of the server.
        fetch: asks the provider.
        show: shows the user what to do.

    Raises:
        SignOnError: the user has refused, took too long, or the provider cannot do it.
    """
    document = await _configuration(offer, fetch)
    begin, end = _url(document, "device_authorization_endpoint"), _url(document, "token_endpoint")
    began = await fetch(begin, {"client_id": offer.client_id, "scope": offer.scope})
    device_code = text_at(began.document, "device_code")
    code = DeviceCode(
        text_at(began.document, "verification_uri"),
        text_at(began.document, "user_code"),
        text_at(began.document, "verification_uri_complete"),
    )
    if began.status != 200 or not (device_code and code.code and code.page):
        raise SignOnError(_refusal(offer, began))
    for page in (code.page, code.complete or code.page):
        check_url(page)
    await show(code)
    interval = _seconds(began, "interval", _INTERVAL, _MOST_INTERVAL)
    with trio.move_on_after(_seconds(began, "expires_in", _LIFETIME, _MOST_LIFETIME)):
        form = {"grant_type": _GRANT, "device_code": device_code, "client_id": offer.client_id}
        return await _poll(offer, fetch, end, form, interval)
    raise SignOnError(_("The code has expired. /reconnect gets another one."))


async def _poll(
    offer: Offer, fetch: Fetch, url: str, form: Mapping[str, str], interval: float
) -> Tokens:
    while True:
        await trio.sleep(interval)
        try:
            answer = await fetch(url, form)
        except SignOnError:  # RFC 8628 §3.5: ask less often
            interval = min(2 * interval, _MOST_INTERVAL)
            continue
        if answer.status == 200:
            return _tokens(offer, answer)
        match text_at(answer.document, "error"):
            case "authorization_pending":
                continue
            case "slow_down":
                interval = min(interval + _INTERVAL, _MOST_INTERVAL)
            case "expired_token":
                raise SignOnError(_("The code has expired. /reconnect gets another one."))
            case "access_denied":
                raise SignOnError(_("The login was refused on the page of the single sign-on."))
            case _:
                if not _is_passing(answer):
                    raise SignOnError(_refusal(offer, answer))
                interval = min(2 * interval, _MOST_INTERVAL)


async def renew(offer: Offer, refresh: str, fetch: Fetch) -> Tokens | None:
    """Return new tokens for what the provider takes for them; None if it does not take that.

    Raises:
        SignOnError: the provider cannot be asked now, which says nothing about what it takes.
    """
    document = await _configuration(offer, fetch)
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": offer.client_id}
    answer = await fetch(_url(document, "token_endpoint"), form)
    if _is_passing(answer) or not answer.document:  # a proxy says 404 while the provider starts
        raise SignOnError(_refusal(offer, answer))
    if answer.status != 200:
        return None
    tokens = _tokens(offer, answer)
    return tokens if tokens.refresh else tokens._replace(refresh=refresh)


def _is_passing(answer: HttpAnswer) -> bool:
    """Return whether a provider, or what is in front of it, may answer otherwise soon."""
    return answer.status >= 500 or answer.status == 429


async def _configuration(offer: Offer, fetch: Fetch) -> HttpAnswer:
    answer = await fetch(offer.configuration)
    if answer.status != 200 or not answer.document:
        raise SignOnError(_refusal(offer, answer))
    return answer


def _url(document: HttpAnswer, name: str) -> str:
    url = text_at(document.document, name)
    if not url:
        raise SignOnError(
            _("The single sign-on offers no login for terminals (device authorization).")
        )
    check_url(url)
    return url


def _tokens(offer: Offer, answer: HttpAnswer) -> Tokens:
    """Return the tokens of an answer; the other one if the preferred one is not there."""
    found = {name: _token(answer, f"{name}_token") for name in ("id", "access", "refresh")}
    sent = found.get(offer.token) or found["id"] or found["access"]
    if not sent:
        raise SignOnError(_refusal(offer, answer))
    return Tokens(sent, found["refresh"])


def _token(answer: HttpAnswer, name: str) -> str:
    value = answer.document.get(name)
    is_token = isinstance(value, str) and value.isascii() and value.isprintable()
    return str(value) if is_token and " " not in str(value) else ""


def _seconds(answer: HttpAnswer, name: str, usual: float, most: float) -> float:
    value = answer.document.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return usual
    return float(min(value, most))


def _refusal(offer: Offer, answer: HttpAnswer) -> str:
    if not answer.document:
        return _(
            "The single sign-on at {host} has answered HTTP {status} and something that is not its"
            " own, such as the page of a proxy. Try again later."
        ).format(host=offer.host, status=answer.status)
    reason = text_at(answer.document, "error_description") or text_at(answer.document, "error")
    return _("The single sign-on at {host} has refused: {reason}").format(
        host=offer.host, reason=reason[:200] or f"HTTP {answer.status}"
    )
