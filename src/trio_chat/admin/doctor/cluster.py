"""Checks of a node of a cluster: the engine of its log, the clocks, and its name."""

import socket
from collections.abc import Iterator

from trio_chat.admin import health
from trio_chat.admin.doctor.findings import Finding, good, note, problem
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.installation import install_command
from trio_chat.irc.text import escape_controls

_SECONDS = 1.0
"""Seconds to wait for each listener of the server of this machine."""


def cluster(settings: Settings) -> Iterator[Finding]:
    """Yield how the engine and the nodes stand; nothing if the server is alone."""
    if not settings.cluster.is_enabled:
        return
    try:
        from trio_chat.admin.cluster import note_of, problems_of  # noqa: PLC0415  # only with its packages
        from trio_chat.cluster.survey import MOST_CLOCK  # noqa: PLC0415
        from trio_chat.server.cluster.examination import examine  # noqa: PLC0415
        from trio_chat.server.cluster.log import (  # noqa: PLC0415
            LogBroken,
            LogRefused,
            LogUnavailable,
        )
    except ImportError as error:
        yield problem(
            _("The package {name} is missing, which a cluster needs.").format(name=error.name),
            install_command("cluster"),
        )
        return
    try:
        found = examine(settings.cluster, is_checked=True)
    except (LogBroken, LogRefused, LogUnavailable) as error:
        yield problem(escape_controls(str(error)), _("Without its log, nobody can talk."))
        return
    yield good(
        _("{product} keeps the log at {place}, replicas: {replicas}.").format(
            product=escape_controls(found.engine.product),
            place=escape_controls(found.engine.place),
            replicas=found.engine.replicas,
        )
    )
    if found.may_lose_end:
        yield note(
            _("The engine may lose the last seconds of the log when it dies."),
            _("Set `appendfsync always` there, or have a replica of it."),
        )
    if abs(found.own_clock) > MOST_CLOCK:
        yield problem(
            _(
                "The clock of this computer differs by {seconds:+.1f} s from that of the log."
            ).format(seconds=found.own_clock),
            _("Set the clock, best by the automatic setting of the system."),
        )
    name = settings.cluster.node or socket.gethostname().partition(".")[0]
    is_alive = any(node.name == name and node.is_alive for node in found.nodes)
    if is_alive and not health.answers(settings, _SECONDS):
        yield problem(
            _("Another server is the node {node}.").format(node=escape_controls(name)),
            _("Give this one a name of its own: [cluster] node."),
        )
    if found.nodes:
        yield from (problem(each, "trio-chat cluster status") for each in problems_of(found))
    if text := note_of(found):
        yield note(text)
