"""Several sessions that share one nickname."""

import pytest

from always_on_fakes import answers, back, make
from deliveries import deliveries
from storage_fakes import OpenAccounts
from support import Person, Town, commands, find
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output, Reply
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.users import UNSPECIFIED
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message


@pytest.fixture
def town() -> Town:
    """Return a world in which Ann has an account."""
    return make()


def both(town: Town, caps: str = "", second_caps: str = "") -> tuple[Person, Person]:
    """Return two sessions of Ann's, in #a, with everything read."""
    first, _ = back(town, caps=caps)
    first.say("JOIN #a")
    second, _ = back(town, caps=second_caps)
    first.read()
    return first, second


def test_who_does_not_want_to_share_the_nickname_does_not(town: Town) -> None:
    """NickServ SET multiclient off: another session has to take another nickname."""
    first, _ = back(town)
    first.say("NS SET multiclient off")
    second, messages = back(town)
    assert second.session.user is None
    assert "001" not in commands(messages)
    assert commands(second.say("NICK ann")) == ["433"]
    assert find(second.say("NICK ann2"), "001").params[0] == "ann2"


def test_who_stays_can_be_taken_over_all_the_same(town: Town) -> None:
    """Otherwise nobody could ever come back."""
    first, _ = back(town)
    first.say("NS SET multiclient off", "NS SET always-on on")
    first.leave()
    assert find(back(town)[1], "001").params[0] == "ann"


def test_sessions_are_bounded() -> None:
    """A session beyond the limit learns what to do."""
    town = make(Lengths(sessions_per_user=2))
    both(town)
    third, _ = back(town)
    assert third.ended.startswith("You have 2 sessions already")
    assert third.session.user is None


def test_leaving_is_seen_when_the_last_session_does(town: Town) -> None:
    """QUIT is answered to the session that says it, and seen by nobody else."""
    first, second = both(town)
    bob = town.person("bob", "#a")
    first.read()
    second.read()
    assert find(second.say("QUIT :bye"), "QUIT").params == ("Quit: bye",)
    assert first.read() == bob.read() == []
    first.say("QUIT :bye")
    assert commands(bob.read()) == ["QUIT"]


# CLIENTS.


def test_sessions_are_listed(town: Town) -> None:
    """With a number, where from, how long silent; and which one asks, which is no activity."""
    first, second = both(town)
    town.clock.now += 60
    second.say("AWAY :lunch")
    shown = answers(first.say("NS CLIENTS LIST"))
    assert shown[0] == "1 (this one): from 198.51.100.7, since 2027-01-15 08:00 UTC, idle 60 s"
    assert shown[1] == "2: from 198.51.100.7, since 2027-01-15 08:00 UTC, idle 0 s, away: lunch"
    assert shown[2] == "2 of at most 20 devices share ann."
    assert answers(first.say("NS SESSIONS")) == shown


@pytest.mark.parametrize(
    ("which", "ended"),
    [("2", ["second"]), ("all", ["second", "third"]), ("7", []), ("1", ["first"])],
)
def test_sessions_are_logged_out(town: Town, which: str, ended: list[str]) -> None:
    """One by its number, or all others."""
    first, second = both(town)
    third, _ = back(town)
    assert answers(first.say(f"NS CLIENTS LOGOUT {which}")) == [
        f"Devices logged out: {len(ended)}."
    ]
    people = {"first": first, "second": second, "third": third}
    assert [name for name, person in people.items() if person.ended] == ended


def test_a_number_is_not_another_sessions_while_it_is_there(town: Town) -> None:
    """Nobody logs the wrong device out."""
    first, second = both(town)
    first.leave()
    third, _ = back(town)
    assert (second.session.number, third.session.number) == (2, 3)


@pytest.mark.parametrize("order", ["CLIENTS", "CLIENTS LOGOUT", "CLIENTS NONSENSE"])
def test_what_is_not_understood_is_explained(town: Town, order: str) -> None:
    """With the usage."""
    assert answers(back(town)[0].say(f"NS {order}"))[0].startswith("Usage: ")


# Away.


def test_who_is_away_in_one_session_is_there_in_the_other(town: Town) -> None:
    """Away is who is away in all."""
    first, second = both(town)
    bob = town.person("bob", "#a", caps="away-notify")
    find(first.say("AWAY :lunch"), "306")
    assert bob.read() == bob.say("PRIVMSG ann :hi") == []
    second.say("AWAY :shopping")
    assert [message.params for message in bob.read()] == [("shopping",)]
    first.say("AWAY :still lunch")
    assert [message.params for message in bob.read()] == [("still lunch",)]
    second.say("AWAY")
    assert [message.params for message in bob.read()] == [()]


def test_who_leaves_only_away_sessions_behind_is_away(town: Town) -> None:
    """And one that comes is back."""
    first, second = both(town)
    bob = town.person("bob", "#a", caps="away-notify")
    first.say("AWAY :lunch")
    second.leave()
    assert [message.params for message in bob.read()] == [("lunch",)]
    back(town)
    assert [message.params for message in bob.read()] == [()]


def test_a_session_behind_which_nobody_sits_counts_least(town: Town) -> None:
    """draft/pre-away: `*` "should not supersede a human-readable AWAY message set by another
    connection".
    """
    first, second = both(town, second_caps="draft/pre-away")
    bob = town.person("bob", "#a", caps="away-notify")
    first.say("AWAY :lunch")
    second.say("AWAY *")
    assert [message.params for message in bob.read()] == [("lunch",)]
    first.leave()
    assert [message.params for message in bob.read()] == [(UNSPECIFIED,)]


def test_away_before_registration(town: Town) -> None:
    """draft/pre-away: "servers MUST accept the AWAY command before connection registration has
    completed".
    """
    person = town.newcomer()
    assert commands(person.say("AWAY :gone")) == ["451"]
    assert commands(person.say("CAP REQ :draft/pre-away", "AWAY :gone")) == ["CAP", "306"]
    person.say("NICK zoe", "USER z 0 * :Zoe", "CAP END")
    assert find(town.person("bob").say("PRIVMSG zoe :hi"), "301").params[-1] == "gone"


def test_who_comes_back_without_being_there_stays_away(town: Town) -> None:
    """draft/pre-away: a client that only looks for messages does not suggest that its user is
    present.
    """
    ann, _ = back(town)
    ann.say("JOIN #a", "NS SET always-on on")
    bob = town.person("bob", "#a", caps="away-notify")
    ann.leave()
    bob.read()
    phone = town.newcomer()
    phone.say(
        "CAP REQ :sasl draft/pre-away",
        "AWAY *",
        "AUTHENTICATE PLAIN",
        "AUTHENTICATE AGFubgBhbm4tcGFzc3dvcmQ=",
    )
    phone.say("NICK ann", "USER a 0 * :Ann", "CAP END")
    assert phone.session.user is not None
    assert bob.read() == []
    phone.say("AWAY")
    assert [message.params for message in bob.read()] == [()]


def test_logging_in_elsewhere_concerns_all_sessions(town: Town) -> None:
    """They are one user, which is logged in to one account."""
    accounts = town.world.accounts
    assert isinstance(accounts, OpenAccounts)
    first, second = both(town)
    second.say("NS IDENTIFY eve eve-password")
    assert first.session.account == second.session.account == "eve"
    first.say("NS LOGOUT")
    assert first.session.account == second.session.account == ""


# Channels.


def what_came(messages: list[Message], *wanted: str) -> list[tuple[str, ...]]:
    """Return command and parameters, without the first one of numerics, of the messages with these
    commands.
    """
    return [
        (message.command, *message.params[1 if message.command.isdigit() else 0 :])
        for message in messages
        if message.command in wanted
    ]


STATE = ("JOIN", "332", "MARKREAD", "353", "366")


@pytest.mark.parametrize(
    ("setting", "how", "channel"),
    [
        ("+n", "JOIN #b", "#b"),
        ("+n", "@label=7 JOIN #b", "#b"),
        ("+k key", "JOIN #b key", "#b"),
        ("+if #c", "JOIN #b", "#c"),
    ],
)
def test_a_channel_that_one_session_joins_is_complete_on_the_others(
    town: Town, setting: str, how: str, channel: str
) -> None:
    """draft/read-marker: after a JOIN "the server MUST send a MARKREAD command for that channel",
    before RPL_ENDOFNAMES.

    Modern IRC, JOIN: the client receives its JOIN, RPL_TOPIC when there is one, RPL_NAMREPLY and
    RPL_ENDOFNAMES.
    """
    town.person("bob", "#b", "#c").say("TOPIC #b :news", "TOPIC #c :news", f"MODE #b {setting}")
    first, second = both(
        town, "batch labeled-response draft/read-marker", "draft/read-marker multi-prefix"
    )
    seen_first, seen_second = first.say(how), second.read()
    assert what_came(seen_second, *STATE) == [
        ("JOIN", channel),
        ("332", channel, "news"),
        ("MARKREAD", channel, "*"),
        ("353", "=", channel, "@bob ann"),
        ("366", channel, "End of /NAMES list."),
    ]
    assert what_came(seen_first, *STATE) == what_came(seen_second, *STATE)
    assert "470" not in commands(seen_second)  # that answers what the first has asked for
    assert not any("label" in message.tags for message in seen_second)


def test_each_session_is_told_of_a_channel_in_its_own_way(town: Town) -> None:
    """Capabilities are a session's: full names, metadata that it follows, the past in a batch or
    not at all.
    """
    bob = town.person("bob", "#b", caps="batch draft/metadata-2")
    bob.say("METADATA * SET url :x", "PRIVMSG #b :before")
    first, plain = both(town, second_caps="userhost-in-names")
    follower, _ = back(town, caps="batch server-time draft/metadata-2")
    asking, _ = back(town, caps="batch draft/chathistory")
    follower.say("METADATA * SUB url")
    for person in (plain, follower, asking):
        person.read()
    first.say("JOIN #b")
    assert find(plain.read(), "353").params[-1] == "@bob!bob@192.0.2.1 ann!u@198.51.100.7"
    seen = follower.read()
    assert what_came(seen, "METADATA", "PRIVMSG") == [
        ("METADATA", "bob", "url", "*", "x"),
        ("PRIVMSG", "#b", "before"),
    ]
    assert [
        message.params[1]
        for message in seen
        if len(message.params) > 1 and message.command == "BATCH"
    ] == [
        "metadata",
        "chathistory",
    ]
    assert "PRIVMSG" not in commands(asking.read())


def test_a_channel_that_an_operator_brings_somebody_into_is_complete_on_all_sessions() -> None:
    """SAJOIN, whichever session the operator of the server means."""
    town = make()
    town.person("bob", "#b")
    first, second = both(town)
    root = town.person("root")
    assert root.session.user is not None
    town.appoint(root.session.user, Operator(name="root"))
    root.say("SAJOIN ann #b")
    for person in (first, second):
        assert what_came(person.read(), "JOIN", "353") == [
            ("JOIN", "#b"),
            ("353", "=", "#b", "@bob ann"),
        ]


def test_what_one_session_does_is_no_reply_to_the_others(town: Town) -> None:
    """Replies wait without limit for a client that reads slowly, as it has to wait with its
    commands: not so what others ask.
    """
    first, second = both(town)
    output = handle_line(town.world, first.session, b"JOIN #b")
    parts = [part for part in output.parts if isinstance(part, Reply)]
    assert {part.session is first.session: part.is_reply for part in parts} == {
        True: True,
        False: False,
    }
    kinds = {
        session is first.session: is_reply
        for session, _, is_reply in deliveries(Output(tuple(parts)).parts)
    }
    assert kinds == {True: True, False: False}
    assert second.session in {part.session for part in parts}


def test_own_modes_are_known_to_all_sessions(town: Town) -> None:
    """Modern IRC, MODE: a change of user modes is a MODE; a later session gets RPL_UMODEIS."""
    first, second = both(town)
    assert (
        find(first.say("MODE ann +B-i"), "MODE").params
        == find(second.read(), "MODE").params
        == ("ann", "+B-i")
    )
    third, burst = back(town)
    assert find(burst, "221").params == ("ann", "+B")
    assert commands(third.read()) == []


def test_being_logged_in_and_out_is_told_to_all_sessions(town: Town) -> None:
    """IRCv3 sasl-3.1: 900 "is sent when the user's account name is set (whether by SASL or
    otherwise)", 901 when it is unset.
    """
    first, second = both(town)
    first.say("NS LOGOUT")
    assert find(second.read(), "901").params[:2] == ("ann", "ann!u@198.51.100.7")
    first.say("NS IDENTIFY eve eve-password")
    assert find(second.read(), "900").params == (
        "ann",
        "ann!u@198.51.100.7",
        "eve",
        "You are now logged in as eve",
    )
    first.say("NS IDENTIFY eve eve-password")
    assert second.read() == []


def test_what_is_shown_again_says_whose_it_is(town: Town) -> None:
    """IRCv3 account-tag: "MUST be added by the ircd to all commands sent by a user (e.g. PRIVMSG,
    MODE, NOTICE, and all others)".

    So too to the JOIN that a later session is sent, to what stands for a RENAME, to a MODE of
    oneself and to a QUIT.
    """
    both(town)
    third, burst = back(town, caps="account-tag extended-join")
    assert find(burst, "JOIN") == Message(
        "JOIN", ("#a", "ann", "Ann at home"), "ann!u@198.51.100.7", {"account": "ann"}
    )
    renamed = third.say("RENAME #a #b :why")
    assert [(message.command, message.tags) for message in renamed[:2]] == [
        ("PART", {"account": "ann"}),
        ("JOIN", {"account": "ann"}),
    ]
    assert find(third.say("MODE ann +B"), "MODE").tags["account"] == "ann"
    assert find(third.say("QUIT"), "QUIT").tags["account"] == "ann"


@pytest.mark.parametrize("verb", ["PRIVMSG", "NOTICE"])
def test_what_one_writes_to_oneself_comes_once_to_each_session(town: Town, verb: str) -> None:
    """IRCv3 echo-message: the session that has written it gets its echo besides; one `msgid` is one
    message.
    """
    first, second = both(town, "message-tags echo-message labeled-response batch", "message-tags")
    delivered, echo = (
        message for message in first.say(f"@label=7 {verb} ann :note") if message.command == verb
    )
    (other,) = second.read()
    assert delivered.tags["msgid"] == echo.tags["msgid"] == other.tags["msgid"]
    assert ["label" in message.tags for message in (delivered, echo, other)].count(True) == 1
    (own,) = second.say(f"{verb} ann :note")
    assert find(first.read(), verb).tags["msgid"] == own.tags["msgid"]
