"""Permissions. Handlers decide by these functions alone: they return None if something is
permitted, or else the numeric with the reason.
"""

import hmac
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from trio_chat.chat import operators
from trio_chat.chat.channels import Channel, Membership
from trio_chat.chat.history import Record
from trio_chat.chat.invitations import Invitation
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import modes
from trio_chat.irc import numerics as n
from trio_chat.irc.modes import ModeChange, ModeType
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.numerics import Numeric

if TYPE_CHECKING:
    from trio_chat.chat.registry import Request

_NOT_FOUNDER: Final = n.ERR_CHANOPRIVSNEEDED.with_text("You're not the founder of this channel")
_IS_ABOVE: Final = n.ERR_CHANOPRIVSNEEDED.with_text("That member has a higher rank than you")
_ARE_ALIKE: Final = n.ERR_CHANOPRIVSNEEDED.with_text("Half-operators cannot remove each other")


def is_operator(user: User, channel: Channel) -> bool:
    """Return whether a user is an operator of a channel, or more."""
    return has_rank(user, channel, modes.OPERATOR)


def has_rank(user: User, channel: Channel, letter: str) -> bool:
    """Return whether a user has a rank in a channel, or one above it."""
    membership = channel.members.get(user)
    return membership is not None and membership.is_at_least(letter)


def may_grant(ranks: Collection[str], letter: str) -> bool:
    """Return whether a member with these ranks may grant and remove a rank
    (`ChannelMode.needs`).
    """
    return not modes.AT_LEAST[modes.CHANNEL_MODES[letter].needs].isdisjoint(ranks)


def why_not_change(
    world: World, user: User, channel: Channel, change: ModeChange
) -> Numeric | None:
    """Return why a user may not change a mode, or None: it takes the rank that the mode needs, and
    a higher rank cannot be removed.

    A member may always give up its own rank.
    """
    membership = channel.members.get(user)
    if membership is None:
        return n.ERR_NOTONCHANNEL
    mode = change.mode
    if mode.type is not ModeType.MEMBER:
        return None if membership.is_at_least(mode.needs) else _lacking(mode.needs)
    other = fold_or_self(change.param or "")
    if other == user.folded and not change.adding:
        return None
    if not may_grant(membership.ranks, mode.letter):
        return _lacking(mode.needs)
    if change.adding:
        return None
    member = world.users.get(other)
    theirs = channel.members.get(member) if member else None
    return _IS_ABOVE if theirs and is_above(theirs, membership) else None


def _lacking(rank: str) -> Numeric:
    """Return the refusal for a member that lacks a rank."""
    return _NOT_FOUNDER if rank == modes.FOUNDER else n.ERR_CHANOPRIVSNEEDED


def is_above(membership: Membership, other: Membership) -> bool:
    """Return whether one member's highest rank is above another's."""
    highest = membership.highest
    return bool(highest) and not other.is_at_least(highest)


def why_not_kick(user: User, other: User, channel: Channel) -> Numeric | None:
    """Return why a member may not be removed, or None: not if its rank is higher, and no
    half-operator by another one.
    """
    mine, theirs = channel.members[user], channel.members[other]
    if is_above(theirs, mine):
        return _IS_ABOVE
    if theirs.is_at_least(modes.HALF_OPERATOR) and not mine.is_at_least(modes.OPERATOR):
        return _ARE_ALIKE
    return None


def refuses_right(request: "Request", right: str) -> bool:
    """Refuse what takes a right of server operators that the user does not have; return whether it
    was refused.
    """
    user = request.user
    if operators.has_right(user, right):
        return False
    if user.operator is None:
        request.reply.numeric(n.ERR_NOPRIVILEGES)
    else:
        request.reply.numeric(n.ERR_NOPRIVS, right)
    return True


def refuses_to_store(request: "Request") -> bool:
    """Refuse a change of persistent state if a quota is exhausted; return whether it was
    refused.
    """
    user = request.session.user
    why_not = request.world.quotas.why_not(user) if user is not None else ""
    if why_not:
        request.reply.fail(request.message.command, "QUOTA_EXCEEDED", text=why_not)
    return bool(why_not)


def can_see_address(viewer: User, user: User) -> bool:
    """Return whether a user may see another's real address: the own one, and operators with that
    right all.
    """
    return viewer is user or operators.has_right(viewer, "addresses")


def can_see_channel(user: User, channel: Channel) -> bool:
    """Return whether a user may learn that a channel exists: a secret one only as a member."""
    return modes.SECRET not in channel.flags or user in channel.members


def can_see_membership(viewer: User, user: User, channel: Channel) -> bool:
    """Return whether one user may learn that another is in a channel."""
    if viewer is user:
        return True
    if viewer not in channel.members and (
        modes.SECRET in channel.flags or modes.INVISIBLE in user.modes
    ):
        return False
    return channel.shows(viewer, user)


def is_own(user: User, record: Record) -> bool:
    """Return whether a user is the author of a message: by its account, or because it has had the
    nickname since then.
    """
    if user.account_id and user.account_id == record.account_id:
        return True
    return user.source == record.source and user.since < record.id


def can_redact(user: User, channel: Channel | None, record: Record) -> bool:
    """Return whether a user may delete a message: the own ones in private and as a member of a
    channel, its operator all.
    """
    if channel is None:
        return is_own(user, record)
    return user in channel.members and (is_own(user, record) or is_operator(user, channel))


def can_read_history(user: User, channel: Channel) -> bool:
    """Return whether a user may read the history of a channel: as a member."""
    return user in channel.members


def can_read_metadata(user: User, target: User | Channel) -> bool:
    """Return whether a user may see the metadata of another user or of a channel: of a closed
    channel only as a member.
    """
    return isinstance(target, User) or user in target.members or not target.is_closed


def can_write_metadata(user: User, target: User | Channel) -> bool:
    """Return whether a user may set metadata: of oneself, and of a channel as its operator."""
    return target is user if isinstance(target, User) else is_operator(user, target)


def why_not_join(
    user: User, channel: Channel, key: str, invitation: Invitation | None = None
) -> Numeric | None:
    """Return why a user may not join, or None. An invitation overrules the modes, and that of an
    operator also a ban (Modern IRC, JOIN). So does one by a token; a ban, only one that can be used
    once.

    The founder and the access list of a registered channel cannot be kept out of it.
    """
    if channel.registration and modes.AT_LEAST[modes.HALF_OPERATOR].intersection(
        channel.registration.rank_of(user.account_id)
    ):
        return None
    invited = user.invited.get(channel)
    if invitation is not None:
        invited = invited or invitation.is_personal
    if not invited and channel.is_banned(user):
        # Only the invitation of an operator overrules a ban.
        return n.ERR_BANNEDFROMCHAN
    if invited is not None:
        return None
    if modes.INVITE_ONLY in channel.flags and not channel.is_invited_by_list(user):
        return n.ERR_INVITEONLYCHAN
    if modes.REGISTERED_JOIN in channel.flags and not user.account:
        return n.ERR_NEEDREGGEDNICK
    if channel.key and not hmac.compare_digest(channel.key.encode(), key.encode()):
        return n.ERR_BADCHANNELKEY
    if channel.limit and len(channel.members) >= channel.limit:
        return n.ERR_CHANNELISFULL
    return None


def why_not_speak(user: User, channel: Channel, text: str = "") -> Numeric | None:
    """Return why a user may not send to a channel, or None."""
    membership = channel.members.get(user)
    if membership is None and modes.NO_EXTERNAL in channel.flags:
        return n.ERR_CANNOTSENDTOCHAN
    restraining = channel.restraining
    if not restraining and not channel.lists[modes.BAN]:
        # So it is in nearly every channel: every message comes along here.
        return None
    if modes.NO_CTCP in restraining and is_ctcp(text):
        return n.ERR_CANNOTSENDTOCHAN
    if membership is not None and membership.ranks:
        return None
    is_refused = (
        modes.MODERATED in restraining
        or (modes.REGISTERED_SPEAK in restraining and not user.account)
        or channel.is_silenced(user)
    )
    return n.ERR_CANNOTSENDTOCHAN if is_refused else None


def is_heard_by_operators_only(user: User, channel: Channel) -> bool:
    """Return whether the messages of a user in a channel are for its operators alone."""
    if modes.OP_MODERATED not in channel.restraining:
        return False
    membership = channel.members.get(user)
    return membership is None or not membership.ranks


def is_muted(user: User, channel: Channel) -> bool:
    """Return whether members of a channel are not to read what a user writes: it may not speak, or
    only to operators (+U).
    """
    return why_not_speak(user, channel) is not None or (
        bool(channel.restraining) and is_heard_by_operators_only(user, channel)
    )


def muted_in(user: User) -> list[Channel]:
    """Return the channels in which a user may not speak; see `is_muted`."""
    return [
        channel
        for channel in user.channels
        if (channel.restraining or channel.lists[modes.BAN]) and is_muted(user, channel)
    ]


def silenced_in(user: User) -> Channel | None:
    """Return a channel in which a ban or a mute covers a user without a rank, or None."""
    return next(
        (
            channel
            for channel, held in user.channels.items()
            if not held.ranks and channel.is_silenced(user)
        ),
        None,
    )


def readers(user: User) -> tuple[Session, ...]:
    """Return the sessions that see a text of a user about itself, such as an away message: its own,
    and those of members of common channels in which it is not muted.
    """
    muted = muted_in(user)
    if not muted:
        return user.audience()
    heard = (channel.audience_of(user) for channel in user.channels if channel not in muted)
    return tuple(
        dict.fromkeys((*user.sessions, *(session for sessions in heard for session in sessions)))
    )


def why_not_write_to(user: User, other: User, text: str = "") -> Numeric | None:
    """Return why a user may not send a private message to another one, or None."""
    if (
        modes.REGISTERED_ONLY in other.modes
        and not user.account
        and not other.accepts(user)
        and user is not other
    ):
        return n.ERR_NEEDREGGEDNICK
    if modes.NO_USER_CTCP in other.modes and is_ctcp(text):
        return n.ERR_CANNOTSENDTOUSER
    return None


def is_ctcp(text: str) -> bool:
    """Return whether a text, or a line of it, is a CTCP query; ACTION (/me) is not."""
    if "\x01" not in text:
        return False
    return any(line[:1] == "\x01" and line[1:7].upper() != "ACTION" for line in text.split("\n"))


def why_not_operate(user: User, channel: Channel, letter: str = modes.OPERATOR) -> Numeric | None:
    """Return why a user does not have this rank in the channel, or a higher one; None if it has."""
    if user not in channel.members:
        return n.ERR_NOTONCHANNEL
    return None if has_rank(user, channel, letter) else _lacking(letter)


def why_not_set_topic(user: User, channel: Channel) -> Numeric | None:
    """Return why a user may not change a topic, or None."""
    if user not in channel.members:
        return n.ERR_NOTONCHANNEL
    if modes.TOPIC_LOCK in channel.flags:
        return why_not_operate(user, channel, modes.HALF_OPERATOR)
    return n.ERR_CANNOTSENDTOCHAN if is_muted(user, channel) else None


def why_not_invite(user: User, channel: Channel) -> Numeric | None:
    """Return why a user may not invite others, or None: only operators may into an invite-only
    channel (Modern IRC, INVITE), and no banned or muted user may.
    """
    membership = channel.members.get(user)
    if membership is None:
        return n.ERR_NOTONCHANNEL
    if not membership.ranks and channel.is_silenced(user):
        return n.ERR_CANNOTSENDTOCHAN
    return (
        why_not_operate(user, channel, modes.HALF_OPERATOR)
        if modes.INVITE_ONLY in channel.flags
        else None
    )
