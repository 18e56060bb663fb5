"""Handlers of messages from a server: one small function each, in one table.

A handler reads a message, changes the protocol's state and emits events. Numerics that nobody
handles are shown, but for those that say what every server says; errors are for `refusals`.
"""

from typing import TYPE_CHECKING

from trio_chat.client.session.channel_state import ChannelState
from trio_chat.client.session.error_replies import error_reply
from trio_chat.client.session.events import (
    Away,
    Connected,
    Invited,
    Joined,
    Kicked,
    ListedChannel,
    ListEnd,
    ModeChanged,
    Names,
    Parted,
    Quit,
    Renamed,
    ServerError,
    ServerInfo,
    TopicChanged,
    TopicIs,
)
from trio_chat.client.session.handlers import HANDLERS, handles
from trio_chat.client.session.status import ask_who, change_ranks
from trio_chat.irc import numerics
from trio_chat.irc.message import Message, is_middle

if TYPE_CHECKING:
    from trio_chat.client.session.protocol import ClientProtocol

READY_TOKEN = "ready"  # noqa: S105  a PING token, no secret
SETTLED_TOKEN = "settled"  # noqa: S105  a PING token, no secret
LAG_TOKEN = "lag"  # noqa: S105  a PING token, no secret
ALIVE_TOKEN = "alive"  # noqa: S105  a PING token, no secret

# Replies that say what every server says, or what other replies have said already.
_QUIET = frozenset(
    [
        numerics.RPL_YOURHOST,
        numerics.RPL_CREATED,
        numerics.RPL_MYINFO,
        numerics.RPL_SNOMASK,
        numerics.RPL_YOURID,
        numerics.RPL_SAVENICK,
        numerics.RPL_ENDOFSTATS,
        numerics.RPL_UMODEIS,
        numerics.RPL_STATSCONN,
        numerics.RPL_LUSERCLIENT,
        numerics.RPL_LUSEROP,
        numerics.RPL_LUSERUNKNOWN,
        numerics.RPL_LUSERCHANNELS,
        numerics.RPL_LUSERME,
        numerics.RPL_LOCALUSERS,
        numerics.RPL_GLOBALUSERS,
        numerics.RPL_ENDOFWHO,
        numerics.RPL_ENDOFWHOIS,
        numerics.RPL_LISTSTART,
        numerics.RPL_CREATIONTIME,
        numerics.RPL_TOPICWHOTIME,
        numerics.RPL_MOTDSTART,
        numerics.RPL_ENDOFMOTD,
        numerics.RPL_VISIBLEHOST,
        numerics.ERR_NOMOTD,
    ]
)
_TALK = ("PRIVMSG", "NOTICE", "BATCH", "TAGMSG", "REDACT", "CHATHISTORY")


def handle(protocol: "ClientProtocol", message: Message) -> None:
    """Deal with one message from the server; one with fewer parameters than its command needs is
    passed over.
    """
    params, handler = HANDLERS.get(message.command, (2, _anything_else))
    if message.tags.get("batch", "") in protocol.history.batches and message.command not in _TALK:
        return  # who joined or left long ago is not who does now
    if len(message.params) >= params:
        handler(protocol, message)
        _settle_label(protocol, message)


def _settle_label(protocol: "ClientProtocol", message: Message) -> None:
    # Whatever carries our label is an answer. What an echo or an error has not settled is settled
    # here: a single line by itself, several lines by the end of their batch.
    label = message.tags.get("label", "")
    if label and message.command != "BATCH" and (pending := protocol.pending.take(label)):
        protocol.confirm(pending)


def _anything_else(protocol: "ClientProtocol", message: Message) -> None:
    command = message.command
    if not (command.isdigit() and len(command) == 3):
        return
    if command[0] in "45":
        error_reply(protocol, message)
    elif command not in _QUIET and protocol.registered:
        protocol.emit(ServerInfo(" ".join(message.params[1:])))


# Getting in


@handles("CAP")
def _cap(protocol: "ClientProtocol", message: Message) -> None:
    for answer in protocol.negotiation.receive(message.params):
        protocol.put(answer)
    if protocol.negotiation.login_due:
        protocol.negotiation.login_due = False
        protocol.authentication.log_in_at_once()


@handles(numerics.RPL_WELCOME, params=1)
def _welcome(protocol: "ClientProtocol", message: Message) -> None:
    protocol.registered = True
    protocol.nick = message.params[0] if is_middle(message.params[0]) else protocol.nick
    if protocol.asked_nick == protocol.wanted:
        protocol.wanted = protocol.nick  # the server may have cut it
    protocol.server = message.source
    protocol.emit(Connected(protocol.nick))
    protocol.join_first_channels()


@handles(numerics.RPL_ISUPPORT, params=2)
def _isupport(protocol: "ClientProtocol", message: Message) -> None:
    protocol.features.read(message.params[1:-1])


@handles("PING")
def _ping(protocol: "ClientProtocol", message: Message) -> None:
    protocol.send("PONG", *message.params)


@handles("PONG", params=1)
def _pong(protocol: "ClientProtocol", message: Message) -> None:
    token = message.params[-1]
    if token == READY_TOKEN:
        protocol.check_ready(answered=True)
    elif token == SETTLED_TOKEN:
        protocol.settled = True
    elif token == LAG_TOKEN:
        protocol.lag_answered = True
    else:
        protocol.history.passed(token)
        protocol.passed(token)


@handles("ERROR")
def _closing(protocol: "ClientProtocol", message: Message) -> None:
    protocol.error = message.params[-1] if message.params else ""


# Talk


@handles("CHGHOST", params=2)
def _other_host(protocol: "ClientProtocol", message: Message) -> None:
    """Note our own new address, on which it depends how much text one line holds."""
    if protocol.is_me(message.nick):
        protocol.source = f"{message.nick}!{message.params[0]}@{message.params[1]}"


@handles("ACK", "SETNAME", "KILL")
def _silent(protocol: "ClientProtocol", message: Message) -> None:
    """Changes nothing that is shown; its label, if any, counts."""


@handles(numerics.RPL_AWAY, params=2)
def _away(protocol: "ClientProtocol", message: Message) -> None:
    protocol.emit(Away(message.params[1], message.params[-1]))


@handles(numerics.RPL_MOTD, params=1)
def _motd(protocol: "ClientProtocol", message: Message) -> None:
    if text := message.params[-1].removeprefix("- ").removeprefix("-").rstrip():
        protocol.emit(ServerInfo(text))


# Who is where


@handles("JOIN", params=1)
def _join(protocol: "ClientProtocol", message: Message) -> None:
    name, nick = message.params[0], message.nick
    if not is_middle(name):
        return  # nothing could ever be said about it
    own = protocol.is_me(nick)
    if own:
        protocol.enter(name)
    if channel := protocol.channel(name):
        channel.members[protocol.features.fold(nick)] = nick
        if own and protocol.sees_status:
            protocol.status_due.add(protocol.features.fold(name))
    protocol.emit(Joined(nick, name, own))
    if own:
        protocol.history.joined(name, message.tags.get("time", ""))
        protocol.check_ready()


@handles("PART", params=1)
def _part(protocol: "ClientProtocol", message: Message) -> None:
    name = message.params[0]
    reason = message.params[1] if len(message.params) > 1 else ""
    protocol.emit(Parted(message.nick, name, reason, _gone(protocol, name, message.nick)))


@handles("KICK", params=2)
def _kick(protocol: "ClientProtocol", message: Message) -> None:
    name, nick = message.params[0], message.params[1]
    reason = message.params[2] if len(message.params) > 2 else ""
    protocol.emit(Kicked(nick, name, message.nick, reason, _gone(protocol, name, nick)))


def _gone(protocol: "ClientProtocol", name: str, nick: str) -> bool:
    """Take someone out of a channel; return whether that is us."""
    own = protocol.is_me(nick)
    if own:
        protocol.channels.pop(protocol.features.fold(name), None)
    elif channel := protocol.channel(name):
        channel.members.pop(protocol.features.fold(nick), None)
        channel.ranks.pop(protocol.features.fold(nick), None)
    return own


@handles("QUIT")
def _quit(protocol: "ClientProtocol", message: Message) -> None:
    if protocol.is_me(message.nick):
        return
    for channel in protocol.channels.values():
        channel.members.pop(protocol.features.fold(message.nick), None)
        channel.ranks.pop(protocol.features.fold(message.nick), None)
    protocol.emit(Quit(message.nick, message.params[0] if message.params else ""))
    if protocol.features.same(message.nick, protocol.wanted):
        protocol.take_back_nick()


@handles("NICK", params=1)
def _nick(protocol: "ClientProtocol", message: Message) -> None:
    old, new = message.nick, message.params[0]
    if not is_middle(new):
        return
    own = protocol.is_me(old)
    if own:
        protocol.nick = new
        protocol.taking_back = False
        if not protocol.features.same(new, protocol.asked_nick):
            protocol.wanted = new  # the server's wish; arguing about it would never end
        protocol.source = protocol.source.replace(old, new, 1)
    fold = protocol.features.fold
    for channel in protocol.channels.values():
        if channel.members.pop(fold(old), None) is not None:
            channel.members[fold(new)] = new
            if ranks := channel.ranks.pop(fold(old), ""):
                channel.ranks[fold(new)] = ranks
    protocol.emit(Renamed(old, new, own))
    if not own and protocol.features.same(old, protocol.wanted):
        protocol.take_back_nick()


@handles(numerics.RPL_NAMREPLY, params=4)
def _names(protocol: "ClientProtocol", message: Message) -> None:
    name, nicks = message.params[2], message.params[3]
    fold = protocol.features.fold
    names = protocol.names.setdefault(fold(name), ChannelState(name))
    for word in nicks.split():
        rest = word.lstrip(protocol.features.prefixes)
        nick = rest.partition("!")[0]
        names.members[fold(nick)] = nick
        if len(rest) < len(word):
            names.ranks[fold(nick)] = word[: len(word) - len(rest)]


@handles(numerics.RPL_ENDOFNAMES, params=2)
def _end_of_names(protocol: "ClientProtocol", message: Message) -> None:
    name = message.params[1]
    names = protocol.names.pop(protocol.features.fold(name), ChannelState(name))
    if channel := protocol.channel(name):
        channel.members, channel.ranks = names.members, names.ranks
    protocol.emit(
        Names(
            name,
            tuple(names.members.values()),
            tuple(names.ranks.get(key, "") for key in names.members),
        )
    )
    ask_who(protocol, name)


# What a channel is


@handles(numerics.RPL_NOTOPIC, numerics.RPL_TOPIC, params=3)
def _topic_is(protocol: "ClientProtocol", message: Message) -> None:
    protocol.emit(
        TopicIs(
            message.params[1], message.params[2] if message.command == numerics.RPL_TOPIC else ""
        )
    )


@handles("TOPIC", params=2)
def _topic(protocol: "ClientProtocol", message: Message) -> None:
    protocol.emit(TopicChanged(message.params[0], message.params[1], message.nick))


@handles("MODE", params=2)
def _mode(protocol: "ClientProtocol", message: Message) -> None:
    target, *modes = message.params
    protocol.emit(ModeChanged(target, message.nick, " ".join(modes), protocol.is_me(target)))
    change_ranks(protocol, target, tuple(modes))


@handles("INVITE", params=2)
def _invite(protocol: "ClientProtocol", message: Message) -> None:
    nick, channel = message.params[0], message.params[1]
    is_hidden = (
        protocol.hides_strangers and protocol.is_me(nick) and protocol.is_stranger(message.nick)
    )
    if protocol.ignores(message.source) or is_hidden:
        return
    protocol.emit(Invited(nick, message.nick, channel, protocol.is_me(nick)))


@handles(numerics.RPL_LIST, params=3)
def _list_entry(protocol: "ClientProtocol", message: Message) -> None:
    _, name, users, *topic = message.params
    protocol.listed += 1
    protocol.emit(ListedChannel(name, users, topic[-1] if topic else ""))


@handles(numerics.RPL_TRYAGAIN, params=3)
def _try_again(protocol: "ClientProtocol", message: Message) -> None:
    """RPL_TRYAGAIN: a command was dropped, since the server has too much to do."""
    protocol.emit(ServerError(message.params[2], message.command, message.params[1]))


@handles(numerics.RPL_LISTEND)
def _list_end(protocol: "ClientProtocol", message: Message) -> None:
    protocol.emit(ListEnd(protocol.listed))
    protocol.listed = 0
