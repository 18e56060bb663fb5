"""Connection registration: NICK, USER and PASS, and what is done before them."""

import pytest

from support import Town, commands, find
from trio_chat.chat.server_info import ServerInfo
from trio_chat.irc.message import Message


def test_registration_takes_nick_and_user(town: Town) -> None:
    """Modern IRC: RPL_WELCOME, RPL_YOURHOST, RPL_CREATED, RPL_MYINFO, RPL_ISUPPORT, LUSERS, then
    the MOTD or ERR_NOMOTD.
    """
    ann = town.newcomer()
    assert ann.say("NICK ann") == []
    replies = ann.say("USER ann 0 * :Ann")
    assert commands(replies)[:5] == ["001", "002", "003", "004", "005"]
    assert commands(replies)[-1] == "422"
    assert replies[0].params == ("ann", "Welcome to the trio-chat network, ann!ann@192.0.2.1")


def test_a_client_is_told_its_modes(town: Town) -> None:
    """RPL_UMODEIS before the message of the day, at whose end clients are ready: IRC programs show
    the modes of their user, and the server has set some.
    """
    replies = town.newcomer().say("NICK ann", "USER ann 0 * :Ann")
    assert find(replies, "221").params == ("ann", "+i")
    assert commands(replies)[-2:] == ["221", "422"]


def test_registration_waits_for_cap_end(town: Town) -> None:
    """IRCv3 capability-negotiation: registration is held from CAP LS until CAP END."""
    ann = town.newcomer()
    assert set(commands(ann.say("CAP LS 302", "NICK ann", "USER ann 0 * :Ann"))) == {"CAP"}
    assert commands(ann.say("CAP END"))[0] == "001"


def test_the_message_of_the_day(town: Town) -> None:
    """Modern IRC: RPL_MOTDSTART, RPL_MOTD for each line, RPL_ENDOFMOTD."""
    town = Town(ServerInfo(motd=("one", "", "three")))
    replies = town.person("ann").say("MOTD")
    assert commands(replies) == ["375", "372", "372", "372", "376"]
    assert replies[2].params[-1] == "- "


@pytest.mark.parametrize("line", ["JOIN #a", "PRIVMSG a :b", "WHOIS a", "NONSENSE"])
def test_before_registration_nothing_else_is_done(town: Town, line: str) -> None:
    """ERR_NOTREGISTERED."""
    assert commands(town.newcomer().say(line)) == ["451"]


def test_ping_is_answered_before_registration(town: Town) -> None:
    """Some clients want a PONG before they go on."""
    assert town.newcomer().say("PING :x y") == [
        Message("PONG", ("chat.local", "x y"), "chat.local")
    ]


def test_a_nickname_that_is_taken(town: Town) -> None:
    """ERR_NICKNAMEINUSE, also when it differs only in case."""
    town.person("Иван")
    assert find(town.newcomer().say("NICK иВАН"), "433").params[:2] == ("*", "иВАН")


def test_the_faster_of_two_gets_the_nickname(town: Town) -> None:
    """A requested nickname is not reserved; the later client can take another one."""
    slow, fast = town.newcomer(), town.newcomer()
    slow.say("NICK ann")
    fast.say("NICK ann", "USER fast 0 * :Fast")
    assert commands(slow.say("USER slow 0 * :Slow")) == ["433"]
    assert commands(slow.say("NICK bob"))[0] == "001"


@pytest.mark.parametrize(
    ("line", "numeric"),
    [("NICK", "431"), ("NICK :", "431"), ("NICK 1a", "432"), ("NICK a!b", "432")],
)
def test_nicknames_that_are_refused(town: Town, line: str, numeric: str) -> None:
    """ERR_NONICKNAMEGIVEN, ERR_ERRONEUSNICKNAME."""
    assert commands(town.newcomer().say(line)) == [numeric]


@pytest.mark.parametrize(
    ("password", "welcome"), [("right", True), ("wrong", False), (None, False)]
)
def test_the_server_password(password: str | None, welcome: bool) -> None:
    """ERR_PASSWDMISMATCH and the end, unless PASS said the right one."""
    town = Town(ServerInfo(password="right"))
    ann = town.newcomer()
    if password:
        ann.say(f"PASS {password}")
    replies = ann.say("NICK ann", "USER ann 0 * :Ann")
    assert commands(replies)[0] == ("001" if welcome else "464")
    assert bool(ann.ended) is not welcome


@pytest.mark.parametrize("line", ["PASS x", "USER a 0 * :b"])
def test_nobody_registers_twice(town: Town, line: str) -> None:
    """ERR_ALREADYREGISTERED."""
    assert commands(town.person("ann").say(line)) == ["462"]


@pytest.mark.parametrize(
    "line", ["USER a", "USER a 0 *", "USER a 0 * :", "JOIN", "PASS", "KICK #a", "USERHOST"]
)
def test_missing_parameters(town: Town, line: str) -> None:
    """ERR_NEEDMOREPARAMS, with the command's name."""
    person = town.newcomer() if line.startswith(("USER ", "PASS")) else town.person("ann")
    assert find(person.say(line), "461").params[1] == line.split(" ", 1)[0]


def test_a_user_name_is_made_harmless(town: Town) -> None:
    """A user name with '@' would forge a host."""
    ann = town.newcomer()
    ann.say("NICK ann", "USER a@evil.example!x 0 * :Ann")
    assert ann.session.user is not None
    assert ann.session.user.source == "ann!aevil.examplex@192.0.2.1"
