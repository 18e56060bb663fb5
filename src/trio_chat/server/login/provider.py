"""The provider of single sign-on (OpenID Connect): its discovery document and keys, which are kept,
and tokens that are checked by them or by introspection.
"""

import base64
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import trio

from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.attempts import Attempts
from trio_chat.chat.identities import Identity, ProviderUnavailable, SignOnOffer, TokenRefused
from trio_chat.irc.addresses import rate_limit_key
from trio_chat.server.login.authorization import CodeExchange, check_nonce
from trio_chat.server.login.claims import TokenRules, identity_of, parse_claims
from trio_chat.server.login.fetching import JsonFetcher
from trio_chat.server.login.signatures import (
    MAX_TOKEN,
    Header,
    ProviderKey,
    read_header,
    read_keys,
    verified_payload,
)

log = logging.getLogger("trio_chat")

KEYS_FRESH = 3600.0
"""Seconds after which the keys are fetched again, so that one that was revoked is forgotten."""
KEYS_KEPT = 86_400.0
"""Seconds for which keys are used while the provider cannot be asked."""
RETRY = 60.0
"""Seconds between two fetches of the keys, whatever key a token names."""
FIRST_RETRY = 10.0
"""Likewise while there are no keys yet."""
MOST_REFUSED = 60
"""Tokens and codes from one address that the provider itself may refuse in a minute. A signature
that is wrong is not counted: nobody can guess one, and looking at it costs next to nothing.
"""


class Fetcher(Protocol):
    """What gets JSON objects; see `JsonFetcher`."""

    async def get(self, url: str) -> dict[str, Any]:
        """Return the object at a URL."""

    async def post(
        self, url: str, form: dict[str, str], headers: dict[str, str], *, refusals: bool = False
    ) -> dict[str, Any]:
        """Post a form; return the object that answers it."""


class ProviderSettings(NamedTuple):
    """What is known of a provider.

    Args:
        rules: the rules for tokens.
        offer: what clients need to get one.
        introspection: which tokens the provider is asked about: `never`, those that are no JWT
            (`opaque`), or `always`.
        secret: of this server as a client of the provider, for introspection.
    """

    rules: TokenRules
    offer: SignOnOffer
    introspection: str = "never"
    secret: str = ""

    def __repr__(self) -> str:
        """Return no secret."""
        return f"ProviderSettings({self.rules!r})"


class Provider:
    """The provider (the port `trio_chat.chat.identities.SignOn`).

    Args:
        settings: what is known of it.
        fetcher: gets JSON objects.
        clock: returns seconds of Unix time.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        fetcher: Fetcher | JsonFetcher,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._clock = clock
        self._refused = Attempts(60.0, trio.current_time)
        self._lock = trio.Lock()
        self._document: dict[str, Any] = {}
        self._keys: list[ProviderKey] = []
        # Seconds of Trio's clock at which keys came, and were asked for; likewise the document.
        self._fetched = self._tried = self._asked = -math.inf

    @property
    def offer(self) -> SignOnOffer:
        """What clients need to get a token."""
        return self._settings.offer

    @property
    def issuer(self) -> str:
        """The issuer; see `WebSignOn.issuer`."""
        return self._settings.rules.issuer

    def follow(self, before: "Provider") -> None:
        """Know what the provider before a REHASH knew, if it is the same one: it may be away, and
        logins go on meanwhile. Its keys are fetched again at the next login.
        """
        if before.offer.configuration != self.offer.configuration:
            return
        self._document, self._keys, self._refused = (
            before._document,
            before._keys,
            before._refused,
        )
        self._fetched = min(before._fetched, trio.current_time() - KEYS_FRESH)

    async def examine(self) -> None:
        """Fetch the keys, which are kept.

        Raises:
            ProviderUnavailable: there are none.
        """
        async with self._lock:
            await self._refresh()

    async def authorization_endpoint(self) -> str:
        """Return where the user is led to; see `WebSignOn.authorization_endpoint`."""
        return self._endpoint(await self._discovered(), "authorization_endpoint")

    async def exchange(self, exchange: CodeExchange, origin: Origin) -> tuple[str, str]:
        """Return the token that logs in; see `WebSignOn.exchange`."""
        url = self._endpoint(await self._discovered(), "token_endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": exchange.code,
            "redirect_uri": exchange.redirect,
            "code_verifier": exchange.verifier,
            "client_id": self.offer.client_id,
        }
        headers = {"Authorization": self._basic()} if self._settings.secret else {}
        with self._asking(origin):
            answer = await self._fetcher.post(url, form, headers, refusals=True)
            id_token = answer.get("id_token")
            if not isinstance(id_token, str):
                raise TokenRefused("the single sign-on has not confirmed the login, try again")
        claims = await self._claims(id_token)
        check_nonce(claims, exchange.nonce)
        identity = identity_of(claims, self._settings.rules, self._clock())
        access = answer.get("access_token")
        is_access = self.offer.token == "access" and isinstance(access, str)  # noqa: S105
        return str(access) if is_access else id_token, identity.name

    @staticmethod
    def _endpoint(document: dict[str, Any], name: str) -> str:
        url = document.get(name)
        if not isinstance(url, str):
            raise ProviderUnavailable(f"the provider has no {name}")
        return url

    @contextmanager
    def _asking(self, origin: Origin) -> Iterator[None]:
        """Count what the provider refuses, and ask it nothing more after too much of it, so that
        nobody can keep it busy through this server.
        """
        address = rate_limit_key(origin.address)
        if self._refused.count(address) >= MOST_REFUSED:
            raise Busy(
                "The single sign-on has refused many logins from your address, try again in a"
                " minute"
            )
        try:
            yield
        except TokenRefused:
            self._refused.note(address)
            raise

    async def check(self, token: str, origin: Origin) -> Identity:
        """Return the identity of a token; see `SignOn.check`."""
        if len(token) > MAX_TOKEN or not token.isascii() or not token.isprintable():
            raise TokenRefused("the token cannot be read")
        how, is_jwt = self._settings.introspection, token.count(".") == 2
        if how == "always" or (how == "opaque" and not is_jwt):
            return await self._introspect(token, origin)
        if not is_jwt:
            raise TokenRefused("the token is no JWT: send the ID token")
        return identity_of(await self._claims(token), self._settings.rules, self._clock())

    async def _claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a JWT that the provider has signed."""
        header = read_header(token)
        keys = await self._keys_for(header)
        return parse_claims(verified_payload(token, header, keys))

    async def _introspect(self, token: str, origin: Origin) -> Identity:
        """Ask the provider about a token (RFC 7662)."""
        document = await self._discovered()
        url = self._endpoint(document, "introspection_endpoint")
        form = {"token": token, "token_type_hint": "access_token"}
        with self._asking(origin):
            answer = await self._fetcher.post(url, form, {"Authorization": self._basic()})
            if answer.get("active") is not True:
                raise TokenRefused("the token is not valid, or has expired: log in again")
        return identity_of(answer, self._settings.rules, self._clock(), is_introspected=True)

    def _basic(self) -> str:
        """Return the credentials of this server as a client of the provider."""
        # RFC 6749 §2.3.1: both are written as in a form before they are joined.
        pair = f"{quote(self.offer.client_id, safe='')}:{quote(self._settings.secret, safe='')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    async def _discovered(self) -> dict[str, Any]:
        async with self._lock:
            if not self._document and trio.current_time() - self._asked < FIRST_RETRY:
                raise ProviderUnavailable("the provider could not be asked a short time ago")
            if not self._document:
                self._asked = trio.current_time()
                await self._discover()
        return self._document

    async def _keys_for(self, header: Header) -> list[ProviderKey]:
        """Return the keys that may have signed a token, which are fetched when they are old, or
        when none is known.

        Raises:
            ProviderUnavailable: there are no keys that can be used.
        """
        async with self._lock:  # one fetch serves all that wait
            fitting = [key for key in self._keys if key.fits(header)]
            age = trio.current_time() - self._fetched
            if (fitting and age < KEYS_FRESH) or not self._may_try(
                RETRY if self._keys else FIRST_RETRY
            ):
                if not self._keys:
                    raise ProviderUnavailable("the provider could not be asked a short time ago")
            else:
                await self._refresh()
            if trio.current_time() - self._fetched > KEYS_KEPT:
                raise ProviderUnavailable("the keys of the provider are too old")
            return [key for key in self._keys if key.fits(header)]

    def _may_try(self, interval: float) -> bool:
        return trio.current_time() - self._tried >= interval

    async def _refresh(self) -> None:
        """Fetch the keys; keep the old ones if that fails.

        Raises:
            ProviderUnavailable: there are no old ones.
        """
        self._tried = trio.current_time()
        try:
            await self._discover()
            url = self._document.get("jwks_uri")
            if not isinstance(url, str):
                raise ProviderUnavailable("the provider has no jwks_uri")
            keys = read_keys(await self._fetcher.get(url))
            if not keys:
                raise ProviderUnavailable("the provider has no keys that can be used")
        except ProviderUnavailable as error:
            if not self._keys:
                raise
            log.warning("single sign-on goes on with the keys that are known: %s", error)
            return
        self._keys, self._fetched = keys, trio.current_time()

    async def _discover(self) -> None:
        """Fetch the discovery document (OpenID Connect Discovery §4.3)."""
        document = await self._fetcher.get(self.offer.configuration)
        if document.get("issuer") != self._settings.rules.issuer:
            raise ProviderUnavailable(
                "[oidc] issuer is not the issuer that the provider names in its discovery document"
            )
        self._document = document
