"""Tokens of a provider: which ones log in, and what happens while the provider is away."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
import trio
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from joserfc.jwk import RSAKey
from trio.testing import MockClock

from login_fakes import (
    CLIENT,
    CONFIGURATION,
    EC,
    ISSUER,
    OTHER,
    RSA,
    RULES,
    FakeFetcher,
    claims,
    key_set,
    settings,
    sign,
)
from support import NOON
from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.identities import Identity, ProviderUnavailable, TokenRefused
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.server.login.claims import identity_of
from trio_chat.server.login.provider import KEYS_FRESH, KEYS_KEPT, MOST_REFUSED, RETRY, Provider
from trio_chat.server.login.signatures import MAX_TOKEN, read_keys

HERE = Origin("192.0.2.1")
ANN = Identity(IdentityKey(ISSUER, "5f0c"), "ann")
KEYS = f"{ISSUER}/keys"


def provider(fetcher: FakeFetcher | None = None, how: str = "never", **rules: Any) -> Provider:
    """Return a provider at noon."""
    return Provider(settings(how, **rules), fetcher or FakeFetcher(), lambda: NOON)


def unsigned(header: dict[str, Any], payload: dict[str, Any], signature: str = "") -> str:
    """Return a token as nobody has signed it."""
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in (header, payload)
    )
    return ".".join((*parts, signature))


def signed_by_hand(header: dict[str, Any]) -> str:
    """Return a token that joserfc would not make: with HMAC, by the public key that everybody
    knows; or with another header, by the right key.
    """
    signed = unsigned(header, claims()).rpartition(".")[0].encode()
    if header["alg"] == "HS256":
        signature = hmac.digest(bytes(RSA.as_pem(private=False)), signed, "sha256")
    else:
        signature = cast(RSAPrivateKey, RSA.private_key).sign(
            signed, padding.PKCS1v15(), hashes.SHA256()
        )
    return f"{signed.decode()}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def test_a_token_of_the_provider_logs_in() -> None:
    """The identity is issuer and subject; the name is only that of a new account."""
    assert await provider().check(sign(claims()), HERE) == ANN


async def test_a_key_of_another_kind_logs_in_too() -> None:
    """ES256, by the key that the token names."""
    assert await provider().check(sign(claims(), EC, alg="ES256", kid="ec"), HERE) == ANN


async def test_a_token_need_not_name_its_key() -> None:
    """Any key of the provider with the kind of the algorithm may have signed it."""
    assert await provider().check(sign(claims(), kid=None), HERE) == ANN


async def test_a_token_that_is_signed_by_hand_logs_in() -> None:
    """So what refuses those below is their header alone."""
    token = signed_by_hand({"alg": "RS256", "kid": "rsa"})
    assert await provider().check(token, HERE) == ANN


HOSTILE: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: unsigned({"alg": "none"}, claims()),
    "no algorithm in capitals": lambda: unsigned({"alg": "NONE", "kid": "rsa"}, claims()),
    "an empty signature": lambda: unsigned({"alg": "RS256", "kid": "rsa"}, claims()),
    "HMAC with the public key": lambda: signed_by_hand({"alg": "HS256", "kid": "rsa"}),
    "the key of another one": lambda: sign(claims(), OTHER),
    "a key in the header": lambda: sign(
        claims(), OTHER, jwk=OTHER.as_dict(private=False), kid=None
    ),
    "an address of keys in the header": lambda: sign(
        claims(), OTHER, jku="https://evil.example.org/keys"
    ),
    "the algorithm of another key": lambda: sign(claims(), RSA, kid="ec"),
    "a header that must be understood": lambda: signed_by_hand(
        {"alg": "RS256", "kid": "rsa", "crit": ["x"], "x": 1}
    ),
    "an audience that is another one": lambda: sign(claims(aud="mail")),
    "no audience": lambda: sign(claims(aud=None)),
    "an audience of another type": lambda: sign(claims(aud={CLIENT: 1})),
    "a party that is another program": lambda: sign(claims(aud=[CLIENT, "mail"], azp="mail")),
    "another issuer": lambda: sign(claims(iss="https://evil.example.org")),
    "the issuer with a slash": lambda: sign(claims(iss=f"{ISSUER}/")),
    "no issuer": lambda: sign(claims(iss=None)),
    "expired": lambda: sign(claims(exp=int(NOON) - 61)),
    "no expiry": lambda: sign(claims(exp=None)),
    "an expiry that is a text": lambda: sign(claims(exp=str(int(NOON) + 300))),
    "an expiry that is no number": lambda: sign(json.dumps(claims(exp=float("nan"))).encode()),
    "an expiry without end": lambda: sign(json.dumps(claims(exp=float("inf"))).encode()),
    "an expiry that is true": lambda: sign(claims(exp=True)),
    "an expiry beyond all numbers": lambda: sign(
        json.dumps(claims()).replace(str(int(NOON) + 300), "1" + "0" * 400).encode()
    ),
    "not valid yet": lambda: sign(claims(nbf=int(NOON) + 61)),
    "issued tomorrow": lambda: sign(claims(iat=int(NOON) + 86_400)),
    "no subject": lambda: sign(claims(sub=None)),
    "an empty subject": lambda: sign(claims(sub="")),
    "a subject that is a number": lambda: sign(claims(sub=5)),
    "a subject with NUL": lambda: sign(claims(sub="a\0b")),
    "a long subject": lambda: sign(claims(sub="a" * 256)),
    "a claim twice": lambda: sign(
        (json.dumps(claims())[:-1] + ', "sub": "the administrator"}').encode()
    ),
    "a logout token": lambda: sign(
        claims(events={"http://schemas.openid.net/event/backchannel-logout": {}})
    ),
    "the type of a logout token": lambda: sign(claims(), typ="logout+jwt"),
    "no object": lambda: sign(b'["iss"]'),
    "no JSON": lambda: sign(b"\xff"),
    "deep JSON": lambda: sign(b"[" * 3000),
    "too long": lambda: sign(claims(more="x" * MAX_TOKEN)),
    "encrypted": lambda: "a.b.c.d.e",
    "no token": lambda: "hunter2",
    "other signs": lambda: "é.é.é",
    "an unknown key": lambda: sign(claims(), kid="new"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_no_valid_token_logs_nobody_in(name: str) -> None:
    """Whatever it is, the answer is a sentence without the token."""
    token = HOSTILE[name]()
    with pytest.raises(TokenRefused) as caught:
        await provider().check(token, HERE)
    assert str(caught.value)
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": int(NOON) - 59},
        {"nbf": int(NOON) + 59},
        {"aud": ["mail", CLIENT], "azp": CLIENT},
        {"preferred_username": None},
        {"azp": None, "exp": NOON + 0.5},
    ],
    ids=str,
)
async def test_clocks_may_differ_by_a_minute(changed: dict[str, Any]) -> None:
    """What is not quite exact is valid all the same."""
    assert (await provider().check(sign(claims(**changed)), HERE)).key == ANN.key


@pytest.mark.parametrize(
    ("groups", "is_let_in"),
    [
        (["staff", "chat"], True),
        ("chat", True),
        ("chatters", False),
        ([], False),
        (None, False),
        ([["chat"]], False),
        ({"chat": True}, False),
    ],
    ids=str,
)
async def test_a_group_can_be_required(groups: object, is_let_in: bool) -> None:
    """A person in another group is told that, and is not let in."""
    there = provider(required_group="chat")
    token = sign(claims(groups=groups))
    if is_let_in:
        assert (await there.check(token, HERE)).key == ANN.key
        return
    with pytest.raises(TokenRefused, match="group"):
        await there.check(token, HERE)


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (["a", "b,c", 7, None, ["d"]], {"a", "b,c"}),
        ("a", {"a"}),
        ("a,b", {"a,b"}),
        ({"a": True}, set()),
        (True, set()),
        (None, set()),
        ([str(number) for number in range(1500)], {str(number) for number in range(1500)}),
    ],
    ids=[
        "some of another type",
        "a text",
        "a text with a comma",
        "an object",
        "true",
        "none",
        "many",
    ],
)
def test_the_groups_of_a_person_are_known(groups: object, found: set[str]) -> None:
    """Texts alone are groups, and none is divided."""
    payload = claims(groups=groups)
    assert identity_of(payload, RULES, NOON).groups == found


async def test_groups_can_be_deep_in_a_token() -> None:
    """Keycloak has the roles of a client two objects deep."""
    there = provider(required_group="chat", group_claim="resource_access.trio-chat.roles")
    token = sign(claims(resource_access={"trio-chat": {"roles": ["chat"]}}))
    assert (await there.check(token, HERE)).key == ANN.key


async def test_a_new_key_is_fetched(autojump_clock: MockClock) -> None:
    """The provider has another key since: an unknown name is looked up, once a minute."""
    fetcher = FakeFetcher()
    there = provider(fetcher)
    await there.check(sign(claims()), HERE)
    fresh = RSAKey.generate_key(2048, {"kid": "new"})
    fetcher.documents[KEYS] = key_set(fresh)
    with pytest.raises(TokenRefused):
        await there.check(sign(claims(), fresh, kid="new"), HERE)
    await trio.sleep(RETRY)
    assert await there.check(sign(claims(), fresh, kid="new"), HERE) == ANN
    with pytest.raises(TokenRefused):  # the one before is gone with it
        await there.check(sign(claims()), HERE)


async def test_unknown_keys_ask_once_a_minute(autojump_clock: MockClock) -> None:
    """Whoever sends tokens with invented keys does not have the provider asked each time."""
    fetcher = FakeFetcher()
    there = provider(fetcher)
    for number in range(50):
        with pytest.raises(TokenRefused):
            await there.check(sign(claims(), OTHER, kid=f"k{number}"), HERE)
    assert fetcher.asked.count(KEYS) == 1


async def test_logins_go_on_while_the_provider_is_away(autojump_clock: MockClock) -> None:
    """Known keys serve for a day, not longer: they may have been revoked."""
    fetcher = FakeFetcher()
    there = provider(fetcher)
    await there.check(sign(claims()), HERE)
    fetcher.is_down = True
    await trio.sleep(KEYS_FRESH + 1)
    assert await there.check(sign(claims()), HERE) == ANN
    await trio.sleep(KEYS_KEPT)
    with pytest.raises(ProviderUnavailable):
        await there.check(sign(claims()), HERE)
    fetcher.is_down = False
    await trio.sleep(RETRY)
    assert await there.check(sign(claims()), HERE) == ANN


async def test_many_logins_wait_for_one_fetch() -> None:
    """The first login after the start fetches the keys for all others."""
    fetcher = FakeFetcher()
    there = provider(fetcher)
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(there.check, sign(claims()), HERE)
    assert fetcher.asked == [CONFIGURATION, KEYS]


async def test_a_provider_that_is_away_is_not_asked_by_each_login(
    autojump_clock: MockClock,
) -> None:
    """The others fail at once, and somebody tries again a while later."""
    fetcher = FakeFetcher()
    fetcher.is_down = True
    there = provider(fetcher)
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await there.check(sign(claims()), HERE)
    assert fetcher.asked == [CONFIGURATION]


async def test_a_discovery_document_of_another_issuer_is_no_use() -> None:
    """OpenID Connect Discovery §4.3: the issuers must be equal."""
    fetcher = FakeFetcher()
    fetcher.documents[CONFIGURATION]["issuer"] = "https://evil.example.org"
    with pytest.raises(ProviderUnavailable, match="issuer"):
        await provider(fetcher).check(sign(claims()), HERE)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": {}},
        {"keys": [5, {}, {"kty": "oct", "k": "AAAA"}, {"kty": "RSA"}, {"kty": ["RSA"]}]},
        {"keys": [{**RSA.as_dict(private=False), "use": "enc"}]},
        {"keys": [{**RSA.as_dict(private=False), "key_ops": ["encrypt"]}]},
        {"keys": [{**RSA.as_dict(private=False), "key_ops": 5}]},
        {"keys": [{**RSA.as_dict(private=False), "n": "A" * 4000}]},
        {"keys": [{**RSA.as_dict(private=False), "kid": 5}]},
    ],
    ids=(
        "nothing",
        "no list",
        "no keys",
        "encrypts",
        "does not verify",
        "no list of uses",
        "too long",
        "no name",
    ),
)
def test_what_is_no_key_for_signatures_is_left_out(document: object) -> None:
    """Nothing of it is an error: a provider has keys of many kinds."""
    assert not read_keys(document)


@pytest.mark.parametrize("name", ["use", "key_ops", "alg", "kid", "x5c"])
def test_what_is_null_in_a_key_is_missing(name: str) -> None:
    """Some providers write all members of a key, as null those that it does not have."""
    assert len(read_keys({"keys": [{**RSA.as_dict(private=False), name: None}]})) == 1


async def test_what_is_null_in_an_answer_is_missing() -> None:
    """Likewise for introspection, where the issuer is optional."""
    fetcher = FakeFetcher()
    answer = {"active": True, "sub": "5f0c", "client_id": CLIENT, "iss": None, "username": "ann"}
    fetcher.documents[f"{ISSUER}/introspect"] = {**answer, "aud": None, "exp": None}
    assert await provider(fetcher, "opaque").check("opaque", HERE) == ANN


async def test_an_opaque_token_is_introspected() -> None:
    """RFC 7662: the provider says whose it is; the secret of the server is in the header alone."""
    fetcher = FakeFetcher()
    answer = {"active": True, "sub": "5f0c", "client_id": CLIENT, "username": "ann"}
    fetcher.documents[f"{ISSUER}/introspect"] = answer
    assert await provider(fetcher, "opaque").check("opaque", HERE) == ANN
    ((form, headers),) = fetcher.forms
    assert form["token"] == "opaque"
    assert headers["Authorization"].startswith("Basic ")
    assert "secret" not in repr(settings("opaque"))


@pytest.mark.parametrize(
    "answer",
    [
        {"active": False},
        {"active": "true", "sub": "5f0c", "client_id": CLIENT},
        {"active": True, "sub": "5f0c", "client_id": "mail"},
        {"active": True, "sub": "5f0c"},
        {"active": True, "sub": "5f0c", "aud": "mail", "client_id": CLIENT},
        {"active": True, "client_id": CLIENT},
        {"active": True, "sub": "5f0c", "client_id": CLIENT, "iss": "https://evil.example.org"},
        {"active": True, "sub": "5f0c", "client_id": CLIENT, "exp": int(NOON) - 61},
        {},
    ],
    ids=str,
)
async def test_an_answer_that_confirms_nobody(answer: dict[str, Any]) -> None:
    """A token of another program, or one that is not active, logs nobody in."""
    fetcher = FakeFetcher()
    fetcher.documents[f"{ISSUER}/introspect"] = answer
    with pytest.raises(TokenRefused):
        await provider(fetcher, "always").check("opaque", HERE)


async def test_an_opaque_token_is_refused_without_introspection() -> None:
    """The sentence says which token can be read."""
    with pytest.raises(TokenRefused, match="ID token"):
        await provider().check("opaque", HERE)


async def test_a_token_that_has_expired_locks_nobody_out() -> None:
    """It is no guess, and many people may have the address: the clock of the provider is wrong."""
    there, expired = provider(), sign(claims(exp=int(NOON) - 100))
    for _ in range(2 * MOST_REFUSED):
        with pytest.raises(TokenRefused, match="expired"):
            await there.check(expired, HERE)
    assert await there.check(sign(claims()), HERE) == ANN


async def test_a_provider_is_not_kept_busy_with_what_it_refuses(autojump_clock: MockClock) -> None:
    """For a minute it is asked nothing more from an address, while signatures are looked at."""
    fetcher = FakeFetcher()
    there = provider(fetcher, "opaque")
    fetcher.documents[f"{ISSUER}/introspect"] = {"active": False}
    for _ in range(MOST_REFUSED):
        with pytest.raises(TokenRefused):
            await there.check("opaque", HERE)
    asked = len(fetcher.forms)
    with pytest.raises(Busy, match="minute"):
        await there.check("opaque", HERE)
    assert len(fetcher.forms) == asked
    assert await there.check(sign(claims()), HERE) == ANN
    with pytest.raises(TokenRefused):
        await there.check("opaque", Origin("198.51.100.7"))
    await trio.sleep(60)
    with pytest.raises(TokenRefused):
        await there.check("opaque", HERE)


async def test_a_rehash_keeps_the_keys_of_a_provider_that_is_away() -> None:
    """They are fetched again at the next login, if it is there."""
    fetcher = FakeFetcher()
    before = provider(fetcher)
    await before.check(sign(claims()), HERE)
    fetcher.is_down = True
    after = provider(fetcher)
    after.follow(before)
    asked = len(fetcher.asked)
    assert await after.check(sign(claims()), HERE) == ANN
    assert len(fetcher.asked) > asked


async def test_a_rehash_keeps_no_keys_of_another_provider() -> None:
    """They would let its people in."""
    fetcher = FakeFetcher()
    before = provider(fetcher)
    await before.check(sign(claims()), HERE)
    offer = before.offer._replace(configuration="https://other.example.org/x")
    after = Provider(settings()._replace(offer=offer), fetcher, lambda: NOON)
    after.follow(before)
    fetcher.is_down = True
    with pytest.raises(ProviderUnavailable):
        await after.check(sign(claims()), HERE)
