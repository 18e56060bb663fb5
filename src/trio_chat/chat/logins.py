"""Logins with passwords and certificates: which sessions end when one is valid no longer, and when
an app password was used.
"""

from typing import Final

from trio_chat.chat.accounts import Login
from trio_chat.chat.app_passwords import USE_INTERVAL
from trio_chat.chat.apply.transitions import apply
from trio_chat.chat.changes import AppPasswordUsed, LoginsEnded
from trio_chat.chat.users import NEVER, Session
from trio_chat.chat.world import World

CREDENTIALS_CHANGED: Final = "The password of your account was changed: log in with the new one"
REVOKED: Final = "The app password of this program was revoked"
CERTIFICATE_REMOVED: Final = "The certificate of this device was taken from your account"

FRESH_SECONDS: Final = 600
"""Seconds for which a login by an identity stands for the password of an account without one."""


def note_login(world: World, session: Session, login: Login) -> None:
    """Note whether a login of a session has asked a provider or a directory."""
    session.confirmation = None
    session.signed_on = (login.account.id, world.elapsed()) if login.confirmed else NEVER


def is_fresh(world: World, session: Session) -> bool:
    """Return whether a session has logged in to the account that it has now by an identity, a
    short time ago.
    """
    account, when = session.signed_on
    return account == session.account_id and world.elapsed() < when + FRESH_SECONDS


def sessions_of(
    world: World, account: int, keep: int, certificate: str, app_password: str = ""
) -> list[Session]:
    """Return the sessions that `LoginsEnded` ends, in the order of their numbers."""
    return [
        session
        for number, session in sorted(world.sessions.items())
        if session.account_id == account
        and number != keep
        and certificate in ("", session.certificate)
        and app_password in ("", session.app_password)
    ]


def end_sessions(
    world: World,
    account: int,
    reason: str,
    *,
    keep: Session | None = None,
    certificate: str = "",
    app_password: str = "",
) -> int:
    """End the sessions of an account, which may belong to an intruder; return how many there were.
    For the arguments see `LoginsEnded`.
    """
    number = keep.id if keep is not None else 0
    ended = len(sessions_of(world, account, number, certificate, app_password))
    change = LoginsEnded(account, reason, number, certificate, app_password)
    apply(world, change)  # without events here
    return ended


def note_use(world: World, login: Login) -> None:
    """Note that the app password of a login, if it is one, was used, unless that was noted a short
    time ago.
    """
    used, now = login.app_password, int(world.clock())
    if used is not None and now - used.used >= USE_INTERVAL:
        apply(world, AppPasswordUsed(login.account.id, used.digest, now))
