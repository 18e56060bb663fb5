"""Plain input and output, for pipes, files, and terminals without a cursor (TERM=dumb).

Reading goes through `os.read` in a thread that is abandoned at the end: it holds no lock of
Python's own file objects, so the interpreter can exit while it still waits. Lines are read only
when the channel has room for them.
"""

import codecs
import os
import sys
from collections.abc import Iterator, Sequence

import trio

if sys.platform != "win32":
    import termios

from trio_chat.client.line.interface import Complete, OutputError, PromptState
from trio_chat.client.spans import Line, plain

_CHUNK = 8192
_LONGEST_LINE = 65536
"""The longest line, in characters.

A longer one is split, so that a stream without line ends cannot fill the memory.
"""


class LineDecoder:
    """An incremental decoder of lines.

    Bytes that are not UTF-8 become U+FFFD, and a byte order mark is removed.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the lines that these bytes complete; b"" is the end and completes the last one."""
        *lines, self._rest = (self._rest + self._decoder.decode(data, final=not data)).split("\n")
        if (not data and self._rest) or len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = ""
        for line in lines:
            yield line.removesuffix("\r")


class PlainInterface:
    """Lines from one file descriptor to another.

    Args:
        interactive: whether a user is at the other end who can be asked.
        stdin: the descriptor to read from.
        stdout: the descriptor to write to.
    """

    def __init__(self, *, interactive: bool, stdin: int = 0, stdout: int = 1) -> None:
        self.interactive = interactive
        self._stdin = stdin
        self._stdout = stdout
        self._hides = False

    @property
    def can_hide(self) -> bool:
        """Whether there is a user at a terminal whose echo can be switched off."""
        return self.interactive and sys.platform != "win32" and os.isatty(self._stdin)

    @property
    def draws_codes(self) -> bool:
        """Whether the output is a terminal."""
        return os.isatty(self._stdout)

    async def read_lines(
        self, lines: trio.MemorySendChannel[str], _complete: Complete | None = None
    ) -> None:
        """Send lines until the end of the input.

        Cancelled, it leaves a thread behind, which ignores the input it waits for.
        """
        try:
            async with lines:
                await self._read(lines)
        finally:
            self._hide(False)

    async def _read(self, lines: trio.MemorySendChannel[str]) -> None:
        decoder = LineDecoder()
        data = b"-"
        while data:
            try:
                data = await trio.to_thread.run_sync(
                    os.read, self._stdin, _CHUNK, abandon_on_cancel=True
                )
            except OSError:  # closed, or the terminal has gone: this is the end of the input
                data = b""
            for line in decoder.feed(data):
                await lines.send(line)

    async def write(self, lines: Sequence[Line], prompt: PromptState) -> None:
        """Write lines, and after them the question that the prompt asks.

        Raises:
            BrokenPipeError: the reader has gone.
            OutputError: the lines cannot be written.
        """
        # The line end behind the hidden answer was hidden too.
        text = "\n" if self._hides and not prompt.secret else ""
        self._hide(prompt.secret)
        text += "".join(plain(line) + "\n" for line in lines)
        if prompt.asking and self.interactive:
            text += prompt.text
        if text:
            await trio.to_thread.run_sync(self._write, text, abandon_on_cancel=True)

    def _hide(self, secret: bool) -> None:
        if sys.platform == "win32" or secret == self._hides:
            return
        self._hides = secret
        try:
            settings = termios.tcgetattr(self._stdin)
            settings[3] = settings[3] & ~termios.ECHO if secret else settings[3] | termios.ECHO
            termios.tcsetattr(self._stdin, termios.TCSADRAIN, settings)
        except termios.error:  # the terminal has gone
            return

    def _write(self, text: str) -> None:
        if sys.platform == "win32" and os.isatty(self._stdout):
            sys.stdout.write(text)  # a Windows console would decode bytes with its old code page
            sys.stdout.flush()
            return
        # Not through sys.stdout: a thread left waiting in it would hold its lock when the
        # interpreter exits.
        data = text.replace("\n", os.linesep).encode("utf-8", "replace")
        try:
            while data:
                data = data[os.write(self._stdout, data) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error.strerror) from error
