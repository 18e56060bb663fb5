"""Questions to the server, HELP, and lines that are no commands."""

import pytest

from support import NOON, Town, commands, find, labelled
from trio_chat.chat.ids import IdSource, msgid, server_time
from trio_chat.chat.registry import COMMANDS
from trio_chat.irc.lines import BadLine


@pytest.mark.parametrize(
    ("line", "numerics"),
    [
        ("VERSION", {"351", "005"}),
        ("TIME", {"391"}),
        ("INFO", {"371", "374"}),
        ("ADMIN", {"423"}),
        ("LUSERS", {"251", "252", "253", "254", "255", "265", "266"}),
        ("VERSION other.example", {"402"}),
        ("HELP", {"704", "705", "706"}),
        ("HELP join", {"704", "705", "706"}),
        ("HELP CMODES", {"704", "705", "706"}),
        ("HELP nonsense", {"524"}),
        ("NONSENSE", {"421"}),
    ],
)
def test_questions_to_the_server(town: Town, line: str, numerics: set[str]) -> None:
    """Each question has its numerics."""
    assert set(commands(town.person("ann").say(line))) == numerics


def test_help_knows_every_command(town: Town) -> None:
    """Help is derived from the registry; what is for operators of the server is shown to those."""
    lines = [message.params[-1] for message in town.person("ann").say("HELP")]
    assert all(
        any(line.startswith(name) for line in lines)
        for name, entry in COMMANDS.items()
        if not entry.is_for_operators and not entry.capability
    )
    assert not any(
        line.startswith(f"{name} ")
        for line in lines
        for name, entry in COMMANDS.items()
        if entry.is_for_operators
    )
    assert COMMANDS["KILL"].is_for_operators
    assert COMMANDS["APITOKEN"].is_for_operators


def test_help_has_no_command_whose_capability_is_not_offered(town: Town) -> None:
    """Without a service for translations TRANSLATE is unknown here; PROP is not, to clients that
    negotiate its capability.
    """
    names = [m.params[-1].split()[0] for m in town.person("ann").say("HELP")]
    assert "PROP" in names
    assert "TRANSLATE" not in names


def test_counting(town: Town) -> None:
    """RPL_LUSERCLIENT and its kin count what is there."""
    ann = town.person("ann", "#a")
    ann.say("MODE ann -i")
    town.person("bob")
    town.newcomer()
    replies = ann.say("LUSERS")
    assert find(replies, "251").params[-1] == "There are 1 users and 1 invisible on 1 servers"
    assert find(replies, "253").params[1] == "1"
    assert find(replies, "254").params[1] == "2"


def test_a_line_that_is_too_long(town: Town) -> None:
    """ERR_INPUTTOOLONG, and the client stays."""
    assert commands(town.person("ann").say(BadLine())) == ["417"]


def test_a_line_that_is_not_utf8(town: Town) -> None:
    """IRCv3 utf8-only: INVALID_UTF8, with the label; nothing of it is relayed, and the client
    stays.
    """
    ann, bob = labelled(town, "#a"), town.person("bob", "#a")
    reply = find(ann.say(b"@label=x PRIVMSG #a :\xff"), "FAIL")
    assert reply.params[:2] == ("PRIVMSG", "INVALID_UTF8")
    assert reply.tags == {"label": "x"}
    assert bob.read() == []


def test_ids_never_go_back() -> None:
    """Ids grow when the clock goes back."""
    moments = iter([NOON, NOON, NOON - 100, NOON + 1])
    source = IdSource(lambda: next(moments))
    ids = [source.next() for _ in range(4)]
    assert ids == sorted(set(ids))
    assert [msgid(number) for number in ids] == sorted(msgid(number) for number in ids)
    assert server_time(ids[-1]) == "2027-01-15T08:00:01.000Z"
    assert ids[-1] < 2**63


def test_time_is_that_of_this_server() -> None:
    """In a cluster the time of the log, by which things happen, may be a while ago."""
    town = Town()
    ann = town.person("ann")
    town.world.wall_clock = lambda: 1_000_000_000.0
    reply = find(ann.say("TIME"), "391")
    assert reply.params[2:] == ("1000000000", "0", "Sunday 2001-09-09 01:46:40 UTC")
