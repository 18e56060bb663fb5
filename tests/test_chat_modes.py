"""Ranks, extended bans and the modes of channels and users."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town, commands, find
from trio_chat.chat import policy
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.channel_registration import ChannelRegistration
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.registered_channels import restore, to_state
from trio_chat.chat.response import WORK_PER_LINE
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc import extbans, modes
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message

ANN, BOB = 1, 2
"""The numbers of their accounts."""


@pytest.fixture
def town() -> Town:
    """A town with accounts for ann and bob, which do not keep others from having these
    nicknames.
    """
    accounts = OpenAccounts()
    accounts.add("ann", "sesame")
    accounts.add("bob", "sesame")
    return Town(
        ServerInfo(account_rules=AccountRules(reservation="off")),
        storage=StoragePorts(history=ListHistory(), accounts=accounts, playback=0),
    )


def logged_in(town: Town, nick: str, *channels: str) -> Person:
    """Return somebody who is logged in to the account of that name."""
    person = town.newcomer()
    person.say("CAP REQ sasl", f"NICK {nick}", f"USER {nick} 0 * :{nick}", "PASS x")
    assert town.world.accounts is not None
    person.session.set_account(town.world.accounts.known[nick])
    person.say("CAP END", *(f"JOIN {channel}" for channel in channels))
    for other in town.world.sessions.values():
        assert isinstance(other.sink, Person)
        other.sink.read()
    return person


# Ranks.


@pytest.mark.parametrize(
    ("actor", "change", "is_allowed"),
    [
        ("h", "+v", True),
        ("h", "-v", True),
        ("h", "+h", False),
        ("h", "+o", False),
        ("o", "+h", True),
        ("o", "+o", True),
        ("o", "+a", False),
        ("a", "+o", True),
        ("a", "+a", False),
        ("q", "+a", True),
        ("q", "+q", True),
        ("v", "+v", False),
    ],
)
def test_who_may_give_which_rank(town: Town, actor: str, change: str, is_allowed: bool) -> None:
    """The table says which rank a mode needs."""
    ann, _ = town.person("ann", "#a"), town.person("bob", "#a")
    channel = town.world.channels["#a"]
    assert ann.session.user is not None
    bob = town.world.users["bob"]
    channel.members[ann.session.user].ranks = {actor}
    channel.members[bob].ranks = set() if change[0] == "+" else {change[1]}
    assert commands(ann.say(f"MODE #a {change} bob")) == (["MODE"] if is_allowed else ["482"])
    assert (change[1] in channel.members[bob].ranks) is (is_allowed is (change[0] == "+"))


@pytest.mark.parametrize(
    ("mine", "theirs", "can_kick", "can_take"),
    [
        ("o", "qo", False, False),
        ("o", "ao", False, False),
        ("o", "o", True, True),
        ("h", "h", False, False),
        ("h", "v", True, False),
        ("h", "", True, False),
        ("a", "qo", False, False),
        ("q", "qo", True, True),
    ],
)
def test_nobody_acts_against_who_is_above(
    town: Town, mine: str, theirs: str, can_kick: bool, can_take: bool
) -> None:
    """A founder is not removed by an operator, nor a half-operator by another one."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    channel = town.world.channels["#a"]
    assert ann.session.user is not None
    assert bob.session.user is not None
    channel.members[ann.session.user].ranks = set(mine)
    channel.members[bob.session.user].ranks = set(theirs)
    assert commands(ann.say("MODE #a -o bob")) == (["MODE"] if can_take else ["482"])
    assert commands(ann.say("KICK #a bob")) == (["KICK"] if can_kick else ["482"])


@pytest.mark.parametrize(
    ("mine", "theirs", "line", "text"),
    [
        ("o", "", "MODE #a +q bob", "You're not the founder of this channel"),
        ("o", "", "MODE #a +P", "You're not the founder of this channel"),
        ("o", "q", "KICK #a bob", "That member has a higher rank than you"),
        ("a", "qo", "MODE #a -o bob", "That member has a higher rank than you"),
        ("h", "o", "KICK #a bob", "That member has a higher rank than you"),
        ("h", "h", "KICK #a bob", "Half-operators cannot remove each other"),
        ("h", "", "MODE #a +v-o bob bob", "You're not channel operator"),
        ("", "", "KICK #a bob", "You're not channel operator"),
    ],
)
def test_a_refusal_names_the_rank_that_is_missing(
    town: Town, mine: str, theirs: str, line: str, text: str
) -> None:
    """An operator is not told that it is none."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    channel = town.world.channels["#a"]
    assert ann.session.user is not None
    assert bob.session.user is not None
    channel.members[ann.session.user].ranks = set(mine)
    channel.members[bob.session.user].ranks = set(theirs)
    assert find(ann.say(line), "482").params == ("ann", "#a", text)


def test_a_rank_can_be_given_up(town: Town) -> None:
    """Nobody needs a right to have less."""
    ann = town.person("ann", "#a")
    channel = town.world.channels["#a"]
    assert ann.session.user is not None
    channel.members[ann.session.user].ranks = {"a", "v"}
    assert commands(ann.say("MODE #a -a ann", "MODE #a -v ann")) == ["MODE", "MODE"]


def test_one_refused_change_does_not_stop_the_others(town: Town) -> None:
    """A half-operator who asks for too much gets what is allowed, and one error."""
    ann, _ = town.person("ann", "#a"), town.person("bob", "#a")
    assert ann.session.user is not None
    town.world.channels["#a"].members[ann.session.user].ranks = {"h"}
    replies = ann.say("MODE #a +voi bob bob")
    assert commands(replies) == ["482", "MODE"]
    assert replies[1].params == ("#a", "+v", "bob")


def test_a_mask_is_never_cut(town: Town) -> None:
    """Changes that one line does not hold behind the source come in several."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    masks = [f"r:{letter * 170}" for letter in "xyz"]
    own = ann.say(f"MODE #a +bbb {' '.join(masks)}")
    assert [m.params for m in own] == [("#a", "+bb", *masks[:2]), ("#a", "+b", masks[2])]
    assert bob.read() == own


def test_more_changes_than_a_line_should_have(town: Town) -> None:
    """All are made, and members see them in lines of as many as ISUPPORT names."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    masks = [f"r:{number}" for number in range(30)]
    own = ann.say(f"MODE #a +{'b' * 30} {' '.join(masks)}")
    assert [mask for m in own for mask in m.params[2:]] == masks
    assert [m.params[1] for m in own] == [f"+{'b' * count}" for count in (12, 12, 6)]
    assert bob.read() == own


def test_more_changes_cost_as_much_as_several_lines(town: Town) -> None:
    """A line with three times as many is no cheaper way to send the members three lines."""
    ann = town.person("ann", "#a")
    few, many = (f"MODE #a {'+m-m' * count}".encode() for count in (6, 18))
    assert handle_line(town.world, ann.session, few).work == 0
    assert handle_line(town.world, ann.session, many).work >= 2 * 0.9 * WORK_PER_LINE


def test_a_reason_is_given_once(town: Town) -> None:
    """A line of many mistakes does not get as many answers."""
    ann = town.person("ann", "#a")
    replies = ann.say(f"MODE #a +{'o' * 200} zed zed x")
    assert [m.params[:2] for m in replies] == [("ann", "zed"), ("ann", "x"), ("ann", "MODE")]
    assert commands(replies) == ["401", "401", "461"]


def test_lists_are_shown_in_the_order_of_the_letters(town: Town) -> None:
    """Each once, as they were asked for."""
    ends = {"368": "b", "349": "e", "347": "I"}
    replies = commands(town.person("ann", "#a").say("MODE #a ebIe"))
    assert [ends[numeric] for numeric in replies] == ["e", "b", "I"]


def test_statusmsg_reaches_the_ranks_above(town: Town) -> None:
    """ISUPPORT STATUSMSG: `%#a` addresses half-operators and higher ranks."""
    ann, bob, eve = (town.person(nick, "#a") for nick in ("ann", "bob", "eve"))
    ann.say("MODE #a +h bob")
    bob.read(), eve.read()
    eve.say("PRIVMSG %#a :psst")
    assert find(ann.read(), "PRIVMSG").params == ("%#a", "psst")
    assert find(bob.read(), "PRIVMSG").params == ("%#a", "psst")
    ann.say("PRIVMSG @#a :and this")
    assert bob.read() == []


@pytest.mark.parametrize("target", ["@+#a", "+@#a", "~+%#a"])
def test_statusmsg_with_several_prefixes_shows_the_lowest(town: Town, target: str) -> None:
    """Who reads a message sees to which ranks it went, in whatever order its sender wrote them."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    ann.say("MODE #a +v bob")
    bob.read()
    ann.say(f"PRIVMSG {target} :psst")
    assert find(bob.read(), "PRIVMSG").params == ("+#a", "psst")


# Extended bans.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*!*@192.0.2.*", ("", "", "*!*@192.0.2.*")),
        ("a:bob", ("", "a", "bob")),
        ("account:bob", ("", "a", "bob")),
        ("m:*!*@x", ("m", "", "*!*@x")),
        ("mute:account:bob", ("m", "a", "bob")),
        ("m:m:bob", ("m", "", "bob")),
        ("2001:db8::1", ("", "", "2001:db8::1")),
        ("a:", ("", "", "a:")),
        ("a:m:bob", ("", "a", "m:bob")),
        ("x:bob", ("", "", "x:bob")),
    ],
)
def test_extended_bans_are_read(text: str, expected: tuple[str, str, str]) -> None:
    """Acts come first and can be followed by any mask; what is not in the table is an ordinary
    mask.
    """
    assert extbans.parse(text) == expected


@pytest.mark.parametrize("mask", ["z:foo", "~a:bob", "$a:bob", "r:", "a:", "account:", "m:q:x"])
def test_what_is_no_extended_ban_is_named_as_that(town: Town, mask: str) -> None:
    """It is not taken for a host, which it would be a strange one of."""
    refusal = find(town.person("ann", "#a").say(f"MODE #a +b {mask}"), "696")
    assert "is no extended ban" in refusal.params[-1]


@pytest.mark.parametrize("mask", ["2001:db8::1", "*:db8::1", "fe80:*", "b!*@a:*"])
def test_an_address_is_no_extended_ban(town: Town, mask: str) -> None:
    """Also where it begins with letters."""
    assert commands(town.person("ann", "#a").say(f"MODE #a +b {mask}")) == ["MODE"]


def test_an_account_ban_is_about_the_account(town: Town) -> None:
    """IRCv3 account-extban: a user without a login is not covered, whatever its nickname."""
    eve = town.person("eve", "#a")
    assert find(eve.say("MODE #a +b account:BOB"), "MODE").params == ("#a", "+b", "a:BOB")
    assert commands(town.person("bob").say("JOIN #a"))[0] == "JOIN"
    town.world.users["bob"].sessions[0].sink.say("QUIT")  # type: ignore[attr-defined]
    assert commands(logged_in(town, "bob").say("JOIN #a")) == ["474"]
    assert commands(eve.say("MODE #a -b a:bob"))[-1] == "MODE"
    assert commands(town.world.users["bob"].sessions[0].sink.say("JOIN #a"))[0] == "JOIN"  # type: ignore[attr-defined]


def test_account_bans_work_in_all_lists(town: Town) -> None:
    """Exceptions and invitations name accounts too."""
    eve = town.person("eve", "#a")
    eve.say("MODE #a +bei *!*@* a:bob", "MODE #a +I a:bob")
    assert commands(town.person("joe").say("JOIN #a")) == ["474"]
    assert commands(logged_in(town, "bob").say("JOIN #a"))[0] == "JOIN"


def test_a_mute_forbids_to_speak_only(town: Town) -> None:
    """A muted user may join; a rank or an exception overrides the mute."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +b m:bob!*@*")
    bob = town.person("bob", "#a")
    assert bob.session.user in town.world.channels["#a"].members
    assert commands(bob.say("PRIVMSG #a :hi")) == ["404"]
    ann.say("MODE #a +e m:bob")
    bob.read()
    assert bob.say("PRIVMSG #a :hi") == []
    ann.say("MODE #a -e m:bob", "MODE #a +v bob")
    assert "404" not in commands(bob.say("PRIVMSG #a :hi"))


def test_an_exception_from_a_mute_is_none_from_a_ban(town: Town) -> None:
    """What an entry is about limits exceptions as it limits bans."""
    town.person("ann", "#a").say("MODE #a +be bob!*@* m:bob!*@*")
    assert commands(town.person("bob").say("JOIN #a")) == ["474"]


def test_a_mute_is_no_invitation(town: Town) -> None:
    """ERR_INVALIDMODEPARAM."""
    replies = town.person("ann", "#a").say("MODE #a +I m:bob")
    assert commands(replies) == ["696"]


def test_a_ban_of_a_real_name(town: Town) -> None:
    """r: compares the real name, whatever the case."""
    town.person("ann", "#a").say("MODE #a +b :r:BOB the*")
    assert commands(town.person("bob").say("JOIN #a")) == ["474"]


def test_extended_bans_last(town: Town) -> None:
    """A list entry of a registered channel is the same after a restart."""
    town.person("ann", "#a").say("MODE #a +bf m:a:bob #a", "MODE #a +u")
    channel = town.world.channels["#a"]
    channel.registration = ChannelRegistration(ANN, 1)
    state = to_state(channel)
    again = restore(Town().world, "#a", state)
    assert [entry.mask for entry in again.lists["b"].values()] == ["m:a:bob"]
    assert again.flags == channel.flags
    assert to_state(again) == state


# Channel modes.


def test_who_may_not_join_is_forwarded(town: Town) -> None:
    """ERR_LINKCHANNEL, then the JOIN of the other channel."""
    ann = town.person("ann", "#a", "#b")
    assert find(ann.say("MODE #a +if #b"), "MODE").params == ("#a", "+if", "#b")
    bob = town.person("bob")
    replies = bob.say("JOIN #a")
    assert replies[0].command == "470"
    assert replies[0].params[:3] == ("bob", "#a", "#b")
    assert find(replies, "JOIN").params == ("#b",)


def test_two_channels_that_forward_to_each_other(town: Town) -> None:
    """Nobody is sent round in circles."""
    town.person("ann", "#a", "#b").say("MODE #a +if #b", "MODE #b +if #a")
    assert commands(town.person("bob").say("JOIN #a")) == ["470", "473"]


@pytest.mark.parametrize(
    ("target", "numeric"), [("#nowhere", "696"), ("#a", "696"), ("#theirs", "482")]
)
def test_forwarding_takes_rights_in_the_target(town: Town, target: str, numeric: str) -> None:
    """Else anybody could send people where they are not wanted."""
    town.person("bob", "#theirs")
    assert commands(town.person("ann", "#a").say(f"MODE #a +f {target}")) == [numeric]


def test_registered_only_channels(town: Town) -> None:
    """+R refuses users without a login unless invited (477); +M refuses their messages."""
    eve = town.person("eve", "#a")
    eve.say("MODE #a +RM")
    joe = town.person("joe")
    assert commands(joe.say("JOIN #a")) == ["477"]
    eve.say("INVITE joe #a")
    joe.read()
    assert commands(joe.say("JOIN #a"))[0] == "JOIN"
    assert commands(joe.say("PRIVMSG #a :hi")) == ["404"]
    assert logged_in(town, "bob", "#a").say("PRIVMSG #a :hi") == []


def test_what_is_op_moderated_is_seen_by_operators(town: Town) -> None:
    """+U: what members without a rank say reaches operators, is echoed, and is not in the
    history.
    """
    ann, bob, eve = (town.person(nick, "#a", caps="echo-message") for nick in ("ann", "bob", "eve"))
    ann.say("MODE #a +U")
    bob.read(), eve.read()
    assert commands(bob.say("PRIVMSG #a :psst")) == ["PRIVMSG"]
    assert find(ann.read(), "PRIVMSG").params == ("#a", "psst")
    assert eve.read() == []
    ann.say("MODE #a +v eve"), eve.read()
    bob.say("PRIVMSG +#a :psst again")
    assert find(ann.read(), "PRIVMSG").params == ("+#a", "psst again")
    assert eve.read() == []
    ann.say("PRIVMSG #a :hear all")
    assert find(eve.read(), "PRIVMSG").params == ("#a", "hear all")
    assert town.world.storage is not None
    assert [record.text for record in town.world.storage.history.said] == ["hear all"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("\x01VERSION\x01", True),
        ("\x01ACTION waves\x01", False),
        ("\x01action waves\x01", False),
        ("hello", False),
        ("\x01", True),
        ("say \x01", False),
    ],
)
def test_no_ctcp(town: Town, text: str, is_refused: bool) -> None:
    """+C for channels (ERR_CANNOTSENDTOCHAN), +T for users; ACTION is for people."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +C", "MODE ann +T")
    bob = town.person("bob", "#a")
    assert commands(bob.say(f"PRIVMSG #a :{text}")) == ["404"] * is_refused
    assert commands(bob.say(f"PRIVMSG ann :{text}")) == ["492"] * is_refused


def test_an_auditorium_hides_its_listeners_from_each_other(town: Town) -> None:
    """+u: JOIN, PART, QUIT, KICK, NICK, NAMES, WHO, WHOIS."""
    ann = town.person("ann", "#a")
    bob = town.person("bob", "#a")
    ann.say("MODE #a +u")
    bob.read()
    joe = town.person("joe", "#a")
    eve = town.person("eve")
    eve.say("JOIN #a", "NICK evi", "AWAY :gone", "PART #a", "JOIN #a")
    assert commands(ann.say("KICK #a evi :out")) == ["JOIN", "NICK", "PART", "JOIN", "KICK"]
    assert bob.read() == []
    joe.say("QUIT")
    assert bob.read() == []
    town.person("lea", "#a")
    assert find(bob.say("NAMES #a"), "353").params[-1] == "@ann bob"
    assert {message.params[5] for message in bob.say("WHO #a") if message.command == "352"} == {
        "ann",
        "bob",
    }
    assert "319" not in commands(bob.say("WHOIS lea"))
    assert "#a" in find(ann.say("WHOIS lea"), "319").params[-1]
    assert town.world.storage is not None
    remembered = {(record.command, record.source) for record in town.world.storage.history.records}  # type: ignore[attr-defined]
    assert {command for command, _ in remembered} == {"JOIN", "MODE"}


def test_in_an_auditorium_everybody_is_heard(town: Town) -> None:
    """Members are hidden, their messages are not; a voiced member is visible."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +u")
    bob, eve = town.person("bob", "#a"), town.person("eve", "#a")
    eve.say("PRIVMSG #a :hello")
    assert commands(bob.read()) == ["PRIVMSG"]
    ann.say("MODE #a +v eve")
    assert commands(bob.read()) == ["MODE"]
    assert find(bob.say("NAMES #a"), "353").params[-1] == "@ann bob +eve"
    eve.say("PART #a")
    assert commands(bob.read()) == ["PART"]


# Invitations.


@pytest.mark.parametrize(("rank", "first"), [("", "474"), ("h", "JOIN"), ("o", "JOIN")])
def test_an_operators_invitation_overrules_a_ban(town: Town, rank: str, first: str) -> None:
    """Once; and not that of somebody who could not lift the ban."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +b bob!*@*")
    assert ann.session.user is not None
    town.world.channels["#a"].members[ann.session.user].ranks = set(rank)
    bob = town.person("bob")
    ann.say("INVITE bob #a")
    bob.read()
    assert commands(bob.say("JOIN #a"))[0] == first
    bob.say("PART #a")
    assert commands(bob.say("JOIN #a")) == ["474"]


def test_knocking(town: Town) -> None:
    """RPL_KNOCK to the operators, RPL_KNOCKDLVR; once a minute."""
    ann, eve = town.person("ann", "#a"), town.person("eve", "#a")
    ann.say("MODE #a +i")
    eve.read()
    bob = town.person("bob")
    assert commands(bob.say("KNOCK #a :let me in")) == ["711"]
    assert find(ann.read(), "710").params[:3] == ("#a", "#a", "bob!bob@192.0.2.1")
    assert eve.read() == []
    assert commands(bob.say("KNOCK #a")) == ["712"]
    town.clock.now += 61
    assert commands(bob.say("KNOCK #a")) == ["711"]


@pytest.mark.parametrize(
    ("setup", "numeric"), [("MODE #a +t", "713"), ("MODE #a +ib bob", "480"), ("MODE #a +s", "403")]
)
def test_where_nobody_knocks(town: Town, setup: str, numeric: str) -> None:
    """An open channel, one that one is banned from, one that one may not know of."""
    town.person("ann", "#a").say(setup)
    assert commands(town.person("bob").say("KNOCK #a")) == [numeric]
    assert commands(town.person("eve", "#b").say("KNOCK #b")) == ["714"]


# User modes.


def test_registered_only_messages(town: Town) -> None:
    """+R: ERR_NEEDREGGEDNICK; NOTICE is refused in silence, an invitation too."""
    ann, joe = town.person("ann"), town.person("joe", "#j")
    ann.say("MODE ann +R")
    assert commands(joe.say("PRIVMSG ann :hi", "NOTICE ann :hi", "INVITE ann #j")) == ["477", "477"]
    assert ann.read() == []
    assert logged_in(town, "bob").say("PRIVMSG ann :hi") == []
    assert commands(ann.read()) == ["PRIVMSG"]


def test_who_is_accepted_may_write(town: Town) -> None:
    """ACCEPT lets somebody, whatever the nickname becomes; '-' takes it back."""
    ann, joe = town.person("ann"), town.person("joe")
    assert ann.say("MODE ann +R", "ACCEPT joe")[1:] == []
    assert commands(ann.say("ACCEPT joe,nobody")) == ["457", "401"]
    joe.say("NICK jim")
    assert joe.say("PRIVMSG ann :hi") == []
    replies = ann.say("ACCEPT *")
    assert [message.params for message in replies if message.command == "281"] == [("ann", "jim")]
    assert replies[-1].command == "282"
    assert commands(ann.say("ACCEPT -jim", "ACCEPT -jim")) == ["458"]
    assert commands(joe.say("PRIVMSG ann :hi")) == ["477"]


def test_a_name_in_two_spellings_is_accepted_once(town: Town) -> None:
    """The second one is not on the list already (457)."""
    ann, _joe = town.person("ann"), town.person("joe")
    assert ann.say("ACCEPT joe,JOE") == []


def test_who_is_written_to_may_answer(town: Town) -> None:
    """With +R, writing to somebody accepts that person."""
    ann, joe = town.person("ann"), town.person("joe")
    ann.say("MODE ann +R", "PRIVMSG joe :hi")
    assert joe.say("PRIVMSG ann :hi yourself")[1:] == []


def test_default_user_modes() -> None:
    """Everybody begins with what the operator says."""
    town = Town(ServerInfo(user_modes="BR"))
    assert find(town.person("ann").say("MODE ann"), "221").params == ("ann", "+BR")


def test_the_tables_are_consistent() -> None:
    """Every mode's rank exists, and every restraining flag is a mode."""
    assert {mode.needs for mode in modes.CHANNEL_MODES.values()} <= set(modes.AT_LEAST)
    assert set(modes.CHANNEL_MODES) >= modes.RESTRAINING
    assert modes.AT_LEAST["o"] == {"q", "a", "o"}


def test_no_line_of_a_message_is_ctcp() -> None:
    """A client without multiline gets each line as a message."""
    assert policy.is_ctcp("hello\n\x01VERSION\x01")
    assert not policy.is_ctcp("hello\n\x01ACTION waves\x01")


@pytest.mark.parametrize(("rank", "first"), [("o", "JOIN"), ("v", "473")])
def test_who_runs_a_channel_is_not_kept_out(town: Town, rank: str, first: str) -> None:
    """The owner joins in spite of +i and of a ban."""
    town.person("eve", "#a").say("MODE #a +i", f"MODE #a +b {'*!*@*' if rank == 'o' else 'x'}")
    town.world.channels["#a"].registration = ChannelRegistration(ANN, 1, {BOB: rank})
    assert commands(logged_in(town, "bob").say("JOIN #a"))[0] == first


def test_help_shows_every_mode_and_extended_ban(town: Town) -> None:
    """HELP CMODES, UMODES and EXTBANS are the tables; HELPOP is HELP."""
    ann = town.person("ann")
    for subject, table in (
        ("CMODES", modes.CHANNEL_MODES),
        ("UMODES", modes.USER_MODES),
        ("EXTBANS", extbans.EXTBANS),
    ):
        shown = [
            message.params[-1][0]
            for message in ann.say(f"HELPOP {subject}")
            if message.command == "705"
        ]
        assert shown == list(table)


@pytest.mark.parametrize(
    ("key", "is_taken"),
    [("ж" * 16, True), ("ж" * 16 + "x", False), ("x" * 32, True), ("x" * 33, False)],
)
def test_the_length_of_a_key_is_counted_in_bytes(town: Town, key: str, is_taken: bool) -> None:
    """As KEYLEN and config.ini say: a letter that is not English takes two or more."""
    ann = town.person("ann", "#a")
    answer = ann.say(f"MODE #a +k {key}")
    assert commands(answer) == (["MODE"] if is_taken else ["525"])


@pytest.mark.parametrize(
    ("line", "limit"), [("TOPIC #a :{}", "topic"), ("AWAY :{}", "away"), ("PART #a :{}", "kick")]
)
def test_the_length_of_a_text_is_counted_in_bytes(town: Town, line: str, limit: str) -> None:
    """So that Cyrillic texts fit into a line as English ones do; no letter is cut in two."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps="away-notify")
    ann.say(line.format("ж" * 225))
    assert bob.read()[-1].params[-1] == "ж" * (getattr(town.world.lengths, limit) // 2)


def test_the_length_of_a_real_name_is_counted_in_bytes(town: Town) -> None:
    """One that is longer is refused, not cut."""
    ann = town.person("ann", caps="setname")
    assert commands(ann.say(f"SETNAME :{'ж' * 75}")) == ["SETNAME"]
    assert commands(ann.say(f"SETNAME :{'ж' * 75}x")) == ["FAIL"]


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
    """One MODE is sent, with the changes that had an effect."""
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
    """A mask is completed, stored once, listed with setter and time; any spelling removes it."""
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
