"""The address of the page for links: kept up to date while a machine moves to another network."""

import logging
from dataclasses import replace
from ipaddress import ip_address

import pytest
import trio
from trio.testing import MockClock

from client_fakes import until
from support import Town
from trio_chat.config import ServerSettings, Settings
from trio_chat.server import page_address
from trio_chat.server.listeners import close_all, open_listeners
from trio_chat.server.page_address import keep_page_url

EVERYWHERE = ServerSettings(host=("0.0.0.0",), port=0)


@pytest.mark.parametrize("has_page", [True, False])
async def test_another_address_is_noticed_and_logged(
    jumping_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    has_page: bool,
) -> None:
    """What was printed at the start is out of date then; the first address is no news."""
    caplog.set_level(logging.INFO, "trio_chat")
    monkeypatch.setattr(page_address, "_INTERVAL", 0.1)
    own = [ip_address("192.168.1.7")]
    monkeypatch.setattr(page_address, "own_addresses", lambda: own)
    settings = Settings(server=replace(EVERYWHERE, websocket=has_page))
    listeners = await open_listeners(settings)
    port = listeners[0].socket.getsockname()[1]
    world = Town().world
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_page_url, world, lambda: settings, listeners, tuple)
            await until(lambda: world.page_url == f"http://192.168.1.7:{port}/")
            assert "the page is now at" not in caplog.text
            own[:] = [ip_address("10.0.0.7")]
            await until(lambda: world.page_url == f"http://10.0.0.7:{port}/")
            assert (f"the page is now at http://10.0.0.7:{port}/" in caplog.text) == has_page
            nursery.cancel_scope.cancel()
    finally:
        close_all(listeners)
