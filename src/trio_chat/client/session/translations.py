"""Translations that the user has asked the server for (`trio-chat/translate`).

Each is known by its label: the answer comes later, while others are sent and answered.
"""

from itertools import count
from typing import NamedTuple

from trio_chat.client.session.effects import Effects
from trio_chat.client.session.events import Translated, TranslationRefused
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.irc import capability_names, tag_names
from trio_chat.irc.message import Message

COMMAND = "TRANSLATE"
BATCH_TYPE = "trio-chat/translate"
_LONGEST_TEXT = 400
"""Bytes of a text that fit into one line, whatever the language is called."""
_MOST_CHARACTERS = 100_000
"""Of one translation that are kept, whatever the server sends."""


class _Asked(NamedTuple):
    """What was asked for: a message, or with the msgid "" a text."""

    target: str
    msgid: str


class _Answer:
    """An answer that is arriving."""

    def __init__(self, asked: _Asked, language: str, source: str) -> None:
        self.asked, self.language, self.source = asked, language, source
        self.lines: dict[str, str] = {}
        self.size = 0

    def add(self, number: str, text: str) -> None:
        """Take a part of it."""
        self.size += len(text) + 1
        if self.size <= _MOST_CHARACTERS:
            self.lines[number] = self.lines.get(number, "") + text


class Translations:
    """The translations of one connection.

    Args:
        effects: where lines are sent and events are reported.
        negotiation: the capabilities.
    """

    def __init__(self, effects: Effects, negotiation: Negotiation) -> None:
        self._effects = effects
        self._negotiation = negotiation
        self._numbers = count(1)
        self._asked: dict[str, _Asked] = {}
        self._answers: dict[str, _Answer] = {}

    def ask_for_message(self, target: str, msgid: str, language: str) -> None:
        """Ask for a message that the server has."""
        self._ask(_Asked(target, msgid), target, msgid, language)

    def ask_for_text(self, target: str, msgid: str, language: str, text: str) -> None:
        """Ask for a text of one line.

        Args:
            target: the conversation that has it, or in which it is to be said; "" for none.
            msgid: of that message, or "".
            language: the code of the language.
            text: it.
        """
        asked = _Asked(target, msgid)
        if len(text.encode()) > _LONGEST_TEXT or "\n" in text:
            self._effects.report(TranslationRefused(*asked, "TOO_LONG", ""))
        else:
            self._ask(asked, "*", "*", language, text)

    def _ask(self, asked: _Asked, *params: str) -> None:
        if capability_names.TRANSLATE not in self._negotiation.enabled:
            self._effects.report(TranslationRefused(*asked, "NO_TRANSLATION", ""))
            return
        label = f"translation-{next(self._numbers)}"
        self._effects.put(Message(COMMAND, params, tags={tag_names.LABEL: label}))
        self._asked[label] = asked
        self._effects.report(Translated(*asked, "", "", params[2]))

    def begin(self, reference: str, opening: Message) -> None:
        """Note that a batch begins, which may be an answer."""
        asked = self._asked.get(opening.tags.get(tag_names.LABEL, ""))
        if asked is not None and opening.params[1:2] == (BATCH_TYPE,) and len(opening.params) > 5:
            source = opening.params[5]
            source = "" if source == "*" else source
            self._answers[reference] = _Answer(asked, opening.params[4], source)
            del self._asked[opening.tags[tag_names.LABEL]]

    def add(self, message: Message) -> None:
        """Take a part of an answer."""
        if answer := self._answers.get(message.tags.get(tag_names.BATCH, "")):
            answer.add(*message.params[:2])

    def end_batch(self, reference: str) -> None:
        """Report an answer that is complete."""
        if answer := self._answers.pop(reference, None):
            text = "\n".join(answer.lines.values()).strip()
            languages = answer.source, answer.language
            self._effects.report(Translated(*answer.asked, text or "…", *languages))

    def refused(self, label: str, code: str, reason: str) -> bool:
        """Report that there is no translation; return whether one was asked for with a label."""
        asked = self._asked.pop(label, None)
        if asked is not None:
            self._effects.report(TranslationRefused(*asked, code, reason))
        return asked is not None

    def end(self) -> None:
        """Report that the connection has ended before the answers."""
        for asked in (*self._asked.values(), *(each.asked for each in self._answers.values())):
            self._effects.report(TranslationRefused(*asked, "LOST", ""))
        self._asked.clear()
        self._answers.clear()
