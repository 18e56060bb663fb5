"""`trio-chat health`: its arguments."""

from trio_chat.cli.commands import Invocation, command
from trio_chat.i18n import N_

_SECONDS = 3.0


@command(
    "health",
    help=N_("check whether the server answers"),
    description=N_(
        "Check whether the server of this configuration answers, on this machine. The exit code is"
        " 1 when it does not. With\n[metrics] port the page /health is requested there, else at"
        " each place where it listens for clients."
    ),
    epilog=N_("examples:\n  trio-chat health\n  trio-chat health --config /etc/trio-chat.ini"),
)
def health(call: Invocation) -> int:
    """Ask the server."""
    from trio_chat.admin.health import check  # noqa: PLC0415

    return check(call.settings, _SECONDS)
