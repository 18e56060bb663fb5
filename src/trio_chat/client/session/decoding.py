"""Lines that are not UTF-8: decoded piece by piece, since one line may hold a topic of today and a
word of yesterday.
"""

import codecs
from functools import cache

_CUT = 500
"""Bytes from which on a line may have been cut by a server, in the middle of a character."""


def decode(line: bytes, encoding: str) -> str:
    """Return the text of a line.

    Args:
        line: without its end.
        encoding: what those bytes are in that are not UTF-8: of one byte for each character.
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        if (
            len(line) >= _CUT
            and error.end == len(line)
            and error.reason == "unexpected end of data"
        ):
            return line[: error.start].decode()
        return line.decode("utf-8", _handler(encoding))


@cache
def _handler(encoding: str) -> str:
    """Have the bytes that are not UTF-8 decoded in another way; return how Python calls that."""
    name = f"trio_chat.{encoding}"

    def decode_rest(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)  # noqa: S101  nothing is encoded with it
        return error.object[error.start : error.end].decode(encoding, "replace"), error.end

    codecs.register_error(name, decode_rest)
    return name
