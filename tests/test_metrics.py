"""Monitoring of a server: statistics, pages for Prometheus and for health, and logs as JSON."""

import json
import re
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from edge import edge
from server_fakes import memory_network
from trio_chat.config import LimitSettings, LoggingSettings
from trio_chat.log import logger
from trio_chat.log.threads import LogEntry
from trio_chat.server import prometheus
from trio_chat.server.http.hosts import Host
from trio_chat.server.metrics import AT_ONCE, TIMEOUT, Monitor
from trio_chat.server.prometheus import TABLE
from trio_chat.server.statistics import ServerStatistics

STRANGER = "198.51.100.7"


async def ask(monitor: Monitor, request: bytes) -> bytes:
    """Return all that is answered to some bytes."""
    ours, theirs = memory_stream_pair()
    answer = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(monitor._serve, theirs)
        await ours.send_all(request)
        while data := await ours.receive_some():
            answer += data
    return answer


def get(path: str) -> bytes:
    """Return a request for a page."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def values(answer: bytes) -> dict[str, float]:
    """Return the values in a page of metrics."""
    return {
        name: float(value)
        for name, value in re.findall(r"^(trio_chat_\w+) (\S+)$", answer.decode(), re.MULTILINE)
    }


async def test_statistics_count_what_is_there() -> None:
    """People, channels, memberships; what came and what was refused."""
    async with memory_network(LimitSettings(connections_per_address=1)) as place:
        await place.register("ann", "#a", "#b")
        bob = await place.register("bob", "#a", host=STRANGER)
        await place.join(STRANGER).rest()
        await bob.say("PRIVMSG #a :hello", "PING x")
        await bob.until("PONG")
        now = place.server.statistics()
        assert now.world[:5] == (
            2,
            2,
            2,
            3,
            3,
        )  # sessions, users, most of them; channels with the lobby; memberships
        assert (now.connections, now.connected, now.admission.refused, now.queued_bytes) == (
            2,
            2,
            1,
            0,
        )
        assert now.broadcaster.waiting == 0
        assert now.broadcaster.accepted > 0
        assert now.broadcaster.deliveries > 0


async def test_metrics_for_prometheus() -> None:
    """Every number of the table, those of the event loop, and those of the process; counters say
    that they are.
    """
    async with memory_network() as place:
        await place.register("ann", "#a")
        answer = await ask(Monitor(place.server), get("/metrics"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    found = values(answer)
    assert found.keys() >= {
        f"trio_chat_{row.name}{'_total' if row.is_counter else ''}" for row in TABLE
    }
    assert found["trio_chat_users"] == found["trio_chat_connections"] == 1
    assert found["trio_chat_tasks"] > 1
    assert b"# TYPE trio_chat_deliveries_total counter" in answer


async def test_answers_by_route_and_class_of_status() -> None:
    """There are as many routes as in the table: what is requested makes no others."""
    async with edge() as here:
        for target in ("/health", "/health", "/nothing", f"/{'x' * 100}", "/upload", "/v/x"):
            stream = here.stream()
            await stream.send_all(get(target))
            await stream.send_eof()
            while await stream.receive_some():
                pass
        answer = Monitor(here.server).answer("GET", "/metrics").body.decode()
        numbers = here.server.statistics().requests
    assert 'trio_chat_http_requests_total{route="/health",status="2xx"} 2.0' in answer
    assert 'trio_chat_http_requests_total{route="other",status="4xx"} 2.0' in answer
    assert numbers["/v/", "4xx"] == 1
    assert sum(numbers.values()) == 6


async def test_metrics_need_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the page says what to install; health does not need it."""
    monkeypatch.setattr(prometheus, "find_spec", lambda name: None)
    async with memory_network() as place:
        monitor = Monitor(place.server)
        assert monitor.answer("GET", "/metrics").status == 501
        assert b"trio-chat[metrics]" in monitor.answer("GET", "/metrics").body
        assert monitor.answer("GET", "/health").status == 200


async def test_readiness() -> None:
    """Alive is not ready: before connections are taken, and when the server is full, a load
    balancer should go elsewhere.
    """
    async with memory_network(LimitSettings(clients=1)) as place:
        monitor = Monitor(place.server)
        assert monitor.answer("GET", "/health").status == 200
        assert monitor.answer("GET", "/ready") == (
            503,
            b"no connections are taken\n",
            "text/plain; charset=utf-8",
        )
        place.server._is_accepting = True
        assert monitor.answer("GET", "/ready").status == 200
        await place.register("ann")
        assert monitor.answer("GET", "/ready?x=y").body == b"the server is full\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/"), b"404"),
        (b"POST /metrics HTTP/1.1\r\nHost: [::1]:9\r\nContent-Length: 0\r\n\r\n", b"405"),
        (b"HEAD /health HTTP/1.1\r\nHost: localhost:9090\r\n\r\n", b"200"),
        (b"GET http://127.0.0.1:9090/health HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
        (b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", b"403"),
        (b"GET /health HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /health HTTP/1.1\r\n\r\n", b"400"),
        (b"\x16\x03\x01" + bytes(100) + b"\r\n\r\n", b"400"),
        (b"NICK ann\r\nUSER a 0 * :a\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000, b"431"),
    ],
)
async def test_other_requests(request_bytes: bytes, status: bytes) -> None:
    """An answer and the end, whatever comes; HEAD has no body; a name that is not the server's is
    refused (DNS rebinding).
    """
    async with memory_network() as place:
        answer = await ask(Monitor(place.server), request_bytes)
    assert (b"\r\nAllow: GET, HEAD\r\n" in answer) is (status == b"405")
    assert answer.split(b" ")[1] == status
    assert answer.endswith(b"\r\n\r\n") is request_bytes.startswith(b"HEAD")


async def test_who_asks_and_does_not_read_or_write_is_not_waited_for(
    autojump_clock: MockClock,
) -> None:
    """Slow-loris: a request has a deadline, and there is a limit to requests at the same time."""
    async with memory_network() as place, trio.open_nursery() as nursery:
        monitor = Monitor(place.server)
        waiting = [memory_stream_pair() for _ in range(AT_ONCE)]
        for _, theirs in waiting:
            nursery.start_soon(monitor._serve, theirs)
        await wait_all_tasks_blocked()
        start = trio.current_time()
        ours, theirs = memory_stream_pair()
        nursery.start_soon(monitor._serve, theirs)
        assert await ours.receive_some() == b""
        assert trio.current_time() == start
        for ours, _ in waiting:
            assert await ours.receive_some() == b""
        assert trio.current_time() - start == TIMEOUT
        assert (await ask(monitor, get("/health"))).endswith(b"ok\n")


async def test_a_defect_in_a_page_costs_that_answer_only(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the server goes on."""

    class Broken:
        def statistics(self) -> ServerStatistics:
            raise RuntimeError("boom")

        def why_not_ready(self) -> list[str]:
            raise RuntimeError("boom")

        def knows(self, host: Host) -> bool:
            return True

    assert await ask(Monitor(Broken()), get("/ready")) == b""
    assert "boom" in caplog.text


async def test_the_event_loop_is_watched(autojump_clock: MockClock) -> None:
    """How late a task woke up is shown once, at its worst."""
    async with memory_network() as place, trio.open_nursery() as nursery:
        monitor = Monitor(place.server)
        nursery.start_soon(monitor._measure_lag)
        await wait_all_tasks_blocked()
        autojump_clock.jump(1.5)
        await trio.sleep(1)
        assert values(await ask(monitor, get("/metrics")))[
            "trio_chat_loop_lag_seconds"
        ] == pytest.approx(0.5)
        assert values(await ask(monitor, get("/metrics")))["trio_chat_loop_lag_seconds"] == 0
        nursery.cancel_scope.cancel()


# Logs.


def test_an_entry_as_json() -> None:
    """One line, one object, ASCII only, whatever strangers wrote."""
    line = LogEntry(
        1_800_000_000.25, "ERROR", "Иван\x1b[2J\n{\u2028", "Traceback\n  boom"
    ).render_json()
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.250Z",
        "level": "ERROR",
        "message": "Иван\x1b[2J\n{\u2028",
        "traceback": "Traceback\n  boom",
    }
    assert line.isascii()
    assert line.count("\n") == 1
    assert "\x1b" not in line


def test_a_log_file_of_json(tmp_path: Path) -> None:
    """[logging] format = json."""
    with logger.running(LoggingSettings(file=tmp_path / "log", format="json")) as log:
        log.info("hello %s", "ann")
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert json.loads(line)["message"] == "hello ann"
