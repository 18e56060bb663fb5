"""`trio-chat licenses`: the texts that the licences of libraries ask to go with every copy."""

from pathlib import Path

import trio_chat
from trio_chat.admin.exit_codes import OK
from trio_chat.cli.commands import Invocation, command
from trio_chat.i18n import N_, _

TEXTS = Path(trio_chat.__file__).with_name("THIRD-PARTY.txt")
"""A file that programs with libraries in them contain."""


@command(
    "licenses",
    help=N_("show the licences of the libraries in this program"),
    description=N_("Show the licences of the libraries that this program contains."),
    epilog=N_("examples:\n  trio-chat licenses"),
)
def licenses(_call: Invocation) -> int:
    """Print the texts."""
    try:
        print(TEXTS.read_text("utf-8"))
    except FileNotFoundError:
        print(
            _(
                "This installation contains trio-chat alone, under the MIT licence. The libraries"
                " were installed beside it, each with its licence."
            )
        )
    return OK
