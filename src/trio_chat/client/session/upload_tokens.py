"""Requests for tokens by which this client uploads (IRCv3 `draft/authtoken`), in the order in which
the server answers.
"""

from collections import deque
from collections.abc import Callable

from trio_chat.client.session.effects import Effects

Answer = Callable[[str, str], None]
"""Called with the token and "", or with "" and the reason why there is none."""


class UploadTokens:
    """The requests for tokens on one connection.

    Args:
        effects: where lines are sent.
    """

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._waiting: deque[Answer] = deque()

    def request(self, answer: Answer) -> None:
        """Request a token; `answer` is called when it comes."""
        self._waiting.append(answer)
        self._effects.send("TOKEN", "GENERATE", "FILEHOST")

    def answered(self, token: str, reason: str = "") -> bool:
        """Take an answer of the server; return whether one was awaited."""
        if not self._waiting:
            return False
        self._waiting.popleft()(token, reason)
        return True

    def end(self, reason: str) -> None:
        """Answer all requests: the connection has ended."""
        while self.answered("", reason):
            pass
