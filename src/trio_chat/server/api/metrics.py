"""Resources of metrics: the numbers of the server, at once and as a stream of events."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import trio

from trio_chat.i18n import _
from trio_chat.server.api.calls import Call
from trio_chat.server.api.problems import ApiProblem
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, to_json
from trio_chat.server.http.messages import HttpResponse
from trio_chat.server.process_memory import resident_bytes
from trio_chat.server.prometheus import CLUSTER, TABLE

INTERVAL = 2.0
"""Seconds between two events of a stream."""
MOST_STREAMS = 16
"""Streams at once; a page needs one."""
_LONGEST = 3600.0
"""Seconds after which a stream ends; a page opens another one."""


@dataclass(frozen=True, slots=True)
class RequestCount:
    """Answers by HTTP."""

    route: str
    status: Annotated[str, Rule("a class of status, such as 2xx")]
    count: int


@dataclass(frozen=True, slots=True)
class MetricsView:
    """The numbers of a server, with the names that they have for Prometheus."""

    time: datetime
    values: dict[str, float]
    cluster: Annotated[dict[str, float] | None, Rule("of this node; null without a cluster")]
    requests: tuple[RequestCount, ...]
    memory: Annotated[int | None, Rule("bytes of the process; null where the system has none")]


def _get(call: Call) -> MetricsView:
    if call.site.statistics is None:
        raise ApiProblem(404, _("this server has no numbers"))
    now = call.site.statistics()
    node = now.node
    return MetricsView(
        datetime.fromtimestamp(call.world.wall_clock(), UTC),
        {row.name: float(row.value(now)) for row in TABLE},
        {row.name: float(row.value(node)) for row in CLUSTER} if node is not None else None,
        tuple(
            RequestCount(route, status, count)
            for (route, status), count in sorted(now.requests.items())
        ),
        resident_bytes(),
    )


class _Streams:
    """How many streams there are."""

    def __init__(self) -> None:
        self.count = 0


def _live(call: Call) -> HttpResponse:
    streams: _Streams = call.shared(_Streams)
    if streams.count >= MOST_STREAMS:
        why = _(
            "there are {most_streams} streams already; close some, or use GET /api/v1/metrics"
        ).format(most_streams=MOST_STREAMS)
        raise ApiProblem(429, why, headers=[("Retry-After", "30")])
    headers = [("Content-Type", "text/event-stream; charset=utf-8"), ("X-Accel-Buffering", "no")]
    return HttpResponse(200, _events(call, streams), headers)


async def _events(call: Call, streams: _Streams) -> AsyncGenerator[bytes, None]:
    """Yield events (WHATWG HTML, server-sent events) as long as the caller may have them."""
    if streams.count >= MOST_STREAMS:
        return
    streams.count += 1
    end = trio.current_time() + _LONGEST
    try:
        yield b"retry: 5000\n\n"
        while call.is_valid() and trio.current_time() < end:
            text = json.dumps(to_json(_get(call)))
            yield f"event: metrics\ndata: {text}\n\n".encode()
            await trio.sleep(INTERVAL)
    finally:
        streams.count -= 1


RESOURCES = (
    Resource(
        method="GET",
        path="/metrics",
        scope="metrics:read",
        summary="Get the numbers that the page for Prometheus has",
        handler=_get,
        answer=MetricsView,
    ),
    Resource(
        method="GET",
        path="/metrics/live",
        scope="metrics:read",
        summary="Get these numbers every two seconds, as server-sent events named `metrics`",
        handler=_live,
        is_stream=True,
    ),
)
