"""Bans of the server: their coverage, notices, syntax and end."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import NOON, Clock, Person, Town, commands, find
from trio_chat.chat import durations
from trio_chat.chat.bans import Ban, BanKind, Bans, normalise
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.server_info import ServerInfo
from trio_chat.irc.masks import BadMask


@pytest.fixture
def town() -> Town:
    """Return a town in which there can be five bans."""
    return Town(ServerInfo(created=NOON, most_bans=5))


@pytest.fixture
def root(town: Town) -> Person:
    """Return an operator, from another address than the rest."""
    root = town.person("root", host="198.51.100.1")
    assert root.session.user is not None
    town.appoint(root.session.user, Operator(name="root", password="x"))
    return root


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1d12h", 129_600),
        ("90m", 5400),
        ("2w", 1_209_600),
        ("1y", 31_536_000),
        ("30", 1800),
        ("0", 0),
        ("1D", 86_400),
        ("5s", 5),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    """Units, or minutes without one."""
    assert durations.parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "d", "1x", "1d12", "-1d", "*!*@h", "101y", "9999999999", "1 d", "١d", "0d", "0h0m"]
)
def test_what_is_no_duration(text: str) -> None:
    """Then it is the mask."""
    assert durations.parse(text) is None


@given(st.integers(1, durations.LONGEST))
def test_a_duration_is_shown_as_it_is_written(seconds: int) -> None:
    """What is shown can be given back, and is right to its two greatest units."""
    shown = durations.parse(durations.show(seconds))
    assert shown is not None
    assert 0 <= seconds - shown < seconds / 2
    assert durations.show(shown) == durations.show(seconds)


@pytest.mark.parametrize(
    ("written", "mask"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:DB8::1/64", "2001:db8::/64"),
        ("[::1]", "::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("192.0.2.7/32", "192.0.2.7"),
    ],
)
def test_addresses_are_written_in_one_way(written: str, mask: str) -> None:
    """So one ban is one ban."""
    assert normalise(BanKind.ADDRESS, written) == mask


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (BanKind.ADDRESS, "192.0.2"),
        (BanKind.ADDRESS, "example.org"),
        (BanKind.ADDRESS, "0.0.0.0/0"),
        (BanKind.ADDRESS, "::/0"),
        (BanKind.ADDRESS, "192.0.2.1/33"),
        (BanKind.MASK, "*"),
        (BanKind.MASK, "*!*@*"),
        (BanKind.MASK, "*!*@*.a"),
        (BanKind.ADDRESS, ""),
    ],
)
def test_what_cannot_be_banned(kind: BanKind, written: str) -> None:
    """Nonsense, and nearly everybody."""
    with pytest.raises(BadMask):
        normalise(kind, written)


networks = st.one_of(
    st.builds(
        lambda n, s: ip_network((n, s), strict=False), st.integers(0, 2**32 - 1), st.integers(8, 32)
    ),
    st.builds(
        lambda n, s: ip_network((n << 64, s), strict=False),
        st.integers(2**61, 2**61 + 2**20),
        st.integers(16, 128),
    ),
)


@given(st.lists(networks, max_size=8), st.data())
def test_an_address_is_found_as_its_networks_say(
    banned: list[IPv4Network | IPv6Network], data: st.DataObject
) -> None:
    """The look-up by prefixes says what trying each network says, also after some are lifted."""
    bans = Bans(Clock())
    for network in banned:
        bans.add(Ban(BanKind.ADDRESS, normalise(BanKind.ADDRESS, str(network)), "root", "x", 0))
    lifted = data.draw(st.lists(st.sampled_from(banned), unique=True)) if banned else []
    for network in lifted:
        bans.discard((BanKind.ADDRESS, normalise(BanKind.ADDRESS, str(network))))
    near = [
        network.network_address + data.draw(st.integers(0, network.num_addresses - 1))
        for network in banned
    ]
    for address in [*near, ip_address("192.0.2.1"), ip_address("2001:db8::1")]:
        expected = any(address in network for network in banned if network not in lifted)
        assert (bans.of_address(str(address)) is not None) is expected


def test_a_ban_expires() -> None:
    """By itself, at its second; then it is to be forgotten on disk too."""
    clock = Clock()
    bans = Bans(clock)
    bans.add(Ban(BanKind.ADDRESS, "192.0.2.1", "root", "x", int(NOON), int(NOON) + 60))
    clock.now += 59
    assert bans.of_address("192.0.2.1")
    clock.now += 1
    assert bans.of_address("192.0.2.1") is None
    assert bans.of_kind(BanKind.ADDRESS) == []
    assert bans.expired() == [(BanKind.ADDRESS, "192.0.2.1")]


def test_what_is_not_saved_wins_over_the_table() -> None:
    """A ban that an operator has just made is not lost because the table does not have it yet."""
    bans = Bans(Clock())
    saved, new, beside = (
        Ban(BanKind.ADDRESS, f"192.0.2.{number}", "root", "x", 0) for number in (1, 2, 3)
    )
    bans.replace([saved], ())
    bans.add(new)
    bans.replace([beside], {new.key})
    assert set(bans) == {new, beside}


def test_what_is_not_written_yet_counts_more_than_what_is() -> None:
    """A ban that was lifted here does not come back, nor is one that was changed here undone, by
    what the table still has.
    """
    bans = Bans(Clock())
    lifted = Ban(BanKind.ACCOUNT, "ann", "root", "spam", int(NOON), account_id=1)
    changed = Ban(BanKind.ACCOUNT, "bob", "root", "spam", int(NOON), account_id=2)
    bans.replace([lifted, changed], ())
    bans.discard(lifted.key)
    bans.add(changed._replace(reason="flooding"))
    bans.replace([lifted, changed], {lifted.key, changed.key})
    assert list(bans) == [changed._replace(reason="flooding")]


def test_kline(town: Town, root: Person) -> None:
    """A matching user gets ERR_YOUREBANNEDCREEP, and is refused at its next registration."""
    bob, ann = town.person("bob"), town.person("ann")
    (told,) = root.say("KLINE bob!*@192.0.2.* :spam")
    assert told.params[-1] == "*** bob!*@192.0.2.* is banned for ever; 1 connection ended: bob."
    assert find(bob.read(), "465").params == ("bob", "You are banned from this server: spam")
    assert bob.ended == "Banned: spam"
    assert not ann.ended
    bob.leave(bob.ended)
    again = town.newcomer()
    assert commands(again.say("NICK bob", "USER bob 0 * :b")) == ["465"]
    assert again.ended == "Banned: spam"


def test_a_nickname_that_is_banned_cannot_be_taken_later(town: Town, root: Person) -> None:
    """Otherwise a ban of a nickname would stop nobody."""
    root.say("KLINE bad*!*@* :not here")
    ann = town.person("ann")
    assert commands(ann.say("NICK badman")) == ["465"]
    assert ann.ended


def test_kline_covers_cloaks_and_addresses(town: Town, root: Person) -> None:
    """Operators see both, and can ban either."""
    for mask in ("*!*@203.0.113.*", "*!*@*.net.ip"):
        bob = town.newcomer("203.0.113.9")
        bob.session.host = "abc.net.ip"
        bob.say("NICK bob", "USER bob 0 * :b")
        root.say(f"KLINE {mask}")
        assert bob.ended == "Banned: No reason was given"
        bob.leave()
        root.say(f"UNKLINE {mask}")


def test_dline(town: Town, root: Person) -> None:
    """A client before registration is disconnected too, and a nickname stands for its address."""
    bob, newcomer = town.person("bob"), town.newcomer()
    (told,) = root.say("DLINE 1h bob :spam")
    assert told.params[-1] == "*** 192.0.2.1 is banned for 1h; 2 connections ended: bob."
    assert bob.ended == newcomer.ended == "Banned: spam"
    assert town.world.bans.of_address("192.0.2.1")


def test_nobody_bans_oneself(town: Town, root: Person) -> None:
    """A slip of an operator must not lock the operator out; an older ban of the same mask stays."""
    assert "covers yourself" in root.say("DLINE 198.51.100.0/24")[0].params[-1]
    assert "covers yourself" in root.say("KLINE root!*@*")[0].params[-1]
    assert len(town.world.bans) == 0
    assert not root.ended


def test_the_number_of_bans_is_bounded(town: Town, root: Person) -> None:
    """Another reason for a mask that is banned needs no room."""
    for number in range(5):
        root.say(f"DLINE 203.0.113.{number}")
    assert "[limits] server_bans" in root.say("DLINE 203.0.113.9")[0].params[-1]
    assert "is banned" in root.say("DLINE 203.0.113.1 :another reason")[0].params[-1]
    assert len(town.world.bans) == 5


def test_lists(root: Person) -> None:
    """KLINE and DLINE alone say what STATS k and STATS d say."""
    root.say("KLINE 1d12h *!*@bad.ip :spam", "DLINE 203.0.113.0/24 :worse")
    listed = root.say("KLINE")
    assert [message.command for message in listed] == ["216", "219"]
    assert listed[0].params == (
        "root",
        "K",
        "*!*@bad.ip",
        "spam [by root!root@198.51.100.1, 1d12h left]",
    )
    assert [message.params for message in root.say("STATS k")] == [
        message.params for message in listed
    ]
    assert find(root.say("DLINE"), "225").params[1:3] == ("D", "203.0.113.0/24")


def test_lifting(root: Person) -> None:
    """By the mask, however it is written."""
    root.say("KLINE *!*@BAD.ip", "DLINE 203.0.113.0/24")
    assert "is not banned any more" in root.say("UNKLINE *!*@bad.IP")[0].params[-1]
    assert "is not banned any more" in root.say("UNDLINE 203.0.113.7/24")[0].params[-1]
    assert "is not banned." in root.say("UNDLINE 203.0.113.0/24")[0].params[-1]
    assert "neither an address" in root.say("UNDLINE nonsense")[0].params[-1]


def test_channel_bans_cover_addresses_that_are_known(town: Town) -> None:
    """A cloak does not make a ban of an address useless; a guess of a few digits tells nothing."""
    ann = town.person("ann", "#a", host="198.51.100.7")
    bob = town.newcomer("203.0.113.9")
    bob.session.host = "host.net.ip"
    bob.say("NICK bob", "USER bob 0 * :b")
    for mask, is_covered in (
        ("*!*@203.0.113.*", True),
        ("*!*@203.0.113.9", True),
        ("*!*@*.net.ip", True),
        ("bob!*@203.0.113.9", True),
        ("*!*@203.0.*", False),
        ("*!*@2*", False),
        ("*!*@203.0.11?.*", False),
        ("*!*@203.0.114.*", False),
    ):
        ann.say(f"MODE #a +b {mask}")
        assert ("474" in commands(bob.say("JOIN #a"))) is is_covered, mask
        bob.say("PART #a")
        ann.say(f"MODE #a -b {mask}")
        ann.read()
