"""Claims: what a provider says of a person in a token, and whether that person may log in
(OpenID Connect Core §3.1.3.7, RFC 7519 §4.1, RFC 9068 §4). Pure functions.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from trio_chat.chat.identities import Identity, TokenRefused
from trio_chat.chat.identity_keys import MAX_SUBJECT, IdentityKey
from trio_chat.irc.names import like_nick

LEEWAY = 60.0
"""Seconds by which the clocks of the provider and of this server may differ."""
_MOST_VALUES = 2000
"""Groups and audiences of a token that are looked at."""
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """The rules for tokens, as configured.

    Args:
        issuer: the provider that they come from.
        audiences: the names of this chat at the provider; a token is for one of them.
        account_claim: names the account of a new identity.
        group_claim: has the groups of a person; with dots for objects in objects.
        required_group: the group that a person needs, or "".
        may_create: whether new identities get accounts.
    """

    issuer: str
    audiences: frozenset[str]
    account_claim: str = "preferred_username"
    group_claim: str = "groups"
    required_group: str = ""
    may_create: bool = True


def parse_claims(payload: bytes) -> dict[str, Any]:
    """Return the claims of a token.

    Raises:
        TokenRefused: they are no JSON object, or a name is twice in one: two programs would read
            two different tokens.
    """
    try:
        claims = json.loads(payload.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise TokenRefused("the token cannot be read") from error
    if not isinstance(claims, dict):
        raise TokenRefused("the token cannot be read")
    return claims


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) != len(pairs):
        raise ValueError("a name is there twice")
    return known


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def identity_of(
    claims: dict[str, Any], rules: TokenRules, now: float, *, is_introspected: bool = False
) -> Identity:
    """Return the identity that claims confirm.

    Args:
        claims: of a token whose signature is right, or that the provider has called active.
        rules: the rules for tokens.
        now: seconds of Unix time.
        is_introspected: whether the provider was asked (RFC 7662 §2.2): issuer and expiry may then
            be missing, and the client counts as the audience if none is named.

    Raises:
        TokenRefused: the token is not valid here, or the person may not log in.
    """
    if "events" in claims:  # a logout token, or another security event (RFC 8417)
        raise TokenRefused("the token is not for logging in")
    issuer = claims.get("iss")
    if issuer != rules.issuer and not (is_introspected and issuer is None):
        raise TokenRefused("the token is from another provider")
    _check_audience(claims, rules, is_introspected=is_introspected)
    _check_time(claims, now, is_introspected=is_introspected)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise TokenRefused("the token names nobody")
    if not subject.isprintable():
        raise TokenRefused("the token names nobody")
    groups = _texts(_at(claims, rules.group_claim))
    if rules.required_group and rules.required_group not in groups:
        raise TokenRefused("you are not in the group that may log in here, ask an operator")
    key = IdentityKey(rules.issuer, subject)
    name = _name(claims, rules, is_introspected=is_introspected)
    return Identity(key, name, rules.may_create, groups)


def _check_audience(claims: dict[str, Any], rules: TokenRules, *, is_introspected: bool) -> None:
    audiences = _texts(claims.get("aud"))
    if not audiences and is_introspected:
        audiences = _texts(claims.get("client_id"))
    if rules.audiences.isdisjoint(audiences):
        raise TokenRefused("the token is for another program")
    party = claims.get("azp")  # the program that has asked for it
    if party is not None and rules.audiences.isdisjoint(_texts(party)):
        raise TokenRefused("the token is for another program")


def _check_time(claims: dict[str, Any], now: float, *, is_introspected: bool) -> None:
    expires = _time(claims, "exp")
    if expires is None and not is_introspected:
        raise TokenRefused("the token never expires")
    if expires is not None and now >= expires + LEEWAY:
        raise TokenRefused("the token has expired, log in again")
    begins, issued = _time(claims, "nbf"), _time(claims, "iat")
    if any(when is not None and when > now + LEEWAY for when in (begins, issued)):
        raise TokenRefused("the token is not valid yet: a clock is wrong")


def _time(claims: dict[str, Any], name: str) -> float | None:
    """Return a time of a token as seconds of Unix time.

    Raises:
        TokenRefused: it is no time.
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused("the token cannot be read")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise TokenRefused("the token cannot be read")
    return seconds


def _texts(value: Any) -> frozenset[str]:
    """Return the texts of a claim that is one text, or a list of them."""
    if isinstance(value, str):
        return frozenset((value,))
    if not isinstance(value, list):
        return frozenset()
    return frozenset(each for each in value[:_MOST_VALUES] if isinstance(each, str))


def _at(claims: dict[str, Any], name: str) -> Any:
    """Return a claim by its name, which may have dots in it itself, or by its way with dots."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _name(claims: dict[str, Any], rules: TokenRules, *, is_introspected: bool) -> str:
    value = _at(claims, rules.account_claim)
    if value is None and is_introspected:
        value = claims.get("username")
    return account_name(value) if isinstance(value, str) else ""


def account_name(value: str) -> str:
    """Return the name of the account for what a provider or a directory calls a person: of a mail
    address, and of a Windows login, that of the person alone, written like a nickname. The rules
    for names come later.
    """
    name = value[:_LONGEST_NAME].strip()
    return like_nick(name.rpartition("\\")[2].partition("@")[0])
