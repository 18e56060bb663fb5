"""Long messages, cut so that nothing is lost on the way.

A server relays a message with our own `:nick!user@host ` in front of it, and the whole line is at
most 512 bytes with its CR LF (RFC 2812 §2.3): so what fits depends on who we are, not only on what
we send.
"""

from trio_chat.client.session.events import MessageKind
from trio_chat.irc.message import MAX_BODY

_MIN_ROOM = 16
"""Bytes for text however long the names are, so that cutting always ends."""


def room_for_text(source: str, target: str, kind: MessageKind) -> int:
    """Return how many bytes of text fit in one relayed message.

    Args:
        source: our `nick!user@host` as others see it.
        target: the nickname or channel it goes to.
        kind: an action has a frame that costs bytes too.
    """
    command = "NOTICE" if kind is MessageKind.NOTICE else "PRIVMSG"
    frame = len(f":{source} {command} {target} :".encode())
    if kind is MessageKind.ACTION:
        frame += len("\x01ACTION \x01")
    return max(MAX_BODY - frame, _MIN_ROOM)


def cut(text: str, room: int) -> tuple[str, str]:
    """Return the first part of a text that fits into `room` UTF-8 bytes, and the rest.

    Cuts at the last space that fits, which goes; where there is none, between two characters.
    """
    data = text.encode()
    if len(data) <= room:
        return text, ""
    head = data[:room].decode("utf-8", "ignore") or text[0]
    rest = text[len(head) :]
    if not rest.startswith(" "):
        space = head.rfind(" ")
        if head[:space].strip() and space > 0:
            head, rest = text[:space], text[space:]
    return head.rstrip(" ") or head, rest.lstrip(" ")


def pieces(text: str, room: int) -> list[str]:
    """Return a text in parts of at most `room` UTF-8 bytes that make it again when put together; at
    least one, perhaps empty.
    """
    parts = []
    while len(data := text.encode()) > room:
        part = data[:room].decode("utf-8", "ignore") or text[0]
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
