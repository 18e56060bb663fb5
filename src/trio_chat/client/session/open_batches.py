"""Open batches: the label that a batch answers, and messages of several lines (IRCv3 batch,
labeled-response, `draft/multiline`).
"""

from dataclasses import dataclass, field
from typing import Any

from trio_chat.irc import tag_names
from trio_chat.irc.message import NO_TAGS, Message

_MOST_BYTES = 65536
"""Of one message that are kept, whatever the server sends."""
_MOST_OPEN = 50
"""Messages of several lines that have begun; the one that began first is dropped for a new one."""
_MOST_LABELS = 1000
"""Answers that have begun; likewise."""


@dataclass(slots=True)
class MultilineBatch:
    """A batch that is one message: its opening, which has the tags of the whole, and the lines so
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
        if self.lines and tag_names.MULTILINE_CONCAT in message.tags:
            self.lines[-1] += text
        else:
            self.lines.append(text)

    def message(self) -> Message | None:
        """Return the whole as one message; None when there is no text or no target."""
        target = self.opening.params[2] if len(self.opening.params) > 2 else ""
        if not self.lines or not target:
            return None
        return Message(
            self.command,
            (target, "\n".join(self.lines)),
            self.source or self.opening.source,
            self.opening.tags,
        )


class OpenBatches:
    """The batches of one connection that have begun and not ended, by their references."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._multiline: dict[str, MultilineBatch] = {}

    def begin(self, reference: str, opening: Message) -> None:
        """Note that a batch begins."""
        if label := self.label_of(opening):
            self._labels[reference] = label
            _drop_first(self._labels, _MOST_LABELS)
        if opening.params[1:2] == (tag_names.MULTILINE_BATCH,):
            self._multiline[reference] = MultilineBatch(opening)
            _drop_first(self._multiline, _MOST_OPEN)

    def label_of(self, message: Message) -> str:
        """Return the label that a message answers, directly or in a batch; "" for none."""
        tags = message.tags
        if tags is NO_TAGS:
            return ""
        batch = tags.get(tag_names.BATCH, "")
        return tags.get(tag_names.LABEL, "") or self._labels.get(batch, "")

    def add_line(self, message: Message) -> bool:
        """Take a line of a multiline batch; return whether it is one."""
        batch = self._multiline.get(message.tags.get(tag_names.BATCH, ""))
        if batch is not None:
            batch.add(message)
        return batch is not None

    def end_multiline(self, reference: str) -> Message | None:
        """Return the message that a multiline batch makes; None for another batch."""
        batch = self._multiline.pop(reference, None)
        return batch.message() if batch else None

    def end(self, reference: str, closing: Message) -> str:
        """Note that a batch ends; return the label that it answers, "" for none, and for an inner
        batch of an answer.
        """
        label = self._labels.pop(reference, "")
        is_inner = closing.tags.get(tag_names.BATCH, "") in self._labels
        return "" if is_inner else label


def _drop_first(kept: dict[str, Any], most: int) -> None:
    if len(kept) > most:
        del kept[next(iter(kept))]
