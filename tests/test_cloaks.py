"""Cloaks: stable, secret, and with a label for each network."""

import re

from hypothesis import given
from hypothesis import strategies as st

from support import Person, Town, find
from trio_chat.chat.accounts import Account
from trio_chat.chat.cloaks import LABEL, PREFIXES, SUFFIX, Cloaks, as_param
from trio_chat.irc.addresses import parse_address

SECRET = b"a secret of this server"
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


@given(addresses)
def test_a_cloak_is_stable_and_can_stand_in_a_mask(address: str) -> None:
    """The same address has the same cloak after a restart, of one length, in letters and digits."""
    cloak = Cloaks(SECRET).of_address(address)
    assert cloak == Cloaks(SECRET).of_address(address)
    assert re.fullmatch(r"(?:[a-z2-7]{8}\.){3}ip", cloak)
    assert len(cloak) == len(PREFIXES[4]) * (LABEL + 1) + len(SUFFIX)


@given(addresses)
def test_another_secret_gives_another_cloak(address: str) -> None:
    """Without the secret nobody can try all addresses."""
    labels = set(Cloaks(SECRET).of_address(address).split(".")[:-1])
    assert labels.isdisjoint(Cloaks(b"another").of_address(address).split(".")[:-1])


def shared(first: str, second: str) -> int:
    """Return how many labels two cloaks have in common, from the widest network on."""
    cloaks = Cloaks(SECRET)
    pairs = zip(
        reversed(cloaks.of_address(first).split(".")),
        reversed(cloaks.of_address(second).split(".")),
        strict=True,
    )
    return [one == other for one, other in pairs].count(True) - 1


def test_labels_follow_the_networks() -> None:
    """/32, /24 and /16 of IPv4; /64, /48 and /32 of IPv6."""
    assert shared("192.0.2.7", "192.0.2.8") == 2
    assert shared("192.0.2.7", "192.0.3.7") == 1
    assert shared("192.0.2.7", "192.1.2.7") == 0
    assert shared("2001:db8:1:2::1", "2001:db8:1:2:ffff::") == 3
    assert shared("2001:db8:1:2::1", "2001:db8:1:3::1") == 2
    assert shared("2001:db8:1:2::1", "2001:db8:2:2::1") == 1
    assert shared("2001:db8::1", "2001:db9::1") == 0


def test_ipv4_in_ipv6_is_ipv4() -> None:
    """Somebody has one cloak whichever kind of socket the server listens on; a zone changes
    nothing.
    """
    cloaks = Cloaks(SECRET)
    assert cloaks.of_address("::ffff:192.0.2.7") == cloaks.of_address("192.0.2.7")
    assert cloaks.of_address("fe80::1%eth0") == cloaks.of_address("fe80::1")


def test_what_is_no_address_has_a_cloak_too() -> None:
    """A transport that knows no address gives a name."""
    assert re.fullmatch(r"[a-z2-7]{8}\.ip", Cloaks(SECRET).of_address("a unix socket"))
    assert parse_address("a unix socket") is None


def test_a_colon_at_the_start() -> None:
    """Modern IRC, RPL_WHOISACTUALLY: such an address is "prefixed with a zero"."""
    assert as_param("::1") == "0::1"
    assert as_param("192.0.2.1") == "192.0.2.1"


def test_others_see_the_cloak(town: Town) -> None:
    """Sources and replies have the cloak, or user/ACCOUNT with [cloak_accounts]."""
    town.world.cloaks = Cloaks(SECRET, accounts=True)
    bob = Person(town, "203.0.113.9")
    bob.session.host = town.world.host_of("203.0.113.9")
    bob.say("NICK bob", "USER bob 0 * :b", "JOIN #a")
    ann = town.person("ann", "#a")
    bob.say("PRIVMSG #a :hi")
    assert (
        find(ann.read(), "PRIVMSG").source == f"bob!bob@{Cloaks(SECRET).of_address('203.0.113.9')}"
    )
    eve = Person(town, "203.0.113.9")
    eve.session.set_account(Account("Eve", "eve", 0, 1))
    eve.say("NICK eve", "USER eve 0 * :e")
    assert find(ann.say("WHOIS eve"), "311").params[3] == "user/Eve"
