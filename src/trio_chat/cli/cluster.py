"""`trio-chat cluster`: its commands and their arguments."""

from dataclasses import replace
from typing import Any

from trio_chat.cli.arguments import setting
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group, usage_error
from trio_chat.i18n import N_, _
from trio_chat.installation import install_command

_SHOWING: dict[str, Any] = {
    "help": N_("show how the nodes of a cluster stand"),
    "epilog": N_(
        "examples:\n  trio-chat cluster status\n  trio-chat cluster status --json\n"
        "  watch -c trio-chat cluster status"
    ),
}
CLUSTER = group("cluster", description=N_("Look after a cluster of servers."), **_SHOWING)


@CLUSTER.command(
    "status",
    Argument(
        "--cluster",
        type=setting("cluster", "url"),
        metavar="URL",
        words=N_("log of the cluster (default: the one of the configuration)"),
    ),
    Argument("--json", action="store_true", words=N_("print an object for other programs")),
    description=N_(
        "Show which nodes are alive, how far each is behind, and the engine of their log. It is"
        " read from the log, so the\nnode of this machine need not run. The exit code is 1 when"
        " a node is lost or behind, or the engine cannot be reached."
    ),
    **_SHOWING,
)
def _status(call: Invocation) -> int:
    settings = call.settings.cluster
    if call.options.cluster is not None:
        settings = replace(settings, url=call.options.cluster)
    if not settings.is_enabled:
        usage_error(_("the configuration has no [cluster] url: this server is alone"))
    try:
        from trio_chat.admin.cluster import status  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("trio_chat."):
            raise
        usage_error(
            _("a package is missing: {command} ({error})").format(
                command=f"`{install_command('cluster')}`", error=error.name
            )
        )
    return status(settings, as_json=call.options.json)


@CLUSTER.command(
    "leave",
    DATABASE,
    help=N_("let a database belong to no cluster any longer"),
    description=N_(
        "Let the database of a stopped server belong to no cluster any longer. Messages, accounts"
        " and channels stay. The server\ncan then run alone, or begin another cluster: after the"
        " loss of the log, start all nodes from copies of that one\ndatabase, with another name of"
        " the cluster in [cluster] url."
    ),
    epilog=N_(
        "examples:\n  trio-chat cluster leave\n  trio-chat cluster leave --database chat-monday.db"
    ),
)
def _leave(call: Invocation) -> int:
    from trio_chat.admin.cluster_database import leave  # noqa: PLC0415

    return leave(call.database)
