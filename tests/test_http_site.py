"""Modules that the server loads with the first request that needs them."""

import sys
import threading
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from edge import edge
from trio_chat.server.api import entry, service
from trio_chat.server.http.messages import HttpRequest, HttpResponse
from trio_chat.server.http.site import Site

SLOW = """\
import threading
import {gate}

assert threading.current_thread() is not threading.main_thread()
{gate}.begun.set()
assert {gate}.may_end.wait(30)
complete = True
"""


class Gate:
    """What a module that is being loaded waits for."""

    begun = threading.Event()
    may_end = threading.Event()


async def test_a_module_is_complete_for_all_requests_that_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is loaded in a thread once, and a request that comes meanwhile waits for that."""
    monkeypatch.setitem(sys.modules, "slow_gate", Gate)
    (tmp_path / "slow_part.py").write_text(SLOW.format(gate="slow_gate"))
    monkeypatch.syspath_prepend(tmp_path)
    ended = []

    async def need(site: Site) -> None:
        await site.load("slow_part")
        ended.append(sys.modules["slow_part"].complete)

    async with edge() as here, trio.open_nursery() as nursery:
        nursery.start_soon(need, here.server.site)
        await trio.to_thread.run_sync(Gate.begun.wait)
        nursery.start_soon(need, here.server.site)
        await wait_all_tasks_blocked()
        assert "slow_part" in sys.modules
        assert ended == []
        Gate.may_end.set()
    assert ended == [True, True]
    del sys.modules["slow_part"]


async def test_the_first_requests_to_the_api_share_one_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It remembers the rates of tokens and the answers to repeated requests, so there is one."""
    made = []

    class FakeApi:
        def __init__(self, site: Site) -> None:
            made.append(site)

        async def answer(self, request: HttpRequest) -> HttpResponse:
            await trio.lowlevel.checkpoint()
            return HttpResponse(200, b"", [])

    async def load(module: str) -> None:
        await wait_all_tasks_blocked()

    monkeypatch.setattr(service, "Api", FakeApi)
    request = HttpRequest(method="GET", target=b"/api/v1/server", host=None, headers=())
    async with edge() as here, trio.open_nursery() as nursery:
        site = here.server.site
        monkeypatch.setattr(site, "load", load)
        for _ in range(2):
            nursery.start_soon(entry.answer, request, site)
    assert made == [site]
