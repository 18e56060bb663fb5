"""Invitations that let their holders register an account: found, used, and given back."""

from collections.abc import Iterator
from contextlib import contextmanager

from trio_chat.chat.accounts import Account
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import InvitationReturned, InvitationUsed
from trio_chat.chat.invitations import Invitation, registrant
from trio_chat.chat.registry import Request
from trio_chat.irc.names import fold


def find(request: Request, name: str, digest: str) -> Invitation | None:
    """Return the invitation with a digest, if an account of this name can be registered by it."""
    found = request.world.invitations.find_digest(0, digest)
    return found if found is not None and found.admits(registrant(fold(name))) else None


@contextmanager
def using(request: Request, name: str, digest: str) -> Iterator[list[Account]]:
    """Use an invitation while an account is created, so that nobody else can meanwhile; without the
    account in the list at the end, it was not used.

    In a cluster, an account and the use of its invitation are one change.

    Args:
        request: of the user.
        name: that of the account.
        digest: of the invitation; "" for none.
    """
    made: list[Account] = []
    found = find(request, name, digest) if digest and request.world.decider is None else None
    holder = registrant(fold(name))
    if found is not None:
        apply(request.world, InvitationUsed(found.digest, holder))
    try:
        yield made
    finally:
        if found is not None and not made:
            apply(request.world, InvitationReturned(found.digest, holder))
