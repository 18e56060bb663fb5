"""Cloaks: the hosts that other users see instead of an address.

A cloak is stable, reveals nothing of the address without the server's secret, and has one label for
each network that contains the address, the narrowest first: `host.network.wider.ip`. So a ban of
`*!*@*.network.wider.ip` covers the network, as `*!*@192.0.2.*` would cover it without cloaks. (The
labels of InspIRCd and UnrealIRCd are of this kind; Ergo's have one.)

The networks are /32, /24 and /16 of IPv4, and /64, /48 and /32 of IPv6: a host with an IPv6 address
usually has its whole /64, and changes the address every day.
"""

import base64
import hmac
from functools import lru_cache
from typing import Final

from trio_chat.irc.addresses import parse_address

SUFFIX: Final = "ip"
ACCOUNT_PREFIX: Final = "user/"
LABEL: Final = 8
"""Characters of a label: 40 bits, so that two networks hardly ever share one."""
PREFIXES: Final = {4: (32, 24, 16), 6: (64, 48, 32)}


class Cloaks:
    """Makes cloaks.

    Args:
        secret: the key of this server. All cloaks change with it.
        accounts: whether a user that is logged in at connection registration gets `user/account`
            instead.
    """

    def __init__(self, secret: bytes, *, accounts: bool = False) -> None:
        self._secret = secret
        self.accounts = accounts
        self.of_address = lru_cache(4096)(self._of_address)

    @property
    def fingerprint(self) -> str:
        """A text that differs if the secret does, and does not reveal it."""
        return self._label("fingerprint")

    def _of_address(self, address: str) -> str:
        """Return the cloak of an address; of what is no address, one with a single label."""
        parsed = parse_address(address)
        if parsed is None:
            return f"{self._label(f'text:{address}')}.{SUFFIX}"
        whole, bits = int(parsed), parsed.max_prefixlen
        labels = (
            self._label(f"{parsed.version}:{size}:{whole >> (bits - size)}")
            for size in PREFIXES[parsed.version]
        )
        return ".".join((*labels, SUFFIX))

    def of_account(self, account: str) -> str:
        """Return the cloak of an account."""
        return ACCOUNT_PREFIX + account

    def _label(self, text: str) -> str:
        digest = hmac.digest(self._secret, text.encode(), "sha256")
        return base64.b32encode(digest)[:LABEL].decode().lower()


def as_param(address: str) -> str:
    """Return an address as a parameter: `::1` would be read as the last one of its line (Modern
    IRC, RPL_WHOISACTUALLY).
    """
    return f"0{address}" if address.startswith(":") else address
