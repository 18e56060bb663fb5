"""LIST with conditions, NAMES and KICK with several names, lines without an end."""

import pytest

from support import Town, commands
from trio_chat.irc.lines import ENDLESS, BadLine, LineBuffer


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "one two lobby"),
        ("#ONE", "one"),
        ("#one,#two", "one two"),
        ("*o*", "one two lobby"),
        ("#?wo", "two"),
        ("!*o", "one lobby"),
        ("!#l*,!#one", "two"),
        (">1", "two"),
        ("<1", "lobby"),
        (">0,<2", "one"),
        ("C<10", "two"),
        ("C>10", "one lobby"),
        ("c>10,>0", "one"),
        ("T<5", "one"),
        ("T>5", ""),
        ("C>x", ""),
        ("#one,>1", ""),
        ("*" * 300, "one two lobby"),
        ("x" * 300, ""),
    ],
)
def test_conditions(town: Town, query: str, expected: str) -> None:
    """ISUPPORT ELIST: M, N, C, T, U; all of several conditions hold, of several names any."""
    ann = town.person("ann", "#one")
    town.clock.now += 3600
    ann.say("TOPIC #one :topical", "JOIN #two")
    town.person("bob", "#two")
    town.clock.now += 60
    replies = town.person("eve").say(f"LIST {query}")
    assert (replies[0].command, replies[-1].command) == ("321", "323")
    listed = {message.params[1] for message in replies if message.command == "322"}
    assert listed == {f"#{name}" for name in expected.split()}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("#one,#two >1", "two"),
        ("* <1", "lobby"),
        (">0 !*two", "one"),
        ("#one #two", "one two"),
        ("#one chat.local", "one"),
        ("#one chat.*", "one"),
        ("#one :", "one"),
        ("C>10 >0", "one"),
    ],
)
def test_conditions_in_a_second_parameter(town: Town, query: str, expected: str) -> None:
    """Modern IRC, LIST: `[<channel>{,<channel>}] [<elistcond>{,<elistcond>}]`; RFC 2812 §3.2.6: `[
    <target> ]`, this server.
    """
    ann = town.person("ann", "#one")
    town.clock.now += 3600
    ann.say("JOIN #two")
    town.person("bob", "#two")
    replies = town.person("eve").say(f"LIST {query}")
    assert (replies[0].command, replies[-1].command) == ("321", "323")
    assert {message.params[1] for message in replies if message.command == "322"} == {
        f"#{name}" for name in expected.split()
    }


def test_a_list_of_another_server(town: Town) -> None:
    """RFC 2812 §3.2.6: ERR_NOSUCHSERVER."""
    assert commands(town.person("ann").say("LIST #one other.example")) == ["402"]


@pytest.mark.parametrize("words", ["!#two", "#one,#lobby", "#o*,#l*", "<2"])
def test_many_conditions(town: Town, words: str) -> None:
    """All of a line count, also those behind many others."""
    town.person("ann", "#one", "#two"), town.person("bob", "#two")
    others = ",".join(f"{'!' if words[0] in '!<' else ''}#x{number}*" for number in range(60))
    replies = town.person("eve").say(f"LIST {others},{words}")
    listed = {message.params[1] for message in replies if message.command == "322"}
    assert listed == {"#one", "#lobby"}


def test_names_of_several_channels(town: Town) -> None:
    """One RPL_ENDOFNAMES closes the answer (RFC 2812 §3.2.5)."""
    replies = town.person("ann", "#a", "#b").say("NAMES #a,#b,#none")
    assert commands(replies) == ["353", "353", "366"]
    assert replies[-1].params[1] == "#a,#b,#none"


def test_kicking_each_from_a_channel(town: Town) -> None:
    """RFC 2812 §3.2.8: as many channels as users, or one channel."""
    ann = town.person("ann", "#a", "#b")
    town.person("bob", "#a"), town.person("eve", "#b")
    assert [message.params[:2] for message in ann.say("KICK #a,#b bob,eve")] == [
        ("#a", "bob"),
        ("#b", "eve"),
    ]
    assert commands(ann.say("KICK #a,#b bob")) == ["461"]


def test_kicking_one_from_several_channels(town: Town) -> None:
    """RFC 2812 §3.2.8: the same user can be named for each of them."""
    ann = town.person("ann", "#a", "#b")
    town.person("bob", "#a", "#b")
    assert [message.params[:2] for message in ann.say("KICK #a,#b bob,bob")] == [
        ("#a", "bob"),
        ("#b", "bob"),
    ]


@pytest.mark.parametrize("channels", ["#a", ",".join(["#a"] * 5)])
def test_kicking_more_than_are_allowed(town: Town, channels: str) -> None:
    """TARGMAX=KICK:4: the first that is not kicked is named (407)."""
    ann = town.person("ann", "#a")
    nicks = ["bob", "cid", "dan", "eve", "fay"]
    for nick in nicks:
        town.person(nick, "#a")
    ann.read()
    refused, *kicked = ann.say(f"KICK {channels} {','.join(nicks)}")
    assert (refused.command, refused.params[1]) == ("407", "fay")
    assert [message.params[1] for message in kicked] == nicks[:4]


@pytest.mark.parametrize("size", [1000, ENDLESS + 10])
@pytest.mark.parametrize("chunk", [100, 5000, 100_000])
def test_a_line_without_an_end(size: int, chunk: int) -> None:
    """An overlong line is dropped; an endless one is reported once, in any pieces."""
    data = b"x" * size + b"\r\nPING\r\n"
    buffer = LineBuffer(100, 510)
    lines = [
        line
        for start in range(0, len(data), chunk)
        for line in buffer.feed(data[start : start + chunk])
    ]
    bad = [line.is_endless for line in lines if isinstance(line, BadLine)]
    assert lines[-1] == b"PING"
    assert bad.count(True) == (size > ENDLESS)
    assert not bad[0] or bad == [True]


def test_who_sends_a_line_without_an_end_is_disconnected(town: Town) -> None:
    """After ERR_INPUTTOOLONG, which a line that is merely too long gets alone."""
    ann = town.person("ann")
    assert commands(ann.say(BadLine())) == ["417"]
    assert ann.ended == ""
    assert commands(ann.say(BadLine(is_endless=True))) == ["417"]
    assert ann.ended == "Input line was far too long"
