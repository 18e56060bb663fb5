"""The offer of a server: where tokens come from, as it says in its refusal of a login without one
(RFC 7628 §3.2.2).
"""

import json
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from trio_chat.i18n import _

_LONGEST = 2000


class SignOnError(Exception):
    """There is no token; the message is a sentence for the user."""


class Offer(NamedTuple):
    """Where tokens come from.

    Args:
        configuration: the URL of the discovery document of the provider.
        client_id: what the provider calls programs of this chat.
        scope: what is asked for.
        token: which token the server takes: `id` or `access`.
        name: what the provider is called.
    """

    configuration: str
    client_id: str
    scope: str = "openid"
    token: str = "access"  # noqa: S105
    name: str = ""

    @property
    def host(self) -> str:
        """The host of the provider."""
        return urlsplit(self.configuration).hostname or ""


def read_offer(text: str) -> Offer:
    """Read what a server answers to a login without a token.

    Raises:
        SignOnError: nothing of it can be used.
    """
    problem = _("This server does not say where to log in by single sign-on.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise SignOnError(problem) from None
    where, client_id = text_at(document, "openid-configuration"), text_at(document, "client_id")
    if not where or not client_id:
        raise SignOnError(problem)
    check_url(where)
    scope, token = text_at(document, "scope") or "openid", text_at(document, "token")
    return Offer(where, client_id, scope, token or "access", text_at(document, "name"))


def text_at(document: Any, name: str) -> str:
    """Return a printable text of a JSON object, or ""."""
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        return ""
    return value


def check_url(url: str) -> None:
    """Check that an address is HTTPS, or HTTP on this computer.

    Raises:
        SignOnError: it is not.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    is_good = url.isascii() and url.isprintable() and " " not in url and not parts.username
    if not (host and is_good) or not (
        parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))
    ):
        raise SignOnError(_("The address of the single sign-on is not safe: https is needed."))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
