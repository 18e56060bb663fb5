"""Sessions of an account that have to end: their password or certificate is valid no longer."""

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PushUnsubscribed, SessionsClosed
from trio_chat.chat.users import Session
from trio_chat.chat.world import World

CREDENTIALS_CHANGED = "The password of your account was changed: log in with the new one"
CERTIFICATE_REMOVED = "The certificate of this device was taken from your account"


def end_sessions(
    world: World, account: int, reason: str, *, keep: Session | None = None, certificate: str = ""
) -> int:
    """End the sessions of an account, which may belong to an intruder; return how many there were.

    The always-on user of the account stays. Devices that these sessions, or unknown ones, have
    registered for push messages receive no more of them.

    Args:
        world: where the sessions are.
        account: its number.
        reason: sent to the clients.
        keep: the session that stays, or None.
        certificate: the fingerprint of the certificate by which the sessions logged in; "" for any.
    """
    ended = [
        session
        for session in world.sessions.values()
        if session.account_id == account
        and session is not keep
        and certificate in ("", session.certificate)
    ]
    apply(world, SessionsClosed(tuple(session.id for session in ended), reason))
    if certificate:
        endpoints = [session.push_endpoint for session in ended if session.push_endpoint]
    else:
        kept = keep.push_endpoint if keep is not None else ""
        endpoints = [endpoint for endpoint in world.push.of(account) if endpoint != kept]
    if endpoints:
        apply(world, PushUnsubscribed(account, tuple(endpoints)))
    return len(ended)
