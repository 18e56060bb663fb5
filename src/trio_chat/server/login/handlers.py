"""The HTTP handlers of single sign-on for the page: where the user logs in, and the exchange of the
code that the provider gives (authorization code with PKCE, RFC 7636).

The server exchanges the code, so the page needs no access to the provider, whose answers few
providers allow to pages (CORS). The code is worth nothing without the verifier, which only the page
that has begun the login knows.
"""

import json
from contextlib import aclosing
from typing import Any

from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.identities import ProviderUnavailable, TokenRefused
from trio_chat.server.http.messages import HttpRequest, HttpResponse, RequestError, json_response
from trio_chat.server.http.site import Site
from trio_chat.server.login.authorization import CodeExchange, WebSignOn

PATH = "/sso"
_MAX_BODY = 16_384
_FIELDS = ("code", "verifier", "redirect", "nonce")
_NO_STORE = [("Cache-Control", "no-store")]


async def begin(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer with what the page needs to lead the user to the provider."""
    del request
    sign_on = _sign_on(site)
    try:
        where = await sign_on.authorization_endpoint()
    except ProviderUnavailable as error:
        raise RequestError(503, "the single sign-on cannot be asked", note=str(error)) from error
    offer = sign_on.offer
    document = {
        "name": offer.name,
        "issuer": sign_on.issuer,
        "authorization": where,
        "client_id": offer.client_id,
        "scope": " ".join(word for word in offer.scope.split() if word != "offline_access"),
    }
    return json_response(document, headers=_NO_STORE)


async def finish(request: HttpRequest, site: Site) -> HttpResponse:
    """Exchange a code for the token that logs in; answer with it and the name of the user."""
    sign_on = _sign_on(site)
    if request.header(b"sec-fetch-site").lower() not in ("", "same-origin", "none"):
        raise RequestError(403, "only the page of this server may do that")
    if request.header(b"content-type").partition(";")[0].strip().lower() != "application/json":
        raise RequestError(415, "send JSON")  # which a form of another page cannot
    exchange = _exchange(await _body(request))
    try:
        token, name = await sign_on.exchange(exchange, Origin(request.peer.host))
    except ProviderUnavailable as error:
        raise RequestError(503, "the single sign-on cannot be asked", note=str(error)) from error
    except TokenRefused as error:
        raise RequestError(403, str(error), is_json=True) from error
    except Busy as error:
        raise RequestError(429, str(error), [("Retry-After", "60")]) from error
    return json_response({"token": token, "name": name}, headers=_NO_STORE)


def _sign_on(site: Site) -> WebSignOn:
    sign_on: object = site.world.sign_on
    if not isinstance(sign_on, WebSignOn):
        raise RequestError(404, "this server has no single sign-on")
    return sign_on


async def _body(request: HttpRequest) -> bytes:
    data = bytearray()
    async with aclosing(request.body(_MAX_BODY)) as pieces:
        async for piece in pieces:
            data += piece
    return bytes(data)


def _exchange(body: bytes) -> CodeExchange:
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    values = [document.get(name) if isinstance(document, dict) else None for name in _FIELDS]
    texts = [value for value in values if isinstance(value, str) and value and value.isprintable()]
    if len(texts) != len(_FIELDS):
        raise RequestError(400, "a code, a verifier, a redirect and a nonce are needed")
    return CodeExchange(*texts)
