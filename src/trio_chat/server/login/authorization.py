"""The exchange of the code of a login in the browser (OpenID Connect Core §3.1.3), as values and a
port.
"""

import hmac
from typing import Any, NamedTuple, Protocol, runtime_checkable

from trio_chat.chat.accounts import Origin
from trio_chat.chat.identities import SignOnOffer, TokenRefused


class CodeExchange(NamedTuple):
    """What the page gives for a token.

    Args:
        code: of the provider.
        verifier: of PKCE, from which the challenge was made.
        redirect: the address of the page to which the provider has led the user back.
        nonce: what the ID token must contain.
    """

    code: str
    verifier: str
    redirect: str
    nonce: str

    def __repr__(self) -> str:
        """Return no secret."""
        return "CodeExchange(…)"


@runtime_checkable
class WebSignOn(Protocol):
    """A provider that users log in to in the browser."""

    @property
    def offer(self) -> SignOnOffer:
        """What clients need to get a token."""

    @property
    def issuer(self) -> str:
        """The issuer."""

    async def authorization_endpoint(self) -> str:
        """Return where the user is led to.

        Raises:
            ProviderUnavailable: the provider cannot be asked.
        """

    async def exchange(self, exchange: CodeExchange, origin: Origin) -> tuple[str, str]:
        """Return the token that logs in, and the name of the user at the provider.

        Raises:
            TokenRefused: the provider does not take the code, or the token is of another login.
            ProviderUnavailable: the provider cannot be asked.
            Busy: the provider has refused too much from there.
        """


def check_nonce(claims: dict[str, Any], nonce: str) -> None:
    """Check that an ID token belongs to the login of this page (OpenID Connect Core §3.1.3.7).

    Raises:
        TokenRefused: it does not.
    """
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), nonce.encode()):
        raise TokenRefused("the token is of another login")
