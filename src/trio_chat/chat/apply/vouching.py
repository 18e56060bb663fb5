"""Ranks by which an operator of a registered channel vouches for a user on probation."""

from collections.abc import Sequence

from trio_chat.chat.apply.transitions import carry_out
from trio_chat.chat.changes import ModeSet, ProbationEnded
from trio_chat.chat.channels import Channel
from trio_chat.chat.moderation.probation_rules import is_user_on
from trio_chat.chat.moderation.rules import sender_key
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.modes import CHANNEL_MODES, ModeType
from trio_chat.irc.names import fold_or_self


def vouch(world: World, channel: Channel, changes: Sequence[ModeSet], by: User) -> None:
    """End the probation of members that get a rank.

    Only in a registered channel, since anybody can make another one; and not by a user that is on
    probation.
    """
    if not world.moderation.probation.all or channel.registration is None:
        return
    if is_user_on(world, by):
        return
    for change in changes:
        is_rank = CHANNEL_MODES[change.letter].type is ModeType.MEMBER
        other = world.users.get(fold_or_self(change.param or ""))
        if not (is_rank and change.adding and other is not None and other in channel.members):
            continue
        for session in other.sessions:
            carry_out(world, ProbationEnded(sender_key(session)))
