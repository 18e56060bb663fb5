"""The payload of a push message: one IRC message without CR LF (soju `doc/ext/webpush`)."""

from trio_chat.chat import multiline
from trio_chat.chat.events import Event
from trio_chat.irc.message import format_tags
from trio_chat.server.push.encryption import MAX_PLAINTEXT


def written(event: Event, caps: int) -> bytes:
    """Return an event as a device receives it, with the tags that fit.

    A message of several lines becomes one line, and a long one is cut, as a notification shows the
    beginning. Client-only tags are left out where they do not fit; the tags of the server, with
    `msgid`, always do.

    Args:
        event: the event.
        caps: the capabilities with which the device was registered.
    """
    if event.is_multiline:
        *head, text = event.params
        event = event.replace(params=(*head, multiline.flatten(text)))
    body, tags = event.body(caps), event.tags(caps)
    line = f"{format_tags(tags)}{body}".encode()
    if len(line) > MAX_PLAINTEXT:
        own = {key: value for key, value in tags.items() if key not in event.client_tags}
        line = f"{format_tags(own)}{body}".encode()
    return line
