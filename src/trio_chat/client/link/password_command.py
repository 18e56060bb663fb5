"""A password that a program of the user's prints, such as `pass show chat`: an alternative to the
keyring.
"""

import os
import shlex
import subprocess
import sys

import trio

from trio_chat.client.session.sasl import LoginCredentials

_PATIENCE = 60.0
"""Seconds for the user to answer what the program asks for."""
_LONGEST = 1000


class PasswordCommand:
    """The password of one account; a `PasswordStore` that stores nothing.

    Args:
        command: the program and its arguments, quoted as in a shell; no shell is started.
        account: the account of the password; "" means the nickname.
    """

    def __init__(self, command: str, account: str) -> None:
        self._command = command
        self._account = account

    async def load(self, account: str) -> LoginCredentials | None:
        """Return the first line that the program prints; None when it fails."""
        try:
            with trio.fail_after(_PATIENCE):
                done = await trio.run_process(
                    _words(self._command),
                    capture_stdout=True,
                    stdin=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
        except (OSError, ValueError, trio.TooSlowError):
            return None
        password = done.stdout.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
        if done.returncode or not password or len(password) > _LONGEST:
            return None
        return LoginCredentials(self._account or account, password, is_kept=True)

    async def are_available(self) -> bool:
        """Return False: nothing can be stored."""
        await trio.lowlevel.checkpoint()
        return False

    async def save(self, credentials: LoginCredentials) -> bool:
        """Store nothing, and return False."""
        await trio.lowlevel.checkpoint()
        return False


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command, posix=sys.platform != "win32")
    except ValueError:  # a quotation mark is not closed
        words = command.split()
    return [os.path.expanduser(word.strip('"')) for word in words]
