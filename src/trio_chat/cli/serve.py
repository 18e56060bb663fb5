"""`trio-chat serve`: its arguments, which override the configuration."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from trio_chat.cli.arguments import setting
from trio_chat.cli.commands import Argument, Invocation, command, usage_error
from trio_chat.i18n import N_, _

if TYPE_CHECKING:
    from trio_chat.config import Settings


@command(
    "serve",
    Argument(
        "--host",
        type=setting("server", "host"),
        words=N_("addresses to listen on, separated by commas; 0.0.0.0 is every IPv4 address"),
    ),
    Argument(
        "--port", type=setting("server", "port"), words=N_("port to listen on; 0 is any free one")
    ),
    Argument(
        "--log-level",
        type=setting("logging", "level"),
        metavar="LEVEL",
        words=N_("how much is logged: debug, info, warning or error"),
    ),
    Argument(
        "--cluster",
        type=setting("cluster", "url"),
        metavar="URL",
        words=N_("log of several servers that are one network, such as redis://db.example.org"),
    ),
    Argument(
        "--node",
        type=setting("cluster", "node"),
        metavar="NAME",
        words=N_("name of this server among them"),
    ),
    Argument(
        "--address",
        type=setting("cluster", "address"),
        metavar="URL",
        words=N_("address by which they get uploaded files from this server"),
    ),
    Argument(
        "--no-qr",
        action="store_true",
        words=N_("show no QR code of the address in the terminal"),
    ),
    help=N_("start a chat server"),
    description=N_("Start a chat server. Ctrl+C stops it."),
    epilog=N_(
        "examples:\n"
        "  trio-chat serve\n"
        "  trio-chat serve --host 127.0.0.1 --port 6667\n"
        "  trio-chat serve --config /etc/trio-chat.ini --log-level debug"
    ),
)
def serve(call: Invocation) -> int:
    """Run a server."""
    from trio_chat.config import reloader  # noqa: PLC0415

    options = call.options
    settings, reload = _with_options(call.settings, options), reloader(options.config)
    if not settings.cluster.is_enabled and (options.node or options.address):
        usage_error(
            _(
                "--node and --address are for a server of a cluster: name its log by --cluster or"
                " [cluster] url"
            )
        )
    # Imported only after the configuration was found valid: a mistake is reported at once.
    from trio_chat.server.main import run  # noqa: PLC0415

    return run(settings, lambda: _with_options(reload(), options))


def _with_options(settings: "Settings", options: argparse.Namespace) -> "Settings":
    """Return the settings, overridden by the options of the command line."""
    server, logging = settings.server, settings.logging
    if options.host is not None:
        server = replace(server, host=options.host)
    if options.port is not None:
        server = replace(server, port=options.port)
    if options.log_level is not None:
        logging = replace(logging, level=options.log_level)
    cluster = settings.cluster
    if options.cluster is not None:
        cluster = replace(cluster, url=options.cluster)
    if options.node is not None:
        cluster = replace(cluster, node=options.node)
    if options.address is not None:
        cluster = replace(cluster, address=options.address)
    discovery = replace(settings.discovery, qr=settings.discovery.qr and not options.no_qr)
    return replace(settings, server=server, logging=logging, cluster=cluster, discovery=discovery)
