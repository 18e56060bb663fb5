"""Sessions of an account that have to end: their password or certificate is valid no longer."""

from trio_chat.chat.apply.transitions import apply
from trio_chat.chat.changes import LoginsEnded
from trio_chat.chat.users import Session
from trio_chat.chat.world import World

CREDENTIALS_CHANGED = "The password of your account was changed: log in with the new one"
CERTIFICATE_REMOVED = "The certificate of this device was taken from your account"


def sessions_of(world: World, account: int, keep: int, certificate: str) -> list[Session]:
    """Return the sessions that `LoginsEnded` ends, in the order of their numbers."""
    return [
        session
        for number, session in sorted(world.sessions.items())
        if session.account_id == account
        and number != keep
        and certificate in ("", session.certificate)
    ]


def end_sessions(
    world: World, account: int, reason: str, *, keep: Session | None = None, certificate: str = ""
) -> int:
    """End the sessions of an account, which may belong to an intruder; return how many there were.
    For the arguments see `LoginsEnded`.
    """
    number = keep.id if keep is not None else 0
    ended = len(sessions_of(world, account, number, certificate))
    apply(world, LoginsEnded(account, reason, number, certificate))  # without events here
    return ended
