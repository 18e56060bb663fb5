"""Payers of quotas: the address, or the IPv6 network, by which stored messages are counted."""

from trio_chat.irc.masks import parse_address


def payer_of(address: str) -> str:
    """Return what an address is counted by: itself, or its /64 of IPv6, which one person has."""
    parsed = parse_address(address) if ":" in address else None
    if parsed is None:
        return address
    return f"{int(parsed) >> 64:x}::/64" if parsed.version == 6 else str(parsed)
