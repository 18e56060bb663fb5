"""The port to the accounts: the edge implements it, with hashing in threads and with SQLite.

The existing accounts are in memory (`known`), because every NICK checks whether a nickname is an
account's. The check of a password has to be awaited.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from trio_chat.chat.app_passwords import AppPassword
from trio_chat.chat.credentials import Certificate, Credentials, Email, ScramKeys
from trio_chat.chat.identity_keys import ConfirmedGroups, IdentityKey

MAX_PASSWORD: Final = 600
"""Bytes of a password."""


class Origin(NamedTuple):
    """The origin of a password.

    Args:
        address: of the client.
        certificate: the fingerprint of the one that the client has shown, or "".
    """

    address: str
    certificate: str = ""


class AccountsError(Exception):
    """Accounts cannot be read or written at the moment; the message is for the operator's log."""


class Busy(Exception):  # it is a state, not a mistake
    """No password is checked at the moment, because there were too many attempts of some kind; the
    message is a sentence for the user that names them.
    """


class Account(NamedTuple):
    """An account.

    Args:
        name: as registered.
        folded: the name by which it is found.
        created: seconds of Unix time.
        id: the number that everything refers to which belongs to the account; no other account ever
            has it. 0 of none.
    """

    name: str
    folded: str
    created: int
    id: int = 0


NO_ACCOUNT: Final = Account("", "", 0)
"""The account of a session that is not logged in."""


class Login(NamedTuple):
    """A login whose password, certificate or proof was right.

    Args:
        account: the account.
        app_password: the app password that was given, or None.
        confirmed: the groups that a provider or a directory has confirmed; None when neither was
            asked.
    """

    account: Account
    app_password: AppPassword | None = None
    confirmed: ConfirmedGroups | None = None

    @property
    def digest(self) -> str:
        """The hash of the app password, or ""."""
        return self.app_password.digest if self.app_password is not None else ""


class Refreshed(NamedTuple):
    """The changes that a command of `trio-chat` has made while the server runs.

    Args:
        gone: accounts that were deleted.
        changed: accounts with other passwords.
        freed: accounts that were deleted before, and whose names are free now.
        unprotected: accounts whose second factors were removed.
        passkeys: passkeys that were removed: accounts, and ids.
    """

    gone: tuple[Account, ...] = ()
    changed: tuple[Account, ...] = ()
    freed: tuple[Account, ...] = ()
    unprotected: tuple[Account, ...] = ()
    passkeys: tuple[tuple[Account, str], ...] = ()


class Accounts(Protocol):
    """The keeper of accounts.

    `create`, `set_credentials`, `add_certificate`, `remove_certificate`, `add_app_password`,
    `remove_app_password`, `add_identity`, `remove_identity`, `delete` and `free` store a change,
    and have it in memory afterwards. Servers of a cluster do not call them: there, changes in
    memory come from the log (`chat.apply.stored_accounts`), and are stored with the other state.
    """

    known: Mapping[str, Account]
    """All accounts, by their folded names."""

    by_id: Mapping[int, Account]
    """All accounts, by their numbers."""

    dropped: Mapping[str, Account]
    """Deleted accounts, by their folded names: such a name cannot be registered until an operator
    frees it.
    """

    dropped_by_id: Mapping[int, Account]
    """The same, by their numbers."""

    taken: Mapping[str, Account]
    """The accounts of `known` and of `dropped`: their names cannot be registered."""

    last: int
    """The greatest number that an account has ever had."""

    is_replicated: bool
    """Whether the accounts change by the log of a cluster alone."""

    wait_stored: Callable[[], Awaitable[None]]
    """Waits until what is in memory is stored. In a cluster, memory is ahead."""

    def version(self, account: int) -> int:
        """Return how often logins to an account, by its number, were invalidated.

        A check of a password or certificate waits, and its outcome is carried out later. It counts
        only if the version is then what it was before the check.
        """

    def invalidate(self, account: int) -> None:
        """Note that an account has another password, or that its sessions have ended: what was
        checked before is valid no longer.
        """

    def note(self, account: Account) -> None:
        """Have an account in memory."""

    def drop(self, account: Account) -> None:
        """Have a deleted account in memory, whose name is not free."""

    def release(self, folded: str) -> bool:
        """Have the name of a deleted account free in memory; return whether it was not."""

    def forget_guesses(self, folded: str) -> None:
        """Forget the wrong passwords for a name, whose account is gone or has another password."""

    def use_secret(self, secret: bytes) -> None:
        """Have another secret for what SCRAM shows of names without an account: that of all nodes
        of a cluster, which show the same.
        """

    def to_state(self) -> dict[str, Any]:
        """Return `known`, `dropped` and `last` as plain data."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Have in memory what `to_state` returned."""

    async def prepare(
        self, password: str, origin: Origin, *, by_operator: bool = False
    ) -> Credentials:
        """Return what a password of a new account will be checked against; counts as a registration
        from this address, unless an operator of the server makes the account.

        Raises:
            Busy: too many passwords wait, or this address has registered too many accounts.
            ValueError: the password has characters that cannot be used.
        """

    async def create(
        self,
        account: Account,
        credentials: Credentials,
        email: Email | None = None,
        identity: IdentityKey | None = None,
    ) -> Account | None:
        """Make an account and return it with its number; None when there is, or was, one of this
        name, or another account has the identity.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def email(self, account: int) -> Email | None:
        """Return the e-mail address of an account, by its number; it is shown to its owner only.

        Raises:
            AccountsError: it cannot be read.
        """

    async def verify(self, folded: str, password: str, origin: Origin) -> Account | None:
        """Return the account if the password is right, else None. It takes the same time for an
        account that does not exist.

        Raises:
            AccountsError: it cannot be read.
            Busy: too many were wrong from there, or too many wait.
        """

    async def has_password(self, account: int) -> bool:
        """Return whether an account has a password of its own, by its number.

        Raises:
            AccountsError: it cannot be read.
        """

    async def verify_login(self, folded: str, password: str, origin: Origin) -> Login | None:
        """Return the login if the password is that of the account, or one of its app passwords,
        else None; for all else see `verify`.
        """

    def refuse_guesser(self, folded: str, origin: Origin) -> None:
        """Look at no proof for an account after too many wrong ones.

        Raises:
            Busy: too many were wrong from there.
        """

    async def scram_keys(self, folded: str, origin: Origin) -> ScramKeys:
        """Return what SCRAM needs; for an account that does not exist something that looks the same
        and fits no password.

        Raises:
            AccountsError: it cannot be read.
            Busy: too many were wrong from there.
        """

    async def note_wrong(self, folded: str, origin: Origin) -> None:
        """Count a proof of SCRAM that was wrong, and wait a while; wrong passwords are counted by
        `verify` itself.
        """

    def note_right(self, folded: str, origin: Origin) -> None:
        """Know from now on that the owner of an account logs in from there."""

    async def prepare_change(self, account: int, password: str, origin: Origin) -> Credentials:
        """Return what another password of an account will be checked against.

        Raises:
            Busy: too many passwords of this account were changed or checked, or too many wait.
            ValueError: the password has characters that cannot be used.
        """

    async def set_credentials(self, account: int, credentials: Credentials) -> None:
        """Change what the password of an account is checked against.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def certificates(self, account: int) -> list[Certificate]:
        """Return the certificates by which one can log in to an account.

        Raises:
            AccountsError: they cannot be read.
        """

    async def by_certificate(self, fingerprint: str, wanted: str = "") -> Account | None:
        """Return the account that a certificate logs in to.

        Args:
            fingerprint: of the certificate.
            wanted: the folded name of the account that the client asks for; "" takes the one for
                which the key was proved.

        Raises:
            AccountsError: it cannot be read.
        """

    async def add_certificate(self, account: int, fingerprint: str, *, is_proved: bool) -> bool:
        """Allow a certificate to log in to an account; return False if another account has proved
        to have the key.

        Args:
            account: the number of the account.
            fingerprint: of the certificate.
            is_proved: whether the client has presented it. The entries of accounts that only typed
                the fingerprint are then removed.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def remove_certificate(self, account: int, fingerprint: str) -> bool:
        """Let a certificate not log in any more; return whether it could before.

        Raises:
            AccountsError: it cannot be stored.
        """

    def no_password(self) -> Credentials:
        """Return what no password fits, for an account that only an identity logs in to."""

    async def by_identity(self, identity: IdentityKey) -> Account | None:
        """Return the account that an identity logs in to, or None.

        Raises:
            AccountsError: it cannot be read.
        """

    async def identities(self, account: int) -> list[IdentityKey]:
        """Return the identities of an account, in their order.

        Raises:
            AccountsError: they cannot be read.
        """

    async def add_identity(self, account: int, identity: IdentityKey) -> bool:
        """Let an identity log in to an account; return False if another account has it, or the
        account has as many as it may have.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def remove_identity(self, account: int, identity: IdentityKey) -> bool:
        """Let an identity log in no longer; return whether it could before.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def app_passwords(self, account: int) -> list[AppPassword]:
        """Return the app passwords of an account, in the order of their names.

        Raises:
            AccountsError: they cannot be read.
        """

    async def add_app_password(self, account: int, password: AppPassword) -> bool:
        """Let an app password log in; return False if the account has one of this name, or as many
        as it may have. Those that have expired before it was made do not count.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def remove_app_password(self, account: int, digest: str) -> bool:
        """Let an app password not log in any more; return whether it could before.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def delete(self, account: int) -> None:
        """Delete an account; its name is then among the `dropped` ones.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def free(self, folded: str) -> bool:
        """Free the name of a deleted account; return whether it was the name of one.

        Raises:
            AccountsError: it cannot be stored.
        """

    async def refresh(self) -> Refreshed:
        """Read the accounts that a command of `trio-chat` has added, deleted or freed, and the
        passwords that it has changed.

        Raises:
            AccountsError: they cannot be read.
        """
