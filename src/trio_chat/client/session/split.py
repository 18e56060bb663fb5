"""Long messages, divided so that servers cut nothing.

A server relays a message with `:nick!user@host ` in front of it, and the whole line has at most 512
bytes with its CR LF (RFC 2812 §2.3). So the room for text depends on the source of the message, not
only on the line that the client sends.
"""

from trio_chat.client.session.events import MessageKind
from trio_chat.irc.message import MAX_BODY
from trio_chat.irc.text import cut_bytes

_MIN_ROOM = 16
"""Bytes for text at least, however long the names are, so that dividing always ends."""


def room_for_text(source: str, target: str, kind: MessageKind) -> int:
    """Return how many bytes of text fit in one relayed message.

    Args:
        source: the `nick!user@host` of this client as others see it.
        target: the nickname or channel that the message goes to.
        kind: the kind of message; an action has a frame that takes bytes too.
    """
    command = "NOTICE" if kind is MessageKind.NOTICE else "PRIVMSG"
    frame = len(f":{source} {command} {target} :".encode())
    if kind is MessageKind.ACTION:
        frame += len("\x01ACTION \x01")
    return max(MAX_BODY - frame, _MIN_ROOM)


def cut(text: str, room: int) -> tuple[str, str]:
    """Return the first part of a text that fits into `room` UTF-8 bytes, and the rest.

    The text is divided at the last space that fits, which is dropped; without a space, between two
    signs.
    """
    if len(text.encode()) <= room:
        return text, ""
    head = cut_bytes(text, room) or text[0]
    rest = text[len(head) :]
    if not rest.startswith(" "):
        space = head.rfind(" ")
        if head[:space].strip() and space > 0:
            head, rest = text[:space], text[space:]
    return head.rstrip(" ") or head, rest.lstrip(" ")


def pieces(text: str, room: int) -> list[str]:
    """Return a text in parts of at most `room` UTF-8 bytes whose concatenation is the text; at
    least one part, perhaps empty.
    """
    parts = []
    while len(text.encode()) > room:
        part = cut_bytes(text, room) or text[0]
        space = part.rfind(" ")
        parts.append(part[: space + 1] if space > 0 else part)
        text = text[len(parts[-1]) :]
    return [*parts, text]


def split(text: str, room: int) -> list[str]:
    """Return a text in parts of at most `room` UTF-8 bytes, in order."""
    parts = []
    while text:
        part, text = cut(text, room)
        parts.append(part)
    return parts
