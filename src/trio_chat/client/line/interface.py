"""The protocol of an interface: the line client's side of a terminal or a pipe."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import trio

from trio_chat.client.spans import Line


class PromptState(NamedTuple):
    """What stands before the line being typed.

    Args:
        text: what is shown.
        asking: whether it is a question, which must be seen.
        secret: whether the answer must not be.
    """

    text: str
    asking: bool = False
    secret: bool = False


class Interface(Protocol):
    """Where lines are typed and shown."""

    @property
    def interactive(self) -> bool:
        """Whether a person is typing, whom we can ask."""

    @property
    def can_hide(self) -> bool:
        """Whether a person can type something here that is not shown."""

    async def read_lines(self, lines: trio.MemorySendChannel[str]) -> None:
        """Send typed lines until there are no more, then close the channel; cancelled, restore the
        terminal.
        """

    async def write(self, lines: Sequence[Line], prompt: PromptState) -> None:
        """Show lines, and set the prompt; raises BrokenPipeError when nobody can see them any
        more.
        """
