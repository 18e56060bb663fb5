"""Masks: networks in them, masks that match nobody, and durations before them."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find
from trio_chat.chat import durations
from trio_chat.chat.bans import Ban, BanKind, normalise
from trio_chat.chat.cloaks import Cloaks
from trio_chat.chat.coverage import check, check_entry
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import ConfigError, load
from trio_chat.irc.addresses import parse_address
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.masks import BadMask, complete_mask, host_network, parse_mask

MAPPED = "::ffff:203.0.113.9"


@pytest.mark.parametrize(
    ("written", "mask"),
    [
        ("*!*@203.0.113.9/24", "*!*@203.0.113.0/24"),
        ("203.0.113.0/24", "*!*@203.0.113.0/24"),
        ("*!*@203.0.113.9/32", "*!*@203.0.113.9"),
        ("ann!~a@2001:DB8:0:0::1/64", "ann!~a@2001:db8::/64"),
        ("2001:db8::/32", "*!*@2001:db8::/32"),
        ("*!*@[::1]", "*!*@::1"),
        ("*!*@::ffff:203.0.113.0/120", "*!*@203.0.113.0/24"),
        (f"*!*@{MAPPED}", "*!*@203.0.113.9"),
        ("*!*@0::1", "*!*@::1"),
        ("*!*@2001:DB8:0:0:0:0:0:1", "*!*@2001:db8::1"),
        ("*!*@203.0.113.0/255.255.255.0", "*!*@203.0.113.0/24"),
        ("*!*@user/ann", "*!*@user/ann"),
        ("*!*@203.0.113.*", "*!*@203.0.113.*"),
        ("*!*@203.0.113.0/33", "*!*@203.0.113.0/33"),
    ],
)
def test_addresses_and_networks_are_written_in_one_way(written: str, mask: str) -> None:
    """RFC 4632 §3.1: host bits are ignored; IPv4 in IPv6 is IPv4."""
    assert complete_mask(written) == mask


@given(st.text("0123456789.:af%/²٣x", max_size=12) | st.ip_addresses().map(str))
@example("203.0.113.9%eth0")
@example("fe80::%x")
def test_what_is_an_address(text: str) -> None:
    """A text that is plainly none is not parsed, and no address is plainly none."""
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        assert parse_address(text) is None
    else:
        assert parse_address(text) is not None


@pytest.mark.parametrize(
    ("mask", "hosts", "is_covered"),
    [
        ("*!*@203.0.113.0/24", ["203.0.113.255"], True),
        ("*!*@203.0.113.0/24", ["203.0.114.0"], False),
        ("*!*@203.0.113.0/24", [MAPPED], True),
        ("*!*@2001:db8::/32", ["2001:db8:ffff::1"], True),
        ("*!*@2001:db8::/32", ["2001:db9::1"], False),
        ("*!*@0.0.0.0/0", ["2001:db8::1"], False),
        ("*!*@::/0", ["0::1"], True),
        ("bob!*@203.0.113.0/24", ["203.0.113.1"], False),
        ("a?n!*x*@203.0.113.0/24", ["abc.net.ip", "203.0.113.1"], True),
        ("*!*@203.0.113.0/33", ["203.0.113.0"], False),
    ],
)
def test_whom_a_network_covers(mask: str, hosts: list[str], is_covered: bool) -> None:
    """Those whose names fit and one of whose hosts is an address in it."""
    assert parse_mask(mask).covers("ann!xyz", hosts) is is_covered


@pytest.mark.parametrize(
    "host",
    [
        "203.0.113.0/33",
        "2001:db8::/129",
        "203.0.113/24",
        "203.0.113.0/",
        "300.0.113.0/24",
        "203.0.113.0/-1",
    ],
)
def test_what_is_written_like_a_network_and_is_none(host: str) -> None:
    """It is not taken for a glob that covers nobody."""
    with pytest.raises(BadMask, match="neither an address nor a network"):
        host_network(host)
    with pytest.raises(BadMask):
        normalise(BanKind.MASK, f"*!*@{host}")


@pytest.mark.parametrize(
    "mask",
    [
        "7days!*@*",
        "-x!*@*",
        "a.b!*@*",
        "*a,b!*@*",
        f"{'a' * 40}!*@*",
        "ann!b%c@*",
        f"*!{'u' * 40}@*",
        "*!*@bad.example",
        "*!*@*.example.org",
        "*!*@203.0.*.example",
        "*!*@203.0.*/24",
        "*!*@1.2.3.4.5",
        "*!*@g::1",
        "*!*@abc.ip2",
        "*!*@host1.ip",
        "*!*@999.1.1.1",
        "*!*@203.0.113.256",
        "*!*@300.0.113.*",
        "*!*@1:2:3",
        "*!*@203.0.113.009",
    ],
)
def test_what_can_cover_nobody(mask: str) -> None:
    """No nickname, no user name or no host is like that: hosts are addresses and cloaks."""
    with pytest.raises(BadMask, match=r"can cover nobody|neither an address"):
        check(mask, Lengths())


@pytest.mark.parametrize(
    "mask",
    [
        "*!*@*",
        "bad*!*@*",
        "?7!*@*",
        "*7days*!*@*",
        "Борис!*@*",
        "*שלום*!*@*",
        "[x]!*@*",
        "*!~u@*",
        "*!?sr*@192.0.2.*",
        "*!*@*.2",
        "*!*@192.*.7",
        "*!*@2001:db8:*",
        "*!*@*::1",
        "*!*@*.netswide.abcdefgh.ip",
        "*!*@*.net.ip",
        "*!*@????????.*.ip",
        "*!*@user/ann",
        "*!*@user/*",
        "*!*@us?r/A*",
        "*!*@192.0.2.7",
        "*!*@203.0.113.0/24",
        "*!*@ab*",
    ],
)
def test_what_can_cover_somebody(mask: str) -> None:
    """No mask is refused that could match a user."""
    check(mask, Lengths())


@pytest.mark.parametrize(
    ("mask", "is_good"),
    [
        ("a:bob", True),
        ("m:a:b*", True),
        ("r:*x y*", True),
        ("a:7days", False),
        ("m:*!*@203.0.113.0/24", True),
        ("m:*!*@203.0.113.0/33", False),
        ("evil/*!*@*", True),
        ("7*!*@*", True),
        ("7days!*@*", False),
        ("$a:bob", False),
        ("*!*@203.0.113.0/24", True),
        ("*!*@203.0.0.0/16", False),
        ("*!*@203.0.*", False),
        ("*!*@2001:db8:1::/48", True),
        ("*!*@2001:db8::/32", False),
        ("*!*@203.0.113.9", True),
        ("*!*@2001:db8::1", True),
        ("2001:db8::/128", True),
        ("*!*@2001:db8::*", False),
        ("*!*@*.ip", True),
    ],
)
def test_masks_of_channels(mask: str, is_good: bool) -> None:
    """Extended bans, names from other networks, and where cloaks hide addresses only what says
    nearly all of one.
    """
    if is_good:
        check_entry(mask, Lengths(), hides_addresses=True)
    else:
        with pytest.raises(BadMask):
            check_entry(mask, Lengths(), hides_addresses=True)


def test_without_cloaks_a_channel_may_name_any_network() -> None:
    """Everybody sees the addresses."""
    check_entry("*!*@203.0.0.0/8", Lengths(), hides_addresses=False)


# Bans of the server.


@pytest.fixture
def town() -> Town:
    """Return a town in which cloaks hide addresses."""
    town = Town(
        ServerInfo(created=NOON),
        storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts()),
    )
    town.world.cloaks = Cloaks(b"secret")
    return town


@pytest.fixture
def root(town: Town) -> Person:
    """Return an operator."""
    root = town.person("root", host="198.51.100.1")
    assert root.session.user is not None
    town.appoint(root.session.user, Operator(name="root", password="x"))
    return root


def cloaked(town: Town, nick: str, address: str, *joins: str) -> Person:
    """Return somebody whose address a cloak hides."""
    person = town.newcomer(address)
    person.session.host = town.world.host_of(address)
    person.say(f"NICK {nick}", f"USER {nick} 0 * :x", *(f"JOIN {channel}" for channel in joins))
    person.read()
    return person


@pytest.mark.parametrize(
    ("mask", "address"),
    [
        ("*!*@203.0.113.0/24", "203.0.113.9"),
        ("bob!*@203.0.113.0/24", "203.0.113.9"),
        ("*!*@2001:db8::/32", "2001:db8:5::1"),
        ("*!*@203.0.113.77/24", "203.0.113.9"),
        ("*!*@::ffff:203.0.113.0/120", "203.0.113.9"),
        ("203.0.0.0/16", "203.0.113.9"),
        ("*!*@2001:DB8:0::5", "2001:db8::5"),
    ],
)
def test_a_ban_of_a_network(town: Town, root: Person, mask: str, address: str) -> None:
    """The users that it covers are named and disconnected, cloaked or not; later clients are
    refused, and it can be lifted.
    """
    bob, ann = cloaked(town, "bob", address), cloaked(town, "ann", "192.0.2.7")
    (told,) = root.say(f"KLINE {mask} :spam")
    assert told.params[-1].endswith("is banned for ever; 1 connection ended: bob.")
    assert bob.ended == "Banned: spam"
    assert not ann.ended
    bob.leave()
    again = town.newcomer(address)
    assert commands(again.say("NICK bob", "USER bob 0 * :b")) == ["465"]
    assert "is not banned any more" in root.say(f"UNKLINE {mask}")[0].params[-1]


def test_whom_a_ban_covers_now(town: Town, root: Person) -> None:
    """The count of connections, and names; or that it is nobody."""
    for number in range(12):
        cloaked(town, f"user{number}", f"203.0.113.{number}")
    town.newcomer("203.0.113.99")
    (told,) = root.say("DLINE 203.0.113.0/24")
    assert told.params[-1].startswith(
        "*** 203.0.113.0/24 is banned for ever; 13 connections ended: user"
    )
    assert told.params[-1].endswith(" and 2 more.")
    assert "it covers nobody who is here now" in root.say("KLINE nobody!*@*")[0].params[-1]


@pytest.mark.parametrize(
    "line",
    [
        "KLINE 7days",
        "KLINE *!*@203.0.113.0/33 :x",
        "KLINE *!*@*.example.org",
        "KLINE 7dayz *!*@198.51.100.9",
        "KLINE 7 days *!*@1.2.3.4",
        "KLINE P7D *!*@198.51.100.9 :x",
        "KLINE permanent *!*@198.51.100.9",
        "KLINE *!*@0.0.0.0/0",
        "KLINE *!*@203.0.0.0/7",
        "KLINE *!*@::/0",
        "DLINE 7dayz 198.51.100.9",
        "DLINE 203.0.113.0/33",
        "KLINE 1d12 bad!*@*",
        "KLINE -7d bad!*@*",
        "DLINE forever 198.51.100.9",
    ],
)
def test_what_is_not_understood_bans_nobody(town: Town, root: Person, line: str) -> None:
    """It is refused with the reason, and never taken for something else."""
    (told,) = root.say(line)
    assert "Nothing was banned" in told.params[-1]
    assert len(town.world.bans) == 0


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        ("7days", "1w"),
        ("7DAYS", "1w"),
        ("7d", "1w"),
        ("2weeks", "2w"),
        ("1h30m", "1h30m"),
        ("90s", "1m30s"),
        ("1y", "1y"),
        ("0", "ever"),
        ("90min", "1h30m"),
        ("1month", "4w2d"),
        ("1day12hours", "1d12h"),
        ("30", "30m"),
        ("1hr", "1h"),
    ],
)
def test_durations_that_people_write(root: Person, duration: str, shown: str) -> None:
    """Before the mask, with units written out or not."""
    (told,) = root.say(f"KLINE {duration} *!*@203.0.113.9 :spam")
    assert told.params[-1].startswith(f"*** *!*@203.0.113.9 is banned for {shown};")


@pytest.mark.parametrize("words", ["7d", "+7d", "1d12h :spam", ":2weeks"])
def test_a_duration_behind_the_mask_is_no_reason(root: Person, words: str) -> None:
    """Some services take it there; the ban would be for ever."""
    (told,) = root.say(f"KLINE *!*@203.0.113.9 {words}")
    assert "stands before" in told.params[-1]
    assert "Nothing was banned" in told.params[-1]


@pytest.mark.parametrize("words", [":7 days of spam", "404", ":spam 7d"])
def test_a_number_can_begin_a_reason(root: Person, words: str) -> None:
    """It is no duration by itself."""
    told = root.say(f"KLINE *!*@203.0.113.9 {words}")[0].params[-1]
    assert "is banned for ever" in told


@pytest.mark.parametrize("text", ["7dayz", "d7", "1 day", "1d12", "days", "1.5h", "-1d", "999y"])
def test_what_is_no_duration(text: str) -> None:
    """Then nothing is guessed."""
    assert durations.parse(text) is None


def test_an_old_ban_that_covers_nobody_can_be_lifted(town: Town, root: Person) -> None:
    """It was accepted once."""
    for mask in ("7days!*@*", "*!*@203.0.113.0/33", "*!*@203.0.113.9/24"):
        town.world.bans.add(Ban(BanKind.MASK, mask, "root", "x", 1))
        assert "is not banned any more" in root.say(f"UNKLINE {mask}")[0].params[-1]


def test_an_old_ban_of_a_network_is_in_force(town: Town, root: Person) -> None:
    """It matches as it was written, with host bits."""
    town.world.bans.add(Ban(BanKind.MASK, "*!*@203.0.113.9/24", "root", "x", 1))
    assert commands(town.newcomer("203.0.113.77").say("NICK bob", "USER bob 0 * :b")) == ["465"]


def test_an_account_is_suspended_for_a_duration_that_is_understood(root: Person) -> None:
    """NickServ SUSPEND says what it does not understand."""
    assert "7dayz is no duration" in root.say("NS SUSPEND 7dayz bob")[0].params[-1]


# Lists of channels.


@pytest.mark.parametrize(
    ("mask", "address"),
    [
        ("*!*@203.0.113.0/24", "203.0.113.9"),
        ("203.0.113.5/24", "203.0.113.9"),
        ("*!*@2001:db8:1::/48", "2001:db8:1:2::3"),
        ("*!*@203.0.113.9/32", "203.0.113.9"),
        (f"*!*@{MAPPED}", "203.0.113.9"),
        ("bob!*@203.0.113.0/25", "203.0.113.9"),
        ("*!*@2001:DB8:1:0:0::7", "2001:db8:1::7"),
        ("*!*@2001:DB8:0::7", "2001:db8::7"),
        ("2001:db8::7/128", "2001:db8::7"),
    ],
)
def test_bans_exceptions_and_invitations_by_network(town: Town, mask: str, address: str) -> None:
    """`+b`, `+e`, `+I` and mutes match the network of a user with a cloak."""
    ann, bob = cloaked(town, "ann", "192.0.2.7", "#a"), cloaked(town, "bob", address)
    eve = cloaked(town, "eve", "203.0.112.9")
    ann.say(f"MODE #a +b {mask}")
    assert "474" in commands(bob.say("JOIN #a"))
    assert "JOIN" in commands(eve.say("JOIN #a"))
    ann.say(f"MODE #a +e {mask}")
    assert "JOIN" in commands(bob.say("JOIN #a", "PART #a"))
    ann.say(f"MODE #a -be {mask} {mask}", "MODE #a +i")
    assert "473" in commands(bob.say("JOIN #a"))
    ann.say(f"MODE #a +I {mask}")
    assert "JOIN" in commands(bob.say("JOIN #a"))
    ann.say(f"MODE #a +b m:{mask}")
    bob.read()
    assert commands(bob.say("PRIVMSG #a :x")) == ["404"]


@pytest.mark.parametrize(
    "mask",
    ["*!*@203.0.113.0/33", "*!*@bad.example", "*!*@203.0.0.0/16", "7days", "m:*!*@2001:db8::/129"],
)
@pytest.mark.parametrize("letter", ["b", "e", "I"])
def test_a_mask_of_a_channel_that_can_cover_nobody(town: Town, letter: str, mask: str) -> None:
    """ERR_INVALIDMODEPARAM with the reason; what is there from before can be taken away."""
    ann = cloaked(town, "ann", "192.0.2.7", "#a")
    if letter != "I" or not mask.startswith("m:"):
        assert find(ann.say(f"MODE #a +{letter} {mask}"), "696").params[1:3] == ("#a", letter)
    assert ann.session.user is not None
    (channel,) = ann.session.user.channels
    assert not channel.lists[letter]


def test_a_ban_of_a_wide_network_does_not_find_out_addresses(town: Town) -> None:
    """With halves of the address space an operator of a channel could find one out bit by bit."""
    ann, bob = cloaked(town, "ann", "192.0.2.7", "#a"), cloaked(town, "bob", "203.0.113.9")
    for mask in ("*!*@128.0.0.0/1", "*!*@203.0.0.0/16", "*!*@203.0.112.0/23"):
        assert "696" in commands(ann.say(f"MODE #a +b {mask}"))
    assert "JOIN" in commands(bob.say("JOIN #a"))


# Operators' hosts.


@pytest.mark.parametrize(
    ("host", "address", "is_admitted"),
    [
        ("ann@203.0.113.0/24", "203.0.113.9", True),
        ("bob@203.0.113.0/24", "203.0.113.9", False),
        ("203.0.113.0/24", MAPPED, True),
        ("2001:db8::/32", "2001:db8::9", True),
        ("203.0.113.0/24", "203.0.114.1", False),
        ("203.0.113.*", "203.0.113.9", True),
        ("2001:DB8::9", "2001:db8::9", True),
        ("*@203.0.113.9", "203.0.113.9", True),
    ],
)
def test_where_an_operator_must_come_from(
    town: Town, host: str, address: str, is_admitted: bool
) -> None:
    """An address, a network or a mask, with or without a user name."""
    ann = cloaked(town, "ann", address)
    assert ann.session.user is not None
    user, block = ann.session.user, Operator(name="x", host=host)
    assert block.permits_host(user.username, ann.session.address, user.host) is is_admitted


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("ann@203.0.113.9/24", "ann@203.0.113.0/24"),
        ("203.0.113.9/24", "203.0.113.0/24"),
        ("203.0.113.0/33", ""),
    ],
)
def test_the_host_of_an_operator_in_the_configuration(tmp_path: Path, host: str, kept: str) -> None:
    """What is no network is refused."""
    path = tmp_path / "config.ini"
    path.write_text(f"[operator root]\naccount = ann\nhost = {host}\n")
    if kept:
        assert load(path).operators[0].host == kept
    else:
        with pytest.raises(ConfigError, match="host"):
            load(path)


# WHO.


@pytest.mark.parametrize(
    "mask",
    ["203.0.113.0/24", "*!*@203.0.113.0/24", "b*!*@203.0.113.0/25", "bob!*@::ffff:203.0.113.0/120"],
)
def test_operators_find_people_by_network(town: Town, root: Person, mask: str) -> None:
    """WHO by a network finds those whose address one may see; a cloak hides the others from
    everybody else.
    """
    cloaked(town, "bob", "203.0.113.9")
    cloaked(town, "ann", "203.0.112.9")
    eve = cloaked(town, "eve", "192.0.2.7")
    assert [
        message.params[5] for message in root.say(f"WHO {mask}") if message.command == "352"
    ] == ["bob"]
    assert commands(eve.say(f"WHO {mask}")) == ["315"]


@pytest.mark.parametrize(
    ("line", "cost"),
    [
        ("WHO *a*", 2),
        (f"WHO {'*a' * 160}", 12),
        (f"LIST {','.join('*a*b*c*d' for _ in range(8))}", 34),
        (f"VERSION {'?a' * 160}", 11),
        (f"MODE #a +bb {'*a' * 20} *!*@b", 2),
        ("MODE #a +bb *!*@a.example *!*@b.example", 1),
        (f"PRIVMSG #a :{'*' * 300}", 1),
    ],
)
def test_wildcards_cost_time(line: str, cost: int) -> None:
    """A mask of many is compiled for as long as many other lines are carried out."""
    town = Town()
    ann = town.person("ann", "#a")
    assert handle_line(town.world, ann.session, line.encode()).cost == cost
