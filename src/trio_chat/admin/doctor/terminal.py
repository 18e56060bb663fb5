"""Check of the terminal: whether it can show the client, and in which characters."""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import TextIO

from trio_chat.admin.doctor.findings import Finding, good, note
from trio_chat.i18n import _
from trio_chat.windows_console import Kernel32, accepts_sequences, kernel32

_DUMB = ("dumb", "unknown")


def terminal(
    output: TextIO | None = None,
    environment: Mapping[str, str] = os.environ,
    api: Kernel32 | None = None,
) -> Iterator[Finding]:
    """Yield what the client could not show here.

    Args:
        output: the stream of the terminal; None for standard output.
        environment: of the process.
        api: kernel32; None to find it.
    """
    output = sys.stdout if output is None else output
    encoding = (output.encoding or "ascii").lower()
    if encoding.replace("-", "").replace("_", "") != "utf8":
        yield note(
            _("The terminal uses {encoding}, which lacks most characters.").format(
                encoding=encoding
            ),
            _("Use a UTF-8 locale, such as LC_ALL=C.UTF-8; on Windows, PYTHONUTF8=1."),
        )
    if not output.isatty():
        yield note(_("The output is no terminal, so nothing more is known about one."))
        return
    api = kernel32() if api is None else api
    if environment.get("TERM", "").lower() in _DUMB or (
        api is not None and not accepts_sequences(api)
    ):
        yield note(
            _("The terminal has no full screen, so the client shows lines."),
            _("On Windows, use Windows Terminal or no legacy console."),
        )
        return
    size = os.get_terminal_size(output.fileno())
    if not (size.columns and size.lines):
        yield note(_("The terminal does not say how large it is."))
        return
    yield good(
        _("The terminal has {columns} columns and {rows} rows.").format(
            columns=size.columns, rows=size.lines
        )
    )
