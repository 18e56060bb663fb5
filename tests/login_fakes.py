"""A provider of single sign-on and a directory, in memory."""

import base64
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, RSAKey

from fake_servers import until_reset
from support import NOON
from trio_chat.chat.accounts import Origin
from trio_chat.chat.identities import (
    Identity,
    ProviderUnavailable,
    SignOnOffer,
    TokenRefused,
)
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.server.login.claims import TokenRules
from trio_chat.server.login.directory import (
    Connection,
    DirectoryError,
    Entry,
    MustChange,
    WrongPassword,
)
from trio_chat.server.login.provider import ProviderSettings

ISSUER = "https://sso.example.org/realms/x"
CLIENT = "trio-chat"
CONFIGURATION = f"{ISSUER}/.well-known/openid-configuration"
OFFER = SignOnOffer("Example", CONFIGURATION, CLIENT, "openid profile", "id")
RULES = TokenRules(issuer=ISSUER, audiences=frozenset((CLIENT,)))
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa"})
"""A key that the provider does not have, with the name of one that it has."""


def key_set(*keys: Any) -> dict[str, Any]:
    """Return the document with the public keys of a provider."""
    return dict(KeySet(list(keys)).as_dict(private=False))


def claims(**changed: Any) -> dict[str, Any]:
    """Return the claims of a token for Ann that is valid at noon; None removes one."""
    made = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "5f0c",
        "iat": int(NOON) - 10,
        "exp": int(NOON) + 300,
        "preferred_username": "ann",
        **changed,
    }
    return {name: value for name, value in made.items() if value is not None}


def sign(payload: Mapping[str, Any] | bytes, key: Any = RSA, **header: Any) -> str:
    """Return a token, signed with RS256 and the right key, unless that is changed."""
    head = {"alg": "RS256", "kid": "rsa", **header}
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    registry = jws.JWSRegistry(algorithms=[str(head["alg"])], strict_check_header=False)
    kept = {name: value for name, value in head.items() if value is not None}
    return jws.serialize_compact(kept, data, key, registry=registry)


class FakeFetcher:
    """What a provider answers over HTTP.

    Attributes:
        documents: by their URLs.
        asked: the URLs that were asked for.
        forms: what was posted, with its headers.
        is_down: whether nothing answers.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.forms: list[tuple[dict[str, str], dict[str, str]]] = []
        self.is_down = False
        self.documents: dict[str, dict[str, Any]] = {
            CONFIGURATION: {
                "issuer": ISSUER,
                "jwks_uri": f"{ISSUER}/keys",
                "introspection_endpoint": f"{ISSUER}/introspect",
                "authorization_endpoint": f"{ISSUER}/auth",
                "token_endpoint": f"{ISSUER}/token",
            },
            f"{ISSUER}/keys": key_set(RSA, EC),
        }

    async def get(self, url: str) -> dict[str, Any]:
        """Return a document."""
        self.asked.append(url)
        if self.is_down:
            raise ProviderUnavailable("it cannot be reached")
        return self.documents[url]

    async def post(
        self, url: str, form: dict[str, str], headers: dict[str, str], *, refusals: bool = False
    ) -> dict[str, Any]:
        """Return a document for a form."""
        self.forms.append((form, headers))
        return await self.get(url)


def settings(introspection: str = "never", **rules: Any) -> ProviderSettings:
    """Return what is known of the provider."""
    made = TokenRules(**{"issuer": ISSUER, "audiences": frozenset((CLIENT,)), **rules})
    return ProviderSettings(made, OFFER, introspection, "the secret of the client")


class FakeSignOn:
    """A provider whose tokens are `good`, a space, the subject, a space, and the name."""

    offer = OFFER

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.may_create = True
        self.groups = frozenset[str]()

    async def check(self, token: str, origin: Origin) -> Identity:
        """Return the identity that a token names."""
        if self.error is not None:
            raise self.error
        word, _, rest = token.partition(":")
        if word != "good":
            raise TokenRefused("the token has expired, log in again")
        subject, _, name = rest.partition(":")
        return Identity(IdentityKey(ISSUER, subject), name, self.may_create, self.groups)


def bearer(token: str, authzid: str = "") -> list[str]:
    """Return what a client sends for a token, in pieces."""
    name = f"a={authzid}" if authzid else ""
    text = base64.b64encode(f"n,{name},\x01auth=Bearer {token}\x01\x01".encode()).decode()
    cut = [text[start : start + 400] for start in range(0, len(text), 400)]
    return [*cut, "+"] if len(cut[-1]) == 400 else cut


class FakeConnection:
    """A connection to a directory with one list of entries."""

    def __init__(self, tree: "FakeTree", name: str) -> None:
        self._tree = tree
        self._name = name
        tree.open += 1

    def search(self, base: str, condition: str, attributes: list[str]) -> list[Entry]:
        """Return the entries for which the condition was written."""
        self._check_may_ask()
        self._tree.searches.append((base, condition))
        return self._tree.found.get(condition, [])[:2]

    def read(self, dn: str, attributes: list[str]) -> list[Entry]:
        """Return an entry by its name."""
        self._check_may_ask()
        if self._tree.hidden:
            raise DirectoryError("Insufficient access")
        people = [entry for entries in self._tree.found.values() for entry in entries]
        units = [Entry(base, {}) for base in self._tree.bases]
        return [entry for entry in (*people, *units) if entry.dn == dn]

    def _check_may_ask(self) -> None:
        if self._name in self._tree.outdated:
            raise MustChange

    def close(self) -> None:
        """Close the connection."""
        self._tree.open -= 1


class FakeTree:
    """A directory in memory, which lets anybody in without a password, as directories do.

    Attributes:
        passwords: by distinguished name.
        found: the entries for each filter.
        binds: the names with which somebody has tried to log in.
        searches: the bases and the filters.
        open: how many connections are.
        bases: the names of entries below which there are people.
        hidden: whether no entry can be read by its name.
        outdated: the names that may do nothing until they have another password.
    """

    def __init__(self) -> None:
        self.passwords = {"uid=ann,ou=people": "correct horse", "cn=chat": "secret"}
        self.found: dict[str, list[Entry]] = {"(uid=ann)": [entry()]}
        self.binds: list[str] = []
        self.searches: list[tuple[str, str]] = []
        self.open = 0
        self.bases = ["ou=People"]
        self.hidden = False
        self.outdated = set[str]()
        self.error: Exception | None = None

    def connect(self, name: str, password: str) -> Connection:
        """Log in, or refuse it."""
        self.binds.append(name)
        if self.error is not None:
            raise self.error
        if name and password and self.passwords.get(name) != password:
            raise WrongPassword
        return FakeConnection(self, name)


def entry(
    dn: str = "uid=ann,ou=people", name: bytes = b"ann", number: bytes = b"id-1", *groups: bytes
) -> Entry:
    """Return the entry of a person."""
    return Entry(dn, {"uid": [name], "entryuuid": [number], "memberof": list(groups)})


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve one answer to everybody; yield the address, and what was asked."""
    asked: list[bytes] = []

    async def serve(stream: trio.SocketStream) -> None:
        head, _, body = (await stream.receive_some(65536)).partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: ([0-9]+)", head)
        while length and len(body) < int(length[1]):
            body += await stream.receive_some(65536)
        asked.append(head + b"\r\n\r\n" + body)
        with trio.move_on_after(5):
            await stream.send_all(answer)
            await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            partial(trio.serve_tcp, until_reset(serve), 0, host="127.0.0.1")
        )
        port = listeners[0].socket.getsockname()[1]
        yield f"http://127.0.0.1:{port}", asked
        nursery.cancel_scope.cancel()
