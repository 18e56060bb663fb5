"""The statistics as Prometheus metrics, with the optional package prometheus-client."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import trio

from trio_chat.server.statistics import ServerStatistics

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry

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
