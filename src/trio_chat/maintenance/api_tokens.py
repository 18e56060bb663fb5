"""API tokens, as maintenance makes and removes them."""

from collections.abc import Collection
from typing import NamedTuple

from trio_chat.chat.api_tokens import (
    ADMIN,
    MAX_NAME,
    MOST,
    NOT_IN_PATHS,
    READ,
    RESOURCES,
    SCOPES,
    WRITE,
    ApiToken,
    digest_of,
    make_secret,
)
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.refusals import InvalidValue, ResourceConflict, ResourceNotFound


class TokenTerms(NamedTuple):
    """What a token is to be.

    Args:
        name: what lists and the audit log call it.
        scopes: what it may do.
        expires: seconds of Unix time; 0 for never.
    """

    name: str
    scopes: Collection[str]
    expires: int = 0


class MadeApiToken(NamedTuple):
    """A token that was made.

    Args:
        token: the token.
        secret: what a program sends; nothing keeps it.
    """

    token: ApiToken
    secret: str


def checked_name(name: str) -> str:
    """Return the name of a token.

    Raises:
        InvalidValue: it cannot be one.
    """
    if not (0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip()):
        raise InvalidValue(
            _("a name has 1 to {most} characters that can be seen").format(most=MAX_NAME)
        )
    if name in NOT_IN_PATHS:
        raise InvalidValue(
            _("a name cannot be {name}, as no address of the API can have that").format(name=name)
        )
    return name


def checked_scopes(scopes: Collection[str]) -> tuple[str, ...]:
    """Return scopes in order, each once.

    Raises:
        InvalidValue: there is none, or an unknown one.
    """
    unknown = sorted(set(scopes) - SCOPES)
    if unknown or not scopes:
        wrong = _("a token needs a scope")
        if unknown:
            wrong = _("there is no scope {scope}").format(scope=escape_controls(unknown[0]))
        known = _("the scopes are {admin}, and each of {resources} with :{read} or :{write}")
        known = known.format(admin=ADMIN, resources=", ".join(RESOURCES), read=READ, write=WRITE)
        raise InvalidValue("; ".join((wrong, known)))
    return tuple(sorted(set(scopes)))


def new_api_token(
    known: Collection[ApiToken], terms: TokenTerms, setter: str, now: int
) -> MadeApiToken:
    """Return a token to be stored.

    Args:
        known: the tokens that there are.
        terms: what it is to be.
        setter: its maker, as lists show that.
        now: seconds of Unix time.

    Raises:
        InvalidValue: something is wrong with the terms.
        ResourceConflict: another one has the name, or there are too many.
    """
    name, scopes = checked_name(terms.name), checked_scopes(terms.scopes)
    if any(token.name == name for token in known):
        raise ResourceConflict(
            _("there is a token {name} already; choose another name, or remove that one").format(
                name=escape_controls(name)
            )
        )
    if len(known) >= MOST:
        raise ResourceConflict(
            _("there are {most} tokens already; remove some first").format(most=MOST)
        )
    secret = make_secret()
    return MadeApiToken(
        ApiToken(digest_of(secret), name, scopes, setter, now, terms.expires), secret
    )


def existing_api_token(known: Collection[ApiToken], wanted: str) -> ApiToken:
    """Return a token by its name, or by the beginning of its hash that lists show.

    Raises:
        ResourceNotFound: there is none.
    """
    found = next((token for token in known if token.name == wanted), None)
    found = found or next((token for token in known if token.id == wanted), None)
    if found is None:
        raise ResourceNotFound(
            _("there is no token {name}; `trio-chat token list` shows them").format(
                name=escape_controls(wanted)
            )
        )
    return found
