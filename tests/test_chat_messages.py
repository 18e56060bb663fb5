"""Messages: PRIVMSG, NOTICE and TAGMSG, their recipients and their tags."""

import pytest

from support import Town, commands
from trio_chat.irc.message import Message


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


def test_a_target_counts_once_however_it_is_written(town: Town) -> None:
    """A client that completes names may give two spellings of one."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a")
    ann.say("PRIVMSG bob,BOB,#a,#A :hi")
    assert [message.params[0] for message in bob.read()] == ["bob", "#a"]
    assert commands(ann.say("PART #a,#A")) == ["PART"]


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
    """IRCv3 echo-message: the sender gets its message, with the msgid that others see."""
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


def test_a_tagmsg_without_tags_is_nothing(town: Town) -> None:
    """There is nothing in it to deliver: it is confirmed to a client that waits for an answer, as
    is one that has tags of the server's alone.
    """
    bob = town.person("bob", "#a", caps="message-tags")
    ann = town.person("ann", "#a", caps="message-tags echo-message labeled-response batch")
    bob.read()
    assert commands(ann.say("@label=1 TAGMSG #a", "@label=2;msgid=x TAGMSG bob")) == ["ACK", "ACK"]
    assert commands(ann.say("TAGMSG")) == ["411"]
    assert bob.read() == []


def test_server_time(town: Town) -> None:
    """IRCv3 server-time: on every message, in UTC with milliseconds."""
    ann, bob = town.person("ann", "#a"), town.person("bob", "#a", caps="server-time")
    ann.say("PRIVMSG #a :hi")
    assert bob.read()[0].tags == {"time": "2027-01-15T08:00:00.000Z"}
