"""Identities: what a provider of single sign-on, or a directory, calls a person; and the port to
the provider.

An identity logs in to the account that it is linked to, whatever names both have (OpenID Connect
Core §5.7: only issuer and subject together are stable). The name that a provider gives is
only proposed for a new account, and never opens one that exists.
"""

from typing import Final, NamedTuple, Protocol

from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.identity_keys import DIRECTORY, LDAP, OIDC, ConfirmedGroups, IdentityKey

LINK_SECONDS: Final = 600
"""Seconds for which `NickServ LINK` waits for the login."""


class Identity(NamedTuple):
    """An identity that a provider or a directory has confirmed just now.

    Args:
        key: what identifies it.
        name: the name that the account of a new identity gets; "" for none.
        may_create: whether an account is made for it.
        groups: the names of its groups; those of a directory in their normal form
            (`distinguished_names`).
    """

    key: IdentityKey
    name: str = ""
    may_create: bool = True
    groups: frozenset[str] = frozenset()

    @property
    def confirmed(self) -> ConfirmedGroups:
        """The groups with their source."""
        source = LDAP if self.key.issuer.startswith(DIRECTORY) else OIDC
        return ConfirmedGroups(source, self.groups)


class TokenRefused(Exception):  # an outcome of the check, not a mistake of ours
    """A token is not accepted; the message is a sentence for its user, without the token."""


class ProviderUnavailable(Exception):
    """The provider cannot be asked; the message is for the operator's log."""


class NotLinked(Busy):
    """A password of the directory is right, but no account is linked to the identity. A caller that
    makes no accounts shows the sentence.

    Args:
        identity: of the directory.
    """

    def __init__(self, identity: Identity) -> None:
        super().__init__("You have no account here yet: log in with a chat client once")
        self.identity = identity


class PersonRefused(Busy):
    """A password of the directory is right, but the person may not log in by it; the message is a
    sentence for that person.
    """


class SignOnOffer(NamedTuple):
    """What clients need to get a token.

    Args:
        name: what the provider is called.
        configuration: the URL of its discovery document.
        client_id: what the provider calls programs of this chat.
        scope: what a client asks for, words with spaces between them.
        token: the token that clients send: `id` or `access`.
    """

    name: str
    configuration: str
    client_id: str
    scope: str
    token: str


class SignOn(Protocol):
    """The port to the provider of single sign-on (OpenID Connect)."""

    @property
    def offer(self) -> SignOnOffer:
        """What clients need to get a token."""

    async def check(self, token: str, origin: Origin) -> Identity:
        """Return the identity of a token.

        Raises:
            TokenRefused: the token is not valid here.
            ProviderUnavailable: the provider cannot be asked.
            Busy: the provider has refused too many from there.
        """


class Directory(Protocol):
    """The port to a directory that has passwords (LDAP)."""

    @property
    def is_first(self) -> bool:
        """Whether it is asked before the password of the account is checked."""

    async def check(self, name: str, password: str) -> Identity | None:
        """Return the identity of a person if the password is right, else None.

        Args:
            name: as the person has written it, folded.
            password: as it was written.

        Raises:
            ProviderUnavailable: the directory cannot be asked.
            PersonRefused: the password is right, but does not log in.
            Busy: too many passwords wait.
        """
