"""Addresses of this machine: those that others can reach it at."""

from ipaddress import ip_address

from trio_chat.irc.addresses import format_address
from trio_chat.server.addresses import joinable, own_addresses


def test_addresses_to_tell_others() -> None:
    """This machine's own instead of 0.0.0.0, those of the local network first; never loopback
    ones.
    """
    own = [
        ip_address(text)
        for text in (
            "127.0.0.1",
            "8.8.4.4",
            "192.168.1.7",
            "169.254.0.9",
            "::1",
            "fe80::1",
            "2001:db8::7",
        )
    ]
    assert [str(a) for a in joinable([ip_address("0.0.0.0")], own)] == ["192.168.1.7", "8.8.4.4"]
    assert [str(a) for a in joinable([ip_address("::")], own)] == ["2001:db8::7"]
    assert [str(a) for a in joinable([ip_address("127.0.0.1"), ip_address("192.0.2.7")], own)] == [
        "192.0.2.7"
    ]
    assert format_address("2001:db8::7", 5000) == "[2001:db8::7]:5000"
    assert format_address(ip_address("192.0.2.7"), 5000) == "192.0.2.7:5000"


def test_this_machine_has_addresses() -> None:
    """Every machine has its loopback address at least."""
    assert ip_address("127.0.0.1") in own_addresses()
