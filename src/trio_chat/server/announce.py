"""Output of a server that has started."""

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv6Address

import trio

from trio_chat import __version__
from trio_chat.config import Settings
from trio_chat.i18n import _
from trio_chat.installation import shown_command
from trio_chat.irc.addresses import IpAddress, format_address
from trio_chat.server import qr
from trio_chat.server.addresses import joinable, own_addresses
from trio_chat.server.certificates import CertificateError
from trio_chat.server.encryption import Encryption
from trio_chat.server.links import public_url
from trio_chat.server.listeners import BatchListener
from trio_chat.server.windows_hints import windows_hints

log = logging.getLogger("trio_chat")


async def announce(
    listeners: Sequence[BatchListener], encryption: Encryption, settings: Settings
) -> None:
    """Print the fingerprint of the certificate, and how others can join, ready to be copied and
    scanned: last, so that the QR code does not scroll out of a small terminal.

    Args:
        listeners: where the server listens, [server] first; further ones are not announced.
        encryption: its certificate; one that is to be made is made now.
        settings: all of config.ini.
    """
    fingerprints: list[str] = []
    if any(listener.settings.tls != "off" for listener in listeners):
        fingerprints = await _fingerprints(encryption)
    port = listeners[0].bound[1]
    main = [
        listener.bound[0] for listener in listeners if listener.settings is listeners[0].settings
    ]
    own = await trio.to_thread.run_sync(own_addresses)
    others = joinable(main, own)
    lines = _ways_to_join(main, others, port)
    if not others and (hint := _why_nobody_joins(main, own)):
        lines.append(hint)
    if settings.server.url or (others and settings.server.websocket):
        page = public_url(settings, port, others, encryption.names)
        lines = [_("Others join in a browser:"), f"    {page}", *lines]
        if settings.discovery.qr:
            lines = await trio.to_thread.run_sync(_with_code_of, page, lines)
    hints = windows_hints(main) if sys.platform == "win32" else []
    heading = _("trio-chat {version} is running.").format(version=__version__)
    await _print([*fingerprints, *hints, heading, *lines, _("Ctrl-C stops the server.")])


async def _fingerprints(encryption: Encryption) -> list[str]:
    """Return lines with the fingerprints of the certificate."""
    try:
        await encryption.prepare()
    except CertificateError as error:
        log.error("no client can use TLS: %s", error)
        return []
    if not encryption.fingerprint:
        return []
    return [
        _("Its TLS certificate has the SHA-256 fingerprint {hex}").format(
            hex=encryption.fingerprint
        ),
        _("Its TLS key has the SHA-256 fingerprint {hex}").format(hex=encryption.facts.key),
    ]


def _why_nobody_joins(bound: Sequence[IpAddress], own: Sequence[IpAddress]) -> str:
    """Return why no other machine can join a server that is for others, and what helps; "" for one
    of this machine alone.
    """
    if not any(address.is_unspecified for address in bound):
        return ""
    if joinable([IPv6Address("::")], own):
        return _(
            "This computer has addresses of IPv6 alone: others can join with [server] host = ::"
        )
    return _("This computer is not connected to any network, so nobody else can join now.")


def shown(listener: BatchListener) -> str:
    """Return where a listener listens, as text."""
    path = listener.settings.path
    return str(path) if path is not None else format_address(*listener.bound)


def _ways_to_join(bound: Sequence[IpAddress], others: Sequence[IpAddress], port: int) -> list[str]:
    lines = []
    if others:
        lines.append(_("Others join with:"))
        lines += [f"    trio-chat connect {format_address(address, port)}" for address in others]
    local = next(
        (address for address in bound if address.is_unspecified or address.is_loopback), None
    )
    if local is not None:
        loopback = ("::1" if local.version == 6 else "127.0.0.1") if local.is_unspecified else local
        command = f"{shown_command()} connect {format_address(loopback, port)}"
        lines += [_("On this machine:"), f"    {command}"]
    lines.append(_("Any IRC client can use that address too."))
    return lines


def _with_code_of(page: str, lines: list[str]) -> list[str]:
    """Add the QR code of an address to lines, where the terminal can show it. Blocks."""
    size = qr.drawable_size()
    if size is None:
        return lines
    try:
        return qr.with_code(lines, qr.qr_code(page), size)
    except ValueError:  # no code has room for so long an address
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
            raw.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
