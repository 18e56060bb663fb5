"""Messages under another name: RELAYMSG, NPC, NPCA, SCENE."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Town, commands, find
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.names import InvalidName, fold_relayed, is_speaker


@pytest.fixture
def town() -> Town:
    """A town that remembers."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts(), playback=0))


def test_a_message_is_passed_on(town: Town) -> None:
    """All see the other network's name as the sender, and the relaying user in the tag."""
    bot, bob = town.person("bot", "#a"), town.person("bob", "#a", caps="draft/relaymsg")
    eve = town.person("eve", "#a", caps="message-tags")
    sent = find(bot.say("RELAYMSG #a ann/discord :hi there"), "PRIVMSG")
    assert (sent.source, sent.params, sent.tags) == (
        "ann/discord!bot@192.0.2.1",
        ("#a", "hi there"),
        {},
    )
    assert find(bob.read(), "PRIVMSG").tags == {"draft/relaymsg": "bot"}
    assert find(eve.read(), "PRIVMSG").tags["draft/relaymsg"] == "bot"


def test_a_relayed_message_is_remembered_with_its_tag(town: Town) -> None:
    """So that history says who passed it on."""
    bot = town.person("bot", "#a", caps="draft/relaymsg draft/chathistory batch")
    bot.say("RELAYMSG #a ann/discord :hi")
    replayed = find(bot.say("CHATHISTORY LATEST #a * 10"), "PRIVMSG")
    assert replayed.source == "ann/discord!bot@192.0.2.1"
    assert replayed.tags["draft/relaymsg"] == "bot"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("RELAYMSG #a ann :hi", "INVALID_NICK"),
        ("RELAYMSG #a an!n/x :hi", "INVALID_NICK"),
        ("RELAYMSG #a ann/ :hi", "INVALID_NICK"),
        ("RELAYMSG #a #n/x :hi", "INVALID_NICK"),
        (f"RELAYMSG #a {'a' * 70}/x :hi", "INVALID_NICK"),
        ("RELAYMSG #a a/x : ", "BLANK_MSG"),
        ("RELAYMSG #a evil/x :hi", "BANNED"),
    ],
)
def test_what_is_not_passed_on(town: Town, line: str, code: str) -> None:
    """FAIL RELAYMSG."""
    bot = town.person("bot", "#a")
    bot.say("MODE #a +b m:evil/*!*@*")
    assert find(bot.say(line), "FAIL").params[:2] == ("RELAYMSG", code)


def test_only_operators_pass_messages_on(town: Town) -> None:
    """PRIVS_NEEDED."""
    town.person("ann", "#a")
    assert (
        find(town.person("bob", "#a").say("RELAYMSG #a x/y :hi"), "FAIL").params[1]
        == "PRIVS_NEEDED"
    )


def test_no_nickname_looks_relayed(town: Town) -> None:
    """And no relayed name looks like a nickname."""
    assert commands(town.newcomer().say("NICK ann/discord")) == ["432"]
    with pytest.raises(InvalidName):
        fold_relayed("ann", 64)


@pytest.mark.parametrize(
    ("line", "source", "text"),
    [
        ("NPC #a bilbo too much bread", "*bilbo*", "too much bread (ann)"),
        ("NPC #a Гэндальф :hm", "*Гэндальф*", "hm (ann)"),
        ("NPCA #a bilbo :eats", "*bilbo*", "\x01ACTION eats (ann)\x01"),
        ("SCENE #a a dark night", "=Scene=", "a dark night (ann)"),
    ],
)
def test_role_play(town: Town, line: str, source: str, text: str) -> None:
    """In a channel with +E; everybody sees who speaks, and it is remembered."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    assert commands(ann.say(line)) == ["573"]
    ann.say("MODE #a +E")
    bob.read()
    for message in (find(ann.say(line), "PRIVMSG"), find(bob.read(), "PRIVMSG")):
        assert message.source == f"{source}!ann@192.0.2.1"
        assert message.params == ("#a", text)
        assert is_speaker(message.nick, 64)


@pytest.mark.parametrize(
    ("line", "numeric"),
    [("NPC #a a!b :x", "573"), ("NPC #nowhere a :x", "403"), ("SCENE #a", "461")],
)
def test_role_play_that_is_refused(town: Town, line: str, numeric: str) -> None:
    """A bad name, no channel, no text."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +E")
    assert commands(ann.say(line)) == [numeric]


def test_characters_obey_the_channel(town: Town) -> None:
    """A muted user may not speak under another name."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    ann.say("MODE #a +Em")
    bob.read()
    assert commands(bob.say("NPC #a bilbo :hi")) == ["404"]
