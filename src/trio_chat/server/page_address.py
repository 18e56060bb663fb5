"""The task that keeps the address of the page up to date, which invitations and QR codes have."""

import logging
from collections.abc import Callable, Sequence

import trio

from trio_chat.chat.world import World
from trio_chat.config import Settings
from trio_chat.server.addresses import joinable, own_addresses
from trio_chat.server.links import public_url
from trio_chat.server.listeners import BatchListener

log = logging.getLogger("trio_chat")

_INTERVAL = 60.0
"""Seconds after which another address of this machine is noticed."""


async def keep_page_url(
    world: World,
    settings: Callable[[], Settings],
    listeners: Sequence[BatchListener],
    certified: Callable[[], Sequence[str]],
) -> None:
    """Set the address of the page for links, now and whenever it has changed; for ever.

    Args:
        world: has it.
        settings: returns all of config.ini, as it is in force.
        listeners: where the server listens, [server] first.
        certified: returns the names in a certificate of the administrator's.
    """
    first = listeners[0]
    bound = [one.bound for one in listeners if one.settings is first.settings]
    while True:
        own = await trio.to_thread.run_sync(own_addresses)
        others = joinable([address for address, _ in bound], own)
        url = public_url(settings(), bound[0][1], others, certified())
        if world.page_url not in ("", url) and first.settings.websocket:
            log.info("the page is now at %s", url)  # what was printed at the start is out of date
        world.page_url = url
        await trio.sleep(_INTERVAL)
