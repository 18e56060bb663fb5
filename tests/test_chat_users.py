"""Users: NICK, QUIT, AWAY and SETNAME, and the commands that show a user."""

import pytest

from support import Town, commands, find
from trio_chat.irc.message import Message


def test_a_new_nickname_is_seen_by_who_shares_a_channel(town: Town) -> None:
    """NICK once to each, also when several channels are shared."""
    ann, bob, eve = (
        town.person("ann", "#a", "#b"),
        town.person("bob", "#a", "#b"),
        town.person("eve"),
    )
    assert ann.say("NICK anna") == bob.read() == [Message("NICK", ("anna",), "ann!ann@192.0.2.1")]
    assert eve.read() == []
    assert commands(town.newcomer().say("NICK anna")) == ["433"]


def test_changing_the_case_of_the_own_nickname(town: Town) -> None:
    """A nickname is not taken by its own owner; the very same one is no change."""
    ann = town.person("ann")
    assert commands(ann.say("NICK ANN")) == ["NICK"]
    assert ann.say("NICK ANN") == []


def test_quitting(town: Town) -> None:
    """Others in common channels see QUIT with the reason, once."""
    ann, bob = town.person("ann", "#a", "#b"), town.person("bob", "#a", "#b")
    ann.say("QUIT :tea time")
    assert bob.read() == [Message("QUIT", ("Quit: tea time",), "ann!ann@192.0.2.1")]
    assert ann.ended == "Quit: tea time"
    assert find(bob.say("WHOWAS ann"), "314").params[1:4] == ("ann", "ann", "192.0.2.1")


def test_away(town: Town) -> None:
    """RPL_NOWAWAY and RPL_UNAWAY; IRCv3 away-notify tells those in common channels, not oneself,
    and on joining.
    """
    ann, bob = (
        town.person("ann", "#a", caps="away-notify"),
        town.person("bob", "#a", caps="away-notify"),
    )
    assert commands(ann.say("AWAY :lunch")) == ["306"]
    assert bob.read() == [Message("AWAY", ("lunch",), "ann!ann@192.0.2.1")]
    bob.say("JOIN #b")
    ann.say("JOIN #b")
    assert commands(bob.read()) == ["JOIN", "AWAY"]
    assert commands(ann.say("AWAY")) == ["305"]
    assert bob.read() == [Message("AWAY", (), "ann!ann@192.0.2.1")]


def test_setname(town: Town) -> None:
    """IRCv3 setname: confirmed to those who have it; a bad one gets INVALID_REALNAME."""
    ann, bob, eve = (
        town.person("ann", "#a", caps="setname"),
        town.person("bob", "#a", caps="setname"),
        town.person("eve", "#a"),
    )
    assert (
        ann.say("SETNAME :Ann Other")
        == bob.read()
        == [Message("SETNAME", ("Ann Other",), "ann!ann@192.0.2.1")]
    )
    assert eve.read() == []
    assert find(ann.say("SETNAME :"), "FAIL").params[:2] == ("SETNAME", "INVALID_REALNAME")


@pytest.mark.parametrize("text", ["", "x" * 151])
def test_setname_without_the_capability(town: Town, text: str) -> None:
    """It works without `setname`, too, and so a bad one is answered."""
    (refused,) = town.person("ann", caps="").say(f"SETNAME :{text}")
    assert refused.params[:2] == ("SETNAME", "INVALID_REALNAME")


def test_extended_join(town: Town) -> None:
    """IRCv3 extended-join: account (`*` for none) and real name."""
    bob = town.person("bob", "#a", caps="extended-join")
    town.person("ann", caps="").say("JOIN #a")
    assert find(bob.read(), "JOIN").params == ("#a", "*", "ann the tester")


def test_invite_notify(town: Town) -> None:
    """IRCv3 invite-notify: members who want it see invitations of others."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps="invite-notify")
    town.person("eve")
    ann.say("INVITE eve #a")
    assert bob.read() == [Message("INVITE", ("eve", "#a"), "ann!ann@192.0.2.1")]


def test_whois(town: Town) -> None:
    """RPL_WHOISUSER, channels, server, away, idle time, end."""
    ann = town.person("ann", "#a")
    ann.say("AWAY :lunch")
    town.clock.now += 60
    replies = town.person("bob", "#a").say("WHOIS ANN")
    assert commands(replies) == ["311", "319", "312", "301", "317", "318"]
    assert find(replies, "319").params[-1] == "@#a"
    assert find(replies, "317").params[2] == "60"
    assert commands(ann.say("WHOIS zed")) == ["401", "318"]
    assert commands(ann.say("WHOIS")) == ["431"]
    assert commands(ann.say("WHOIS other.example ann"))[0] == "402"


@pytest.mark.parametrize("line", ["WHO", "WHO 0", "WHO :", "WHO *", "WHO 0 %n"])
def test_who_without_a_mask(town: Town, line: str) -> None:
    """RFC 2812 §3.6.1: without a mask, or with 0, all are listed that the client may find."""
    town.person("bob").say("MODE bob -i")
    town.person("eve")
    replies = town.person("ann").say(line)
    assert len(replies) == 3  # ann, bob and the end
    assert replies[-1].params[1] == ("0" if "0" in line else "*")


def test_whowas_is_bounded(town: Town) -> None:
    """The latest come first, up to the requested and the stored number."""
    bob = town.person("bob")
    for number in range(9):
        ann = town.person("ann", host=f"192.0.2.{number}")
        ann.leave()
    assert [m.params[3] for m in bob.say("WHOWAS ann 2") if m.command == "314"] == [
        "192.0.2.8",
        "192.0.2.7",
    ]
    assert commands(bob.say("WHOWAS ann")).count("314") == 5
    assert commands(bob.say("WHOWAS zed")) == ["406", "369"]


def test_userhost_and_ison(town: Town) -> None:
    """RFC 2812 §4.8, §4.9."""
    ann = town.person("ann")
    town.person("bob").say("AWAY :lunch")
    assert (
        find(ann.say("USERHOST ann zed bob"), "302").params[-1]
        == "ann=+ann@192.0.2.1 bob=-bob@192.0.2.1"
    )
    assert (
        find(
            ann.say(
                "ISON :BOB zed",
            ),
            "303",
        ).params[-1]
        == "bob"
    )
