"""Changes of invitations by a token."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change
from trio_chat.chat.invitations import Holder, Invitation


@dataclass(frozen=True, slots=True)
class InvitationMade(Change):
    """There is an invitation for a channel, or for an account."""

    invitation: Invitation


@dataclass(frozen=True, slots=True)
class InvitationUsed(Change):
    """A user has used an invitation, or uses it again.

    Args:
        digest: of the invitation.
        holder: by what the user is known; see `invitations.holder_of`.
    """

    digest: str
    holder: Holder


@dataclass(frozen=True, slots=True)
class InvitationReturned(Change):
    """What a user wanted to use an invitation for has failed; see `InvitationUsed`."""

    digest: str
    holder: Holder


@dataclass(frozen=True, slots=True)
class InvitationHolderKicked(Change):
    """A user was kicked from a channel, and cannot come back by the invitations that it has used.

    Args:
        channel: the folded name.
        user: its folded nickname.
    """

    channel: str
    user: str


@dataclass(frozen=True, slots=True)
class InvitationGuessed(Change):
    """A wrong token came from an address, as quotas count it."""

    address: str


@dataclass(frozen=True, slots=True)
class InvitationRevoked(Change):
    """There is an invitation no longer."""

    digest: str


@dataclass(frozen=True, slots=True)
class InvitationsRead(Change):
    """The invitations are those of the store, but for those that have changed and are not stored
    yet, and those of channels that are not registered.
    """

    invitations: tuple[Invitation, ...]


@dataclass(frozen=True, slots=True)
class InvitationsExpired(Change):
    """The invitations that have expired are gone."""
