"""The status of users and messages: ranks, away, typing, reactions, deletions."""

from typing import TYPE_CHECKING

from trio_chat.client.session.events import (
    AwayChanged,
    MarkerMoved,
    RankChanged,
    Reacted,
    Redacted,
    ServerInfo,
    TalkedBefore,
    Typing,
    Whois,
)
from trio_chat.client.session.handlers import handles
from trio_chat.irc.message import Message

if TYPE_CHECKING:
    from trio_chat.client.session.dialogue import Dialogue

_MOST_ASKED = 500
"""Members of a channel about whom the server is asked when we join: of more, an answer would be a
flood.
"""
ANSWERS = "+draft/reply"
"""The tag of a message, or a reaction, that answers the message with the msgid in it (IRCv3
draft/reply).
"""
REPLY_TAGS = (ANSWERS, "+reply")


def ask_who(dialogue: "Dialogue", channel: str) -> None:
    """Find out who is away in a channel just joined, where its members are few enough and changes
    will be told.
    """
    key = dialogue.features.fold(channel)
    found = dialogue.channel(channel)
    if key not in dialogue.status_due or not found:
        return
    if "away-notify" in dialogue.negotiation.enabled and len(found.members) <= _MOST_ASKED:
        dialogue.send("WHO", channel)
    else:
        dialogue.status_due.discard(key)


@handles("352", params=7)
def _who(dialogue: "Dialogue", message: Message) -> None:
    if dialogue.features.fold(message.params[1]) not in dialogue.status_due:
        dialogue.emit(ServerInfo(" ".join(message.params[1:])))
    elif message.params[6].startswith("G"):
        dialogue.emit(AwayChanged(message.params[5], is_away=True, known=True))


@handles("315", params=2)
def _end_of_who(dialogue: "Dialogue", message: Message) -> None:
    dialogue.status_due.discard(dialogue.features.fold(message.params[1]))


@handles("311", "312", "313", "317", "319", "330", "671", params=3)
def _whois(dialogue: "Dialogue", message: Message) -> None:
    dialogue.emit(Whois(message.params[1], message.command, message.params[2:]))


@handles("AWAY")
def _away(dialogue: "Dialogue", message: Message) -> None:
    text = message.params[0] if message.params else ""
    dialogue.emit(AwayChanged(message.nick, bool(text), text))


@handles("305", "306")
def _own_away(dialogue: "Dialogue", message: Message) -> None:
    dialogue.emit(AwayChanged(dialogue.nick, message.command == "306", own=True))


def change_ranks(dialogue: "Dialogue", name: str, modes: tuple[str, ...]) -> None:
    """Note what a MODE changes of the ranks of members, and tell it."""
    channel = dialogue.channel(name)
    if channel is None:
        return
    for nick, prefix, is_set in dialogue.features.rank_changes(modes):
        key = dialogue.features.fold(nick)
        if key not in channel.members:
            continue
        known = channel.ranks.get(key, "").replace(prefix, "")
        channel.ranks[key] = dialogue.features.sorted_ranks(known + (prefix if is_set else ""))
        dialogue.emit(RankChanged(channel.name, channel.members[key], channel.ranks[key]))


@handles("TAGMSG", params=1)
def _tags_only(dialogue: "Dialogue", message: Message) -> None:
    if dialogue.ignores(message.source):
        return
    tags, target = message.tags, message.params[0]
    own = dialogue.is_me(message.nick)
    private = dialogue.is_me(target) and not own
    answered = next((tags[name] for name in REPLY_TAGS if tags.get(name)), "")
    if answered and (reaction := tags.get("+draft/react", "") or tags.get("+draft/unreact", "")):
        is_taken_back = "+draft/unreact" in tags
        dialogue.tell(
            Reacted(message.nick, target, answered, reaction, own, private, is_taken_back)
        )
    elif not own and (state := tags.get("+typing", "")) and "batch" not in tags:
        dialogue.tell(Typing(message.nick, message.nick if private else target, state == "active"))


@handles("REDACT", params=2)
def _redact(dialogue: "Dialogue", message: Message) -> None:
    target, msgid, *reason = message.params
    talk = message.nick if dialogue.is_me(target) else target
    dialogue.tell(Redacted(talk, msgid, message.nick, reason[0] if reason else ""))


@handles("MARKREAD", params=2)
def _read(dialogue: "Dialogue", message: Message) -> None:
    target, place = message.params[0], message.params[1]
    if place.startswith("timestamp="):
        time = place.removeprefix("timestamp=")
        dialogue.history.markers[dialogue.features.fold(target)] = time
        if dialogue.sees_status:
            dialogue.tell(MarkerMoved(target, time))


@handles("CHATHISTORY", params=3)
def _talked(dialogue: "Dialogue", message: Message) -> None:
    talk = message.params[1]
    is_stranger = not dialogue.features.is_channel(talk) and dialogue.is_stranger(talk)
    is_unwanted = dialogue.ignores(talk) or (dialogue.hides_strangers and is_stranger)
    if message.params[0].upper() == "TARGETS" and not is_unwanted:
        dialogue.tell(TalkedBefore(talk, message.params[2].removeprefix("timestamp="), is_stranger))
