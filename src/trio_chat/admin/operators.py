"""The command `trio-chat operator hash`."""

import sys
from typing import TYPE_CHECKING

from trio_chat.admin.console import report_error
from trio_chat.admin.exit_codes import FAILED, OK, USAGE
from trio_chat.admin.passwords import NoTerminal, PasswordError, ask_password
from trio_chat.chat.accounts import MAX_PASSWORD
from trio_chat.i18n import _
from trio_chat.server.accounts import COSTS

if TYPE_CHECKING:
    from trio_chat.config import Settings

_LEAST = 8
"""Characters of an operator's password."""


def print_hash(settings: "Settings", *, from_stdin: bool) -> int:
    """Ask for a password and print its argon2id hash."""
    try:
        password = _first_line() if from_stdin else ask_password(_("A password for the operator: "))
        if (
            not _LEAST <= len(password) <= len(password.encode()) <= MAX_PASSWORD
            or not password.isprintable()
        ):
            words = _(
                "an operator's password has at least {least} characters, at most {most} bytes and"
                " no control characters"
            )
            raise PasswordError(words.format(least=_LEAST, most=MAX_PASSWORD))
    except NoTerminal:
        report_error(_("there is nobody to ask for a password: add --stdin"))
        return USAGE
    except PasswordError as error:
        report_error(str(error))
        return FAILED
    print(COSTS[settings.accounts.hash_cost].hasher().hash(password))
    return OK


def _first_line() -> str:
    line = sys.stdin.readline(MAX_PASSWORD + 2)
    return line.removesuffix("\n").removesuffix("\r")
