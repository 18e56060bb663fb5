"""`trio-chat service`: its commands and their arguments."""

from trio_chat.cli.commands import Invocation, group
from trio_chat.i18n import N_

SERVICE = group(
    "service",
    help=N_("start the server whenever you log in"),
    description=N_(
        "Let systemd, launchd or the Task Scheduler of Windows start the server whenever you log"
        " in."
    ),
    epilog=N_("examples:\n  trio-chat service install\n  trio-chat service remove"),
)


@SERVICE.command(
    "install",
    help=N_("start the server now and at each log-in"),
    description=N_(
        "Start the server now and whenever you log in, in this directory and with its config.ini,"
        " or with that of --config."
    ),
    epilog=N_("examples:\n  trio-chat service install"),
)
def _install(call: Invocation) -> int:
    from trio_chat.admin.service import install  # noqa: PLC0415

    # A wrong configuration is reported now, not at the log-in.
    return install(call.options.config, call.settings)


@SERVICE.command(
    "remove",
    help=N_("stop the server and start it no longer"),
    description=N_("Stop the server and start it no longer. Messages and settings stay."),
    epilog=N_("examples:\n  trio-chat service remove"),
)
def _remove(call: Invocation) -> int:
    from trio_chat.admin.service import remove  # noqa: PLC0415

    return remove()
