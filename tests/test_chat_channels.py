"""Channels: JOIN, PART, INVITE, TOPIC, NAMES, LIST and KICK, and channels that are secret."""

import pytest

from support import NOON, Town, commands, find
from trio_chat.chat.channels import Topic
from trio_chat.chat.server_info import ServerInfo
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message


def test_joining_is_seen_by_all_and_answered(town: Town) -> None:
    """Modern IRC, JOIN: the JOIN to everyone, then to the one who joined topic and names."""
    ann = town.person("ann", "#a")
    ann.say("TOPIC #a :tea")
    bob = town.person("bob")
    replies = bob.say("JOIN #A")
    assert commands(replies) == ["JOIN", "332", "333", "353", "366"]
    assert replies[0] == Message("JOIN", ("#a",), "bob!bob@192.0.2.1")
    assert find(replies, "353").params == ("bob", "=", "#a", "@ann bob")
    assert ann.read() == [replies[0]]


def test_joining_several_channels_with_keys(town: Town) -> None:
    """Keys belong to channels by position."""
    ann = town.person("ann", "#a", "#b")
    ann.say("MODE #b +k secret")
    assert commands(town.person("bob").say("JOIN #a,#b x,secret")).count("JOIN") == 2


def test_a_channel_that_is_named_twice_moves_no_key(town: Town) -> None:
    """Its key stands in both places: the keys of the channels after it remain theirs."""
    town.person("ann", "#a", "#b").say("MODE #a +k one", "MODE #b +k two")
    bob = town.person("bob")
    joined = bob.say("JOIN #a,#a,#b one,one,two")
    assert [m.params[0] for m in joined if m.command == "JOIN"] == ["#a", "#b"]


def test_joining_twice_is_nothing(town: Town) -> None:
    """A member stays a member."""
    assert town.person("ann", "#a").say("JOIN #a") == []


def test_join_zero_leaves_everything(town: Town) -> None:
    """RFC 2812 §3.2.1: "JOIN 0" parts all channels."""
    ann = town.person("ann", "#a", "#b")
    assert commands(ann.say("JOIN 0")) == ["PART", "PART"]


@pytest.mark.parametrize("name", ["a", "#", "#a\x07", ":#a b", "##" + "x" * 100, "#😀"])
def test_channels_that_cannot_be_joined(town: Town, name: str) -> None:
    """ERR_NOSUCHCHANNEL, and the client stays."""
    assert commands(town.person("ann").say(f"JOIN {name}")) == ["403"]


def test_the_number_of_channels_is_bounded() -> None:
    """ERR_TOOMANYCHANNELS."""
    town = Town(lengths=Lengths(channels_per_user=2))
    assert commands(town.person("ann", "#a", "#b").say("JOIN #c")) == ["405"]


@pytest.mark.parametrize(
    ("setup", "numeric"),
    [
        ("MODE #a +i", "473"),
        ("MODE #a +k x", "475"),
        ("MODE #a +l 1", "471"),
        ("MODE #a +b *!*@192.0.2.*", "474"),
    ],
)
def test_doors_that_are_closed(town: Town, setup: str, numeric: str) -> None:
    """ERR_INVITEONLYCHAN, ERR_BADCHANNELKEY, ERR_CHANNELISFULL, ERR_BANNEDFROMCHAN."""
    ann = town.person("ann", "#a")
    ann.say(setup)
    bob = town.person("bob")
    assert find(bob.say("JOIN #a"), numeric).params[1] == "#a"
    assert ann.read() == []


@pytest.mark.parametrize("setup", ["MODE #a +i", "MODE #a +k x", "MODE #a +l 1"])
def test_an_invitation_opens_the_door_once(town: Town, setup: str) -> None:
    """Modern IRC, INVITE: an invited user may join once."""
    ann, bob = town.person("ann", "#a"), town.person("bob")
    ann.say(setup)
    ann.say("INVITE bob #a")
    assert bob.read()[0] == Message("INVITE", ("bob", "#a"), "ann!ann@192.0.2.1")
    assert commands(bob.say("JOIN #a"))[0] == "JOIN"
    bob.say("PART #a")
    assert "JOIN" not in commands(bob.say("JOIN #a"))


def test_exceptions_open_doors(town: Town) -> None:
    """Modes e and I: excepted from bans, and in no need of an invitation."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +ib *!*@192.0.2.*", "MODE #a +eI bob!*@* bob!*@*")
    assert commands(town.person("bob").say("JOIN #a"))[0] == "JOIN"
    assert commands(town.person("eve").say("JOIN #a")) == ["474"]


def test_invitations_are_listed(town: Town) -> None:
    """INVITE alone: RPL_INVITELIST."""
    ann, bob = town.person("ann", "#a"), town.person("bob")
    ann.say("INVITE bob #a")
    bob.read()
    assert [message.params for message in bob.say("INVITE")] == [
        ("bob", "#a"),
        ("bob", "End of /INVITE list"),
    ]


@pytest.mark.parametrize(
    ("line", "numeric"),
    [
        ("INVITE bob", "461"),
        ("INVITE zed #a", "401"),
        ("INVITE bob #zed", "403"),
        ("INVITE bob #b", "442"),
        ("INVITE eve #a", "443"),
    ],
)
def test_invitations_that_are_refused(town: Town, line: str, numeric: str) -> None:
    """ERR_NEEDMOREPARAMS, ERR_NOSUCHNICK, ERR_NOSUCHCHANNEL, ERR_NOTONCHANNEL,
    ERR_USERONCHANNEL.
    """
    town.person("eve", "#b", "#a")
    town.person("bob")
    assert commands(town.person("ann", "#a").say(line)) == [numeric]


def test_leaving_is_seen_by_all(town: Town) -> None:
    """PART with its reason, to members and to the one who leaves."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    assert (
        bob.say("PART #a :tea time")
        == [Message("PART", ("#a", "tea time"), "bob!bob@192.0.2.1")]
        == ann.read()
    )
    assert commands(bob.say("PART #a")) == ["442"]
    assert commands(bob.say("PART #none")) == ["403"]


def test_an_empty_channel_is_gone(town: Town) -> None:
    """The next who joins founds it anew, with operator rights."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +k x", "PART #a")
    assert find(town.person("bob").say("JOIN #a"), "353").params[-1] == "@bob"


def test_the_lobby_stays_and_belongs_to_nobody(town: Town) -> None:
    """The lobby exists before anyone comes, and the first who comes does not own it."""
    town = Town(ServerInfo(lobby="#Lobby", lobby_topic="Welcome"))
    replies = town.person("ann").say("JOIN #lobby")
    assert find(replies, "332").params[-1] == "Welcome"
    assert find(replies, "353").params[-1] == "ann"


def test_in_the_lobby_everyone_may_set_the_topic(town: Town) -> None:
    """Nobody is its operator by having come first, so nobody could."""
    assert commands(town.person("ann", "#lobby").say("TOPIC #lobby :tea at five")) == ["TOPIC"]


def test_topics(town: Town) -> None:
    """RPL_NOTOPIC, TOPIC to everyone, RPL_TOPIC with RPL_TOPICWHOTIME; an empty one removes it."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    assert commands(bob.say("TOPIC #a")) == ["331"]
    assert commands(bob.say("TOPIC #a :mine")) == ["482"]
    assert (
        ann.say("TOPIC #a :tea")
        == bob.read()
        == [Message("TOPIC", ("#a", "tea"), "ann!ann@192.0.2.1")]
    )
    assert [message.params for message in bob.say("TOPIC #a")] == [
        ("bob", "#a", "tea"),
        ("bob", "#a", "ann!ann@192.0.2.1", str(int(NOON))),
    ]
    ann.say("TOPIC #a :", "MODE #a -t")
    bob.read()
    assert commands(bob.say("TOPIC #a", "TOPIC #a :mine")) == ["331", "TOPIC"]


def test_names_with_all_signs_and_full_names(town: Town) -> None:
    """IRCv3 multi-prefix and userhost-in-names."""
    ann = town.person("ann", "#a", caps="multi-prefix userhost-in-names")
    ann.say("MODE #a +v ann")
    assert find(ann.say("NAMES #a"), "353").params[-1] == "@+ann!ann@192.0.2.1"


def test_names_lists_a_channel_in_two_spellings_once(town: Town) -> None:
    """A channel has one list, however its name is written."""
    ann = town.person("ann", "#a")
    assert commands(ann.say("NAMES #a,#A")) == ["353", "366"]


def test_names_of_a_large_channel_fit_into_lines(town: Town) -> None:
    """RPL_NAMREPLY is split; nobody is lost."""
    people = [town.person(f"somebody-with-a-long-name-{number}", "#a") for number in range(40)]
    replies = people[0].say("NAMES #a")
    assert (
        len(
            {
                name
                for message in replies
                if message.command == "353"
                for name in message.params[-1].split()
            }
        )
        == 40
    )
    assert commands(replies).count("353") > 1


def test_list_filters_by_members(town: Town) -> None:
    """ELIST U."""
    town.person("ann", "#one", "#two")
    bob = town.person("bob", "#two")
    assert [m.params[1] for m in bob.say("LIST >1") if m.command == "322"] == ["#two"]
    assert [m.params[1] for m in bob.say("LIST <2") if m.command == "322"] == ["#lobby", "#one"]
    assert [m.params[1] for m in bob.say("LIST #ONE") if m.command == "322"] == ["#one"]


def test_a_topic_that_is_older_than_the_log_has_no_time(town: Town) -> None:
    """That of the lobby of a cluster, which would be from 1970."""
    lobby = town.world.channels.lobby
    assert lobby is not None
    lobby.topic = Topic("welcome", "chat", 0)
    ann = town.person("ann", lobby.name)
    assert commands(ann.say(f"TOPIC {lobby.name}")) == ["332"]


def test_kicks(town: Town) -> None:
    """KICK is sent to all members, the kicked one included, which is then no member."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    expected = [Message("KICK", ("#a", "bob", "out"), "ann!ann@192.0.2.1")]
    assert ann.say("KICK #a bob :out") == expected == bob.read()
    assert commands(ann.say("KICK #a bob", "KICK #a zed")) == ["441", "401"]
    assert commands(ann.say("KICK #a,#A bob,BOB")) == ["441"]  # the same one
    assert commands(bob.say("KICK #a ann")) == ["442"]
    bob.say("JOIN #a")
    assert commands(bob.say("KICK #a ann")) == ["482"]


@pytest.mark.parametrize(
    "line",
    [
        "NAMES #s",
        "TOPIC #s",
        "MODE #s",
        "WHO #s",
        "PART #s",
        "KICK #s ann",
        "INVITE bob #s",
        "PRIVMSG #s :x",
        "LIST",
        "WHOIS ann",
        "TOPIC #s :x",
        "MODE #s +b",
        "MODE #s b",
        "PRIVMSG @#s :x",
        "WHO ann",
    ],
)
def test_a_secret_channel_is_as_if_it_did_not_exist(town: Town, line: str) -> None:
    """A non-member gets exactly the replies for a channel that does not exist."""
    secret, bare = Town(), Town()
    secret.person("ann", "#s").say("MODE #s +s", "TOPIC #s :plans")
    bare.person("ann")
    assert secret.person("bob").say(line) == bare.person("bob").say(line)


def test_invisible_people_are_found_only_by_their_name(town: Town) -> None:
    """User mode i, which everyone has at first."""
    town.person("ann", "#a")
    bob = town.person("bob")
    assert commands(bob.say("WHO a*")) == ["315"]
    assert commands(bob.say("WHO ann")) == ["352", "315"]
    bob.say("JOIN #a")
    assert commands(bob.say("WHO a*")) == ["352", "315"]
