"""Emoji sequences (Unicode Technical Standard #51), taken apart: terminals agree on the width of
the parts, not of the whole.
"""

import re

# Joiners, variation selectors and skin tones behind an emoji; a selector goes wherever it is.
_JOINED = re.compile(
    "(?<=[\u2190-\u2bff\U0001f000-\U0001faff\ufe0e\ufe0f])[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]+|[\ufe0e\ufe0f]"
)
_FLAGS = {0x1F1E6 + number: chr(ord("A") + number) for number in range(26)}
"""A flag is made of two regional indicators; the letters say the same."""
_NOTHING = "\u200c"
"""ZERO WIDTH NON-JOINER, which is seen nowhere and joins nothing."""


def apart(text: str) -> str:
    """Return a text without what makes one emoji of several, gives it a skin or a form; flags
    become their letters.
    """
    return text if text.isascii() else _JOINED.sub("", text).translate(_FLAGS)


def apart_in_place(text: str) -> str:
    """Return the same with each character at its place, so that a cursor is where it was."""
    if text.isascii():
        return text
    return _JOINED.sub(lambda joined: _NOTHING * len(joined[0]), text).translate(_FLAGS)
