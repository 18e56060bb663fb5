"""Changes of accounts, and of their preferences, read markers and metadata."""

from dataclasses import dataclass, field

from trio_chat.chat.accounts import Account
from trio_chat.chat.app_passwords import AppPassword
from trio_chat.chat.changes.change import Change
from trio_chat.chat.credentials import Credentials, Email
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.chat.operation import Operation


@dataclass(frozen=True, slots=True)
class AccountRegistered(Change, Operation):
    """An account is created.

    Args:
        account: with its number, if it is stored already. One without a number gets the next one
            and is stored, unless it comes too late: the name, or a confusable one, is taken.
        credentials: what its password is checked against; None if they are stored already.
        email: its e-mail address, or None.
        invitation: the digest of the invitation that it uses, or has used; "" for none.
        identity: what it is linked to, or None.
    """

    account: Account
    credentials: Credentials | None = field(default=None, repr=False)
    email: Email | None = field(default=None, repr=False)
    invitation: str = ""
    identity: IdentityKey | None = None


@dataclass(frozen=True, slots=True)
class AccountDeleted(Change, Operation):
    """An account is gone: its logins, its channels, its access and its settings go with it.

    Args:
        account: the account.
        version: see `AccountChanged`.
    """

    account: Account
    version: int | None = None


@dataclass(frozen=True, slots=True)
class AccountNameFreed(Change, Operation):
    """The name of a deleted account can be registered again; masks of lists name it no longer."""

    account: Account


@dataclass(frozen=True, slots=True)
class PasswordSet(Change, Operation):
    """An account, by its number, has another password, as what it is checked against.

    Args:
        account: the number of the account.
        credentials: see `Credentials`.
        version: see `AccountChanged`.
    """

    account: int
    credentials: Credentials = field(repr=False)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class EmailSet(Change, Operation):
    """An account has another e-mail address, or none; an operator says whether it is verified.

    Args:
        account: the number of the account.
        email: the address, or None.
    """

    account: int
    email: Email | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccountNotified(Change):
    """The users of an account receive a notice of the server; without any that is connected, the
    next one does.

    Args:
        account: the number of the account.
        text: the notice.
    """

    account: int
    text: str


@dataclass(frozen=True, slots=True)
class PasswordGuessed(Change):
    """A wrong password was given for an account. It changes no state: all servers of a cluster
    count it.

    Args:
        account: the number of the account.
        address: of the client.
        certificate: the fingerprint of the one that the client has shown, or "".
        server: the name of the server that the client is connected to.
    """

    account: int
    address: str
    certificate: str
    server: str


@dataclass(frozen=True, slots=True)
class CertificateAdded(Change, Operation):
    """A certificate can log in to an account, by its number, unless another one has proved it.

    Args:
        account: the number of the account.
        fingerprint: of the certificate.
        is_proved: see `Certificate`.
        version: see `AccountChanged`.
    """

    account: int
    fingerprint: str
    is_proved: bool
    version: int | None = None


@dataclass(frozen=True, slots=True)
class CertificateRemoved(Change, Operation):
    """A certificate can log in to an account, by its number, no longer.

    Args:
        account: the number of the account.
        fingerprint: of the certificate.
        version: see `AccountChanged`.
    """

    account: int
    fingerprint: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class AppPasswordAdded(Change, Operation):
    """An app password can log in to an account, by its number, unless that has one of its name, or
    as many as it may have.

    Args:
        account: the number of the account.
        password: the app password.
        version: see `AccountChanged`.
    """

    account: int
    password: AppPassword
    version: int | None = None


@dataclass(frozen=True, slots=True)
class AppPasswordRemoved(Change, Operation):
    """An app password can log in to an account, by its number, no longer.

    Args:
        account: the number of the account.
        digest: the hash of the app password.
        version: see `AccountChanged`.
    """

    account: int
    digest: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class IdentityLinked(Change, Operation):
    """An identity can log in to an account, by its number, unless another account has it, or this
    one has as many as it may have.

    Args:
        account: the number of the account.
        identity: what identifies it.
        version: see `AccountChanged`.
    """

    account: int
    identity: IdentityKey
    version: int | None = None


@dataclass(frozen=True, slots=True)
class IdentityUnlinked(Change, Operation):
    """An identity can log in to an account, by its number, no longer.

    Args:
        account: the number of the account.
        identity: what identifies it.
        version: see `AccountChanged`.
    """

    account: int
    identity: IdentityKey
    version: int | None = None


@dataclass(frozen=True, slots=True)
class AppPasswordUsed(Change, Operation):
    """A client has logged in with an app password.

    Args:
        account: the number of the account.
        digest: the hash of the app password.
        used: seconds of Unix time.
    """

    account: int
    digest: str
    used: int


@dataclass(frozen=True, slots=True)
class PreferenceSet(Change):
    """A user chooses a preference for its account; None is the default of the server."""

    user: str
    name: str
    value: bool | None


@dataclass(frozen=True, slots=True)
class MarkerSet(Change):
    """A user has read a conversation up to a time (IRCv3 draft/read-marker).

    Args:
        user: its folded nickname.
        target: the channel or nickname, folded.
        time: as the server-time tag writes it.
    """

    user: str
    target: str
    time: str


@dataclass(frozen=True, slots=True)
class MetadataSet(Change):
    """A user sets keys of a user's or a channel's metadata (IRCv3 draft/metadata-2).

    Args:
        target: a folded nickname, or the folded name of a channel.
        values: keys with their values; None removes a key.
        by: the folded nickname of the user that sets them.
        session: the number of the session that does; it gets no notification. 0 for none.
    """

    target: str
    values: tuple[tuple[str, str | None], ...]
    by: str
    session: int = 0


@dataclass(frozen=True, slots=True)
class MetadataAdopted(Change):
    """A user keeps metadata that was set before it was registered, or logged in, as far as there is
    room.
    """

    user: str
    values: tuple[tuple[str, str], ...]
