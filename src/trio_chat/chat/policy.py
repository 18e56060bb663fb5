"""Who may do what. Handlers ask here and nowhere else; each answer is None for yes, or the numeric that says why not."""

import hmac
from typing import TYPE_CHECKING

from trio_chat.chat import operators
from trio_chat.chat.channels import Channel
from trio_chat.chat.history import Record
from trio_chat.chat.preferences import MULTICLIENT
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc import numerics as n
from trio_chat.irc.numerics import Numeric

if TYPE_CHECKING:
    from trio_chat.chat.registry import Request


def shares_nick(world: World, holder: User) -> bool:
    """Tell whether somebody's nickname can have a further session: of an account, when operator and owner allow it.

    Somebody always-on who has no session can be taken over in any case.
    """
    return bool(holder.account) and (not holder.sessions or world.preferences.is_on(holder.account, MULTICLIENT))


def may_join_user(world: World, account: str, user: User) -> bool:
    """Tell whether a session of an account may become one more session of somebody."""
    return bool(account) and user.account == account and shares_nick(world, user)


def user_to_join(world: World, account: str, folded: str) -> User | None:
    """Return the user that a new session of an account becomes one more session of, or None when it is to be one of its own.

    The always-on user of an account is joined under whatever nickname it has; another one only by its nickname.
    """
    for user in (world.residents.of(account), world.users.get(folded)):
        if user is not None and may_join_user(world, account, user):
            return user
    return None


def is_reserved(world: World, folded: str, account: str) -> bool:
    """Tell whether a nickname is the account of somebody else, who alone may have it."""
    if world.accounts is None or world.identity.account_rules.reservation == "off":
        return False
    owner = world.accounts.known.get(folded)
    return owner is not None and owner.name != account


def is_operator(user: User, channel: Channel) -> bool:
    """Tell whether a user is an operator of a channel."""
    membership = channel.members.get(user)
    return membership is not None and "o" in membership.ranks


def refuses_right(request: "Request", right: str) -> bool:
    """Refuse what takes a right of server operators that the user does not have; tell whether it was refused."""
    user = request.user
    if operators.has_right(user, right):
        return False
    if user.operator is None:
        request.reply.numeric(n.ERR_NOPRIVILEGES)
    else:
        request.reply.numeric(n.ERR_NOPRIVS, right)
    return True


def can_see_address(viewer: User, user: User) -> bool:
    """Tell whether somebody may learn another's real address: the own one, and operators with that right all."""
    return viewer is user or operators.has_right(viewer, "addresses")


def can_see_channel(user: User, channel: Channel) -> bool:
    """Tell whether a user may learn that a channel exists: a secret one only as a member."""
    return "s" not in channel.flags or user in channel.members


def can_see_membership(viewer: User, user: User, channel: Channel) -> bool:
    """Tell whether one user may learn that another is in a channel."""
    return viewer is user or viewer in channel.members or ("s" not in channel.flags and "i" not in user.modes)


def can_redact(user: User, channel: Channel, record: Record) -> bool:
    """Tell whether a user may delete a message of a channel: the own ones as a member, an operator all.

    A message is one's own by its account, or because one has had the nickname ever since it was said.
    """
    if user not in channel.members:
        return False
    is_own = bool(user.account and user.account == record.account) or (user.source == record.source and user.since < record.id)
    return is_own or is_operator(user, channel)


def can_read_history(user: User, channel: Channel) -> bool:
    """Tell whether a user may read what was said in a channel: as a member."""
    return user in channel.members


def can_read_metadata(user: User, target: User | Channel) -> bool:
    """Tell whether a user may see what is said of another, or of a channel: of a closed one as a member."""
    return isinstance(target, User) or user in target.members or not target.is_closed


def can_write_metadata(user: User, target: User | Channel) -> bool:
    """Tell whether a user may set metadata: of oneself, and of a channel as its operator."""
    return target is user if isinstance(target, User) else is_operator(user, target)


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
