"""Bans of the server, as maintenance sets and lifts them."""

from collections.abc import Collection

from trio_chat.chat.accounts import Account
from trio_chat.chat.bans import MAX_REASON, Ban, BanKind, complete, find, normalise
from trio_chat.config import LimitSettings
from trio_chat.i18n import _
from trio_chat.irc.addresses import parse_address
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.masks import BadMask
from trio_chat.irc.message import truncate
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.refusals import InvalidValue, ResourceConflict, ResourceNotFound
from trio_chat.maintenance.rule_texts import translated


def new_ban(
    known: Collection[Ban],
    wanted: str | Account,
    terms: tuple[int, str],
    setter: str,
    limits: LimitSettings,
    now: int,
) -> Ban:
    """Return a ban to be set.

    Args:
        known: the bans that there are.
        wanted: a mask, an address or a network; or the account that is to be suspended.
        terms: the seconds for which it is in force, 0 for ever; and the reason.
        setter: who sets it, as lists show it.
        limits: the [limits] section.
        now: seconds of Unix time.

    Raises:
        InvalidValue: nothing of this form can be banned.
        ResourceConflict: there are too many bans.
    """
    seconds, reason = terms
    if isinstance(wanted, Account):
        kind, mask, number = BanKind.ACCOUNT, wanted.name, wanted.id
    else:
        (kind, mask), number = read_mask(wanted, limits.lengths), 0
    reason = truncate(escape_controls(reason), MAX_REASON) or "No reason was given"
    if len(known) >= limits.server_bans:
        raise ResourceConflict(
            _("there are {most} bans already; lift some first").format(most=limits.server_bans)
        )
    return Ban(kind, mask, setter, reason, now, now + seconds if seconds else 0, number)


def existing_ban(known: Collection[Ban], mask: str) -> Ban:
    """Return the ban of a mask, or of an account by its name.

    Raises:
        InvalidValue: nothing of this form can be banned.
        ResourceNotFound: there is no such ban.
    """
    # A stored mask may be older than today's rules for masks and their canonical form.
    wanted = ((BanKind.ACCOUNT, mask), (BanKind.MASK, mask), (BanKind.MASK, complete(mask)))
    ban = next((ban for kind, text in wanted if (ban := find(known, kind, text))), None)
    ban = ban or find(known, *read_mask(mask, Lengths()))
    if ban is None:
        raise ResourceNotFound(_("there is no ban of {mask}").format(mask=mask))
    return ban


def read_mask(mask: str, lengths: Lengths) -> tuple[BanKind, str]:
    """Return the kind of ban and the canonical mask: an address or a network, or else a mask.

    Raises:
        InvalidValue: nothing of this form can be banned.
    """
    is_address = parse_address(mask.strip("[]").partition("/")[0]) is not None
    kind = BanKind.ADDRESS if is_address else BanKind.MASK
    try:
        return kind, normalise(kind, mask, lengths)
    except BadMask as error:
        raise InvalidValue(translated(str(error))) from None
