"""Always-on users: users that stay while none of their sessions is connected."""

import pytest

from always_on_fakes import answers, back, make, staying
from support import Town, commands, find
from trio_chat.chat.always_on import from_state, to_state
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted, SessionAttached
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.chat.users import UNSPECIFIED
from trio_chat.irc.isupport import Lengths


@pytest.fixture
def town() -> Town:
    """Return a world in which who wants to is always on."""
    return make()


def test_nobody_sees_an_always_on_user_leave_or_come_back(town: Town) -> None:
    """No QUIT and no JOIN: the user is there all the time, with its ranks."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.read()
    ann.leave()
    assert bob.read() == []
    assert find(bob.say("NAMES #a"), "353").params[-1] == "@ann bob"
    again, burst = back(town)
    assert bob.read() == []
    assert find(burst, "JOIN").params == ("#a",)
    assert find(burst, "353").params[-1] == "@ann bob"
    assert commands(again.say("TOPIC #a :still an operator")) == ["TOPIC"]


def test_others_leave_with_their_last_session(town: Town) -> None:
    """To be always on is chosen."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    ann.say("NS IDENTIFY ann ann-password")
    ann.leave()
    assert commands(bob.read()) == ["QUIT"]
    assert "ann" not in town.world.users


def test_who_switches_it_off_leaves_with_the_last_session(town: Town) -> None:
    """And is forgotten."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.say("NS SET always-on off")
    ann.leave()
    assert commands(bob.read()) == ["QUIT"]
    assert len(town.world.always_on) == 0


def test_who_logs_out_leaves_with_the_last_session(town: Town) -> None:
    """It is the account that stays."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.say("NS LOGOUT")
    ann.leave()
    assert commands(bob.read()) == ["QUIT"]


def test_an_away_user_is_said_to_be_so_and_its_messages_are_remembered(town: Town) -> None:
    """Private messages wait in the history, and senders get the away message."""
    ann, bob = staying(town), town.person("bob")
    ann.leave()
    assert find(bob.say("PRIVMSG ann :are you there?"), "301").params == ("bob", "ann", UNSPECIFIED)
    _, burst = back(town, caps="batch server-time")
    assert find(burst, "PRIVMSG").params == ("ann", "are you there?")


def test_what_is_asked_of_a_user_without_sessions_is_answered(town: Town) -> None:
    """WHOIS (with an idle time that grows), WHO, ISON, USERHOST, MONITOR."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    town.clock.now += 10
    ann.leave()
    town.clock.now += 90
    whois = bob.say("WHOIS ann")
    assert find(whois, "317").params[2] == "100"
    assert find(whois, "330").params == ("bob", "ann", "ann", "is logged in as")
    assert find(whois, "301").params[1:] == ("ann", UNSPECIFIED)
    assert find(bob.say("WHO ann %nfal"), "354").params[1:] == ("ann", "G@", "100", "ann")
    assert find(bob.say("ISON ann"), "303").params[-1] == "ann"
    assert find(bob.say("USERHOST ann"), "302").params[-1].startswith("ann=-")
    assert find(bob.say("MONITOR + ann"), "730").params[-1].startswith("ann!")
    assert commands(bob.say("INVITE ann #a")) == ["443"]


def test_who_comes_back_does_not_come_online(town: Town) -> None:
    """To those who watch the nickname it was there all the time."""
    bob = town.person("bob")
    ann = staying(town)
    bob.say("MONITOR + ann")
    ann.leave()
    back(town)
    assert bob.read() == []


def test_a_user_without_sessions_can_be_kicked_and_ranked(town: Town) -> None:
    """Its channels are like anybody's; an empty one goes, as ever."""
    ann = staying(town, "#a", "#b")
    bob = town.person("bob", "#a")
    ann.say("MODE #a +o bob")
    ann.leave()
    bob.read()
    assert commands(bob.say("MODE #a -o ann")) == ["MODE"]
    assert town.world.channels["#a"].members[town.world.users["ann"]].ranks == set()
    assert commands(bob.say("KICK #a ann")) == ["KICK"]
    assert [channel.name for channel in town.world.users["ann"].channels] == ["#b"]


def test_an_account_has_one_such_user(town: Town) -> None:
    """A second user of the account, under another name, leaves with its own last session."""
    first = staying(town, "#a")
    second = town.person("ann2", "#a")
    second.say("NS IDENTIFY ann ann-password")
    second.leave()
    assert commands(first.read()) == ["QUIT"]
    assert first.session.user is town.world.always_on.of(first.session.account_id)


def test_a_session_of_the_account_comes_back_under_the_name_that_stayed(town: Town) -> None:
    """The nickname that a device requests does not matter."""
    staying(town, "#a").leave()
    again, burst = back(town, nick="ann_")
    assert find(burst, "001").params[0] == "ann"
    assert again.session.user is town.world.users["ann"]
    assert "ann_" not in town.world.users


def test_the_name_of_a_user_without_sessions_is_taken(town: Town) -> None:
    """For everybody but its account."""
    staying(town, nick="annie").leave()
    eve = town.newcomer()
    assert "433" in commands(eve.say("NICK annie", "USER eve 0 * :Eve"))


def test_who_cannot_log_in_by_sasl_can_have_the_user_leave(town: Town) -> None:
    """GHOST gives the nickname back; the others see a QUIT."""
    bob = town.person("bob", "#a")
    staying(town, "#a").leave()
    ann = town.person("guest")
    ann.say("NS IDENTIFY ann ann-password")
    bob.read()
    assert answers(ann.say("NS GHOST ann")) == ["ann is gone."]
    assert commands(bob.read()) == ["QUIT"]
    assert commands(ann.say("NICK ann")) == ["NICK"]


def test_who_cannot_log_in_by_sasl_can_come_back(town: Town) -> None:
    """Logged in under another name, by taking the nickname: the others see the other name leave,
    and nobody come.
    """
    bob = town.person("bob", "#a", "#c")
    staying(town, "#a").leave()
    town.clock.now += 10
    ann = town.person("guest", "#c")
    ann.say("NS IDENTIFY ann ann-password")
    bob.say("PRIVMSG #a :missed")
    bob.read()
    messages = ann.say("NICK ann")
    assert [
        (message.command, message.params[0])
        for message in messages
        if message.command in ("PART", "NICK", "JOIN")
    ] == [
        ("PART", "#c"),
        ("NICK", "ann"),
        ("JOIN", "#a"),
    ]
    assert find(messages, "PRIVMSG").params[-1].endswith("missed")
    assert [(message.command, message.nick) for message in bob.read()] == [("QUIT", "guest")]
    assert town.world.users.keys() == {"bob", "ann"}
    assert commands(bob.say("PRIVMSG ann :welcome")) == []
    assert commands(ann.read()) == ["PRIVMSG"]


def test_who_has_another_device_left_leaves_it_behind(town: Town) -> None:
    """Only the session that takes the nickname changes its user."""
    staying(town).leave()
    guest = town.person("guest", "#c")
    guest.say("NS IDENTIFY ann ann-password")
    user = guest.session.user
    assert user is not None
    other = town.newcomer()
    apply(town.world, SessionAttached(other.session.id, user.folded))
    guest.say("NICK ann")
    assert other.session.user is user
    assert user.sessions == (other.session,)
    assert commands(other.say("PRIVMSG ann :hello")) == []
    assert commands(guest.read()) == ["PRIVMSG"]


def test_a_full_user_is_not_joined() -> None:
    """By whatever way."""
    town = make(Lengths(sessions_per_user=1))
    staying(town)
    ann = town.person("guest")
    ann.say("NS IDENTIFY ann ann-password")
    assert find(ann.say("NICK ann"), "FAIL").params[1] == "TOO_MANY_SESSIONS"


def test_who_wants_the_name_of_somebody_always_on_learns_how_it_is_had() -> None:
    """The client could be the owner, not logged in yet."""
    town = make(reservation="refuse")
    back(town)[0].say("NS SET always-on on")
    assert "NICKNAME_RESERVED" in [
        message.params[1] for message in town.newcomer().say("NICK ann", "USER a 0 * :A")
    ]


def test_it_is_bounded() -> None:
    """Beyond the limit a user leaves with its last session, and is notified of that."""
    town = make(most_always_on=1)
    staying(town)
    bob = town.person("bob", "#a")
    bob.say("NS IDENTIFY bob bob-password")
    assert any("as many" in text for text in answers(bob.say("NS SET always-on on")))
    bob.leave()
    assert "bob" not in town.world.users


@pytest.mark.parametrize(
    ("rule", "choice", "expected"),
    [
        ("off", "on", False),
        ("off", "default", False),
        ("opt-in", "on", True),
        ("opt-in", "off", False),
        ("opt-in", "default", False),
        ("opt-out", "on", True),
        ("opt-out", "off", False),
        ("opt-out", "default", True),
        ("all", "off", True),
        ("all", "default", True),
    ],
)
def test_operator_and_owner_decide(rule: str, choice: str, expected: bool) -> None:
    """The operator's word comes first, then the owner's, then the default."""
    town = make(always_on=rule)
    ann = town.person("ann")
    ann.say("NS IDENTIFY ann ann-password", f"NS SET always-on {choice}")
    ann.leave()
    assert ("ann" in town.world.users) is expected


def test_what_is_so_for_all_holds_from_logging_in(town: Town) -> None:
    """The rule applies to a user that registers an account or logs in by SASL."""
    town = make(always_on="all")
    for nick in ("zoe", "ann"):
        person = town.person(nick)
        person.say("NS REGISTER secret-of-zoe" if nick == "zoe" else "NS IDENTIFY ann ann-password")
        person.leave()
    back(town, nick="bob", account="bob")[0].leave()
    assert town.world.users.keys() == {"zoe", "ann", "bob"}


def test_settings_are_shown(town: Town) -> None:
    """With what they do, and whether one has chosen them; INFO of somebody else shows none."""
    ann = town.person("ann")
    assert answers(ann.say("NS GET")) == answers(ann.say("NS SET always-on on")) == [LOG_IN_FIRST]
    ann.say("NS IDENTIFY ann ann-password", "NS SET auto-away off")
    shown = answers(ann.say("NS GET always-on auto-away"))
    assert shown[0].startswith("always-on is off, which is what the server has. On means: ")
    assert shown[1].startswith("auto-away is off. On means: ")
    assert len(answers(ann.say("NS INFO"))) == len(answers(ann.say("NS GET"))) + 1
    assert len(answers(ann.say("NS INFO bob"))) == 1


def test_what_is_fixed_is_said_to_be_so() -> None:
    """Nobody wonders why it does nothing."""
    town = make(always_on="off")
    ann = town.person("ann")
    ann.say("NS IDENTIFY ann ann-password")
    assert answers(ann.say("NS SET always-on on"))[0].startswith(
        "always-on is off for everybody on this server."
    )


@pytest.mark.parametrize(
    "line", ["SET always-on", "SET always-on maybe", "SET nonsense on", "GET nonsense", "SET"]
)
def test_what_is_not_understood_is_explained(town: Town, line: str) -> None:
    """With the usage."""
    ann = town.person("ann")
    ann.say("NS IDENTIFY ann ann-password")
    assert answers(ann.say(f"NS {line}"))[0].startswith("Usage: ")


def test_others_see_that_nobody_is_there_any_more(town: Town) -> None:
    """away-notify: the user is away with its last session's end, and back with the next."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a", caps="away-notify")
    ann.leave()
    assert [message.params for message in bob.read()] == [(UNSPECIFIED,)]
    back(town)
    assert [message.params for message in bob.read()] == [()]


def test_an_away_message_stays(town: Town) -> None:
    """What somebody says of the absence is better than what the server does."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.say("AWAY :until Monday")
    ann.leave()
    assert find(bob.say("PRIVMSG ann :hi"), "301").params[-1] == "until Monday"


@pytest.mark.parametrize(("rule", "choice"), [(True, "off"), (False, "default")])
def test_who_does_not_want_it_is_not_away(rule: bool, choice: str) -> None:
    """The owner's or the operator's setting disables auto-away."""
    town = make(auto_away=rule)
    ann, bob = staying(town), town.person("bob")
    ann.say(f"NS SET auto-away {choice}")
    ann.leave()
    assert bob.say("PRIVMSG ann :hi") == []


def test_a_user_is_plain_data_and_a_user_again(town: Town) -> None:
    """Everything that matters to others."""
    ann = staying(town, "#a")
    ann.say("AWAY :gone", "SETNAME :Ann of Town", "MODE ann +B-i")
    ann.leave()
    user = town.world.users["ann"]
    state = to_state(user, town.clock.now)
    restored = from_state("ann", state)
    assert to_state(restored, 0.0) == state
    assert (restored.source, restored.realname, restored.modes) == (
        user.source,
        "Ann of Town",
        "B",
    )


@pytest.mark.parametrize(
    "line",
    ["AWAY :gone", "NICK annie", "MODE ann +B", "SETNAME :Other"],
)
def test_changes_of_a_user_are_noted(town: Town, line: str) -> None:
    """Changes of an always-on user are marked for persistence, those of others are not."""
    ann, bob = staying(town), town.person("bob")
    town.world.dirty.take()
    bob.say(line.replace("ann", "bob"))
    assert not town.world.dirty
    ann.say(line)
    assert town.world.dirty.users == {ann.session.account_id}


@pytest.mark.parametrize("line", ["JOIN #b", "PART #a", "MODE #a +v ann", "TOPIC #a :x", "JOIN 0"])
def test_changes_of_its_channels_are_noted(town: Town, line: str) -> None:
    """Its place is kept with the channel, and so is a channel that belongs to nobody."""
    ann, bob = staying(town, "#a"), town.person("bob", "#own")
    town.world.dirty.take()
    bob.say("TOPIC #own :x", "MODE #own +v bob", "PART #own")
    assert not town.world.dirty
    ann.say(line)
    assert town.world.dirty.channels == {"#b" if "#b" in line else "#a"}


def test_saying_something_is_not_noted(town: Town) -> None:
    """The path of a message does not end on the disk twice."""
    ann = staying(town, "#a")
    town.world.dirty.take()
    ann.say("PRIVMSG #a :hello", "WHO #a", "PING x")
    assert not town.world.dirty


def test_a_deleted_account_takes_its_user_along(town: Town) -> None:
    """An always-on user without sessions is removed; a connected user stays as a guest."""
    bob = town.person("bob", "#a")
    known = town.world.accounts.known if town.world.accounts else {}
    staying(town, "#a").leave()
    ann = known["ann"]
    events = apply(town.world, AccountDeleted(ann))
    assert [event.command for event in events] == ["QUIT"]
    assert town.world.users.keys() == {"bob"}
    assert town.world.preferences.chosen(ann.id) == {}
    eve = staying(town, "#a", nick="eve", account="eve")
    assert [event.command for event in apply(town.world, AccountDeleted(known["eve"]))] == [
        "901",
        "ACCOUNT",
    ]
    assert eve.session.account == ""
    assert len(town.world.always_on) == 0
    assert bob.session.user is not None
