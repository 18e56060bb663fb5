"""`trio-chat find`: its arguments."""

import argparse

from trio_chat.cli.commands import Argument, Invocation, command
from trio_chat.i18n import N_, _

_SECONDS = 4.0
_MOST_SECONDS = 600


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= _MOST_SECONDS:  # no NaN either
        raise argparse.ArgumentTypeError(
            _("{value!r} is not a number of seconds up to {most}").format(
                value=text, most=_MOST_SECONDS
            )
        )
    return seconds


@command(
    "find",
    Argument(
        "--seconds",
        type=_seconds,
        default=_SECONDS,
        metavar="SECONDS",
        words=N_("how long to search (default: 4)"),
    ),
    Argument("--json", action="store_true", words=N_("print one JSON array, for programs")),
    help=N_("list the servers on this network"),
    description=N_(
        "List the servers that announce themselves on this network, and those to which you have"
        " connected before. The exit code is 1 when none has answered. What a server says of itself"
        " is no proof: the certificate decides when you connect."
    ),
    epilog=N_("examples:\n  trio-chat find\n  trio-chat find --seconds 2 --json"),
)
def find(call: Invocation) -> int:
    """Search."""
    from trio_chat.client.discovery.plain import find as search  # noqa: PLC0415

    return search(call.options.seconds, as_json=call.options.json)
