"""State of the input: what the next key or the next line answers, shared by all that read them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from trio_chat.client.model.buffer import Buffer


def _nothing() -> None:
    """Do nothing."""


class Confirmation(NamedTuple):
    """A question in the status line, which one key answers.

    Args:
        text: the question.
        yes: called when the user agrees.
        edit: called when the user wants to edit first; None where that is not possible.
    """

    text: str
    yes: Callable[[], None]
    edit: Callable[[], None] | None = None


class PromptRequest(NamedTuple):
    """A question before the prompt, which the next line answers.

    Args:
        caption: the question.
        answer: called with the line.
        secret: whether the line is not shown.
    """

    caption: str
    answer: Callable[[str], None]
    secret: bool = False


class PageFilter(NamedTuple):
    """A page whose lines depend on the text in the prompt.

    Args:
        caption: stands before the text.
        show: shows the page for a text.
        closed: called when the page is closed, or another one takes its place.
    """

    caption: str
    show: Callable[[str], None]
    closed: Callable[[], None] = _nothing


@dataclass(slots=True)
class InputState:
    """The uses of keys and lines other than chatting; at most one of each kind.

    Args:
        confirmation: the question that the next key answers.
        request: the question that the next line answers.
        page_filter: the page that the text in the prompt filters.
        reply_to: the buffer and the msgid that the next message replies to.
        expects_secret: whether a password may be typed before the server asks for it.
    """

    confirmation: Confirmation | None = None
    request: PromptRequest | None = None
    page_filter: PageFilter | None = None
    reply_to: tuple[Buffer, str] | None = None
    expects_secret: bool = False

    @property
    def has_draft(self) -> bool:
        """Whether the text in the prompt is the draft of a message, not an answer or a filter."""
        return self.request is None and self.page_filter is None
