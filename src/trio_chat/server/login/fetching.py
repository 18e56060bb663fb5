"""The HTTP client that asks a provider of single sign-on.

The operator names the provider, and the provider its addresses. Others than its own host must have
public addresses, unless the operator allows more. Nothing is unbounded: redirects are not followed,
and each answer has a size and a deadline.
"""

import json
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

import trio

from trio_chat.chat.identities import ProviderUnavailable
from trio_chat.server.bounded_http import FAILURES, BoundedHttp, explain
from trio_chat.server.push.client import NotPublic, PublicNetwork, Resolver, resolved

TIMEOUT = 10.0
"""Seconds for one question, from the resolution of the name to the answer."""
_AT_ONCE = 8
"""Questions at once."""


class JsonFetcher:
    """Gets JSON objects by HTTPS, or by HTTP from this machine itself.

    Args:
        may_be_private: returns whether a host may have addresses that are not public.
        context: verifies certificates; one with the certificates of the system by default.
        resolve: see `trio_chat.server.push.client.Resolver`.
    """

    def __init__(
        self,
        may_be_private: Callable[[str], bool],
        context: ssl.SSLContext | None = None,
        resolve: Resolver = resolved,
    ) -> None:
        self._http = BoundedHttp(PublicNetwork(may_be_private, resolve), context)
        self._limiter = trio.CapacityLimiter(_AT_ONCE)

    async def get(self, url: str) -> dict[str, Any]:
        """Return the object at a URL.

        Raises:
            ProviderUnavailable: there is none; the message does not name the query.
        """
        return await self._ask("GET", url, {}, b"")

    async def post(
        self,
        url: str,
        form: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        refusals: bool = False,
    ) -> dict[str, Any]:
        """Post a form; return the object that answers it.

        Args:
            url: where to.
            form: what is posted.
            headers: besides the usual ones.
            refusals: whether the object of a refusal is wanted, too (400, 401: RFC 6749 §5.2).

        Raises:
            ProviderUnavailable: there is none.
        """
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", url, {**headers, **kind}, urlencode(form).encode(), refusals)

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        refusals: bool = False,
    ) -> dict[str, Any]:
        where = _checked(url)
        async with self._limiter:
            with trio.move_on_after(TIMEOUT):
                try:
                    status, answer = await self._http.exchange(
                        method, url, [*headers.items()], body
                    )
                except NotPublic:
                    raise ProviderUnavailable(
                        f"{where} has no public address; [oidc] private_hosts allows others"
                    ) from None
                except FAILURES as error:
                    why = explain(error, "[oidc] ca_file")
                    raise ProviderUnavailable(f"{where}: {why}") from error
                return _object(where, 200 if refusals and status in (400, 401) else status, answer)
        raise ProviderUnavailable(f"{where}: no answer within {TIMEOUT:.0f} seconds")


def _checked(url: str) -> str:
    """Return the scheme, the host and the path of a URL.

    Raises:
        ProviderUnavailable: it cannot be used.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or not url.isascii() or not url.isprintable() or " " in url or parts.username:
        raise ProviderUnavailable("an address of the provider cannot be used")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(host)):
        raise ProviderUnavailable(f"{host}: the address is not https:")
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def is_this_machine(host: str) -> bool:
    """Return whether a host is the machine itself, to which nothing leaves it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _object(where: str, status: int, answer: bytes) -> dict[str, Any]:
    if status != 200:
        raise ProviderUnavailable(f"{where}: HTTP {status}")
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ProviderUnavailable(f"{where}: the answer is no JSON object")
    return document
