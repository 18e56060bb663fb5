"""The result of a check: what was found, and what the user can do."""

from enum import Enum
from typing import NamedTuple

from trio_chat.i18n import N_


class Level(Enum):
    """How a finding counts; the value is the word that is shown."""

    GOOD = N_("good")
    NOTE = N_("note")
    PROBLEM = N_("PROBLEM")


class Finding(NamedTuple):
    """One result.

    Args:
        level: how it counts.
        text: a sentence in the user's language.
        advice: what to do, a line each; commands are indented.
    """

    level: Level
    text: str
    advice: tuple[str, ...] = ()


def good(text: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(Level.GOOD, text)


def note(text: str, *advice: str) -> Finding:
    """Return a finding that may be as the user wants it."""
    return Finding(Level.NOTE, text, advice)


def problem(text: str, *advice: str) -> Finding:
    """Return a finding that stops something from working."""
    return Finding(Level.PROBLEM, text, advice)
