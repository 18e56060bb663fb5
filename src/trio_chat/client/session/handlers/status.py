"""Handlers of the status of users and messages: away, WHOIS, typing, reactions, read markers."""

from trio_chat.client.session.events import (
    Away,
    AwayChanged,
    ConversationFound,
    InvitationLink,
    MarkerMoved,
    NotificationLevel,
    Reacted,
    Redacted,
    ServerText,
    Typing,
    Whois,
)
from trio_chat.client.session.handlers.table import handles
from trio_chat.client.session.protocol_state import ProtocolState
from trio_chat.irc import capability_names, numerics, tag_names
from trio_chat.irc.message import Message

_MOST_ASKED = 500
"""Members of a channel that are asked about at its JOIN: for more, the answer would be a flood."""


def request_status(protocol: ProtocolState, channel: str) -> None:
    """Ask who is away in a channel that was just joined, where its members are few enough and the
    server announces changes.
    """
    key = protocol.features.fold(channel)
    found = protocol.channel(channel)
    if key not in protocol.status_due or not found:
        return
    is_announced = capability_names.AWAY_NOTIFY in protocol.negotiation.enabled
    if is_announced and len(found.members) <= _MOST_ASKED:
        protocol.send("WHO", channel)
    else:
        protocol.status_due.discard(key)


def answered_msgid(message: Message) -> str:
    """Return the msgid that a message answers or reacts to, "" for none."""
    tags = message.tags
    return tags.get(tag_names.DRAFT_REPLY, "") or tags.get(tag_names.REPLY, "")


@handles(numerics.RPL_WHOREPLY, params=7)
def _who(protocol: ProtocolState, message: Message) -> None:
    if protocol.features.fold(message.params[1]) not in protocol.status_due:
        if protocol.bans.take(message.params[1:]):
            return
        protocol.emit(ServerText(" ".join(message.params[1:])))
    elif message.params[6].startswith("G"):
        protocol.emit(AwayChanged(message.params[5], is_away=True, known=True))


@handles(numerics.RPL_WHOSPCRPL, params=2)
def _whox(protocol: ProtocolState, message: Message) -> None:
    if not protocol.bans.take(message.params[1:]):
        protocol.emit(ServerText(" ".join(message.params[1:])))


@handles(numerics.RPL_ENDOFWHO, params=2)
def _end_of_who(protocol: ProtocolState, message: Message) -> None:
    key = protocol.features.fold(message.params[1])
    if key in protocol.status_due:
        protocol.status_due.discard(key)
    else:
        protocol.bans.answered(message.params[1])


@handles(
    numerics.RPL_WHOISUSER,
    numerics.RPL_WHOISSERVER,
    numerics.RPL_WHOISOPERATOR,
    numerics.RPL_WHOISIDLE,
    numerics.RPL_WHOISCHANNELS,
    numerics.RPL_WHOISACCOUNT,
    numerics.RPL_WHOISSECURE,
    numerics.RPL_WHOISACTUALLY,
    numerics.RPL_WHOISREGNICK,
    numerics.RPL_WHOISBOT,
    numerics.RPL_WHOISHOST,
    numerics.RPL_WHOISMODES,
    params=3,
)
def _whois(protocol: ProtocolState, message: Message) -> None:
    protocol.emit(Whois(message.params[1], message.command, message.params[2:]))


@handles("INVITATION", params=7)
def _invitation(protocol: ProtocolState, message: Message) -> None:
    verb, channel, number, *_, token, link = message.params
    if verb == "CREATED":
        protocol.emit(InvitationLink(channel, token, link, is_open=number == "*"))


@handles("AWAY")
def _away_changed(protocol: ProtocolState, message: Message) -> None:
    text = message.params[0] if message.params else ""
    protocol.emit(AwayChanged(message.nick, bool(text), text))


@handles(numerics.RPL_AWAY, params=2)
def _away(protocol: ProtocolState, message: Message) -> None:
    protocol.emit(Away(message.params[1], message.params[-1]))


@handles(numerics.RPL_UNAWAY)
def _own_return(protocol: ProtocolState, message: Message) -> None:
    protocol.sync_state.away = ""
    protocol.emit(AwayChanged(protocol.nick, is_away=False, own=True))


@handles(numerics.RPL_NOWAWAY)
def _own_away(protocol: ProtocolState, message: Message) -> None:
    protocol.emit(AwayChanged(protocol.nick, is_away=True, own=True))


@handles("TAGMSG", params=1)
def _tags_only(protocol: ProtocolState, message: Message) -> None:
    tags, target = message.tags, message.params[0]
    batch = tags.get(tag_names.BATCH, "")
    if protocol.senders.ignores(message.source):
        protocol.history.pass_over(batch, message)
        return
    own = protocol.is_me(message.nick)
    private = protocol.is_me(target) and not own
    reaction = tags.get(tag_names.REACT, "") or tags.get(tag_names.UNREACT, "")
    if reaction and (answered := answered_msgid(message)):
        is_taken_back = tag_names.UNREACT in tags
        reacted = Reacted(
            message.nick,
            target,
            answered,
            reaction,
            own,
            private,
            is_taken_back,
            tags.get(tag_names.TIME, ""),
            is_played_back=batch in protocol.history.batches,
        )
        if reacted.is_played_back:
            protocol.history.pass_over(batch, message, reacted)
        else:
            protocol.emit(reacted)
    elif batch in protocol.history.batches:
        protocol.history.pass_over(batch, message)
    elif not own and tag_names.BATCH not in tags and (state := tags.get(tag_names.TYPING, "")):
        conversation = message.nick if private else target
        protocol.report(Typing(message.nick, conversation, state == "active"))


@handles("REDACT", params=2)
def _redact(protocol: ProtocolState, message: Message) -> None:
    target, msgid, *reason = message.params
    if (batch := message.tags.get(tag_names.BATCH, "")) in protocol.history.batches:
        protocol.history.pass_over(batch, message)
        if not protocol.sync_state.has_seen(msgid):
            return  # the history does not have its text
    conversation = message.nick if protocol.is_me(target) else target
    protocol.report(Redacted(conversation, msgid, message.nick, reason[0] if reason else ""))


@handles("MARKREAD", params=2)
def _marker_moved(protocol: ProtocolState, message: Message) -> None:
    target, position = message.params[0], message.params[1]
    if position.startswith("timestamp="):
        time = position.removeprefix("timestamp=")
        protocol.read_markers.moved(target, time)
        if protocol.sees_status:
            protocol.report(MarkerMoved(target, time))


@handles("NOTIFY", params=2)
def _notification_level(protocol: ProtocolState, message: Message) -> None:
    conversation, level, *rest = message.params
    until = rest[0].removeprefix("until=") if rest and rest[0].startswith("until=") else ""
    if protocol.sees_status:
        chosen = level if level in ("all", "mentions", "nothing") else ""
        protocol.report(NotificationLevel(conversation, chosen, until))


@handles("CHATHISTORY", params=3)
def _history_target(protocol: ProtocolState, message: Message) -> None:
    command, target, time = message.params[0].upper(), message.params[1], message.params[2]
    senders = protocol.senders
    is_user = not protocol.features.is_channel(target)
    is_hidden = senders.ignores(target) or (is_user and senders.hides_stranger(target))
    if command == "TARGETS" and not is_hidden:
        is_stranger = is_user and senders.is_stranger(target)
        protocol.report(ConversationFound(target, time.removeprefix("timestamp="), is_stranger))
