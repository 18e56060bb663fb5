"""Emoji sequences (Unicode Technical Standard #51), divided: terminals agree on the width of the
parts, not of the whole.
"""

import re

# Joiners, variation selectors and skin tones after an emoji; a selector is dropped anywhere.
_JOINED = re.compile(
    "(?<=[\u2190-\u2bff\U0001f000-\U0001faff\ufe0e\ufe0f])"
    "[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]+|[\ufe0e\ufe0f]"
)
_FLAGS = {0x1F1E6 + number: chr(ord("A") + number) for number in range(26)}
"""A flag is two regional indicators; the letters mean the same."""
_NOTHING = "\u200c"
"""ZERO WIDTH NON-JOINER, which is invisible and joins nothing."""


def apart(text: str) -> str:
    """Return a text without the characters that join several emoji to one, or give one a skin tone
    or a form; flags become their letters.
    """
    return text if text.isascii() else _JOINED.sub("", text).translate(_FLAGS)


def apart_in_place(text: str) -> str:
    """Return the same with each character at its position, so that the cursor stays where it is."""
    if text.isascii():
        return text
    return _JOINED.sub(lambda joined: _NOTHING * len(joined[0]), text).translate(_FLAGS)
