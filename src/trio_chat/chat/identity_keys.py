"""Identities of people at a provider of single sign-on, or in a directory."""

from typing import Final, NamedTuple

DIRECTORY: Final = "ldap:"
"""What the issuer of an identity of a directory begins with."""
MOST: Final = 8
"""Identities of an account."""
MAX_ISSUER: Final = 500
"""Characters of an issuer."""
MAX_SUBJECT: Final = 255
"""Characters of a subject (OpenID Connect Core §2)."""


class IdentityKey(NamedTuple):
    """What identifies an identity for ever.

    Args:
        issuer: the provider: its URL, or `ldap:` and the base of the directory.
        subject: what the provider calls the person; it never changes.
    """

    issuer: str
    subject: str


def directory_issuer(base: str) -> str:
    """Return the issuer of a directory, for which capital letters in the base mean nothing."""
    return f"{DIRECTORY}{base.lower()}"


OIDC, LDAP = "oidc", "ldap"
"""The sources of groups: the provider of single sign-on, and the directory."""


class ConfirmedGroups(NamedTuple):
    """The groups of a person, as a login has just confirmed them.

    Args:
        source: `OIDC` or `LDAP`.
        groups: their names; those of a directory in their normal form (`distinguished_names`).
    """

    source: str
    groups: frozenset[str]
