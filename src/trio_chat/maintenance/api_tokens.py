"""API tokens, as maintenance makes and removes them."""

from collections.abc import Collection
from typing import NamedTuple

from trio_chat.chat.api_tokens import (
    MOST,
    ApiToken,
    BadTokenTerms,
    checked_name,
    checked_scopes,
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
    try:
        name, scopes = checked_name(terms.name), checked_scopes(terms.scopes)
    except BadTokenTerms as error:
        raise InvalidValue(str(error)) from error
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
