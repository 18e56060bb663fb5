"""Notification levels of accounts: NOTIFY, NickServ NOTIFY, and the push messages by them."""

import pytest

from always_on_fakes import back
from cluster_town import ClusterTown
from push_fakes import PushTown
from support import Town, commands, find, offered
from test_chat_push import notified
from trio_chat.chat import push_rules
from trio_chat.chat.notification_levels import MOST
from trio_chat.chat.services.service import LOG_IN_FIRST
from trio_chat.irc.message import Message

CAPS = "trio-chat/notify message-tags batch labeled-response"


@pytest.fixture
def town() -> PushTown:
    """Return a world with push messages."""
    return PushTown()


def lines(messages: list[Message]) -> list[tuple[str, ...]]:
    """Return the parameters of NOTIFY."""
    return [each.params for each in messages if each.command == "NOTIFY"]


def sentences(messages: list[Message]) -> list[str]:
    """Return what NickServ said."""
    return [each.params[1] for each in messages if each.nick == "NickServ"]


def test_the_capability_needs_accounts(town: PushTown) -> None:
    """Without accounts there is nothing that the levels could belong to."""
    assert "trio-chat/notify" in offered(town.newcomer())
    assert "trio-chat/notify" not in offered(Town().newcomer())


def test_a_level_is_chosen_and_shown(town: PushTown) -> None:
    """NOTIFY without parameters shows all, and ends with the level of the rest."""
    ann = town.account("ann", caps=CAPS)
    assert lines(ann.say("NOTIFY")) == [("*", "*", "*")]
    assert lines(ann.say("NOTIFY #A all")) == [("#a", "all", "*")]
    assert lines(ann.say("NOTIFY Bob nothing")) == [("bob", "nothing", "*")]
    assert lines(ann.say("NOTIFY * mentions")) == [("*", "mentions", "*")]
    assert lines(ann.say("NOTIFY")) == [
        ("#a", "all", "*"),
        ("bob", "nothing", "*"),
        ("*", "mentions", "*"),
    ]
    assert lines(ann.say("NOTIFY #a default")) == [("#a", "default", "*")]
    assert lines(ann.say("NOTIFY"))[0] == ("bob", "nothing", "*")


def test_what_was_reset_is_no_account_that_has_never_chosen(town: PushTown) -> None:
    """So no device offers its old settings again, also after a restart."""
    ann = town.account("ann", caps=CAPS)
    ann.say("NOTIFY #a all", "NOTIFY #a default")
    assert lines(ann.say("NOTIFY")) == [("*", "default", "*")]
    rules = town.world.push.rules[ann.session.account_id]
    assert push_rules.from_state(rules.to_state()) == rules


def test_other_sessions_learn_it_at_once(town: PushTown) -> None:
    """Those of the account with the capability; no other user does."""
    ann, bob = town.account("ann", "#a", caps=CAPS), town.account("bob", "#a", caps=CAPS)
    phone, _ = back(town, caps=CAPS)
    old, _ = back(town)
    assert phone.session.user is old.session.user is ann.session.user
    for each in (ann, phone, old, bob):
        each.read()
    answer = ann.say("@label=1 NOTIFY #a nothing")
    assert answer[0].tags["label"] == "1"
    assert lines(phone.read()) == [("#a", "nothing", "*")]
    assert old.read() == bob.read() == []
    sentences(old.say("NS NOTIFY #a PAUSE 2h"))
    assert lines(ann.read())[0][:2] == ("#a", "nothing")


def test_a_pause_ends_by_itself(town: PushTown) -> None:
    """Until then nothing is pushed, whatever the level; a level that is chosen ends it, too."""
    ann, _ = town.subscriber("ann", "#a", caps=CAPS)
    bob = town.person("bob", "#a")
    paused = lines(ann.say("NOTIFY #a pause 60"))
    assert paused[0][:2] == ("#a", "default")
    assert paused[0][2].startswith("until=20")
    assert notified(town, bob, "PRIVMSG #a :ann") == []
    town.clock.now += 61
    assert notified(town, bob, "PRIVMSG #a :ann") == ["ann"]
    assert lines(ann.say("NOTIFY")) == [("*", "default", "*")]
    ann.say("NOTIFY * pause 3600")
    assert notified(town, bob, "PRIVMSG #a :ann") == notified(town, bob, "PRIVMSG ann :hi") == []
    ann.say("NOTIFY * pause 0")
    assert notified(town, bob, "PRIVMSG ann :hi") == ["ann"]
    ann.say("NOTIFY #a pause 3600")
    assert lines(ann.say("NOTIFY #a mentions")) == [("#a", "mentions", "*")]
    assert notified(town, bob, "PRIVMSG #a :ann") == ["ann"]


def test_levels_decide_what_is_pushed(town: PushTown) -> None:
    """All, mentions or nothing of a channel, and what applies to those without a level."""
    ann, _ = town.subscriber("ann", "#a", "#b", caps=CAPS)
    bob = town.person("bob", "#a")
    bob.say("JOIN #b")
    ann.say("NOTIFY #a all")
    assert notified(town, bob, "PRIVMSG #a :tea") == ["ann"]
    assert notified(town, bob, "PRIVMSG #a :ann: tea") == ["ann"]
    assert notified(town, bob, "PRIVMSG #b :tea") == []
    ann.say("NOTIFY * all", "NOTIFY #a mentions")
    assert notified(town, bob, "PRIVMSG #b :tea") == ["ann"]
    assert notified(town, bob, "PRIVMSG #a :tea") == []
    assert notified(town, bob, "PRIVMSG #a :ann") == ["ann"]
    ann.say("NOTIFY * nothing")
    assert notified(town, bob, "PRIVMSG #b :ann") == notified(town, bob, "PRIVMSG ann :hi") == []
    ann.say("NOTIFY bob all")
    assert notified(town, bob, "PRIVMSG ann :hi") == ["ann"]
    ann.say("PART #a", "NOTIFY #a all")
    assert notified(town, bob, "PRIVMSG #a :tea") == []


def test_all_messages_of_a_channel_are_pushed_under_its_new_name(town: PushTown) -> None:
    """The levels follow a renamed channel."""
    ann, _ = town.subscriber("ann", caps=CAPS)
    bob = town.person("bob", "#a")
    ann.say("JOIN #a", "NOTIFY #a all", "NOTIFY #z nothing")
    bob.say("RENAME #a #z")
    assert lines(ann.say("NOTIFY")) == [("#z", "all", "*"), ("*", "default", "*")]
    assert notified(town, bob, "PRIVMSG #z :tea") == ["ann"]


def test_push_muted_is_the_same_list(town: PushTown) -> None:
    """What an older client mutes is a level, and the other way round."""
    ann, _ = town.subscriber("ann", "#a", caps=CAPS)
    ann.say("NS PUSH MUTED +#a", "NS PUSH WORDS +lunch", "NOTIFY #b nothing")
    assert lines(ann.say("NOTIFY"))[:2] == [("#a", "nothing", "*"), ("#b", "nothing", "*")]
    ann.say("NS PUSH MUTED -#a")
    assert "muted: #b" in sentences(ann.say("NS PUSH LIST"))
    assert "words: lunch" in sentences(ann.say("NS PUSH LIST"))


def test_what_an_earlier_release_has_stored_is_read() -> None:
    """Its list of muted conversations becomes levels."""
    rules = push_rules.from_state({"words": ["tea"], "muted": ["#a"]})
    assert (rules.words, rules.muted) == (("tea",), ("#a",))
    assert rules.levels.level("#a", 0) == "nothing"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("NOTIFY #a", "INVALID_PARAMS"),
        ("NOTIFY #a loud", "INVALID_PARAMS"),
        ("NOTIFY #a all now", "INVALID_PARAMS"),
        ("NOTIFY #a pause", "INVALID_PARAMS"),
        ("NOTIFY #a pause -1", "INVALID_PARAMS"),
        ("NOTIFY #a pause ٣", "INVALID_PARAMS"),
        ("NOTIFY #a,#b all", "INVALID_PARAMS"),
        ("NOTIFY a!b@c all", "INVALID_PARAMS"),
        (f"NOTIFY #{'a' * 200} all", "INVALID_PARAMS"),
    ],
)
def test_nonsense_is_refused(town: PushTown, line: str, code: str) -> None:
    """With a standard reply, and nothing is chosen."""
    ann = town.account("ann", caps=CAPS)
    assert find(ann.say(line), "FAIL").params[:2] == ("NOTIFY", code)
    assert lines(ann.say("NOTIFY")) == [("*", "*", "*")]


def test_the_longest_pause_is_bounded(town: PushTown) -> None:
    """A number of any size is a time that can be written."""
    ann = town.account("ann", caps=CAPS)
    (line,) = lines(ann.say(f"NOTIFY #a pause {'9' * 400}"))
    assert line[2] < "until=2040"


def test_the_number_of_conversations_is_bounded(town: PushTown) -> None:
    """One that is known can still be changed, and what applies to the rest."""
    ann = town.account("ann", caps=CAPS)
    for number in range(MOST):
        ann.say(f"NOTIFY #c{number} all")
    assert find(ann.say("NOTIFY #more all"), "FAIL").params[1] == "LIMIT_REACHED"
    assert "limit" in sentences(ann.say("NS NOTIFY #more all"))[0]
    assert (
        commands(ann.say("NOTIFY #c1 nothing")) == commands(ann.say("NOTIFY * all")) == ["NOTIFY"]
    )
    ann.say("NOTIFY #c2 default")
    assert commands(ann.say("NOTIFY #more all")) == ["NOTIFY"]


def test_guests_have_no_levels(town: PushTown) -> None:
    """They log in first."""
    eve = town.person("mallory", caps=CAPS)
    assert find(eve.say("NOTIFY"), "FAIL").params[1] == "ACCOUNT_REQUIRED"
    assert sentences(eve.say("NS NOTIFY")) == [LOG_IN_FIRST]


def test_a_client_without_the_capability_does_not_know_the_command(town: PushTown) -> None:
    """It uses NickServ."""
    ann = town.account("ann")
    assert commands(ann.say("NOTIFY #a all")) == ["421"]


def test_nickserv_has_all_of_it(town: PushTown) -> None:
    """For users of any client, in sentences."""
    ann = town.account("ann")
    assert sentences(ann.say("NS NOTIFY")) == ["All other conversations: default (mentions)"]
    assert sentences(ann.say("NS NOTIFY #A ALL")) == ["#a: all"]
    assert sentences(ann.say("NS NOTIFY * nothing")) == ["All other conversations: nothing"]
    assert sentences(ann.say("NS NOTIFY #a PAUSE 1d"))[0].startswith("#a: all, paused until 20")
    assert sentences(ann.say("NS NOTIFY #a PAUSE off")) == ["#a: all"]
    for words in ("#a loud", "#a PAUSE", "#a PAUSE soon", "#a all now", "a,b all"):
        assert sentences(ann.say(f"NS NOTIFY {words}"))[0].startswith("Usage: "), words


def test_the_levels_end_with_the_account(town: PushTown) -> None:
    """Another account with the name has none."""
    ann = town.account("ann", caps=CAPS)
    ann.say("NOTIFY #a all", "NS DROP ann-password")
    assert town.world.push.rules == {}


def test_all_nodes_have_the_levels() -> None:
    """A choice on one node reaches the session of the account on the other one, once."""
    town = ClusterTown()
    ann = town.here.person("ann", caps=CAPS, account=1)
    phone = town.there.person("ann2", caps=CAPS, account=1)
    assert lines(ann.say("NOTIFY #a all")) == [("#a", "all", "*")]
    assert lines(phone.read()) == [("#a", "all", "*")]
    assert sentences(phone.say("NS NOTIFY #b nothing")) == ["#b: nothing"]
    assert lines(ann.read()) == [("#b", "nothing", "*")]
    town.check()
