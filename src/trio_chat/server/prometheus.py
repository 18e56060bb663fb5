"""The statistics as Prometheus metrics, with the optional package prometheus-client."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import trio

from trio_chat.server.statistics import ServerStatistics

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry

    from trio_chat.server.cluster.statistics import NodeStatistics

Source = Callable[[], tuple[ServerStatistics, float]]
"""Gives the statistics, and the seconds by which the event loop was late since they were asked for
last.
"""


class Row(NamedTuple):
    """A metric: its name, whether it is a counter, its help text, and its value."""

    name: str
    is_counter: bool
    help: str
    value: Callable[[ServerStatistics], float]


TABLE: tuple[Row, ...] = (
    Row("connections", False, "Clients that are connected.", lambda now: now.connections),
    Row("connections_opened", True, "Clients that have ever connected.", lambda now: now.connected),
    Row(
        "connections_refused",
        True,
        "Connections refused for their address.",
        lambda now: now.admission.refused,
    ),
    Row(
        "page_connections",
        False,
        "Connections on which pages are requested by HTTP.",
        lambda now: now.admission.pages,
    ),
    Row(
        "addresses",
        False,
        "Addresses whose connections are counted.",
        lambda now: now.admission.addresses,
    ),
    Row("users", False, "Users, connected or always-on.", lambda now: now.world.users),
    Row(
        "users_most",
        False,
        "The most users at once.",
        lambda now: now.world.most_users,
    ),
    Row("channels", False, "Channels.", lambda now: now.world.channels),
    Row(
        "memberships",
        False,
        "Members of all channels, in total.",
        lambda now: now.world.memberships,
    ),
    Row("accounts", False, "Accounts that are registered.", lambda now: now.world.accounts),
    Row(
        "unsaved",
        False,
        "Channels and read markers still to be written down.",
        lambda now: now.world.unsaved,
    ),
    Row(
        "broadcaster_waiting",
        False,
        "Items that wait to be delivered.",
        lambda now: now.broadcaster.waiting,
    ),
    Row(
        "broadcaster_limit",
        False,
        "The most items that may wait.",
        lambda now: now.broadcaster.limit,
    ),
    Row(
        "broadcaster_accepted",
        True,
        "Items that were accepted to be delivered.",
        lambda now: now.broadcaster.accepted,
    ),
    Row(
        "deliveries",
        True,
        "Deliveries of data to clients.",
        lambda now: now.broadcaster.deliveries,
    ),
    Row(
        "history_messages",
        True,
        "Messages and events that the history has committed.",
        lambda now: now.broadcaster.remembered,
    ),
    Row(
        "history_commits", True, "Transactions of the history.", lambda now: now.broadcaster.commits
    ),
    Row(
        "history_commit_seconds",
        True,
        "Seconds waited for them.",
        lambda now: now.broadcaster.commit_seconds,
    ),
    Row(
        "history_failing",
        False,
        "1 while the history cannot be written.",
        lambda now: now.broadcaster.is_failing,
    ),
    Row(
        "push_devices",
        False,
        "Devices registered for push messages.",
        lambda now: now.push.devices,
    ),
    Row("push_waiting", False, "Push messages that wait to be sent.", lambda now: now.push.waiting),
    Row("push_sent", True, "Push messages sent.", lambda now: now.push.sent),
    Row(
        "push_failures",
        True,
        "Attempts to send a push message that failed.",
        lambda now: now.push.failed,
    ),
    Row(
        "push_dropped",
        True,
        "Push messages given up, or displaced by newer ones.",
        lambda now: now.push.dropped,
    ),
    Row(
        "push_devices_removed",
        True,
        "Devices that their push services refused.",
        lambda now: now.push.removed,
    ),
    Row("upload_files", False, "Uploaded files that are stored.", lambda now: now.uploads.files),
    Row("upload_bytes", False, "Bytes of uploaded files.", lambda now: now.uploads.stored),
    Row("uploads_active", False, "Files being uploaded.", lambda now: now.uploads.active),
    Row("uploads", True, "Files that were uploaded.", lambda now: now.uploads.received),
    Row(
        "upload_received_bytes",
        True,
        "Bytes received for uploads, also for those that were refused.",
        lambda now: now.uploads.received_bytes,
    ),
    Row("outbox_bytes", False, "Bytes that wait for slow clients.", lambda now: now.queued_bytes),
    Row("outbox_clients", False, "Clients that read slowly.", lambda now: now.slow_clients),
    Row(
        "certificate_expires_seconds",
        False,
        "When your TLS certificate expires, in Unix time; 0 for one of the server's own.",
        lambda now: now.certificate_expires,
    ),
    Row(
        "start_time_seconds",
        False,
        "When the server was started, in Unix time.",
        lambda now: now.started,
    ),
)
"""Every number of a server, in the order of STATS and `/metrics`. The names get the prefix
`trio_chat_`.
"""


class NodeRow(NamedTuple):
    """A metric of a node; see `Row`."""

    name: str
    is_counter: bool
    help: str
    value: "Callable[[NodeStatistics], float]"


CLUSTER: tuple[NodeRow, ...] = (
    NodeRow("engine_up", False, "1 while the engine answers.", lambda now: now.is_reachable),
    NodeRow("refusing", False, "1 while commands are refused.", lambda now: now.is_refusing),
    NodeRow("nodes", False, "Nodes that live, as the log has it.", lambda now: now.alive),
    NodeRow(
        "lag_seconds",
        False,
        "How old the last entry of the log was when it was carried out.",
        lambda now: now.lag,
    ),
    NodeRow("idle_seconds", False, "Seconds since then.", lambda now: now.idle),
    NodeRow(
        "unacknowledged",
        False,
        "Items of this node that it has not carried out yet.",
        lambda now: now.unfinished,
    ),
    NodeRow("entries", True, "Entries of the log that were carried out.", lambda now: now.entries),
    NodeRow("items", True, "Items of the log that were carried out.", lambda now: now.items),
    NodeRow(
        "own_entries",
        True,
        "Entries that this node has appended, or appended again.",
        lambda now: now.own_entries,
    ),
    NodeRow("appends", True, "Requests to append to the log.", lambda now: now.appends),
    NodeRow("reads", True, "Readings of the log.", lambda now: now.reads),
    NodeRow("failures", True, "Failed requests to the engine.", lambda now: now.failures),
    NodeRow(
        "epoch_seconds",
        False,
        "When the life of this node began, in Unix time.",
        lambda now: now.epoch / 1e9,
    ),
    NodeRow("life", False, "Its number among all lives of the cluster.", lambda now: now.life),
    NodeRow("check", False, "The last check of the state.", lambda now: now.check),
    NodeRow(
        "digest",
        False,
        "The first 48 bits of the digest of the state after it, the same on all nodes.",
        lambda now: int(now.digest[:12] or "0", 16),
    ),
    NodeRow(
        "snapshot_age_seconds",
        False,
        "Seconds since a snapshot was kept.",
        lambda now: now.snapshot_age,
    ),
    NodeRow(
        "snapshot_seconds",
        False,
        "How long writing it took.",
        lambda now: now.snapshot_seconds,
    ),
    NodeRow("snapshot_bytes", False, "Its size.", lambda now: now.snapshot_bytes),
)
"""The numbers of a node of a cluster. The names get the prefix `trio_chat_cluster_`."""


class Exposition:
    """Writes the metrics of one server, those of its process, and those of its event loop.

    Args:
        source: gives the statistics.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._registry: CollectorRegistry | None = None
        self.is_available = find_spec("prometheus_client") is not None
        self.content_type = "text/plain; version=0.0.4; charset=utf-8"

    def text(self) -> bytes:
        """Return the metrics as they are now; only when `is_available`."""
        import prometheus_client as client  # noqa: PLC0415  # only when it is installed

        if self._registry is None:
            # Not the registry of the process, which a program that embeds a server may use.
            self._registry = client.CollectorRegistry()
            client.ProcessCollector(registry=self._registry)
            client.GCCollector(registry=self._registry)
            self._registry.register(self)
        return client.generate_latest(self._registry)

    def collect(self) -> "Iterator[Metric]":
        """Yield the metrics, as prometheus-client asks for them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

        now, lag = self._source()
        for metric in TABLE:
            family = CounterMetricFamily if metric.is_counter else GaugeMetricFamily
            yield family(f"trio_chat_{metric.name}", metric.help, value=metric.value(now))
        if now.node is not None:
            for each in CLUSTER:
                family = CounterMetricFamily if each.is_counter else GaugeMetricFamily
                name = f"trio_chat_cluster_{each.name}"
                yield family(name, each.help, value=each.value(now.node))
        requests = CounterMetricFamily(
            "trio_chat_http_requests",
            "Answers by HTTP, by route and class of status.",
            labels=("route", "status"),
        )
        for labels, number in sorted(now.requests.items()):
            requests.add_metric(labels, number)
        yield requests
        loop = trio.lowlevel.current_statistics()
        yield GaugeMetricFamily(
            "trio_chat_tasks", "Tasks of the event loop.", value=loop.tasks_living
        )
        yield GaugeMetricFamily(
            "trio_chat_tasks_runnable", "Tasks that could run at once.", value=loop.tasks_runnable
        )
        yield GaugeMetricFamily(
            "trio_chat_loop_lag_seconds",
            "By how much a task woke up late, at worst since last asked.",
            value=lag,
        )

    def describe(self) -> "Iterator[Metric]":
        """Yield nothing: names need not be known before the first value."""
        return iter(())
