"""The status of users and messages: ranks, away, typing, reactions, deletions."""

from typing import TYPE_CHECKING

from trio_chat.client.session.events import (
    AwayChanged,
    HistoryTarget,
    MarkerMoved,
    RankChanged,
    Reacted,
    Redacted,
    ServerInfo,
    Typing,
    Whois,
)
from trio_chat.client.session.handlers import handles
from trio_chat.irc import numerics
from trio_chat.irc.message import Message

if TYPE_CHECKING:
    from trio_chat.client.session.protocol import ClientProtocol

_MOST_ASKED = 500
"""Members of a channel about whom the server is asked when we join: of more, an answer would be a
flood.
"""
REPLY_TAG = "+draft/reply"
"""The tag of a message, or a reaction, that answers the message with the msgid in it (IRCv3
draft/reply).
"""
REPLY_TAGS = (REPLY_TAG, "+reply")


def ask_who(protocol: "ClientProtocol", channel: str) -> None:
    """Find out who is away in a channel just joined, where its members are few enough and changes
    will be told.
    """
    key = protocol.features.fold(channel)
    found = protocol.channel(channel)
    if key not in protocol.status_due or not found:
        return
    if "away-notify" in protocol.negotiation.enabled and len(found.members) <= _MOST_ASKED:
        protocol.send("WHO", channel)
    else:
        protocol.status_due.discard(key)


@handles(numerics.RPL_WHOREPLY, params=7)
def _who(protocol: "ClientProtocol", message: Message) -> None:
    if protocol.features.fold(message.params[1]) not in protocol.status_due:
        protocol.emit(ServerInfo(" ".join(message.params[1:])))
    elif message.params[6].startswith("G"):
        protocol.emit(AwayChanged(message.params[5], is_away=True, known=True))


@handles(numerics.RPL_ENDOFWHO, params=2)
def _end_of_who(protocol: "ClientProtocol", message: Message) -> None:
    protocol.status_due.discard(protocol.features.fold(message.params[1]))


@handles(
    numerics.RPL_WHOISUSER,
    numerics.RPL_WHOISSERVER,
    numerics.RPL_WHOISOPERATOR,
    numerics.RPL_WHOISIDLE,
    numerics.RPL_WHOISCHANNELS,
    numerics.RPL_WHOISACCOUNT,
    numerics.RPL_WHOISSECURE,
    params=3,
)
def _whois(protocol: "ClientProtocol", message: Message) -> None:
    protocol.emit(Whois(message.params[1], message.command, message.params[2:]))


@handles("AWAY")
def _away(protocol: "ClientProtocol", message: Message) -> None:
    text = message.params[0] if message.params else ""
    protocol.emit(AwayChanged(message.nick, bool(text), text))


@handles(numerics.RPL_UNAWAY, numerics.RPL_NOWAWAY)
def _own_away(protocol: "ClientProtocol", message: Message) -> None:
    protocol.emit(AwayChanged(protocol.nick, message.command == numerics.RPL_NOWAWAY, own=True))


def change_ranks(protocol: "ClientProtocol", name: str, modes: tuple[str, ...]) -> None:
    """Note what a MODE changes of the ranks of members, and tell it."""
    channel = protocol.channel(name)
    if channel is None:
        return
    for nick, prefix, is_set in protocol.features.rank_changes(modes):
        key = protocol.features.fold(nick)
        if key not in channel.members:
            continue
        known = channel.ranks.get(key, "").replace(prefix, "")
        channel.ranks[key] = protocol.features.sorted_ranks(known + (prefix if is_set else ""))
        protocol.emit(RankChanged(channel.name, channel.members[key], channel.ranks[key]))


@handles("TAGMSG", params=1)
def _tags_only(protocol: "ClientProtocol", message: Message) -> None:
    if protocol.ignores(message.source):
        return
    tags, target = message.tags, message.params[0]
    own = protocol.is_me(message.nick)
    private = protocol.is_me(target) and not own
    answered = next((tags[name] for name in REPLY_TAGS if tags.get(name)), "")
    if answered and (reaction := tags.get("+draft/react", "") or tags.get("+draft/unreact", "")):
        is_taken_back = "+draft/unreact" in tags
        protocol.tell(
            Reacted(message.nick, target, answered, reaction, own, private, is_taken_back)
        )
    elif not own and (state := tags.get("+typing", "")) and "batch" not in tags:
        protocol.tell(Typing(message.nick, message.nick if private else target, state == "active"))


@handles("REDACT", params=2)
def _redact(protocol: "ClientProtocol", message: Message) -> None:
    target, msgid, *reason = message.params
    talk = message.nick if protocol.is_me(target) else target
    protocol.tell(Redacted(talk, msgid, message.nick, reason[0] if reason else ""))


@handles("MARKREAD", params=2)
def _read(protocol: "ClientProtocol", message: Message) -> None:
    target, place = message.params[0], message.params[1]
    if place.startswith("timestamp="):
        time = place.removeprefix("timestamp=")
        protocol.history.markers[protocol.features.fold(target)] = time
        if protocol.sees_status:
            protocol.tell(MarkerMoved(target, time))


@handles("CHATHISTORY", params=3)
def _talked(protocol: "ClientProtocol", message: Message) -> None:
    talk = message.params[1]
    is_stranger = not protocol.features.is_channel(talk) and protocol.is_stranger(talk)
    is_unwanted = protocol.ignores(talk) or (protocol.hides_strangers and is_stranger)
    if message.params[0].upper() == "TARGETS" and not is_unwanted:
        protocol.tell(
            HistoryTarget(talk, message.params[2].removeprefix("timestamp="), is_stranger)
        )
