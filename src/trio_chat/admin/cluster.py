"""The command `trio-chat cluster status`: how the nodes of a cluster stand, by their log.

It needs the engine alone, so it says how the others stand when the node of this machine is down.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from trio_chat.admin.console import date, report_error
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.cluster.survey import MOST_CLOCK, NodeState, NodeStatus
from trio_chat.config import ClusterSettings
from trio_chat.i18n import N_, _
from trio_chat.irc.text import escape_controls
from trio_chat.server.cluster.examination import Examined, examine
from trio_chat.server.cluster.log import LogBroken, LogRefused, LogUnavailable

_A_DAY = 86_400.0
"""Seconds for which a lost node counts as a problem: it may never come back."""
_STATES = {
    NodeState.ALIVE: N_("alive"),
    NodeState.SILENT: N_("silent"),
    NodeState.LOST: N_("lost"),
    NodeState.STOPPED: N_("stopped"),
}
_GREEN, _YELLOW, _RED, _GREY = 32, 33, 31, 90
_COLOURS = {
    NodeState.ALIVE: _GREEN,
    NodeState.SILENT: _RED,
    NodeState.LOST: _RED,
    NodeState.STOPPED: _GREY,
}
_HEADERS = (
    N_("node"),
    N_("state"),
    N_("since (UTC)"),
    N_("lag"),
    N_("sessions"),
    N_("unacknowledged"),
    N_("clock"),
    N_("position"),
    N_("digest"),
    N_("version"),
)


def status(settings: ClusterSettings, *, as_json: bool) -> int:
    """Print how a cluster stands; return the exit code: 1 when there is a problem.

    Args:
        settings: the [cluster] section.
        as_json: print an object for other programs.
    """
    try:
        found = examine(settings)
    except (LogBroken, LogRefused, LogUnavailable) as error:
        report_error(str(error))
        return FAILED
    problems = list(problems_of(found))
    if as_json:
        print(json.dumps(_as_object(found, problems), indent=2))
    else:
        _print(found, problems)
    return FAILED if problems else OK


def problems_of(found: Examined) -> Iterator[str]:
    """Yield what an operator should look at, in sentences."""
    if not any(node.is_alive for node in found.nodes):
        yield _("No node is alive.")
    for node in found.nodes:
        yield from _problems_of(node, found.engine.now)
    digests = {(node.check, node.digest) for node in found.nodes if node.is_alive and node.digest}
    checks = [check for check, _digest in digests]
    if len(set(checks)) < len(checks):
        yield _(
            "The states of the nodes differ: this is a defect. Start from a backup of one node."
        )
    yield from _problems_of_keys([node for node in found.nodes if node.is_alive and node.key])
    versions = sorted({node.version for node in found.nodes if node.is_alive and node.version})
    if len(versions) > 1:
        yield _("The nodes have different versions: {versions}.").format(
            versions=", ".join(map(escape_controls, versions))
        )


def note_of(found: Examined) -> str:
    """Return what may be as the operator wants it, as a sentence; "" for nothing."""
    living = [node for node in found.nodes if node.is_alive and node.version]
    without = [escape_controls(node.name) for node in living if not node.address]
    if len(living) < 2 or not without:  # one node alone shares with nobody
        return ""
    return _("Other nodes get no uploaded files from {nodes}: set [cluster] address there.").format(
        nodes=", ".join(without)
    )


def _problems_of_keys(nodes: Sequence[NodeStatus]) -> Iterator[str]:
    """Yield what to do about nodes that have made a certificate each."""
    if not nodes:
        return
    oldest = min(nodes, key=lambda node: node.since)
    others = [escape_controls(node.name) for node in nodes if node.key != oldest.key]
    if others:
        text = _(
            "The TLS key of {nodes} is not that of {node}, and clients that know that one refuse"
            " {nodes}. Stop {nodes}, move the files of the certificate next to the database away"
            " (*.tls.pem, *.ca.pem, *.ca.key), and start again: the certificate of {node} is taken."
        )
        yield text.format(nodes=", ".join(others), node=escape_controls(oldest.name))


def _problems_of(node: NodeStatus, now: float) -> Iterator[str]:
    name = escape_controls(node.name)
    if node.state is NodeState.SILENT:
        yield _("Nothing is heard of {node}.").format(node=name)
    if node.state is NodeState.LOST and now - node.since < _A_DAY:
        yield _("{node} was lost: start it again, or look at its log.").format(node=name)
    if node.is_late:
        yield _("{node} is {seconds:.1f} s behind the log.").format(node=name, seconds=node.lag)
    if node.has_wrong_clock:
        yield _("The clock of {node} differs by {seconds:+.1f} s from that of the engine.").format(
            node=name, seconds=node.clock
        )


def _as_object(found: Examined, problems: Sequence[str]) -> dict[str, object]:
    return {
        "engine": {
            "product": found.engine.product,
            "place": found.engine.place,
            "role": "primary",
            "replicas": found.engine.replicas,
            "time": round(found.engine.now, 3),
        },
        "nodes": [node._asdict() | {"state": node.state.value} for node in found.nodes],
        "problems": list(problems),
        "note": note_of(found),
    }


def _print(found: Examined, problems: Sequence[str]) -> None:
    paint = _painter()
    engine = found.engine
    print(
        _("engine: {product} at {place}, primary, replicas: {replicas}").format(
            product=escape_controls(engine.product),
            place=escape_controls(engine.place),
            replicas=engine.replicas,
        )
    )
    if abs(found.own_clock) > MOST_CLOCK:
        print(
            _("clock of this machine: {seconds:+.1f} s").format(seconds=found.own_clock),
        )
    rows = [tuple(map(_, _HEADERS)), *map(_row, found.nodes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if number:
            cells[1] = paint(cells[1], _COLOURS[found.nodes[number - 1].state])
        print("  ".join(cells).rstrip())
    for problem in problems:
        print(paint(problem, _YELLOW))
    if note := note_of(found):
        print(note)


def _row(node: NodeStatus) -> tuple[str, ...]:
    known = node.is_alive and bool(node.version)
    return (
        escape_controls(node.name),
        _(_STATES[node.state]),
        date(int(node.since)) if node.since else "-",
        _("{seconds:.1f} s").format(seconds=node.lag) if known else "-",
        str(node.sessions) if known else "-",
        str(node.unfinished) if known else "-",
        _("{seconds:+.1f} s").format(seconds=node.clock) if known else "-",
        escape_controls(node.position.partition(":")[0]) or "-",
        escape_controls(f"{node.check}:{node.digest[:8]}") if node.digest else "-",
        escape_controls(node.version) or "-",
    )


def _painter() -> Callable[[str, int], str]:
    """Return a function that colours a text, if this is a terminal that shows colours."""
    if "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return lambda text, colour: text
    return lambda text, colour: f"\x1b[{colour}m{text}\x1b[0m"
