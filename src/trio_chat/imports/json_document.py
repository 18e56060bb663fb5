"""Streaming of a JSON document whose messages are one long array, such as that of
DiscordChatExporter.

The parser of the standard library reads a whole document. So this module finds the array, and has
that parser read one element after the other: as fast as reading all at once, with bounded memory.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from trio_chat.i18n import _
from trio_chat.imports.messages import ImportFileError

MOST_OF_ELEMENT = 8 << 20
"""Characters of one element, and of all that stands before the array."""
_CHUNK = 1 << 18
_SPACE = re.compile(r"[ \t\r\n]*")


class NotJson(ImportFileError):
    """What was read is no JSON, or not of this form."""


class JsonDocument:
    """A document that is one object.

    Args:
        stream: the document in UTF-8; wrong bytes are replaced.
        array: the key of the long array.

    Raises:
        ImportFileError: the document is no such object, or something in it is too large.
    """

    def __init__(self, stream: BinaryIO, array: str) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._is_over = False
        self.bytes_read = 0
        self.head: dict[str, Any] = {}
        """What stands before the array."""
        self._read_head(array)

    def _more(self) -> bool:
        """Read a chunk; return whether there was one."""
        if self._is_over:
            return False
        # As much again as is there: an element is then parsed anew only a few times.
        data = self._stream.read(max(_CHUNK, len(self._text) - self._at))
        self.bytes_read += len(data)
        self._is_over = not data
        self._text = self._text[self._at :] + self._decode(data, final=not data)
        self._at = 0
        if len(self._text) > 2 * MOST_OF_ELEMENT:
            raise ImportFileError(_("an entry of the file is too large"))
        return True

    def _sign(self) -> str:
        """Return the next character that is no space, without taking it; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, sign: str) -> bool:
        if self._sign() != sign:
            return False
        self._at += 1
        return True

    def _value(self) -> Any:
        self._sign()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                raise NotJson(_("the file is not the expected JSON")) from None
            except ValueError:
                if self._more():
                    continue
                raise NotJson(_("the file is not the expected JSON")) from None
            # A number or a string could go on in the next chunk.
            if end < len(self._text) or self._is_over or not self._more():
                self._at = end
                return value

    def _read_head(self, array: str) -> None:
        if not self._take("{"):
            raise NotJson(_("the file is not the expected JSON"))
        while not self._take("}"):
            key = self._value()
            if not isinstance(key, str) or not self._take(":"):
                raise NotJson(_("the file is not the expected JSON"))
            if key == array:
                if not self._take("["):
                    raise NotJson(_("the file is not the expected JSON"))
                return
            self.head[key] = self._value()
            self._take(",")
        raise NotJson(_("the file is not the expected JSON"))

    def elements(self) -> Iterator[Any]:
        """Yield the elements of the array.

        Raises:
            ImportFileError: the document ends within the array, or is no JSON from here on.
        """
        count = 0
        try:
            while not self._take("]"):
                yield self._value()
                count += 1
                if not self._take(",") and self._sign() != "]":
                    raise NotJson(_("the file is not the expected JSON"))
        except NotJson:
            if not count:
                raise
            problem = _("the file ends too early, or is damaged, after message {count}")
            raise ImportFileError(problem.format(count=count)) from None
