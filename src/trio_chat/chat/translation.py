"""Translation on demand: what is translated, and how the answer is written.

A client asks for one message that it may read, or for a text of its own. The port `Translator`
has it translated elsewhere, while the client goes on: the answer comes later, with the label of the
command.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from trio_chat.chat.events import Output
from trio_chat.chat.users import Session
from trio_chat.irc.text import ACTION, strip_controls, strip_formatting

COMMAND = "TRANSLATE"
BATCH_TYPE = "trio-chat/translate"
LONGEST_LANGUAGE = 20
"""Characters of the code of a language (RFC 5646 §4.4.1 recommends 35, for those that are rare)."""
_PIECE = 380
"""Bytes of a translation in one line."""


class Translation(NamedTuple):
    """A translation.

    Args:
        text: it, with lines separated by LF and without other control characters.
        source: the code of the language of the original, as it was detected; "" if it was not.
        target: the code of the language of the translation.
    """

    text: str
    source: str
    target: str


class TranslationFailed(Exception):
    """There is no translation.

    Args:
        code: of the standard reply.
        text: what happened, and what the user can do next; sentences.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


Answer = Callable[[Translation | TranslationFailed], Output]
"""Returns what a session receives; it is called when that is to be delivered."""


class Translator(Protocol):
    """Has texts translated."""

    def ask(self, session: Session, text: str, language: str, answer: Answer) -> None:
        """Have a text translated, and the answer delivered later. Nothing is delivered to a session
        that has ended.

        Args:
            session: who asks.
            text: what is translated; lines are separated by LF.
            language: the code of the language into which it is translated.
            answer: makes the answer.

        Raises:
            TranslationFailed: the session has asked for too much.
        """


def is_language(code: str) -> bool:
    """Return whether a text has the form of the code of a language, such as `en` or `pt-BR`."""
    if not code.isascii() or len(code) > LONGEST_LANGUAGE:
        return False
    return all(part.isalnum() for part in code.replace("_", "-").split("-"))


def plain(text: str) -> str:
    """Return what is translated of the text of a message; "" if there is nothing.

    That is a text without formatting; of a CTCP command only that of an action. Lines that a client
    had to divide are whole again.
    """
    if text.startswith(ACTION):
        text = text.removeprefix(ACTION).removesuffix("\x01")
    elif text.startswith("\x01"):
        return ""
    lines = text.replace("\n\r", "").split("\n")
    return "\n".join(map(_cleaned, lines)).strip()


def _cleaned(line: str) -> str:
    return strip_controls(strip_formatting(line).replace("\t", " "))


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield the parts of a translation that fit a line each, with the number of the line of the
    translation that they belong to, from 1.
    """
    for number, line in enumerate(text.split("\n"), 1):
        rest = line.encode()
        while len(rest) > _PIECE:
            end = _PIECE
            while rest[end] & 0xC0 == 0x80:  # within a character
                end -= 1
            yield number, rest[:end].decode()
            rest = rest[end:]
        yield number, rest.decode()
