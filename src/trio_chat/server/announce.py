"""Output of a server that has started."""

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress

import trio

from trio_chat import __version__
from trio_chat.i18n import _
from trio_chat.irc.addresses import IpAddress, format_address
from trio_chat.server.addresses import joinable, own_addresses
from trio_chat.server.binding import bound_to
from trio_chat.server.certificates import CertificateError
from trio_chat.server.encryption import Encryption
from trio_chat.server.listeners import BatchListener

log = logging.getLogger("trio_chat")


async def announce(listeners: Sequence[BatchListener], encryption: Encryption) -> None:
    """Print how others can join, ready to be copied, and the fingerprint of the certificate.

    Args:
        listeners: where the server listens, [server] first; further ones are not announced.
        encryption: its certificate; one that is to be made is made now.
    """
    port = bound_to(listeners[0].socket)[1]
    main = [
        bound_to(listener.socket)
        for listener in listeners
        if listener.settings is listeners[0].settings
    ]
    await _print(await _ways_to_join([place[0] for place in main], port))
    if all(listener.settings.tls == "off" for listener in listeners):
        return
    try:
        await encryption.prepare()
    except CertificateError as error:
        log.error("no client can use TLS: %s", error)
        return
    if encryption.fingerprint:
        await _print(
            [
                _("Its TLS certificate has the SHA-256 fingerprint {hex}").format(
                    hex=encryption.fingerprint
                )
            ]
        )


def shown(listener: BatchListener) -> str:
    """Return where a listener listens, as text."""
    path = listener.settings.path
    return str(path) if path is not None else format_address(*bound_to(listener.socket))


async def _ways_to_join(bound: list[IpAddress], port: int) -> list[str]:
    own = await trio.to_thread.run_sync(own_addresses)
    lines = [_("trio-chat {version} is running.").format(version=__version__)]
    others = joinable(bound, own)
    if others:
        lines.append(_("Others join with:"))
        lines += [f"    trio-chat connect {format_address(address, port)}" for address in others]
    local = next(
        (address for address in bound if address.is_unspecified or address.is_loopback), None
    )
    if local is not None:
        loopback = ("::1" if local.version == 6 else "127.0.0.1") if local.is_unspecified else local
        lines += [_("On this machine:"), f"    trio-chat connect {format_address(loopback, port)}"]
    lines.append(_("Any IRC client can join too, at the same address. Ctrl-C stops the server."))
    return lines


async def _print(lines: list[str]) -> None:
    await trio.to_thread.run_sync(
        _print_past_buffer, "\n".join(lines) + "\n", abandon_on_cancel=True
    )


def _print_past_buffer(text: str) -> None:
    """Print past the buffer of the stream, from a thread that may be abandoned.

    A thread that hangs in a buffered stream holds a lock that the interpreter needs to exit.
    """
    if sys.stdout is not None:
        with (
            suppress(OSError, ValueError),
            open(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as raw,
        ):
            raw.write(text.encode("utf-8", "backslashreplace"))
