"""Changes of sessions: they complete registration, attach to users, log in, are away, and end."""

from dataclasses import dataclass

from trio_chat.chat.accounts import Account
from trio_chat.chat.changes.change import Change


@dataclass(slots=True)
class SessionRegistered(Change):
    """A session completes its registration and becomes a new user (Modern IRC, RPL_WELCOME).

    Args:
        session: its number.
        nick: the nickname; `folded` is how it is compared.
        folded: see `nick`.
        username: of USER.
        realname: of USER.
    """

    session: int
    nick: str
    folded: str
    username: str
    realname: str


@dataclass(frozen=True, slots=True)
class SessionAttached(Change):
    """A session becomes one more session of a user."""

    session: int
    user: str


@dataclass(frozen=True, slots=True)
class SessionMoved(Change):
    """A session leaves its user and becomes one more session of another user."""

    session: int
    user: str


@dataclass(slots=True)
class SessionEnded(Change):
    """A connection is gone, and its user with it unless the user has other sessions or is always
    on.

    Args:
        session: its number; one that is gone already changes nothing.
        reason: shown to others by QUIT.
        is_announced: whether others see it. At shutdown they do not, as everyone leaves.
        is_expected: whether a user with an account stays, because its client comes back soon.
    """

    session: int
    reason: str
    is_announced: bool = True
    is_expected: bool = False


@dataclass(frozen=True, slots=True)
class SessionsClosed(Change):
    """The connections of some sessions are ended; the sessions end when they are gone, in a cluster
    at once.

    Args:
        sessions: their numbers; those that are gone already are left out.
        reason: sent to the clients.
    """

    sessions: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class AccountChanged(Change):
    """A session, and with it its user, logs in to an account, or with `NO_ACCOUNT` out of it.

    Args:
        session: its number.
        account: the account.
        version: `Accounts.version` of the account when the password or certificate was checked; in
            a cluster the change comes later, and has no effect if the version is another one then.
            None if nothing was checked.
        app_password: the hash of the app password that was given, or "".
    """

    session: int
    account: Account
    version: int | None = None
    app_password: str = ""


@dataclass(frozen=True, slots=True)
class AwaySet(Change):
    """A session is away with a message, or with an empty message is back (RFC 2812 §4.1)."""

    session: int
    message: str


@dataclass(frozen=True, slots=True)
class LoginsEnded(Change):
    """Sessions of an account are ended, which may belong to an intruder; its always-on user stays.

    Devices that these sessions, or unknown ones, have registered receive no more push messages.

    Args:
        account: its number.
        reason: sent to the clients.
        keep: the number of the session that stays, or 0.
        certificate: the fingerprint of the certificate by which the sessions logged in; "" for any.
        app_password: likewise the hash of the app password.
    """

    account: int
    reason: str
    keep: int = 0
    certificate: str = ""
    app_password: str = ""
