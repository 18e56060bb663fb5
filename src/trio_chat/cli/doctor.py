"""`trio-chat doctor`: its arguments."""

from trio_chat.cli.commands import Invocation, command
from trio_chat.i18n import N_


@command(
    "doctor",
    help=N_("check what this computer needs for a server and a client"),
    description=N_(
        "Check the settings, the port, the addresses, the firewall, the certificate, the clock, the"
        " disk, the database, the\nlog of a cluster, the single sign-on, the directory and the"
        " terminal, and say what to do. Nothing is changed.\nThe exit code is 1 when there is a"
        " problem."
    ),
    epilog=N_("examples:\n  trio-chat doctor\n  trio-chat doctor --config /etc/trio-chat.ini"),
)
def doctor(call: Invocation) -> int:
    """Check this machine."""
    from trio_chat.admin.doctor import run  # noqa: PLC0415

    return run(call.options.config)
