"""Words as the search index has them (SQLite FTS5, unicode61 tokenizer): text, prepared so that it
is split rightly.

The tokenizer takes letters, numbers and marks as words, and leaves everything else out. Two kinds
of text need help, with spaces around each character, so that each is a token and a word of a query
becomes a phrase of them:

- scripts written without spaces (Chinese, Japanese, Thai, Khmer …), and Korean, where a word has
  its particles attached;
- signs that make a difference (`C++`, `C#`, `.NET`, `foo_bar`, emoji), which are written as their
code points.
"""

import re
import unicodedata
from functools import lru_cache

from trio_chat.chat.multiline import flatten
from trio_chat.irc.text import strip_formatting

SIGN = "\uf8ff"
"""What begins the token of a sign, followed by its code point: a private-use character, which is
part of a word.
"""
PREFIX_LENGTH = 3
"""Letters from which on a word stands for all that begin with it: half the history begins with one
of any two letters.
"""
# Thai, Lao, Burmese, Hangul letters, Khmer, Tai scripts, Balinese; kana, ideographs, Yi, Hangul
# syllables and their like.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\u3005-\u3007\u3031-\u318f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_PLAIN = r"\w\s.,*!?;:'\"()\[\]{}«»„“”‘’—–…-"
"""What the tokenizer treats rightly: letters, numbers, and punctuation that only separates."""
_SPECIAL = re.compile(rf"[{_UNSPACED}\uff01-\uff5e_]|[.-](?=\w)|[^{_PLAIN}]")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_SIGNS = frozenset("#@%&_/\\.-§")
"""Signs that Unicode counts as punctuation. A dot or hyphen is one only in front of a letter or
number.
"""


def prepare_text(text: str) -> str:
    """Return text as the tokenizer is given it: what people wrote, or what they look for."""
    if not text.isprintable():
        text = strip_formatting(flatten(text)).replace(
            "\0", " "
        )  # a NUL would end a question early
    if not text.isascii():
        # The tokenizer removes the marks of Latin letters only; in Russian this one is usually left
        # out.
        text = unicodedata.normalize("NFC", text).replace("ё", "е").replace("Ё", "Е")
    return _SPECIAL.sub(_separated, text)


def _separated(match: re.Match[str]) -> str:
    return _written(match[0])


@lru_cache(maxsize=4096)
def _written(char: str) -> str:
    """Return a character that the tokenizer would not treat rightly, as one that it does."""
    if "\uff01" <= char <= "\uffdc":  # letters and signs of another width
        char = unicodedata.normalize("NFKC", char)
    category = unicodedata.category(char)
    if (
        char in _SIGNS or category[0] == "S" or category == "Cn"
    ):  # Python may not know the newest emoji
        return f" {SIGN}{ord(char):x} "
    if "\u0300" <= char <= "\u036f" or "\ufe00" <= char <= "\ufe0f" or category in ("Cf", "Me"):
        return ""  # marks above letters, forms of emoji, joiners
    if category[0] in "LMN" and _IS_UNSPACED.match(char):
        # The tokenizer knows the letters of the first planes.
        return f" {char} " if char < "\U00020000" else f" {SIGN}{ord(char):x} "
    return char


def phrase(word: str) -> str:
    """Return how FTS5 is asked for a prepared word: in quotes, so that nothing in it is an
    operator; "" if it has no token.

    The last token stands for all that begin with it, when it is a word of several letters.
    """
    last = _last_token(word)
    if not last:
        return ""
    quoted = '"' + word.replace('"', '""') + '"'
    return f"{quoted}*" if len(last) >= PREFIX_LENGTH and not last.startswith(SIGN) else quoted


def _last_token(text: str) -> str:
    token = ""
    for char in reversed(text):
        if _is_token(char):
            token = char + token
        elif token:
            break
    return token


def _is_token(char: str) -> bool:
    """Return whether a character is part of a word (`categories` of the index)."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category in ("Co", "Mn", "Mc")
