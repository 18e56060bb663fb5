"""Bots (IRCv3 `bot-mode`), and the fields of WHOX."""

import pytest

from support import Person, Town, commands, find
from trio_chat.chat.accounts import Account


@pytest.fixture
def bot(town: Town) -> Person:
    """Return a bot in #a."""
    bot = town.person("robodan", "#a")
    assert find(bot.say("MODE robodan +B"), "MODE").params == ("robodan", "+B")
    return bot


def test_isupport_tells_of_both(town: Town) -> None:
    """ "The value of the BOT token is the mode character"; "the WHOX token [...] without any
    value".
    """
    tokens = [token for message in town.person("ann").say("VERSION") for token in message.params]
    assert "BOT=B" in tokens
    assert "WHOX" in tokens


def test_whois_of_a_bot(town: Town, bot: Person) -> None:
    """ "This numeric is returned as part of a bot's WHOIS reply"; of nobody else's."""
    ann = town.person("ann")
    assert find(ann.say("WHOIS robodan"), "335").params[:2] == ("ann", "robodan")
    bot.say("MODE robodan -B")
    assert "335" not in commands(ann.say("WHOIS robodan"))


def test_who_shows_a_bot(town: Town, bot: Person) -> None:
    """ "the character used as the value of the ISUPPORT BOT token is returned in the flags
    (alongside H|G)".
    """
    ann = town.person("ann")
    bot.say("MODE robodan -i")
    assert find(ann.say("WHO #a"), "352").params[6] == "HB@"
    assert find(ann.say("WHO robodan %f"), "354").params == ("ann", "HB@")


@pytest.mark.parametrize(
    "line", ["PRIVMSG #a x", "NOTICE ann x", "TOPIC #a x", "PART #a", "AWAY x", "NICK robo", "QUIT"]
)
def test_what_a_bot_does_has_its_tag(town: Town, bot: Person, line: str) -> None:
    """ "This tag SHOULD be added by the server to all commands sent by a bot", and MUST only go to
    those with message-tags.
    """
    ann, eve = (
        town.person("ann", "#a", caps="message-tags away-notify"),
        town.person("eve", "#a", caps="server-time away-notify"),
    )
    bot.say(line)
    (seen,) = ann.read()
    assert seen.tags["bot"] == ""
    assert all("bot" not in message.tags for message in eve.read())


def test_what_others_do_has_no_such_tag(town: Town) -> None:
    """A client cannot send the tag itself."""
    ann, bob = (
        town.person("ann", "#a", caps="message-tags"),
        town.person("bob", "#a", caps="message-tags"),
    )
    bob.say("@bot PRIVMSG #a x")
    assert "bot" not in find(ann.read(), "PRIVMSG").tags


def test_the_fields_that_are_asked_for(town: Town) -> None:
    """ "Exactly the fields requested by the client MUST be returned", in the order of the
    specification.
    """
    town.person("bob", "#a").say("MODE bob -i")
    ann = town.person("ann")
    town.clock.now += 7
    expected = (
        "42",
        "#a",
        "bob",
        "192.0.2.1",
        "192.0.2.1",
        "chat.local",
        "bob",
        "H@",
        "0",
        "7",
        "0",
        "n/a",
        "bob the tester",
    )
    reply, end = ann.say("WHO #a %rotcuihsnfdla,42")
    assert (reply.command, reply.params) == ("354", ("ann", *expected))
    assert end.command == "315"
    for letter, value in zip("tcuihsnfdlaor", expected, strict=True):
        assert find(ann.say(f"WHO bob x%{letter},42"), "354").params == ("ann", value)


def test_the_account(town: Town) -> None:
    """ "0 is used for [account] when the user is logged out"."""
    bob, ann = town.person("bob"), town.person("ann")
    assert bob.session.user
    bob.session.user.set_account(Account("robert", "robert", 0, 1))
    assert find(ann.say("WHO bob %na"), "354").params == ("ann", "bob", "robert")


def test_nobody_learns_a_channel_by_it(town: Town) -> None:
    """ "* is used for [channel] when no channel is returned"."""
    town.person("bob", "#a").say("MODE #a +s")
    assert find(town.person("ann").say("WHO bob %c"), "354").params == ("ann", "*")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("%xn!", "bob"), ("%tn,1234", "0 bob"), ("%tn,x y", "0 bob"), ("%tn", "0 bob")],
)
def test_fields_and_tokens_that_are_none(town: Town, asked: str, expected: str) -> None:
    """ "Servers MUST ignore any non-standard field they don't support"; a token has at most three
    digits.
    """
    town.person("bob")
    assert " ".join(find(town.person("ann").say(f"WHO bob :{asked}"), "354").params[1:]) == expected


@pytest.mark.parametrize("asked", ["", "x", "%", "%!"])
def test_without_fields_it_is_the_ordinary_answer(town: Town, asked: str) -> None:
    """RPL_WHOREPLY."""
    town.person("bob")
    assert commands(town.person("ann").say(f"WHO bob {asked}")) == ["352", "315"]
