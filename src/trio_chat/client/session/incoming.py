"""Handlers of messages from a server: one small function each, in one table.

A handler reads a message, changes the dialogue's state and emits events. Numerics that nobody
handles are shown, but for those that say what every server says; errors are for `refusals`.
"""

from typing import TYPE_CHECKING

from trio_chat.client.session.channel import Channel
from trio_chat.client.session.events import (
    Away,
    Connected,
    Invited,
    Joined,
    Kicked,
    ListEnd,
    ListEntry,
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
from trio_chat.client.session.refusals import error_reply
from trio_chat.client.session.status import ask_who, change_ranks
from trio_chat.irc.message import Message, is_middle

if TYPE_CHECKING:
    from trio_chat.client.session.dialogue import Dialogue

READY_TOKEN = "ready"  # noqa: S105  a PING token, no secret
SETTLED_TOKEN = "settled"  # noqa: S105  a PING token, no secret
LAG_TOKEN = "lag"  # noqa: S105  a PING token, no secret
ALIVE_TOKEN = "alive"  # noqa: S105  a PING token, no secret

# Replies that say what every server says, or what other replies have said already.
_QUIET = frozenset(
    [
        "002",
        "003",
        "004",
        "008",
        "042",
        "043",
        "219",
        "221",
        "250",
        "251",
        "252",
        "253",
        "254",
        "255",
        "265",
        "266",
        "315",
        "318",
        "321",
        "329",
        "333",
        "375",
        "376",
        "396",
        "422",
    ]
)
_TALK = ("PRIVMSG", "NOTICE", "BATCH", "TAGMSG", "REDACT", "CHATHISTORY")


def handle(dialogue: "Dialogue", message: Message) -> None:
    """Deal with one message from the server; one with fewer parameters than its command needs is
    passed over.
    """
    params, handler = HANDLERS.get(message.command, (2, _anything_else))
    if message.tags.get("batch", "") in dialogue.history.batches and message.command not in _TALK:
        return  # who joined or left long ago is not who does now
    if len(message.params) >= params:
        handler(dialogue, message)
        _settle_label(dialogue, message)


def _settle_label(dialogue: "Dialogue", message: Message) -> None:
    # Whatever carries our label is an answer. What an echo or an error has not settled is settled
    # here: a single line by itself, several lines by the end of their batch.
    label = message.tags.get("label", "")
    if label and message.command != "BATCH" and (pending := dialogue.pending.take(label)):
        dialogue.confirm(pending)


def _anything_else(dialogue: "Dialogue", message: Message) -> None:
    command = message.command
    if not (command.isdigit() and len(command) == 3):
        return
    if command[0] in "45":
        error_reply(dialogue, message)
    elif command not in _QUIET and dialogue.registered:
        dialogue.emit(ServerInfo(" ".join(message.params[1:])))


# Getting in


@handles("CAP")
def _cap(dialogue: "Dialogue", message: Message) -> None:
    for answer in dialogue.negotiation.receive(message.params):
        dialogue.put(answer)
    if dialogue.negotiation.login_due:
        dialogue.negotiation.login_due = False
        dialogue.account.log_in_at_once()


@handles("001", params=1)
def _welcome(dialogue: "Dialogue", message: Message) -> None:
    dialogue.registered = True
    dialogue.nick = message.params[0] if is_middle(message.params[0]) else dialogue.nick
    if dialogue.asked_nick == dialogue.wanted:
        dialogue.wanted = dialogue.nick  # the server may have cut it
    dialogue.server = message.source
    dialogue.emit(Connected(dialogue.nick))
    dialogue.join_first_channels()


@handles("005", params=2)
def _isupport(dialogue: "Dialogue", message: Message) -> None:
    dialogue.features.read(message.params[1:-1])


@handles("PING")
def _ping(dialogue: "Dialogue", message: Message) -> None:
    dialogue.send("PONG", *message.params)


@handles("PONG", params=1)
def _pong(dialogue: "Dialogue", message: Message) -> None:
    token = message.params[-1]
    if token == READY_TOKEN:
        dialogue.check_ready(answered=True)
    elif token == SETTLED_TOKEN:
        dialogue.settled = True
    elif token == LAG_TOKEN:
        dialogue.lag_answered = True
    else:
        dialogue.history.passed(token)
        dialogue.passed(token)


@handles("ERROR")
def _closing(dialogue: "Dialogue", message: Message) -> None:
    dialogue.error = message.params[-1] if message.params else ""


# Talk


@handles("CHGHOST", params=2)
def _other_host(dialogue: "Dialogue", message: Message) -> None:
    """Note our own new address, on which it depends how much text one line holds."""
    if dialogue.is_me(message.nick):
        dialogue.source = f"{message.nick}!{message.params[0]}@{message.params[1]}"


@handles("ACK", "SETNAME", "KILL")
def _silent(dialogue: "Dialogue", message: Message) -> None:
    """Changes nothing that is shown; its label, if any, counts."""


@handles("301", params=2)
def _away(dialogue: "Dialogue", message: Message) -> None:
    dialogue.emit(Away(message.params[1], message.params[-1]))


@handles("372", params=1)
def _motd(dialogue: "Dialogue", message: Message) -> None:
    if text := message.params[-1].removeprefix("- ").removeprefix("-").rstrip():
        dialogue.emit(ServerInfo(text))


# Who is where


@handles("JOIN", params=1)
def _join(dialogue: "Dialogue", message: Message) -> None:
    name, nick = message.params[0], message.nick
    if not is_middle(name):
        return  # nothing could ever be said about it
    own = dialogue.is_me(nick)
    if own:
        dialogue.enter(name)
    if channel := dialogue.channel(name):
        channel.members[dialogue.features.fold(nick)] = nick
        if own and dialogue.sees_status:
            dialogue.status_due.add(dialogue.features.fold(name))
    dialogue.emit(Joined(nick, name, own))
    if own:
        dialogue.history.joined(name, message.tags.get("time", ""))
        dialogue.check_ready()


@handles("PART", params=1)
def _part(dialogue: "Dialogue", message: Message) -> None:
    name = message.params[0]
    reason = message.params[1] if len(message.params) > 1 else ""
    dialogue.emit(Parted(message.nick, name, reason, _gone(dialogue, name, message.nick)))


@handles("KICK", params=2)
def _kick(dialogue: "Dialogue", message: Message) -> None:
    name, nick = message.params[0], message.params[1]
    reason = message.params[2] if len(message.params) > 2 else ""
    dialogue.emit(Kicked(nick, name, message.nick, reason, _gone(dialogue, name, nick)))


def _gone(dialogue: "Dialogue", name: str, nick: str) -> bool:
    """Take someone out of a channel; return whether that is us."""
    own = dialogue.is_me(nick)
    if own:
        dialogue.channels.pop(dialogue.features.fold(name), None)
    elif channel := dialogue.channel(name):
        channel.members.pop(dialogue.features.fold(nick), None)
        channel.ranks.pop(dialogue.features.fold(nick), None)
    return own


@handles("QUIT")
def _quit(dialogue: "Dialogue", message: Message) -> None:
    if dialogue.is_me(message.nick):
        return
    for channel in dialogue.channels.values():
        channel.members.pop(dialogue.features.fold(message.nick), None)
        channel.ranks.pop(dialogue.features.fold(message.nick), None)
    dialogue.emit(Quit(message.nick, message.params[0] if message.params else ""))
    if dialogue.features.same(message.nick, dialogue.wanted):
        dialogue.take_back_nick()


@handles("NICK", params=1)
def _nick(dialogue: "Dialogue", message: Message) -> None:
    old, new = message.nick, message.params[0]
    if not is_middle(new):
        return
    own = dialogue.is_me(old)
    if own:
        dialogue.nick = new
        dialogue.taking_back = False
        if not dialogue.features.same(new, dialogue.asked_nick):
            dialogue.wanted = new  # the server's wish; arguing about it would never end
        dialogue.source = dialogue.source.replace(old, new, 1)
    fold = dialogue.features.fold
    for channel in dialogue.channels.values():
        if channel.members.pop(fold(old), None) is not None:
            channel.members[fold(new)] = new
            if ranks := channel.ranks.pop(fold(old), ""):
                channel.ranks[fold(new)] = ranks
    dialogue.emit(Renamed(old, new, own))
    if not own and dialogue.features.same(old, dialogue.wanted):
        dialogue.take_back_nick()


@handles("353", params=4)
def _names(dialogue: "Dialogue", message: Message) -> None:
    name, nicks = message.params[2], message.params[3]
    fold = dialogue.features.fold
    names = dialogue.names.setdefault(fold(name), Channel(name))
    for word in nicks.split():
        rest = word.lstrip(dialogue.features.prefixes)
        nick = rest.partition("!")[0]
        names.members[fold(nick)] = nick
        if len(rest) < len(word):
            names.ranks[fold(nick)] = word[: len(word) - len(rest)]


@handles("366", params=2)
def _end_of_names(dialogue: "Dialogue", message: Message) -> None:
    name = message.params[1]
    names = dialogue.names.pop(dialogue.features.fold(name), Channel(name))
    if channel := dialogue.channel(name):
        channel.members, channel.ranks = names.members, names.ranks
    dialogue.emit(
        Names(
            name,
            tuple(names.members.values()),
            tuple(names.ranks.get(key, "") for key in names.members),
        )
    )
    ask_who(dialogue, name)


# What a channel is


@handles("331", "332", params=3)
def _topic_is(dialogue: "Dialogue", message: Message) -> None:
    dialogue.emit(TopicIs(message.params[1], message.params[2] if message.command == "332" else ""))


@handles("TOPIC", params=2)
def _topic(dialogue: "Dialogue", message: Message) -> None:
    dialogue.emit(TopicChanged(message.params[0], message.params[1], message.nick))


@handles("MODE", params=2)
def _mode(dialogue: "Dialogue", message: Message) -> None:
    target, *modes = message.params
    dialogue.emit(ModeChanged(target, message.nick, " ".join(modes), dialogue.is_me(target)))
    change_ranks(dialogue, target, tuple(modes))


@handles("INVITE", params=2)
def _invite(dialogue: "Dialogue", message: Message) -> None:
    nick, channel = message.params[0], message.params[1]
    is_hidden = (
        dialogue.hides_strangers and dialogue.is_me(nick) and dialogue.is_stranger(message.nick)
    )
    if dialogue.ignores(message.source) or is_hidden:
        return
    dialogue.emit(Invited(nick, message.nick, channel, dialogue.is_me(nick)))


@handles("322", params=3)
def _list_entry(dialogue: "Dialogue", message: Message) -> None:
    _, name, users, *topic = message.params
    dialogue.listed += 1
    dialogue.emit(ListEntry(name, users, topic[-1] if topic else ""))


@handles("263", params=3)
def _try_again(dialogue: "Dialogue", message: Message) -> None:
    """RPL_TRYAGAIN: a command was dropped, since the server has too much to do."""
    dialogue.emit(ServerError(message.params[2], message.command, message.params[1]))


@handles("323")
def _list_end(dialogue: "Dialogue", message: Message) -> None:
    dialogue.emit(ListEnd(dialogue.listed))
    dialogue.listed = 0
