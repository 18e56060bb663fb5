"""Who may do what. Handlers ask here and nowhere else; each answer is None for yes, or the numeric that says why not."""

import hmac

from trio_chat.chat.channels import Channel
from trio_chat.chat.users import User
from trio_chat.irc import numerics as n
from trio_chat.irc.numerics import Numeric


def is_operator(user: User, channel: Channel) -> bool:
    """Tell whether a user is an operator of a channel."""
    membership = channel.members.get(user)
    return membership is not None and "o" in membership.ranks


def can_see_channel(user: User, channel: Channel) -> bool:
    """Tell whether a user may learn that a channel exists: a secret one only as a member."""
    return "s" not in channel.flags or user in channel.members


def can_see_membership(viewer: User, user: User, channel: Channel) -> bool:
    """Tell whether one user may learn that another is in a channel."""
    return viewer is user or viewer in channel.members or ("s" not in channel.flags and "i" not in user.modes)


def can_read_history(user: User, channel: Channel) -> bool:
    """Tell whether a user may read what was said in a channel: as a member."""
    return user in channel.members


def why_not_join(user: User, channel: Channel, key: str) -> Numeric | None:
    """Say why a user may not join; an invitation opens every door but a ban's (Modern IRC, JOIN)."""
    if channel.is_banned(user):
        return n.ERR_BANNEDFROMCHAN
    if channel in user.invited:
        return None
    if "i" in channel.flags and not channel.covers("I", user):
        return n.ERR_INVITEONLYCHAN
    if channel.key and not hmac.compare_digest(channel.key.encode(), key.encode()):
        return n.ERR_BADCHANNELKEY
    if channel.limit and len(channel.members) >= channel.limit:
        return n.ERR_CHANNELISFULL
    return None


def why_not_speak(user: User, channel: Channel) -> Numeric | None:
    """Say why a user may not send to a channel."""
    membership = channel.members.get(user)
    if membership is None:
        if "n" in channel.flags:
            return n.ERR_CANNOTSENDTOCHAN
    elif membership.ranks:
        return None
    if "m" in channel.flags or channel.is_banned(user):
        return n.ERR_CANNOTSENDTOCHAN
    return None


def why_not_operate(user: User, channel: Channel) -> Numeric | None:
    """Say why a user may not do what only an operator of the channel may."""
    if user not in channel.members:
        return n.ERR_NOTONCHANNEL
    return None if is_operator(user, channel) else n.ERR_CHANOPRIVSNEEDED


def why_not_set_topic(user: User, channel: Channel) -> Numeric | None:
    """Say why a user may not change a topic."""
    if user not in channel.members:
        return n.ERR_NOTONCHANNEL
    return why_not_operate(user, channel) if "t" in channel.flags else None


def why_not_invite(user: User, channel: Channel) -> Numeric | None:
    """Say why a user may not invite others: into an invite-only channel only operators may (Modern IRC, INVITE)."""
    if user not in channel.members:
        return n.ERR_NOTONCHANNEL
    return why_not_operate(user, channel) if "i" in channel.flags else None
