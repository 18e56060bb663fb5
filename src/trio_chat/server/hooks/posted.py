"""What an outgoing webhook posts: an event of a channel as JSON, and its signature; and what an
incoming one reads of that, on this server or another one.

Each message that came so has the ids of the outgoing webhooks on its way as a tag, and takes it
along. A channel does not take what one of its own has posted: two channels that post to each other
have each message once.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from trio_chat import __version__
from trio_chat.chat.history import Record
from trio_chat.chat.hooks import Filter, Hook, Hooks
from trio_chat.chat.ids import msgid, server_time
from trio_chat.chat.multiline import split
from trio_chat.irc import tag_names
from trio_chat.irc.names import RELAY_SEPARATOR, fold_or_self
from trio_chat.irc.text import ACTION, strip_formatting
from trio_chat.server.hooks.markup import LONGEST
from trio_chat.server.hooks.signatures import standard_signature
from trio_chat.server.hooks.values import HookMessage, at, dict_at, list_at, text_at

_EVENTS = {"PRIVMSG": "message"}
"""Names of events that are not those of their commands."""
_DONE = {
    "topic": "* {nick} sets the topic: {text}",
    "join": "* {nick} joins",
    "part": "* {nick} leaves: {text}",
    "quit": "* {nick} leaves: {text}",
    "kick": "* {nick} removes {params}",
    "nick": "* {nick} is now {text}",
    "mode": "* {nick} sets the modes {params}",
}
"""What is shown of events that are no messages."""
_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
_MOST_HOOKS = 8
"""Webhooks by which one message can have come."""


def event_of(record: Record) -> str:
    """Return the name of the event of a record, as filters have it."""
    return _EVENTS.get(record.command, record.command.lower())


def is_wanted(chosen: Filter, record: Record) -> bool:
    """Return whether a filter lets a record through."""
    if event_of(record) not in chosen.events:
        return False
    if chosen.nicks and fold_or_self(_nick(record)) not in chosen.nicks:
        return False
    text = strip_formatting(text_of(record)).lower()
    return not chosen.words or any(word in text for word in chosen.words)


def _nick(record: Record) -> str:
    return record.source.partition("!")[0]


def text_of(record: Record) -> str:
    """Return the text of a message, its lines with LF between them; of an event its last
    parameter.
    """
    if record.params:
        return record.params[-1]
    return "".join(
        f"{'' if line.is_joined or not number else chr(10)}{line.text}"
        for number, line in enumerate(split(record.text))
    )


def body_of(hook: Hook, record: Record, channel: str, network: str) -> bytes:
    """Return the JSON of a record; docs/webhooks.md describes it.

    Args:
        hook: the webhook.
        record: the record.
        channel: the name of its channel.
        network: the name of the server.
    """
    text = text_of(record)
    is_action = text.startswith(ACTION)
    value = {
        "id": msgid(record.id),
        "hook": hook.id,
        "event": event_of(record),
        "network": network,
        "channel": channel,
        "time": server_time(record.id, record.shift),
        "nick": _nick(record),
        "source": record.source,
        "account": record.account or None,
        "is_bot": record.is_bot,
        "is_action": is_action,
        "text": text.removeprefix(ACTION).removesuffix("\x01") if is_action else text,
        "reply_to": record.tags.get(tag_names.REPLY) or record.tags.get(tag_names.DRAFT_REPLY),
        "params": list(record.params),
        "tags": dict(record.tags),
    }
    return json.dumps(value, ensure_ascii=False).encode()


def is_posted(payload: Any) -> bool:
    """Return whether a payload is one of an outgoing webhook of trio-chat."""
    is_ours = {"event", "network", "channel", "tags"} <= dict_at(payload).keys()
    return is_ours and _ID.fullmatch(text_at(payload, "hook")) is not None


def from_posted(payload: Any) -> HookMessage:
    """Return what an outgoing webhook has posted, under the nickname of its author."""
    nick, text = text_at(payload, "nick"), text_at(payload, "text")[:LONGEST]
    event, params = text_at(payload, "event"), " ".join(map(str, list_at(payload, "params")))
    if event in _DONE:
        text = _DONE[event].format(nick=nick, text=text, params=params).removesuffix(": ")
    elif at(payload, "is_action") is True:
        text = f"* {nick} {text}"
    before = text_at(payload, "tags", tag_names.HOOKS).split(",")[:_MOST_HOOKS]
    hooks = (*filter(_ID.fullmatch, before), text_at(payload, "hook"))
    return HookMessage(text, nick.partition(RELAY_SEPARATOR)[0], hooks=hooks)


def may_take(hooks: Hooks, channel: int, message: HookMessage) -> bool:
    """Return whether a message is for a channel: one that has come from there is not.

    Args:
        hooks: of this server.
        channel: `Hook.channel`.
        message: the message.
    """
    own = {hook.id for hook in hooks.of_channel(channel) if hook.url}
    return own.isdisjoint(message.hooks) and len(message.hooks) <= _MOST_HOOKS


def headers_of(hook: Hook, record: Record, body: bytes, now: float) -> Mapping[str, str]:
    """Return the headers of a request, with a signature as Standard Webhooks have it.

    Args:
        hook: the webhook.
        record: the record.
        body: its JSON.
        now: seconds of Unix time.
    """
    number, timestamp = msgid(record.id), str(int(now))
    return {
        "Content-Type": "application/json",
        "User-Agent": f"trio-chat/{__version__}",
        "Idempotency-Key": number,
        "webhook-id": number,
        "webhook-timestamp": timestamp,
        "webhook-signature": standard_signature(hook.signing, number, timestamp, body),
    }
