"""Handlers of channels and users: joins and parts, nicknames, NAMES, topics, modes, LIST."""

from collections.abc import Sequence

from trio_chat.client.session.events import (
    ChannelInvitation,
    ListedChannel,
    ListedMask,
    ListEnd,
    MaskListEnd,
    ModeChanged,
    Names,
    Note,
    RankChanged,
    ServerError,
    TopicChanged,
    TopicIs,
    UserJoined,
    UserKicked,
    UserParted,
    UserQuit,
    UserRenamed,
)
from trio_chat.client.session.handlers.status import request_status
from trio_chat.client.session.handlers.table import handles
from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.i18n import _
from trio_chat.irc import numerics, tag_names
from trio_chat.irc.message import Message, is_middle
from trio_chat.irc.text import clean

_LISTS: dict[str, str] = {
    numerics.RPL_ENDOFBANLIST: "b",
    numerics.RPL_ENDOFEXCEPTLIST: "e",
    numerics.RPL_ENDOFINVEXLIST: "I",
    numerics.RPL_ENDOFQUIETLIST: "q",
}
"""The letter of a list of masks, by the numeric that ends it."""


@handles("JOIN", params=1)
def _join(protocol: ProtocolState, message: Message) -> None:
    name, nick = message.params[0], message.nick
    if not is_middle(name):
        return  # no later message could name it
    own = protocol.is_me(nick)
    left = ""
    if own:
        if protocol.channel_tracker.answered(name) is None:  # the user has not asked for it
            left = protocol.channel_tracker.just_left
        if not protocol.channel_tracker.enter(name):
            return
        if protocol.sees_status:
            protocol.status_due.add(protocol.features.fold(name))
    protocol.channel_tracker.add(name, nick)
    protocol.emit(UserJoined(nick, name, own, instead_of=left))
    if own:
        protocol.history.joined(name, message.tags.get(tag_names.TIME, ""))
        protocol.check_ready()


@handles("RENAME", params=2)
def _rename_channel(protocol: ProtocolState, message: Message) -> None:
    old, new, *reason = message.params
    if protocol.channel(old) and is_middle(new) and protocol.features.is_channel(new):
        protocol.rename_channel(old, new, message.nick, "".join(reason[:1]))


@handles("PART", params=1)
def _part(protocol: ProtocolState, message: Message) -> None:
    name = message.params[0]
    reason = message.params[1] if len(message.params) > 1 else ""
    own = _remove(protocol, name, message.nick)
    protocol.emit(UserParted(message.nick, name, reason, own))
    if own:
        protocol.channel_tracker.just_left = name


@handles("KICK", params=2)
def _kick(protocol: ProtocolState, message: Message) -> None:
    name, nick = message.params[0], message.params[1]
    reason = message.params[2] if len(message.params) > 2 else ""
    protocol.emit(UserKicked(nick, name, message.nick, reason, _remove(protocol, name, nick)))


def _remove(protocol: ProtocolState, name: str, nick: str) -> bool:
    """Take a user out of a channel; return whether that is this client."""
    own = protocol.is_me(nick)
    if own:
        protocol.channel_tracker.leave(name)
    else:
        protocol.channel_tracker.remove(name, nick)
    return own


@handles("QUIT")
def _quit(protocol: ProtocolState, message: Message) -> None:
    if protocol.is_me(message.nick):
        return
    protocol.channel_tracker.remove_everywhere(message.nick)
    protocol.emit(UserQuit(message.nick, message.params[0] if message.params else ""))
    protocol.nickname.freed(message.nick)


@handles("NICK", params=1)
def _nick(protocol: ProtocolState, message: Message) -> None:
    old, new = message.nick, message.params[0]
    if not is_middle(new):
        return
    own = protocol.is_me(old)
    if own:
        protocol.nickname.changed(old, new)
    protocol.channel_tracker.rename(old, new)
    protocol.emit(UserRenamed(old, new, own))
    if not own:
        protocol.nickname.freed(old)


@handles(numerics.RPL_NAMREPLY, params=4)
def _names(protocol: ProtocolState, message: Message) -> None:
    protocol.channel_tracker.add_names(message.params[2], message.params[3].split())


@handles(numerics.RPL_ENDOFNAMES, params=2)
def _end_of_names(protocol: ProtocolState, message: Message) -> None:
    name = message.params[1]
    names = protocol.channel_tracker.end_names(name)
    ranks = tuple(names.ranks.get(key, "") for key in names.members)
    protocol.emit(Names(name, tuple(names.members.values()), ranks))
    request_status(protocol, name)


@handles(numerics.RPL_NOTOPIC, params=3)
def _no_topic(protocol: ProtocolState, message: Message) -> None:
    protocol.emit(TopicIs(message.params[1], ""))


@handles(numerics.RPL_TOPIC, params=3)
def _topic_is(protocol: ProtocolState, message: Message) -> None:
    protocol.emit(TopicIs(message.params[1], message.params[2]))


@handles("TOPIC", params=2)
def _topic(protocol: ProtocolState, message: Message) -> None:
    protocol.emit(TopicChanged(message.params[0], message.params[1], message.nick))


@handles("MODE", params=2)
def _mode(protocol: ProtocolState, message: Message) -> None:
    target, *modes = message.params
    protocol.emit(ModeChanged(target, message.nick, " ".join(modes), protocol.is_me(target)))
    if channel := protocol.channel(target):
        for nick, ranks in protocol.channel_tracker.change_ranks(target, tuple(modes)):
            protocol.emit(RankChanged(channel.name, nick, ranks))


@handles(numerics.RPL_CHANNELMODEIS, params=3)
def _channel_modes(protocol: ProtocolState, message: Message) -> None:
    _me, channel, *modes = message.params
    _show_modes(protocol, channel, modes)


@handles(numerics.RPL_UMODEIS, params=2)
def _own_modes(protocol: ProtocolState, message: Message) -> None:
    if protocol.ready:  # before that, nobody has asked
        _show_modes(protocol, protocol.nick, message.params[1:])


def _show_modes(protocol: ProtocolState, target: str, modes: Sequence[str]) -> None:
    text = _("The modes of {target} are {modes}.")
    protocol.emit(Note(clean(text.format(target=target, modes=" ".join(modes)))))


@handles("INVITE", params=2)
def _invite(protocol: ProtocolState, message: Message) -> None:
    nick, channel = message.params[0], message.params[1]
    own = protocol.is_me(nick)
    if protocol.is_me(message.nick) and not own:
        return  # with invite-notify some servers send it besides RPL_INVITING
    is_hidden = own and protocol.senders.hides_stranger(message.nick)
    if not is_hidden and not protocol.senders.ignores(message.source):
        protocol.emit(ChannelInvitation(nick, message.nick, channel, own))


@handles(numerics.RPL_INVITING, params=3)
def _inviting(protocol: ProtocolState, message: Message) -> None:
    text = _("You have invited {nick} to {channel}.")
    protocol.emit(Note(clean(text.format(nick=message.params[1], channel=message.params[2]))))


@handles(numerics.RPL_LIST, params=3)
def _list_entry(protocol: ProtocolState, message: Message) -> None:
    _nick, name, users, *topic = message.params
    protocol.listed += 1
    protocol.emit(ListedChannel(name, users, topic[-1] if topic else ""))


@handles(numerics.RPL_LISTEND)
def _list_end(protocol: ProtocolState, message: Message) -> None:
    protocol.emit(ListEnd(protocol.listed))
    protocol.listed = 0


@handles(numerics.RPL_BANLIST, numerics.RPL_EXCEPTLIST, numerics.RPL_INVEXLIST, params=3)
def _listed_mask(protocol: ProtocolState, message: Message) -> None:
    _list_mask(protocol, *message.params[1:5])


@handles(numerics.RPL_QUIETLIST, params=4)
def _listed_quiet(protocol: ProtocolState, message: Message) -> None:
    _me, channel, _letter, *rest = message.params
    _list_mask(protocol, channel, *rest[:3])


def _list_mask(
    protocol: ProtocolState, channel: str, mask: str, by: str = "", time: str = ""
) -> None:
    protocol.listed_masks += 1
    protocol.emit(ListedMask(channel, mask, by.partition("!")[0], time))


@handles(*_LISTS, params=2)
def _mask_list_end(protocol: ProtocolState, message: Message) -> None:
    mode = _LISTS[message.command]
    protocol.emit(MaskListEnd(message.params[1], mode, protocol.listed_masks))
    protocol.listed_masks = 0


@handles(numerics.ERR_LISTMODENOTSET, params=5)
def _no_such_mask(protocol: ProtocolState, message: Message) -> None:
    if not protocol.bans.was_tried(message.params[2]):
        protocol.emit(ServerError(message.params[-1], message.command, message.params[1]))


@handles(numerics.RPL_TRYAGAIN, params=3)
def _try_again(protocol: ProtocolState, message: Message) -> None:
    """Report that the server has dropped a command, since it has too much to do."""
    protocol.emit(ServerError(message.params[2], message.command, message.params[1]))
