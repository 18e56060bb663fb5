"""The rules: what each command changes, who is told, and what is answered."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import invariants
from support import NOON, ListHistory, OpenAccounts, Person, Town, commands, find, offered
from trio_chat.chat.identity import Identity, Memory
from trio_chat.chat.ids import IdSource, msgid, server_time
from trio_chat.chat.registry import COMMANDS
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message

# Registration.


def test_registration_takes_nick_and_user(town: Town) -> None:
    """Modern IRC: RPL_WELCOME, RPL_YOURHOST, RPL_CREATED, RPL_MYINFO, RPL_ISUPPORT, LUSERS, then
    the MOTD or ERR_NOMOTD.
    """
    ann = town.newcomer()
    assert ann.say("NICK ann") == []
    replies = ann.say("USER ann 0 * :Ann")
    assert commands(replies)[:5] == ["001", "002", "003", "004", "005"]
    assert commands(replies)[-1] == "422"
    assert replies[0].params == ("ann", "Welcome to the trio-chat network, ann!ann@192.0.2.1")


def test_registration_waits_for_cap_end(town: Town) -> None:
    """IRCv3 capability-negotiation: registration is held from CAP LS until CAP END."""
    ann = town.newcomer()
    assert set(commands(ann.say("CAP LS 302", "NICK ann", "USER ann 0 * :Ann"))) == {"CAP"}
    assert commands(ann.say("CAP END"))[0] == "001"


def test_the_message_of_the_day(town: Town) -> None:
    """Modern IRC: RPL_MOTDSTART, RPL_MOTD for each line, RPL_ENDOFMOTD."""
    town = Town(Identity(motd=("one", "", "three")))
    replies = town.person("ann").say("MOTD")
    assert commands(replies) == ["375", "372", "372", "372", "376"]
    assert replies[2].params[-1] == "- "


@pytest.mark.parametrize("line", ["JOIN #a", "PRIVMSG a :b", "WHOIS a", "NONSENSE"])
def test_before_registration_nothing_else_is_done(town: Town, line: str) -> None:
    """ERR_NOTREGISTERED."""
    assert commands(town.newcomer().say(line)) == ["451"]


def test_ping_is_answered_before_registration(town: Town) -> None:
    """Some clients want a PONG before they go on."""
    assert town.newcomer().say("PING :x y") == [
        Message("PONG", ("chat.local", "x y"), "chat.local")
    ]


def test_a_nickname_that_is_taken(town: Town) -> None:
    """ERR_NICKNAMEINUSE, also when it differs only in case."""
    town.person("Иван")
    assert find(town.newcomer().say("NICK иВАН"), "433").params[:2] == ("*", "иВАН")


def test_the_faster_of_two_gets_the_nickname(town: Town) -> None:
    """Who only asked for a nickname does not hold it; who is late can take another one."""
    slow, fast = town.newcomer(), town.newcomer()
    slow.say("NICK ann")
    fast.say("NICK ann", "USER fast 0 * :Fast")
    assert commands(slow.say("USER slow 0 * :Slow")) == ["433"]
    assert commands(slow.say("NICK bob"))[0] == "001"


@pytest.mark.parametrize(
    ("line", "numeric"),
    [("NICK", "431"), ("NICK :", "431"), ("NICK 1a", "432"), ("NICK a!b", "432")],
)
def test_nicknames_that_are_refused(town: Town, line: str, numeric: str) -> None:
    """ERR_NONICKNAMEGIVEN, ERR_ERRONEUSNICKNAME."""
    assert commands(town.newcomer().say(line)) == [numeric]


@pytest.mark.parametrize(
    ("password", "welcome"), [("right", True), ("wrong", False), (None, False)]
)
def test_the_server_password(password: str | None, welcome: bool) -> None:
    """ERR_PASSWDMISMATCH and the end, unless PASS said the right one."""
    town = Town(Identity(password="right"))
    ann = town.newcomer()
    if password:
        ann.say(f"PASS {password}")
    replies = ann.say("NICK ann", "USER ann 0 * :Ann")
    assert commands(replies)[0] == ("001" if welcome else "464")
    assert bool(ann.ended) is not welcome


@pytest.mark.parametrize("line", ["PASS x", "USER a 0 * :b"])
def test_nobody_registers_twice(town: Town, line: str) -> None:
    """ERR_ALREADYREGISTERED."""
    assert commands(town.person("ann").say(line)) == ["462"]


@pytest.mark.parametrize(
    "line", ["USER a", "USER a 0 *", "USER a 0 * :", "JOIN", "PASS", "KICK #a", "USERHOST"]
)
def test_missing_parameters(town: Town, line: str) -> None:
    """ERR_NEEDMOREPARAMS, with the command's name."""
    person = town.newcomer() if line.startswith(("USER ", "PASS")) else town.person("ann")
    assert find(person.say(line), "461").params[1] == line.split(" ", 1)[0]


def test_a_user_name_is_made_harmless(town: Town) -> None:
    """A user name with '@' would forge a host."""
    ann = town.newcomer()
    ann.say("NICK ann", "USER a@evil.example!x 0 * :Ann")
    assert ann.session.user is not None
    assert ann.session.user.source == "ann!aevil.examplex@192.0.2.1"


# Capabilities.


def test_cap_ls_lists_every_capability(town: Town) -> None:
    """All that the table has, in lines that fit."""
    caps = " ".join(message.params[-1] for message in town.newcomer().say("CAP LS 302")).split()
    assert {
        "message-tags",
        "server-time",
        "echo-message",
        "batch",
        "labeled-response",
        "standard-replies",
    } <= set(caps)


def test_a_client_from_before_version_302_is_told_in_one_line_that_fits(town: Town) -> None:
    """IRCv3 capability-negotiation: several lines are for version 302; what is a draft waits for
    it.
    """
    all_names = [word.partition("=")[0] for word in offered(town.newcomer())]
    (message,) = town.newcomer().say("CAP LS")
    assert message.params[-1].split() == [
        name for name in all_names if not name.startswith("draft/")
    ]
    assert len(message.line().encode()) < 400


def test_version_302_brings_cap_notify(town: Town) -> None:
    """IRCv3 capability-negotiation: cap-notify is implicitly enabled by version 302 and cannot be
    given up.
    """
    ann = town.newcomer()
    ann.say("CAP LS 302")
    assert find(ann.say("CAP LIST"), "CAP").params == ("*", "LIST", "cap-notify")
    assert find(ann.say("CAP REQ :-cap-notify"), "CAP").params == ("*", "NAK", "-cap-notify")


def test_a_request_is_taken_whole_or_not_at_all(town: Town) -> None:
    """IRCv3 capability-negotiation: one unknown capability and none of the request is taken."""
    ann = town.newcomer()
    assert find(ann.say("CAP REQ :batch nonsense"), "CAP").params == ("*", "NAK", "batch nonsense")
    assert find(ann.say("CAP LIST"), "CAP").params == ("*", "LIST", "")


def test_a_capability_can_be_given_up(town: Town) -> None:
    """A '-' before its name."""
    ann = town.newcomer()
    ann.say("CAP REQ :batch setname")
    assert find(ann.say("CAP REQ :-batch"), "CAP").params[1] == "ACK"
    assert find(ann.say("CAP LIST"), "CAP").params[-1] == "setname"


def test_an_unknown_cap_subcommand(town: Town) -> None:
    """ERR_INVALIDCAPCMD."""
    assert find(town.newcomer().say("CAP NONSENSE"), "410").params[:2] == ("*", "NONSENSE")


# Channels.


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


def test_joining_twice_is_nothing(town: Town) -> None:
    """Who is a member stays one."""
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
    """Modern IRC, INVITE: who was invited may join, and the invitation is spent."""
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
    town = Town(Identity(lobby="#Lobby", lobby_topic="Welcome"))
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


def test_kicks(town: Town) -> None:
    """KICK to everyone, also to who is kicked; then no member any more."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    expected = [Message("KICK", ("#a", "bob", "out"), "ann!ann@192.0.2.1")]
    assert ann.say("KICK #a bob :out") == expected == bob.read()
    assert commands(ann.say("KICK #a bob", "KICK #a zed")) == ["441", "401"]
    assert commands(bob.say("KICK #a ann")) == ["442"]
    bob.say("JOIN #a")
    assert commands(bob.say("KICK #a ann")) == ["482"]


# Secrecy.


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
    """Who is not a member gets the very answers that a channel that is not there would give."""
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


# Modes.


def test_asking_for_modes(town: Town) -> None:
    """RPL_CHANNELMODEIS and RPL_CREATIONTIME; the key is for members only."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +kl secret 5")
    assert [m.params for m in ann.say("MODE #a")] == [
        ("ann", "#a", "+ntkl", "secret", "5"),
        ("ann", "#a", str(int(NOON))),
    ]
    assert find(town.person("bob").say("MODE #a"), "324").params == ("bob", "#a", "+ntkl", "*", "5")


def test_changes_are_told_once_and_only_what_changed(town: Town) -> None:
    """One MODE for all; what was so already is not told."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    assert (
        ann.say("MODE #a +nmov BOB bob")
        == [Message("MODE", ("#a", "+mov", "bob", "bob"), "ann!ann@192.0.2.1")]
        == bob.read()
    )


@pytest.mark.parametrize(
    ("line", "numeric"),
    [
        ("MODE #a +z", "472"),
        ("MODE #a +o", "461"),
        ("MODE #a +o zed", "401"),
        ("MODE #a +o eve", "441"),
        ("MODE #a +k", "461"),
        ("MODE #a +k :", "525"),
        ("MODE #a +k :a b", "525"),
        ("MODE #a +k " + "x" * 33, "525"),
        ("MODE #a +l", "461"),
        ("MODE #a +l -1", "696"),
        ("MODE #a +l 0", "696"),
        ("MODE #a +l ５", "696"),
        ("MODE #none +i", "403"),
        ("MODE zed", "401"),
        ("MODE eve +i", "502"),
        ("MODE ann +z", "501"),
    ],
)
def test_modes_that_are_refused(town: Town, line: str, numeric: str) -> None:
    """Each mistake has its numeric."""
    town.person("eve")
    assert commands(town.person("ann", "#a").say(line)) == [numeric]


def test_only_operators_change_modes(town: Town) -> None:
    """ERR_CHANOPRIVSNEEDED, ERR_NOTONCHANNEL."""
    town.person("ann", "#a")
    bob = town.person("bob", "#a")
    assert commands(bob.say("MODE #a +m")) == ["482"]
    bob.say("PART #a")
    assert commands(bob.say("MODE #a +m")) == ["442"]


def test_ban_lists(town: Town) -> None:
    """A mask is completed, kept once, listed with who and when, and removed by any spelling."""
    ann = town.person("ann", "#a")
    assert find(ann.say("MODE #a +b Eve"), "MODE").params == ("#a", "+b", "Eve!*@*")
    assert ann.say("MODE #a +b EVE!*@*") == []
    assert [m.params[1:] for m in ann.say("MODE #a b")] == [
        ("#a", "Eve!*@*", "ann!ann@192.0.2.1", str(int(NOON))),
        ("#a", "End of channel ban list"),
    ]
    assert find(ann.say("MODE #a -b eve!*@*"), "MODE").params == ("#a", "-b", "Eve!*@*")


def test_lists_are_bounded() -> None:
    """ERR_BANLISTFULL."""
    ann = Town(lengths=Lengths(list_entries=1)).person("ann", "#a")
    ann.say("MODE #a +b x")
    assert commands(ann.say("MODE #a +b y")) == ["478"]


def test_own_modes(town: Town) -> None:
    """RPL_UMODEIS, and MODE back when something changed."""
    ann = town.person("ann")
    assert find(ann.say("MODE ann"), "221").params == ("ann", "+i")
    assert ann.say("MODE ANN -i+i-i") == [Message("MODE", ("ann", "-i+i-i"), "ann!ann@192.0.2.1")]
    assert find(ann.say("MODE ann"), "221").params == ("ann", "+")


# Messages.


def test_a_message_goes_to_all_others(town: Town) -> None:
    """RFC 2812 §3.3.1: not back to the sender."""
    ann, bob, eve = town.person("ann", "#a"), town.person("bob", "#a"), town.person("eve", "#b")
    assert ann.say("PRIVMSG #A :hi there") == []
    assert bob.read() == [Message("PRIVMSG", ("#a", "hi there"), "ann!ann@192.0.2.1")]
    assert eve.read() == []


def test_a_private_message(town: Town) -> None:
    """To one person only; RPL_AWAY when that one is away."""
    ann, bob = town.person("ann"), town.person("bob")
    bob.say("AWAY :lunch")
    assert ann.say("PRIVMSG BOB :hi") == [Message("301", ("ann", "bob", "lunch"), "chat.local")]
    assert bob.read() == [Message("PRIVMSG", ("bob", "hi"), "ann!ann@192.0.2.1")]


@pytest.mark.parametrize(
    ("line", "numeric"),
    [
        ("PRIVMSG", "411"),
        ("PRIVMSG #a", "412"),
        ("PRIVMSG #a :", "412"),
        ("PRIVMSG zed :x", "401"),
        ("PRIVMSG #none :x", "403"),
        ("PRIVMSG #b :x", "404"),
        ("PRIVMSG a,b,c,d,e :x", "407"),
    ],
)
def test_messages_that_cannot_be_sent(town: Town, line: str, numeric: str) -> None:
    """Each mistake has its numeric; NOTICE is never answered."""
    town.person("eve", "#b")
    ann = town.person("ann", "#a")
    assert numeric in commands(ann.say(line))
    assert ann.say(line.replace("PRIVMSG", "NOTICE")) == []


@pytest.mark.parametrize("setup", ["MODE #a +m", "MODE #a +b bob!*@*"])
def test_who_may_not_speak(town: Town, setup: str) -> None:
    """ERR_CANNOTSENDTOCHAN when moderated or banned, unless voiced."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    ann.say(setup)
    bob.read()
    assert commands(bob.say("PRIVMSG #a :x")) == ["404"]
    ann.say("MODE #a +v bob")
    bob.read()
    assert bob.say("PRIVMSG #a :x") == []
    assert commands(ann.read()) == ["PRIVMSG"]


def test_without_n_anyone_may_speak(town: Town) -> None:
    """Mode n is what keeps outsiders' messages out."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a -n")
    assert town.person("bob").say("PRIVMSG #a :x") == []
    assert commands(ann.read()) == ["PRIVMSG"]


def test_a_message_to_a_rank(town: Town) -> None:
    """STATUSMSG: operators get what goes to @#a, voiced ones and operators what goes to +#a."""
    ann, bob, eve = town.person("ann", "#a"), town.person("bob", "#a"), town.person("eve", "#a")
    ann.say("MODE #a +v bob")
    bob.read()
    eve.read()
    eve.say("PRIVMSG @#a :one", "PRIVMSG +#a :two")
    assert [m.params for m in ann.read()] == [("@#a", "one"), ("+#a", "two")]
    assert [m.params for m in bob.read()] == [("+#a", "two")]
    assert eve.read() == []


def test_a_text_that_would_not_fit_is_refused_whole(town: Town) -> None:
    """With the sender's name before it a line of the longest kind is too long for others:
    ERR_INPUTTOOLONG, nothing cut off.
    """
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    room = 510 - len(":ann!ann@192.0.2.1 PRIVMSG #a :")
    assert ann.say("PRIVMSG #a :" + "x" * room) == []
    assert bob.read()[0].params[1] == "x" * room
    assert commands(ann.say("PRIVMSG #a :" + "x" * (room + 1))) == ["417"]
    assert bob.read() == []


def test_echo(town: Town) -> None:
    """IRCv3 echo-message: messages come back to who sent them, with the msgid that others see."""
    ann = town.person("ann", "#a", caps="echo-message message-tags")
    bob = town.person("bob", "#a", caps="message-tags")
    for target in ("#a", "bob"):
        (echo,) = ann.say(f"PRIVMSG {target} :hi")
        assert bob.read() == [echo]
        assert echo.tags["msgid"]


def test_tags_that_are_passed_on(town: Town) -> None:
    """IRCv3 message-tags: client-only tags reach those who negotiated tags; no client makes a
    server's tag.
    """
    ann, bob, eve = (
        town.person("ann", "#a", caps="message-tags"),
        town.person("bob", "#a", caps="message-tags"),
        town.person("eve", "#a"),
    )
    ann.say(
        "@+reply=1;msgid=forged;time=forged;account=forged PRIVMSG #a :hi",
        "@+typing=active TAGMSG #a",
    )
    message, tagmsg = bob.read()
    assert message.tags.keys() == {"+reply", "msgid"}
    assert message.tags["msgid"] != "forged"
    assert tagmsg.tags["+typing"] == "active"
    assert commands(eve.read()) == ["PRIVMSG"]


def test_server_time(town: Town) -> None:
    """IRCv3 server-time: on every message, in UTC with milliseconds."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps="server-time")
    ann.say("PRIVMSG #a :hi")
    assert bob.read()[0].tags == {"time": "2027-01-15T08:00:00.000Z"}


# Labels.


def labelled(town: Town, *joins: str) -> Person:
    """Return somebody with labelled responses."""
    return town.person("ann", *joins, caps="labeled-response batch echo-message message-tags")


def test_a_label_on_nothing_is_acknowledged(town: Town) -> None:
    """IRCv3 labeled-response: ACK "when a client sends a labeled command that normally produces no
    response".
    """
    assert labelled(town).say("@label=x PONG y") == [
        Message("ACK", (), "chat.local", {"label": "x"})
    ]


def test_a_label_on_one_reply(town: Town) -> None:
    """The one line carries the label: an answer, an error or the echo."""
    ann = labelled(town, "#a")
    assert find(ann.say("@label=x PING y"), "PONG").tags == {"label": "x"}
    assert find(ann.say("@label=x PRIVMSG zed :y"), "401").tags == {"label": "x"}
    assert find(ann.say("@label=x PRIVMSG #a :y"), "PRIVMSG").tags["label"] == "x"
    assert find(ann.say("@label=x NONSENSE"), "421").tags == {"label": "x"}


def test_a_label_on_several_replies(town: Town) -> None:
    """A batch whose start carries the label; the own JOIN belongs to it, others see it without."""
    bob = town.person("bob", "#a", caps="message-tags")
    start, *inner, end = labelled(town).say("@label=x JOIN #a")
    assert start.tags == {"label": "x"}
    assert start.params[1] == "labeled-response"
    assert commands(inner) == ["JOIN", "353", "366"]
    assert (
        {message.tags["batch"] for message in inner} == {start.params[0][1:]} == {end.params[0][1:]}
    )
    assert "batch" not in bob.read()[0].tags


def test_a_label_on_a_message_to_oneself(town: Town) -> None:
    """The server "MUST NOT include the label tag, except for any acknowledgment sent with the
    echo-message mechanism".
    """
    ann = labelled(town)
    assert sorted("label" in message.tags for message in ann.say("@label=x PRIVMSG ann :hi")) == [
        False,
        True,
    ]


def test_labels_that_do_not_count(town: Town) -> None:
    """Not negotiated, or longer than 64 bytes."""
    assert town.person("bob").say("@label=x PONG y") == []
    assert labelled(town).say(f"@label={'x' * 65} PONG y") == []


# People.


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


def test_whowas_is_bounded(town: Town) -> None:
    """The last first, as many as asked for, and no more than are kept."""
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


# The server.


@pytest.mark.parametrize(
    ("line", "numerics"),
    [
        ("VERSION", {"351", "005"}),
        ("TIME", {"391"}),
        ("INFO", {"371", "374"}),
        ("ADMIN", {"423"}),
        ("LUSERS", {"251", "252", "253", "254", "255", "265", "266"}),
        ("VERSION other.example", {"402"}),
        ("HELP", {"704", "705", "706"}),
        ("HELP join", {"704", "705", "706"}),
        ("HELP CMODES", {"704", "705", "706"}),
        ("HELP nonsense", {"524"}),
        ("NONSENSE", {"421"}),
    ],
)
def test_questions_to_the_server(town: Town, line: str, numerics: set[str]) -> None:
    """Each question has its numerics."""
    assert set(commands(town.person("ann").say(line))) == numerics


def test_help_knows_every_command(town: Town) -> None:
    """Help is derived from the registry; what is for operators of the server is shown to those."""
    lines = [message.params[-1] for message in town.person("ann").say("HELP")]
    assert all(
        any(line.startswith(name) for line in lines)
        for name, entry in COMMANDS.items()
        if not entry.right
    )
    assert not any(
        line.startswith(f"{name} ")
        for line in lines
        for name, entry in COMMANDS.items()
        if entry.right
    )


def test_counting(town: Town) -> None:
    """RPL_LUSERCLIENT and its kin count what is there."""
    ann = town.person("ann", "#a")
    ann.say("MODE ann -i")
    town.person("bob")
    town.newcomer()
    replies = ann.say("LUSERS")
    assert find(replies, "251").params[-1] == "There are 1 users and 1 invisible on 1 servers"
    assert find(replies, "253").params[1] == "1"
    assert find(replies, "254").params[1] == "2"


def test_a_line_that_is_too_long(town: Town) -> None:
    """ERR_INPUTTOOLONG, and the client stays."""
    assert commands(town.person("ann").say(BadLine.TOO_LONG)) == ["417"]


def test_a_line_that_is_not_utf8(town: Town) -> None:
    """IRCv3 utf8-only: INVALID_UTF8, with the label; nothing of it is relayed, and the client
    stays.
    """
    ann, bob = labelled(town, "#a"), town.person("bob", "#a")
    reply = find(ann.say(b"@label=x PRIVMSG #a :\xff"), "FAIL")
    assert reply.params[:2] == ("PRIVMSG", "INVALID_UTF8")
    assert reply.tags == {"label": "x"}
    assert bob.read() == []


def test_ids_never_go_back() -> None:
    """Also when the clock does."""
    moments = iter([NOON, NOON, NOON - 100, NOON + 1])
    source = IdSource(lambda: next(moments))
    ids = [source.next() for _ in range(4)]
    assert ids == sorted(set(ids))
    assert [msgid(number) for number in ids] == sorted(msgid(number) for number in ids)
    assert server_time(ids[-1]) == "2027-01-15T08:00:01.000Z"
    assert ids[-1] < 2**63


NICKS = st.sampled_from(["ann", "ANN", "bob", "eve", "иван", "zed"])
CHANNELS = st.sampled_from(["#a", "#A", "#b", "#c", "#lobby", "&x", "#a,#b"])
MODES = st.sampled_from(
    ["+i", "-i", "+o", "-o", "+v", "+k", "-k", "+l", "+b", "-b", "+s", "+m", "-n", "b", "+ov-k"]
)
PARAMS = st.sampled_from(["ann", "bob", "1", "x", "*!*@*", ""])
METADATA = st.sampled_from(
    ["SET a :x y", "SET b", "GET a b", "LIST", "CLEAR", "SYNC", "SUB a b c", "UNSUB a", "SUBS", "x"]
)
LINES = st.one_of(
    st.builds(
        "{} {} :{}".format,
        st.sampled_from(sorted(COMMANDS)),
        st.one_of(NICKS, CHANNELS),
        st.text(max_size=8),
    ),
    st.builds("JOIN {} {}".format, CHANNELS, PARAMS),
    st.builds("MODE {} {} {} {}".format, CHANNELS, MODES, PARAMS, PARAMS),
    st.builds("{} {} {}".format, st.sampled_from(["INVITE", "WHOIS"]), NICKS, CHANNELS),
    st.builds("KICK {} {}".format, CHANNELS, NICKS),
    st.builds("MONITOR {} {},{}".format, st.sampled_from("+-CLS"), NICKS, NICKS),
    st.builds("METADATA {} {}".format, st.one_of(NICKS, CHANNELS, st.just("*")), METADATA),
    st.builds(
        "WHO {} {}".format,
        st.one_of(NICKS, CHANNELS),
        st.sampled_from(["%tcuihsnfdlaor,1", "%", "%z"]),
    ),
    st.builds(
        "{} {}".format,
        st.sampled_from(["PART", "NICK", "NAMES", "WHO"]),
        st.one_of(NICKS, CHANNELS),
    ),
    st.builds(
        "NS {}".format,
        st.sampled_from(
            ["REGISTER secret-1", "IDENTIFY ann secret-1", "LOGOUT", "DROP secret-1", "GHOST ann"]
        ),
    ),
    st.builds(
        "CS {} {} {}".format,
        st.sampled_from(["REGISTER", "DROP", "INFO", "OP", "DEOP"]),
        CHANNELS,
        NICKS,
    ),
    st.builds(
        "CS ACCESS {} {} {} op".format, CHANNELS, st.sampled_from(["ADD", "DEL", "LIST"]), NICKS
    ),
    st.builds(
        "CHATHISTORY {} {} * 5".format,
        st.sampled_from(["LATEST", "BEFORE", "x"]),
        st.one_of(NICKS, CHANNELS),
    ),
    st.builds("SEARCH in={};from={}".format, CHANNELS, NICKS),
    st.builds("MARKREAD {} timestamp=2026-01-31T12:00:00.000Z".format, st.one_of(NICKS, CHANNELS)),
    st.text(max_size=20),
)

CAPS = st.sampled_from(
    [
        "",
        "echo-message",
        "labeled-response batch message-tags server-time",
        "multi-prefix",
        "draft/multiline",
        "draft/multiline batch echo-message labeled-response",
        "draft/metadata-2 batch labeled-response message-tags",
    ]
)
BATCHES = st.sampled_from(
    [
        "@label=2 BATCH +1 draft/multiline #a",
        "BATCH +1 draft/multiline bob",
        "@batch=1 PRIVMSG #a :one",
        "@batch=1 NOTICE bob :two",
        "@batch=1;draft/multiline-concat PRIVMSG #a :more",
        "@batch=1 PRIVMSG #a :",
        "@batch=2 JOIN #b",
        "BATCH -1",
    ]
)


class AnyConversation(RuleBasedStateMachine):
    """Random people send random lines; the indexes stay consistent, and nobody sees what is said
    where one is not.
    """

    def __init__(self) -> None:
        super().__init__()
        lengths = Lengths(
            channels_per_user=3, list_entries=3, monitor_entries=2, metadata_keys=1, metadata_subs=2
        )
        self.accounts = OpenAccounts()
        self.town = Town(
            lengths=lengths, memory=Memory(history=ListHistory(), accounts=self.accounts)
        )
        self.people: list[Person] = []

    @rule(nick=NICKS, caps=CAPS)
    def come(self, nick: str, caps: str) -> None:
        """Somebody comes, and may or may not get the nickname."""
        person = self.town.newcomer()
        person.say(f"CAP REQ :{caps}", f"NICK {nick}", "USER u 0 * :Real Name", "CAP END")
        self.people.append(person)

    @rule(index=st.integers(0, 5), line=LINES, label=st.booleans())
    def talk(self, index: int, line: str, label: bool) -> None:
        """Somebody says something, sensible or not."""
        if index < len(self.people):
            person = self.people[index]
            line = line.replace("\n", "").replace("\r", "")
            data = f"{'@label=1 ' if label else ''}{line}".encode("utf-8", "surrogatepass")
            witness = invariants.Witness(self.people)
            self.town.say_quietly(person, data)
            witness.check()
            if person.ended:
                self.people.remove(person)

    @rule(index=st.integers(0, 5), lines=st.lists(BATCHES, min_size=1, max_size=6))
    def talk_at_length(self, index: int, lines: list[str]) -> None:
        """Somebody sends parts of batches, in any order."""
        if index < len(self.people):
            self.people[index].say(*lines)

    @rule(index=st.integers(0, 5))
    def vanish(self, index: int) -> None:
        """Somebody's connection breaks."""
        if index < len(self.people):
            self.people.pop(index).leave()

    @invariant()
    def the_world_is_sound(self) -> None:
        """Memberships and watches are symmetric, indexes consistent, and what people can make grow
        is bounded.
        """
        invariants.check(self.town.world)


TestAnyConversation = AnyConversation.TestCase
