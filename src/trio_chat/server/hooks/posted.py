"""What an outgoing webhook posts: an event of a channel as JSON, and its signature."""

import json
from collections.abc import Mapping

from trio_chat import __version__
from trio_chat.chat.history import Record
from trio_chat.chat.hooks import Filter, Hook
from trio_chat.chat.ids import msgid, server_time
from trio_chat.chat.multiline import split
from trio_chat.irc import tag_names
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import ACTION, strip_formatting
from trio_chat.server.hooks.signatures import standard_signature

_EVENTS = {"PRIVMSG": "message"}
"""Names of events that are not those of their commands."""


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


def body_of(record: Record, channel: str, network: str) -> bytes:
    """Return the JSON of a record; docs/webhooks.md describes it.

    Args:
        record: the record.
        channel: the name of its channel.
        network: the name of the server.
    """
    text = text_of(record)
    is_action = text.startswith(ACTION)
    value = {
        "id": msgid(record.id),
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
