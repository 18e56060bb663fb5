"""Metrics and health of the real server."""

import urllib.error
import urllib.request
from pathlib import Path

import trio
from programs import server


def fetch(url: str) -> tuple[int, str]:
    """Return status and body of a page."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


async def test_metrics_of_a_running_server(tmp_path: Path) -> None:
    """On a port of its own, only on this machine, and gone with the server."""
    async with server(tmp_path, "[metrics]\nport = 0") as (host, _):
        line = next(line for line in host.out.lines if "metrics are at" in line)
        url = line.rpartition(" ")[2]
        assert url.startswith("http://127.0.0.1:")
        status, body = await trio.to_thread.run_sync(fetch, url)
        assert status == 200
        assert "trio_chat_users 0.0" in body
        assert "process_open_fds" in body
        assert await trio.to_thread.run_sync(fetch, url.replace("metrics", "ready")) == (
            200,
            "ready\n",
        )
        host.stop()
        assert await host.wait() == 0
        try:
            await trio.to_thread.run_sync(fetch, url)
        except urllib.error.URLError:
            return
        raise AssertionError("it still answers")
