"""Decoding of lines that are not all UTF-8: piece by piece, since one line may contain texts of
clients with different encodings.
"""

import codecs
from functools import cache

_CUT = 500
"""Bytes from which on a server may have cut a line, in the middle of a character."""


def decode(line: bytes, encoding: str) -> str:
    """Return the text of a line.

    Args:
        line: the bytes without the line end.
        encoding: the encoding of bytes that are not UTF-8; it must have one byte for each
            character.
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
    """Register an error handler that decodes bytes that are not UTF-8; return its name."""
    name = f"trio_chat.{encoding}"

    def decode_rest(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)  # noqa: S101  nothing is encoded with it
        return error.object[error.start : error.end].decode(encoding, "replace"), error.end

    codecs.register_error(name, decode_rest)
    return name
