"""Passwords for the commands: typed twice, or read from the first line of a file."""

import sys
from getpass import getpass
from pathlib import Path

from trio_chat.i18n import _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.atomic_file import FileError

_LONGEST_FILE = 4096
"""Bytes of a password file that are read."""


class PasswordError(Exception):
    """A password that is refused; the text is one line for the user."""


class NoTerminal(Exception):
    """There is no terminal at which to ask the user."""


def ask_password(prompt: str) -> str:
    """Ask twice for a password, without an echo.

    Raises:
        NoTerminal: standard input is not a terminal.
        PasswordError: the two passwords differ, or the input ended.
    """
    if not sys.stdin.isatty():
        raise NoTerminal
    try:
        password = getpass(prompt)
        again = getpass(_("The same password again: "))
    except EOFError:
        raise PasswordError(_("Nothing was done.")) from None
    if again != password:
        raise PasswordError(_("These were two different passwords. Nothing was done."))
    return password


def read_password(file: Path) -> str:
    """Return the password in the first line of a file.

    Raises:
        FileError: the file cannot be read, or its first line is empty.
    """
    name = escape_controls(str(file))
    try:
        with file.open("rb") as stream:
            line = stream.read(_LONGEST_FILE).partition(b"\n")[0]
        password = line.decode("utf-8-sig").rstrip("\r")
    except OSError as error:
        reason = error.strerror or error
        raise FileError(
            _("{file}: cannot be read: {reason}").format(file=name, reason=reason)
        ) from error
    except UnicodeDecodeError:
        raise FileError(_("{file}: not UTF-8").format(file=name)) from None
    if not password:
        raise FileError(
            _("{file}: the first line is empty; it must be the password").format(file=name)
        )
    return password
