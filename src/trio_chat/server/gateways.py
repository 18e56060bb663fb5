"""WEBIRC: a gateway, such as a web client's, says for whom it speaks (https://ircv3.net/specs/extensions/webirc)."""

import hmac
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

import trio

from trio_chat.config import GatewaySettings
from trio_chat.server.peer import Peer, is_in, plain_address

_HASH = "$argon2"


class GatewayError(ValueError):
    """It is no gateway of ours, or does not say what it must; the text is for the operator."""


async def speak_for(peer: Peer, gateways: Sequence[GatewaySettings], params: Sequence[str]) -> Peer:
    """Return who is behind a gateway.

    Args:
        peer: the gateway.
        gateways: those of config.ini.
        params: of WEBIRC: password, name of the gateway, host name, address, and perhaps options.

    Raises:
        GatewayError: it is not to be believed.
    """
    if len(params) < 4:
        raise GatewayError("WEBIRC needs a password, a name, a host name and an address")
    password, _, _, address, *options = params
    for gateway in gateways:
        if is_in(peer.host, gateway.addresses) and await _is_right(password, gateway.password):
            break
    else:
        raise GatewayError("no such gateway, or a wrong password")
    try:
        host = plain_address(address)
    except ValueError:
        raise GatewayError("WEBIRC without an address") from None
    wanted = {option.partition("=")[0] for option in " ".join(options).split()}
    # "If the gateway connection is not secure, servers MUST ignore it"; one that never leaves the machine needs no encryption.
    is_safe_way = peer.is_secure or ip_address(peer.host).is_loopback
    return replace(peer, host=host, is_secure="secure" in wanted and is_safe_way, certificate="")


async def _is_right(given: str, wanted: str) -> bool:
    if not wanted.startswith(_HASH):
        return hmac.compare_digest(given.encode(), wanted.encode())
    return await trio.to_thread.run_sync(_fits, given, wanted)


def _fits(given: str, hashed: str) -> bool:
    import argon2  # noqa: PLC0415  # only a gateway needs it

    try:
        return argon2.PasswordHasher().verify(hashed, given)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
