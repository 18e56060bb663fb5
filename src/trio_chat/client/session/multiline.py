"""Messages of several lines as they come (IRCv3 draft/multiline): the lines of an open batch, and
the message they make.
"""

from dataclasses import dataclass, field

from trio_chat.irc.message import Message

MULTILINE = "draft/multiline"
CONCAT = "draft/multiline-concat"
_MOST_BYTES = 65536
"""Of one message that are kept, whatever the server sends."""


@dataclass(slots=True)
class MultilineBatch:
    """A batch that has begun: its opening, which has the tags of the whole, and the lines so
    far.
    """

    opening: Message
    command: str = ""
    source: str = ""
    lines: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, message: Message) -> None:
        """Take one line."""
        self.command, self.source = message.command, message.source
        text = message.params[1]
        self.size += len(text) + 1
        if self.size > _MOST_BYTES:
            return
        if self.lines and CONCAT in message.tags:
            self.lines[-1] += text
        else:
            self.lines.append(text)

    def message(self) -> Message | None:
        """Return what was said as one message; None when nothing was."""
        target = self.opening.params[2] if len(self.opening.params) > 2 else ""
        if not self.lines or not target:
            return None
        return Message(
            self.command,
            (target, "\n".join(self.lines)),
            self.source or self.opening.source,
            self.opening.tags,
        )
