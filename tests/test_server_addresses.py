"""Addresses of this machine: those that others can reach it at."""

from ipaddress import ip_address, ip_interface

import pytest

from trio_chat.interfaces import Interface, by_preference
from trio_chat.irc.addresses import format_address
from trio_chat.server import addresses
from trio_chat.server.addresses import joinable, own_addresses


def test_addresses_to_tell_others() -> None:
    """This machine's own instead of 0.0.0.0; never loopback and link-local ones."""
    own = [
        ip_address(text)
        for text in (
            "127.0.0.1",
            "192.168.1.7",
            "8.8.4.4",
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


def test_link_local_addresses_are_announced_where_there_are_no_others() -> None:
    """Two machines with one cable, and no server that gives them addresses."""
    own = [ip_address(text) for text in ("127.0.0.1", "169.254.0.9", "fe80::1")]
    bound = [ip_address("0.0.0.0"), ip_address("::")]
    assert [str(a) for a in joinable(bound, own)] == ["169.254.0.9"]
    assert joinable([ip_address("::")], own) == []


def test_addresses_for_containers_are_not_those_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless the default route shows that a virtual switch leads to the local network."""
    found = [
        Interface("docker0", ip_interface("172.17.0.1/16")),
        Interface("br-0123456789ab", ip_interface("172.18.0.1/16")),
        Interface("bridge100", ip_interface("192.168.64.1/24")),
        Interface("br-lan", ip_interface("192.168.1.1/24")),
        Interface("tailscale0", ip_interface("100.64.0.7/32")),
        Interface("vEthernet (External)", ip_interface("10.0.0.7/24")),
    ]
    monkeypatch.setattr(addresses, "interfaces", lambda: found)
    monkeypatch.setattr(addresses, "default_sources", lambda: {ip_address("10.0.0.7")})
    assert set(map(str, own_addresses())) == {"192.168.1.1", "100.64.0.7", "10.0.0.7"}
    assert len(own_addresses(with_internal=True)) == len(found)


def test_the_address_that_others_reach_comes_first() -> None:
    """The network of other devices comes before containers and tunnels, the one with the default
    route before others, and public addresses last.
    """
    found = [
        Interface("docker0", ip_interface("172.17.0.1/16")),
        Interface("utun3", ip_interface("10.8.0.2/24")),
        Interface("unknown0", ip_interface("10.9.0.2/32")),
        Interface("vEthernet (WSL)", ip_interface("172.28.0.1/20")),
        Interface("eth1", ip_interface("8.8.4.4/24")),
        Interface("eth0", ip_interface("10.0.0.7/24")),
        Interface("wlan0", ip_interface("192.168.1.7/24")),
        Interface("wlan0", ip_interface("2001:db8::7/64")),
        Interface("br0", ip_interface("192.168.1.8/24")),
    ]
    ordered = by_preference(found, {ip_address("192.168.1.7")})
    assert [str(interface.ip) for interface in ordered] == [
        "192.168.1.7",
        "10.0.0.7",
        "192.168.1.8",
        "8.8.4.4",
        "10.8.0.2",
        "10.9.0.2",
        "172.17.0.1",
        "172.28.0.1",
        "2001:db8::7",
    ]


def test_this_machine_has_addresses() -> None:
    """Every machine has its loopback address at least."""
    assert ip_address("127.0.0.1") in own_addresses()
