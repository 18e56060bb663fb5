"""WEBIRC: the address of a client behind a gateway (https://ircv3.net/specs/extensions/webirc)."""

import hashlib
import hmac
from collections.abc import Sequence

from trio_chat.chat.accounts import Busy, Origin
from trio_chat.config import GatewaySettings
from trio_chat.irc.addresses import parse_address
from trio_chat.server.hashing import HashingThreads
from trio_chat.server.http.forwarded import UnknownClient, address_of
from trio_chat.server.peer import Peer, is_in

_HASH = "$argon2"
_NAME = "WEBIRC"
"""The name under which wrong passwords are counted: WEBIRC need not name the gateway."""


class GatewayError(ValueError):
    """The gateway is unknown, or its WEBIRC is incomplete; the message is for the operator.

    Args:
        text: why.
        reply: the text for the client.
    """

    def __init__(self, text: str, reply: str = "You are no gateway of this server") -> None:
        super().__init__(text)
        self.reply = reply


async def speak_for(
    peer: Peer, gateways: Sequence[GatewaySettings], params: Sequence[str], threads: HashingThreads
) -> Peer:
    """Return the client behind a gateway.

    Args:
        peer: the gateway.
        gateways: those of config.ini.
        params: of WEBIRC: password, name of the gateway, host name, address, and perhaps options.
        threads: where passwords are hashed, and wrong ones counted.

    Raises:
        GatewayError: it is not trusted.
    """
    if len(params) < 4:
        raise GatewayError("WEBIRC needs a password, a name, a host name and an address")
    password, _, _, address, *options = params
    await _check(
        peer,
        [gateway for gateway in gateways if is_in(peer.host, gateway.addresses)],
        password,
        threads,
    )
    try:
        host = address_of(address)
    except UnknownClient:
        raise GatewayError("WEBIRC without an address") from None
    wanted = {option.partition("=")[0] for option in " ".join(options).split()}
    # "If the gateway connection is not secure, servers MUST ignore it"; a connection within the
    # machine needs no encryption.
    gateway = parse_address(peer.host)
    is_safe_way = peer.is_secure or (gateway is not None and gateway.is_loopback)
    return peer._replace(
        host=host, is_secure="secure" in wanted and is_safe_way, certificate="", local=None
    )


async def _check(
    peer: Peer, gateways: Sequence[GatewaySettings], password: str, threads: HashingThreads
) -> None:
    """Raise `GatewayError` unless a password is that of a gateway at this address.

    After many wrong ones from an address none is checked for a while.
    """
    lockout, origin = threads.gateways, Origin(peer.host)
    plain = [gateway for gateway in gateways if not gateway.password.startswith(_HASH)]
    try:
        lockout.refuse(_NAME, origin)
        # All are compared, and digests, which have one length: the time that it takes says nothing
        # of any of them.
        is_right = max(
            [
                hmac.compare_digest(_digest(password), _digest(gateway.password))
                for gateway in plain
            ],
            default=False,
        )
        for gateway in gateways:
            if not is_right and gateway.password.startswith(_HASH):
                is_right = await _is_right(gateway.password, password, origin, threads)
    except Busy as busy:
        raise GatewayError("too many wrong passwords of gateways from there", str(busy)) from busy
    if not is_right:
        if not any(gateway.password.startswith(_HASH) for gateway in gateways):
            # Or `check` has counted it.
            await threads.note_wrong(lockout, _NAME, origin)
        raise GatewayError("no such gateway, or a wrong password")
    lockout.note_right(_NAME, origin)


async def _is_right(hashed: str, password: str, origin: Origin, threads: HashingThreads) -> bool:
    """Return whether a password is the one that was hashed; one that was right is not hashed again
    for each client.
    """
    proof = hmac.digest(threads.secret, f"{hashed} {password}".encode(), "sha256")
    if proof in threads.proved:
        return True
    is_right = await threads.check(threads.gateways, _NAME, origin, _fits, hashed, password)
    if is_right:
        threads.proved.add(proof)
    return is_right


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _fits(hashed: str, given: str) -> bool:
    import argon2  # noqa: PLC0415  # only gateways need it

    try:
        return argon2.PasswordHasher().verify(hashed, given)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
