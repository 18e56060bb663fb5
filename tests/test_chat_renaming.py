"""RENAME: what a channel has follows its name (IRCv3 draft/channel-rename)."""

import json

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Town, commands, find
from trio_chat.chat.channel_registration import ChannelRegistration
from trio_chat.chat.channels import Membership
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output, Reply
from trio_chat.chat.registered_channels import restore, to_state
from trio_chat.chat.response import WORK_PER_LINE
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import NOWHERE, Session, User
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message

CAP = "draft/channel-rename"


@pytest.fixture
def town() -> Town:
    """A town that remembers."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts(), playback=0))


def test_a_client_that_knows_it_sees_rename(town: Town) -> None:
    """`RENAME <old> <new> :<reason>`; without a reason an empty one."""
    ann, bob = town.person("ann", "#a", caps=CAP), town.person("bob", "#a", caps=CAP)
    assert ann.say("RENAME #a #B :why not") == [
        Message("RENAME", ("#a", "#B", "why not"), "ann!ann@192.0.2.1")
    ]
    assert commands(bob.read()) == ["RENAME"]
    assert set(town.world.channels) == {"#lobby", "#b"}
    town.clock.now += 100
    assert find(ann.say("RENAME #B #c"), "RENAME").params == ("#B", "#c", "")


def test_a_client_that_does_not_know_it_leaves_and_joins(town: Town) -> None:
    """The fall-back: PART with the reason, JOIN, topic and names; only of the client itself."""
    ann = town.person("ann", "#a", caps=CAP)
    ann.say("TOPIC #a :things")
    bob = town.person("bob", "#a", caps="extended-join")
    town.person("eve", "#a")
    ann.say("RENAME #a #b :why not")
    replies = bob.read()
    assert commands(replies) == ["PART", "JOIN", "332", "333", "353", "366"]
    assert replies[0] == Message("PART", ("#a", "why not"), "bob!bob@192.0.2.1")
    assert replies[1].params == ("#b", "*", "bob the tester")
    assert replies[2].params == ("bob", "#b", "things")


def test_who_renames_without_knowing_it_gets_the_fall_back(town: Town) -> None:
    """With a label, the whole answer carries it."""
    ann = town.person("ann", "#a", caps="labeled-response batch")
    replies = ann.say("@label=x RENAME #a #b")
    assert commands(replies) == ["BATCH", "PART", "JOIN", "353", "366", "BATCH"]
    assert replies[0].tags == {"label": "x"}


def test_only_the_case_can_change(town: Town) -> None:
    """ "Implementations MUST allow channels to be renamed while only changing the casing"; without
    a fall-back.
    """
    ann, bob = town.person("ann", "#a", caps=CAP), town.person("bob", "#a")
    assert commands(ann.say("RENAME #a #A")) == ["RENAME"]
    assert bob.read() == []
    assert town.world.channels["#a"].name == "#A"


def test_everything_follows(town: Town) -> None:
    """History, markers, modes, members, invitations and forwards follow the name."""
    ann, eve = town.person("ann", "#a", "#x"), town.person("eve")
    ann.say(
        "PRIVMSG #a :hello",
        "MODE #a +ik key",
        "MODE #x +f #a",
        "INVITE eve #a",
        "MARKREAD #a timestamp=2026-01-01T00:00:00.000Z",
    )
    ann.say("RENAME #a #b", "PRIVMSG #b :again")
    assert [(record.buffer, record.text) for record in town.history.said] == [
        ("#b", "hello"),
        ("#b", "again"),
    ]
    assert "f" in find(ann.say("MODE #x"), "324").params[2]
    assert find(ann.say("MODE #x"), "324").params[3] == "#b"
    assert (
        find(ann.say("MARKREAD #b"), "MARKREAD").params[1] == "timestamp=2026-01-01T00:00:00.000Z"
    )
    assert find(ann.say("MARKREAD #a"), "MARKREAD").params[1] == "*"
    assert commands(eve.say("JOIN #b"))[-3:] == ["JOIN", "353", "366"]


def test_a_registration_follows(town: Town) -> None:
    """Both names are written down: the one that is gone, and the one that is new. Only the founder
    may.
    """
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    channel = town.world.channels["#a"]
    channel.registration = ChannelRegistration(1, 1)
    assert bob.session.user is not None
    channel.members[bob.session.user].ranks = {"q"}
    assert commands(ann.say("RENAME #a #b")) == ["482"]
    bob.say("RENAME #a #b")
    assert town.world.dirty.channels == {"#a", "#b"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("#taken", "CHANNEL_NAME_IN_USE"),
        ("nonsense", "CANNOT_RENAME"),
        ("#a", "CANNOT_RENAME"),
        ("#b,c", "CANNOT_RENAME"),
    ],
)
def test_names_that_cannot_be(town: Town, name: str, code: str) -> None:
    """FAIL RENAME, with the two names."""
    ann = town.person("ann", "#a", "#taken")
    assert find(ann.say(f"RENAME #a {name}"), "FAIL").params[:4] == ("RENAME", code, "#a", name)


def test_a_client_that_knows_rename_is_told_the_new_name(town: Town) -> None:
    """`FAIL JOIN CHANNEL_RENAMED <old-channel> <new-channel> :The channel has been renamed`; it
    joins that itself.
    """
    town.person("ann", "#a").say("RENAME #a #b")
    eve = town.person("eve", caps=CAP)
    assert eve.say("JOIN #A") == [
        Message(
            "FAIL",
            ("JOIN", "CHANNEL_RENAMED", "#A", "#b", "The channel has been renamed"),
            "chat.local",
        )
    ]
    assert set(town.world.channels) == {"#lobby", "#b"}


def test_another_client_comes_in_under_the_new_name(town: Town) -> None:
    """ERR_LINKCHANNEL (470) "MAY be used … to redirect clients from the old channel to the new
    channel"; with the key, too.
    """
    ann = town.person("ann", "#a")
    ann.say("MODE #a +k sesame", "RENAME #a #b")
    eve = town.person("eve")
    assert commands(eve.say("JOIN #a wrong")) == ["470", "475"]
    replies = eve.say("JOIN #a sesame")
    assert commands(replies) == ["470", "JOIN", "353", "366"]
    assert replies[0].params[:3] == ("eve", "#a", "#b")


def test_a_registered_channel_keeps_its_names(town: Town) -> None:
    """Not even a member from before the RENAME takes one over, and with it the users that look for
    the channel there.
    """
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    town.clock.now += 1
    ann.say("RENAME #a #b")
    bob.read()
    town.world.channels["#b"].registration = ChannelRegistration(1, 1)
    assert commands(bob.say("JOIN #a")) == ["470"]


def test_who_was_there_can_use_the_old_name_anew(town: Town) -> None:
    """A member has seen the RENAME, or its PART and JOIN, so that the old name means a new channel;
    a later session has not.
    """
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    town.clock.now += 1
    ann.say("RENAME #a #b")
    bob.read()
    late = town.person("late", "#b")
    assert commands(late.say("JOIN #a")) == ["470"]
    assert find(bob.say("JOIN #a"), "353").params[-1] == "@bob"


def test_of_a_secret_channel_nobody_learns_the_new_name(town: Town) -> None:
    """To a stranger it is as if there had never been such a channel."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +s", "RENAME #a #b")
    assert find(town.person("eve", caps=CAP).say("JOIN #a"), "353").params[-1] == "@eve"


def test_a_former_name_leads_on_for_a_while() -> None:
    """ "for as long as is deemed necessary": [renamed_days]; then it is free."""
    town = Town(lengths=Lengths(renamed_days=2))
    town.person("ann", "#a").say("RENAME #a #b")
    town.clock.now += 2 * 86_400 - 1
    assert find(town.person("eve", caps=CAP).say("JOIN #a"), "FAIL").params[1] == "CHANNEL_RENAMED"
    town.clock.now += 1
    assert find(town.person("bob").say("JOIN #a"), "353").params[-1] == "@bob"


def test_a_former_name_belongs_to_nobody_else_meanwhile(town: Town) -> None:
    """Renaming another channel to it would take over the users that come; its own channel can have
    it back.
    """
    ann, bob = town.person("ann", "#a"), town.person("bob", "#x")
    ann.say("RENAME #a #b")
    assert find(bob.say("RENAME #x #a"), "FAIL").params[1] == "CHANNEL_NAME_IN_USE"
    town.clock.now += 100
    ann.say("RENAME #b #a")
    assert commands(bob.say("JOIN #b")) == ["470", "JOIN", "353", "366"]
    assert town.world.channels["#a"].former.keys() == {"#b"}


def test_the_former_names_of_a_channel_that_is_gone_are_free(town: Town) -> None:
    """Nothing leads to what is not there."""
    ann = town.person("ann", "#a")
    ann.say("RENAME #a #b", "PART #b")
    assert find(ann.say("JOIN #a"), "353").params[-1] == "@ann"


def test_only_the_latest_former_names_lead_on(town: Town) -> None:
    """However often a channel is renamed, it holds few names."""
    ann = town.person("ann", "#0")
    for number in range(8):
        town.clock.now += 100
        ann.say(f"RENAME #{number} #{number + 1}")
    assert list(town.world.channels["#8"].former) == ["#3", "#4", "#5", "#6", "#7"]
    assert town.world.channels.renamed_to("#2") is None


def test_former_names_last_with_the_channel(town: Town) -> None:
    """A restart does not make another user the first in a channel that others look for."""
    ann = town.person("ann", "#a")
    town.world.channels["#a"].registration = ChannelRegistration(1, 1)
    town.world.channels["#a"].permanent = True
    assert ann.session.user is not None
    town.world.channels["#a"].members[ann.session.user].ranks = {"q"}
    ann.say("RENAME #a #b")
    state = to_state(town.world.channels["#b"])
    other = Town(storage=town.world.storage)
    restore(other.world, "#b", json.loads(json.dumps(state)))
    assert find(other.person("eve", caps=CAP).say("JOIN #a"), "FAIL").params[3] == "#b"
    del state["former"]  # written by an older version
    assert restore(Town(storage=town.world.storage).world, "#b", state).former == {}


def test_not_again_and_again(town: Town) -> None:
    """CANNOT_RENAME within a minute."""
    ann = town.person("ann", "#a")
    ann.say("RENAME #a #b")
    assert find(ann.say("RENAME #b #c"), "FAIL").params[1] == "CANNOT_RENAME"


def test_who_renames_a_large_channel_can_go_on(town: Town) -> None:
    """The clients to which the channel is shown cost no more than a client has at once; all of them
    are shown it nevertheless.
    """
    ann = town.person("ann", "#a")
    user = ann.session.user
    assert user is not None
    town.world.observers.clear()  # the crowd is not connected
    crowd = [Session(NOWHERE, "192.0.2.1", town.clock()) for _ in range(7000)]
    for session in crowd:
        session.user = user
    user.sessions += tuple(crowd)
    town.world.channels["#a"].sessions_changed()
    output: Output | None = handle_line(town.world, ann.session, b"RENAME #a #b")
    work, shown = 0, 0
    while output is not None:
        work += output.work
        shown += sum(isinstance(part, Reply) and b" 366 " in part.data for part in output.parts)
        output = output.more() if output.more is not None else None
    assert shown == 7001
    assert work <= 40 * WORK_PER_LINE


def test_a_large_channel_keeps_its_name_for_longer(town: Town) -> None:
    """Each RENAME can send the names of all members to each of them."""
    ann = town.person("ann", "#a")
    channel = town.world.channels["#a"]
    ann.say("RENAME #a #b")
    town.clock.now += 100
    crowd = {
        User(f"u{number}", f"u{number}", "u", "192.0.2.1", "u", 0.0): Membership()
        for number in range(8000)
    }
    channel.members.update(crowd)
    assert find(ann.say("RENAME #b #c"), "FAIL").params[1] == "CANNOT_RENAME"
    for user in crowd:
        del channel.members[user]
    assert commands(ann.say("RENAME #b #c"))[:2] == ["PART", "JOIN"]


def test_not_the_lobby(town: Town) -> None:
    """Its name is in config.ini."""
    ann = town.person("ann", "#lobby")
    assert ann.session.user is not None
    town.world.channels["#lobby"].members[ann.session.user].ranks = {"o"}
    assert find(ann.say("RENAME #lobby #b"), "FAIL").params[1] == "CANNOT_RENAME"


@pytest.mark.parametrize(("who", "numeric"), [("bob", "482"), ("eve", "442")])
def test_who_may_not(town: Town, who: str, numeric: str) -> None:
    """ERR_CHANOPRIVSNEEDED, ERR_NOTONCHANNEL."""
    town.person("ann", "#a")
    people = {"bob": town.person("bob", "#a"), "eve": town.person("eve")}
    assert commands(people[who].say("RENAME #a #b")) == [numeric]
