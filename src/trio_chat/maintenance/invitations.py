"""Invitations, as maintenance makes and revokes them."""

from collections.abc import Collection
from typing import NamedTuple

from trio_chat.chat.invitations import (
    DEFAULT_LIFETIME,
    MOST,
    Invitation,
    digest_of,
    make_token,
)
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.refusals import ResourceConflict, ResourceNotFound


class MadeInvitation(NamedTuple):
    """An invitation that was made.

    Args:
        invitation: the invitation.
        token: its token; nothing keeps it.
    """

    invitation: Invitation
    token: str


def check_accounts_need_one(settings: Settings) -> None:
    """Check that accounts are registered by invitation.

    Raises:
        ResourceConflict: they are registered without one, or not at all.
    """
    if settings.accounts.registration != "invitation":
        raise ResourceConflict(
            _(
                "there are invitations for accounts only with [accounts] registration = invitation"
                " in config.ini"
            )
        )


def new_invitation(
    known: Collection[Invitation],
    channel: int,
    setter: str,
    terms: tuple[int, int | None],
    now: int,
) -> MadeInvitation:
    """Return an invitation to be stored.

    Args:
        known: the invitations in force.
        channel: the number of its channel; 0 for an account.
        setter: the name that lists show.
        terms: how many users can use it, 0 for any number; and the seconds for which it is valid,
            0 for ever, None for the default.
        now: seconds of Unix time.

    Raises:
        ResourceConflict: there are too many.
    """
    uses, seconds = terms
    counted = [one for one in known if one.channel == channel and (channel or not one.account)]
    if len(counted) >= MOST:
        raise ResourceConflict(
            _("there are {most} invitations already; revoke some first").format(most=MOST)
        )
    lifetime, token = DEFAULT_LIFETIME if seconds is None else seconds, make_token()
    expires = now + lifetime if lifetime else 0
    return MadeInvitation(
        Invitation(digest_of(token), channel, setter, 0, now, expires, uses), token
    )


def existing_invitation(known: Collection[Invitation], wanted: str) -> list[Invitation]:
    """Return the invitations with an id, which is one but for a rare coincidence.

    Raises:
        ResourceNotFound: there is none.
    """
    found = [one for one in known if one.id == wanted.lower()]
    if not found:
        raise ResourceNotFound(_("there is no invitation {id}").format(id=escape_controls(wanted)))
    return found


def not_registered(folded: str) -> ResourceNotFound:
    """Return the refusal for a channel that is not registered."""
    return ResourceNotFound(
        _("the channel {channel} is not registered").format(channel=escape_controls(folded))
    )
