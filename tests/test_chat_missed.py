"""Messages and notices that an always-on user missed, and the choice of playback."""

import json
from dataclasses import replace

import pytest

from always_on_fakes import back, make, staying
from support import Town, commands
from trio_chat.chat.always_on import to_state
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountDeleted, SessionEnded
from trio_chat.chat.operator_blocks import Operator
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message


@pytest.fixture
def town() -> Town:
    """Return a world in which who wants to is always on."""
    return make()


def test_who_comes_back_sees_what_was_missed(town: Town) -> None:
    """Only that, in the channels and in private; each with its time."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    bob.say("PRIVMSG #a :seen", "PRIVMSG ann :seen too")
    town.clock.now += 10
    ann.leave()
    town.clock.now += 10
    bob.say("PRIVMSG #a :missed", "PRIVMSG ann :missed too")
    _, burst = back(town, caps="server-time")
    assert [message.params for message in burst if message.command == "PRIVMSG"] == [
        ("#a", "missed"),
        ("ann", "missed too"),
    ]
    assert all("time" in message.tags for message in burst if message.command == "PRIVMSG")


@pytest.mark.parametrize("caps", ["draft/chathistory", "znc.in/playback"])
def test_who_asks_itself_is_shown_nothing(town: Town, caps: str) -> None:
    """It would get everything twice."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.leave()
    bob.say("PRIVMSG #a :missed", "PRIVMSG ann :missed too")
    assert "PRIVMSG" not in commands(back(town, caps=caps)[1])


def test_another_device_is_not_shown_what_was_missed(town: Town) -> None:
    """With a session connected, another one gets the usual playback on JOIN."""
    staying(town, "#a")
    bob = town.person("bob", "#a")
    bob.say("PRIVMSG #a :old", "PRIVMSG ann :old too")
    _, burst = back(town)
    assert [message.params[0] for message in burst if message.command == "PRIVMSG"] == ["#a"]


def test_what_one_said_oneself_is_not_shown_to_clients_that_would_not_understand(
    town: Town,
) -> None:
    """They would show it as if the other one had said it; with echo-message they know."""
    staying(town).leave()
    town.clock.now += 10
    talker, _ = back(town, nick="ann")
    town.person("bob")
    talker.say("PRIVMSG bob :from my other device")
    user = town.world.users["ann"]
    user.seen -= 20
    for caps, expected in (("", []), ("echo-message", ["bob"])):
        for session in user.sessions:
            apply(town.world, SessionEnded(session.id, ""))
        user.seen = town.clock.now - 20
        burst = back(town, caps=caps)[1]
        assert [message.params[0] for message in burst if message.command == "PRIVMSG"] == expected


def notices(messages: list[Message]) -> list[str]:
    """Return what the server itself says by NOTICE."""
    return [
        message.params[1]
        for message in messages
        if message.command == "NOTICE" and "!" not in message.source
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("KICK #a ann :spam", "bob!bob@192.0.2.1 kicked you from #a: spam"),
        ("MODE #a +b ann!*@*", "bob!bob@192.0.2.1 set the ban ann!*@* on #a, which covers you"),
        ("MODE #a +b m:a:ann", "bob!bob@192.0.2.1 set the ban m:a:ann on #a, which covers you"),
        ("RENAME #a #b :tidying", "bob!bob@192.0.2.1 renamed #a to #b: tidying"),
        ("INVITE ann #own", "bob!bob@192.0.2.1 invited you to #own"),
        (
            "KILL ann :flooding",
            "bob, an operator of the server, removed you: flooding; you are no longer in #a",
        ),
        ("KLINE ann!*@* :out", "You were banned from the server: out; you are no longer in #a"),
    ],
)
def test_who_comes_back_is_told_what_happened(town: Town, line: str, text: str) -> None:
    """By whom, why and when: nothing of it can be read in a history that is not the user's any
    more.
    """
    ann, bob = staying(town, "#a"), town.person("bob", "#a", "#own")
    ann.say("MODE #a +o bob")
    town.appoint(bob.session.user, Operator(name="bob"))
    ann.leave()
    bob.say(line, "UNKLINE ann!*@*")
    again, burst = back(town)
    assert notices(burst) == [f"[2027-01-15 08:00 UTC] While you were away: {text}"]
    again.leave()
    assert notices(back(town)[1]) == []


def test_the_time_of_what_happened_is_a_tag_for_who_has_server_time(town: Town) -> None:
    """IRCv3 `server-time`: the time at which it happened, so that the text needs none."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.say("MODE #a +o bob")
    ann.leave()
    bob.say("KICK #a ann :spam")
    town.clock.now += 3600
    _, burst = back(town, caps="server-time")
    (told,) = [message for message in burst if "kicked you" in message.params[-1]]
    assert told.params == ("ann", "While you were away: bob!bob@192.0.2.1 kicked you from #a: spam")
    assert told.tags["time"].startswith("2027-01-15T08:00:00")


def test_who_logs_in_later_is_told_too(town: Town) -> None:
    """By NickServ, and then not again on taking the nickname."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.say("MODE #a +o bob")
    ann.leave()
    bob.say("KICK #a ann")
    guest = town.person("guest")
    assert len(notices(guest.say("NS IDENTIFY ann ann-password"))) == 1
    assert notices(guest.say("NICK ann")) == []


@pytest.mark.parametrize("line", ["KICK #a ann", "MODE #a +b ann!*@*", "INVITE ann #own"])
def test_who_is_there_is_told_nothing_twice(town: Town, line: str) -> None:
    """A user that saw it gets no notice of it on return."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a", "#own")
    ann.say("MODE #a +o bob")
    bob.say(line)
    ann.leave()
    assert notices(back(town)[1]) == []


def test_invitations_do_not_take_the_room_of_what_happened() -> None:
    """There is room for so many [missed_entries]; anybody can invite, so an invitation is the first
    that is not kept.
    """
    town = make(Lengths(missed_entries=2))
    ann, bob = staying(town, "#a"), town.person("bob", "#a", "#1", "#2", "#3")
    ann.say("MODE #a +o bob")
    ann.leave()
    bob.say("INVITE ann #1", "INVITE ann #1", "KICK #a ann", "INVITE ann #2", "INVITE ann #3")
    assert [text.rpartition(": ")[2] for text in notices(back(town)[1])] == [
        "bob!bob@192.0.2.1 invited you to #1",
        "bob",
    ]


def test_what_happened_is_written_down_and_restored(town: Town) -> None:
    """A restart between the KICK and the return loses nothing."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.say("MODE #a +o bob")
    ann.leave()
    town.world.dirty.take()
    bob.say("KICK #a ann :spam")
    residents, number = town.world.always_on, town.world.users["ann"].account_id
    assert town.world.dirty.users == {number}
    state = to_state(town.world.users["ann"], 0.0, residents.missed[number])
    kept = residents.missed.pop(number)
    assert kept
    residents.restore_missed(number, json.loads(json.dumps(state)))
    assert residents.missed[number] == kept
    residents.restore_missed(number + 1, {"nick": "bob"})  # written by an older version
    assert number + 1 not in residents.missed


def test_a_deleted_account_leaves_no_notices(town: Town) -> None:
    """An account that takes the name next is another one."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.say("MODE #a +o bob")
    ann.leave()
    bob.say("KICK #a ann")
    assert town.world.accounts is not None
    gone = town.world.accounts.known["ann"]
    assert town.world.always_on.missed[gone.id]
    apply(town.world, AccountDeleted(gone))
    assert gone.id not in town.world.always_on.missed


def order(town: Town, *lines: str, playback_to: str = "people", account: bool = False) -> list[str]:
    """Return what a bot is sent of what was said before, when it says lines and then joins."""
    assert town.world.storage is not None
    town.world.storage = replace(town.world.storage, playback_to=playback_to)
    town.person("bob", "#a").say("PRIVMSG #a :!deploy production")
    bot = town.person("ann", caps="server-time")
    if account:
        bot.say("NS IDENTIFY ann ann-password")
    bot.say(*lines)
    return [message.params[1] for message in bot.say("JOIN #a") if message.command == "PRIVMSG"]


@pytest.mark.parametrize(
    ("playback_to", "lines", "account", "is_shown"),
    [
        ("people", (), False, True),
        ("people", ("MODE ann +B",), False, False),
        ("people", ("MODE ann +B",), True, False),
        ("people", ("MODE ann +B", "MODE ann -B"), False, True),
        ("people", ("NS SET replay off",), True, False),
        ("people", ("NS SET replay off", "NS SET replay default"), True, True),
        ("people", ("MODE ann +B", "NS SET replay on"), True, True),
        ("accounts", (), False, False),
        ("accounts", (), True, True),
        ("accounts", ("MODE ann +B",), True, False),
        ("everybody", ("MODE ann +B",), False, True),
        ("everybody", ("NS SET replay off",), True, False),
    ],
)
def test_to_whom_the_past_is_shown(
    town: Town, playback_to: str, lines: tuple[str, ...], account: bool, is_shown: bool
) -> None:
    """Not to bots, which could take an old command for a new one; to others as their account and
    [playback_to] say.
    """
    assert order(town, *lines, playback_to=playback_to, account=account) == (
        ["!deploy production"] if is_shown else []
    )


@pytest.mark.parametrize("line", ["NS SET replay off", "MODE ann +B"])
def test_who_comes_back_without_replay_is_shown_nothing(town: Town, line: str) -> None:
    """Neither channel nor private messages are played back."""
    ann, bob = staying(town, "#a"), town.person("bob", "#a")
    ann.say(line)
    ann.leave()
    bob.say("PRIVMSG #a :missed", "PRIVMSG ann :missed too")
    assert "PRIVMSG" not in commands(back(town)[1])


def test_who_asks_is_answered_whatever_is_chosen(town: Town) -> None:
    """The choice is about what is sent without being asked for."""
    order(town)
    ann = town.person("ann2", caps="znc.in/playback server-time")
    ann.say("NS IDENTIFY ann ann-password", "NS SET replay off", "PRIVMSG *playback :PLAY #a 0")
    assert "PRIVMSG" in commands(ann.say("JOIN #a"))
