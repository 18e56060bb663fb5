"""What the rules ask of the keeper of accounts: a port, implemented at the edge with hashing in threads and SQLite behind it.

Which accounts there are is known at once (`known`), because every NICK asks whether a nickname belongs to somebody. Whether a
password is right has to be waited for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

MAX_PASSWORD = 600
"""Bytes of a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRules:
    """What the operator allows.

    Args:
        registration: whether anybody can register an account.
        required: whether a connection is completed only by a login.
        before_connect: whether that is possible before the connection is complete.
        reservation: what happens to who takes a nickname that is somebody's account: `refuse`, `rename` or `off`.
        min_password: characters that a password has at least.
        email: what an account needs of an e-mail address: nothing (`none`), that there is one (`required`), or that somebody has
            proved to read what is sent there (`verified`).
        multi_session: whether several connections of one account can share its nickname.
        always_on: whose users stay while none of their sessions is connected: nobody's (`off`), those of who wants it
            (`opt-in`), of everybody who does not refuse it (`opt-out`), or of everybody (`all`).
        auto_away: whether these are away meanwhile, unless they say otherwise.
        most_always_on: how many of them there can be.
    """

    registration: bool = True
    required: bool = False
    before_connect: bool = True
    reservation: str = "refuse"
    min_password: int = 6
    email: str = "none"
    multi_session: bool = True
    always_on: str = "opt-in"
    auto_away: bool = True
    most_always_on: int = 10_000


class Origin(NamedTuple):
    """Where a password comes from.

    Args:
        address: of the client.
        certificate: the fingerprint of the one that the client has shown, or "".
    """

    address: str
    certificate: str = ""


class AccountsError(Exception):
    """Accounts cannot be read or written at the moment; the message is for the operator's log."""


class Busy(Exception):  # it is a state, not a mistake
    """Nothing is checked at the moment, because there was too much of something: a sentence for people says of what."""


class Account(NamedTuple):
    """An account: its name as registered, the folded name by which it is found, and when it was made (seconds of Unix time)."""

    name: str
    folded: str
    created: int


class ScramKeys(NamedTuple):
    """What SCRAM needs instead of a password (RFC 5802 §3): it proves who knows the password, and does not give it away."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


class Credentials(NamedTuple):
    """What a password is checked against: an argon2id hash, and the keys of SCRAM."""

    password: str
    scram: ScramKeys


class Email(NamedTuple):
    """The e-mail address of an account, and whether somebody has proved to read what is sent there."""

    address: str
    is_verified: bool


class Accounts(Protocol):
    """The keeper of accounts."""

    known: Mapping[str, Account]
    """All accounts, by their folded names."""

    async def prepare(self, password: str, origin: Origin) -> Credentials:
        """Return what a password of a new account will be checked against; counts as a registration from this address.

        Raises:
            Busy: too many passwords wait, or this address has registered too many accounts.
            ValueError: the password has characters that cannot be used.
        """

    async def create(self, account: Account, credentials: Credentials, email: Email | None = None) -> bool:
        """Make an account; tell whether it was made, which it is not when there is one of this name.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def email(self, folded: str) -> Email | None:
        """Return the e-mail address of an account; it is shown to its owner only.

        Raises:
            AccountsError: it cannot be read.
        """

    async def verify(self, folded: str, password: str, origin: Origin) -> Account | None:
        """Return the account when the password is right. Takes the same time when there is no such account.

        Raises:
            AccountsError: it cannot be read.
            Busy: too many were wrong from there, or too many wait.
        """

    def refuse_guesser(self, folded: str, origin: Origin) -> None:
        """Look at no proof for an account after too many wrong ones.

        Raises:
            Busy: too many were wrong from there.
        """

    async def scram_keys(self, folded: str, origin: Origin) -> ScramKeys:
        """Return what SCRAM needs; for an account that does not exist something that looks the same and fits no password.

        Raises:
            AccountsError: it cannot be read.
            Busy: too many were wrong from there.
        """

    async def note_wrong(self, folded: str, origin: Origin) -> None:
        """Count a proof of SCRAM that was wrong, and wait a while; wrong passwords are counted by `verify` itself."""

    def note_right(self, folded: str, origin: Origin) -> None:
        """Know from now on that the owner of an account logs in from there."""

    async def set_password(self, folded: str, password: str, origin: Origin) -> None:
        """Give an account another password.

        Raises:
            AccountsError: it cannot be stored.
            Busy: too many passwords of this account were changed or checked, or too many wait.
            ValueError: the password has characters that cannot be used.
        """

    async def certificates(self, folded: str) -> list[str]:
        """Return the fingerprints of certificates by which one can log in to an account, in hexadecimal.

        Raises:
            AccountsError: they cannot be read.
        """

    async def by_certificate(self, fingerprint: str) -> Account | None:
        """Return the account that a certificate belongs to.

        Raises:
            AccountsError: it cannot be read.
        """

    async def add_certificate(self, folded: str, fingerprint: str) -> bool:
        """Let a certificate log in to an account; tell whether it now can, which it cannot when it belongs to another one.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def remove_certificate(self, folded: str, fingerprint: str) -> bool:
        """Let a certificate not log in any more; tell whether it could before.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def delete(self, folded: str) -> None:
        """Delete an account.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def refresh(self) -> list[str]:
        """Learn of accounts that a command beside this server has added or deleted; return the names of the deleted ones.

        Raises:
            AccountsError: they cannot be read.
        """
