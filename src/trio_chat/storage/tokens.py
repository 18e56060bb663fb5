"""Preparation of text for the search index (SQLite FTS5, unicode61 tokenizer).

The tokenizer makes tokens of letters, numbers and marks, and ignores everything else. Two kinds of
text get spaces around each character, so that each is a token, and a word of a query a phrase:

- scripts that are written without spaces (Chinese, Japanese, Thai, Khmer …), and Korean, where
  particles are attached to a word;
- signs that distinguish words (`C++`, `C#`, `.NET`, `foo_bar`, emoji), which are written as their
  code points.
"""

import re
import unicodedata
from functools import lru_cache

from trio_chat.chat.multiline import flatten
from trio_chat.irc.text import strip_formatting

SIGN = "\uf8ff"
"""The first character of the token of a sign, before its code point: a private-use character, which
the tokenizer takes as part of a word.
"""
PREFIX_LENGTH = 3
"""The fewest letters of a word that matches as a prefix: with fewer, far too much would match."""
# Thai, Lao, Burmese, Hangul letters, Khmer, Tai scripts, Balinese; kana, ideographs, Yi, Hangul
# syllables and their like.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f"
    "\u3005-\u3007\u3031-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua9ff"
    "\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_PLAIN = r"\w\s.,*!?;:'\"()\[\]{}«»„“”‘’—–…-"
"""Characters that the tokenizer treats correctly: letters, numbers, and mere separators."""
_SPECIAL = re.compile(rf"[{_UNSPACED}\uff01-\uff5e_]|[.-](?=\w)|[^{_PLAIN}]")
# The same for ASCII, where most texts are: one class at the begin lets the engine skip fast.
_SPECIAL_ASCII = re.compile(
    r"[#$%&+/<=>@\\^_`|~.\x00-\x08\x0e-\x1b\x7f-](?:(?<![.-])|(?=\w))", re.ASCII
)
_ALIKE = str.maketrans(
    {"ё": "е", "Ё": "Е", "ß": "ss", "ẞ": "ss", "ʼ": "'", "ʻ": "'", "\u2010": "-", "\u2011": "-"}
)
"""What people write for the same: Russians usually е for ё, and an apostrophe can be a letter."""
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_SIGNS = frozenset("#@%&_/\\.-§")
"""Signs in the Unicode categories of punctuation. A dot or hyphen is a sign only before a letter or
number.
"""


def prepare_text(text: str, *, is_old: bool = False) -> str:
    """Return the text of a message or a query as the tokenizer needs it.

    Args:
        text: the text.
        is_old: whether letters of other forms (`ﬁ`, `𝗯`, `²`) remain what they are, as in the index
            of messages from before a migration (`search_index.oldest_folded`).
    """
    if not text.isprintable():
        text = strip_formatting(flatten(text)).replace("\0", " ")  # a NUL would end a query early
    special = _SPECIAL_ASCII
    if not text.isascii():
        special = _SPECIAL
        # The tokenizer removes the marks of Latin letters only.
        if is_old:
            text = unicodedata.normalize("NFC", text).replace("ё", "е").replace("Ё", "Е")
        else:
            text = unicodedata.normalize("NFKC", text).translate(_ALIKE)
    return special.sub(_separated, text)


def _separated(match: re.Match[str]) -> str:
    return _written(match[0])


@lru_cache(maxsize=4096)
def _written(char: str) -> str:
    """Return the replacement of a character that the tokenizer would not treat correctly."""
    if "\uff01" <= char <= "\uffdc":  # letters and signs of another width
        char = unicodedata.normalize("NFKC", char)
    category = unicodedata.category(char)
    if char in _SIGNS or category[0] == "S" or category == "Cn":
        # Python may not know the newest emoji.
        return f" {SIGN}{ord(char):x} "
    if "\u0300" <= char <= "\u036f" or "\ufe00" <= char <= "\ufe0f" or category in ("Cf", "Me"):
        return ""  # marks above letters, forms of emoji, joiners
    if category[0] in "LMN" and _IS_UNSPACED.match(char):
        # The tokenizer knows the letters of the first planes.
        return f" {char} " if char < "\U00020000" else f" {SIGN}{ord(char):x} "
    return char


def phrase(word: str) -> str:
    """Return a prepared word as an FTS5 phrase, quoted against operators; "" if it has no token.

    The last token matches as a prefix, when it has at least `PREFIX_LENGTH` letters.
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
