"""`trio-chat operator`: its commands and their arguments."""

from trio_chat.cli.commands import Argument, Invocation, group
from trio_chat.i18n import N_

_EXAMPLES = N_(
    "examples:\n  trio-chat operator hash\n  trio-chat operator hash --stdin < secret.txt"
)
OPERATOR = group(
    "operator",
    help=N_("make what config.ini needs for an operator"),
    description=N_(
        "Look after the operators of the server. They stand in config.ini, each in a section"
        " [operator NAME]."
    ),
    epilog=_EXAMPLES,
)


@OPERATOR.command(
    "hash",
    Argument(
        "--stdin",
        action="store_true",
        words=N_("read the password from the first line of standard input"),
    ),
    help=N_("hash a password"),
    description=N_(
        "Ask twice for a password and print its argon2id hash, which is the value of `password` in"
        " [operator NAME]. The\npassword itself is kept nowhere."
    ),
    epilog=_EXAMPLES,
)
def _hash(call: Invocation) -> int:
    from trio_chat.admin.operators import print_hash  # noqa: PLC0415

    return print_hash(call.settings_or_defaults, from_stdin=call.options.stdin)
