"""Interface protocol: the line client's view of a terminal or a pipe."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import trio

from trio_chat.client.spans import Line


class OutputError(Exception):
    """The lines cannot be written, as when the disk is full; the message says why."""


class PromptState(NamedTuple):
    """The text before the line being typed.

    Args:
        text: the text.
        asking: whether it is a question, which must be visible.
        secret: whether the answer must be invisible.
    """

    text: str
    asking: bool = False
    secret: bool = False


Complete = Callable[[str, int], Sequence[tuple[str, int]]]
"""Returns the texts that completing the word before the cursor could give, each with the position
of the cursor; given the text and the position.
"""


class Interface(Protocol):
    """A place where lines are typed and shown."""

    @property
    def interactive(self) -> bool:
        """Whether a user is typing who can be asked."""

    @property
    def can_hide(self) -> bool:
        """Whether the user can type something that is not shown."""

    @property
    def draws_codes(self) -> bool:
        """Whether the lines are shown on a terminal, where a QR code can be read."""

    async def read_lines(
        self, lines: trio.MemorySendChannel[str], complete: Complete | None = None
    ) -> None:
        """Send typed lines until the end of the input, then close the channel.

        Cancelled, it restores the terminal.

        Args:
            lines: where they are sent.
            complete: completes a word, where keys are typed.
        """

    async def write(self, lines: Sequence[Line], prompt: PromptState) -> None:
        """Show lines, and set the prompt.

        Raises:
            BrokenPipeError: the reader of the lines has gone.
            OutputError: the lines cannot be written.
        """
