"""CAP: offers, requests and replies of any length and version (IRCv3 capability-negotiation)."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands, find, offered
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.capabilities import CAPABILITIES
from trio_chat.irc.message import MAX_BODY

LONG_NAME = f"irc.{'x' * 50}.example"
"""A server's name with which no line holds all capabilities."""


@pytest.fixture
def town() -> Town:
    """Return a world with a server of a long name."""
    return Town(
        ServerInfo(name=LONG_NAME),
        storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts()),
    )


def replies(person: Person, line: str) -> list[tuple[str, ...]]:
    """Return the parameters of the CAP messages that answer a line, each within the length of a
    line.
    """
    messages = [message for message in person.say(line) if message.command == "CAP"]
    assert all(len(message.body().encode()) <= MAX_BODY for message in messages)
    return [message.params for message in messages]


def split(answers: list[tuple[str, ...]], subcommand: str) -> list[str]:
    """Return the words of an answer in several lines.

    "all but the last reply MUST have a parameter containing only an asterisk (`*`) preceding the
    capability list".
    """
    *others, last = answers
    assert others
    assert all(params[:3] == ("*", subcommand, "*") and len(params) == 4 for params in others)
    assert last[:2] == ("*", subcommand)
    assert len(last) == 3
    return " ".join(params[-1] for params in answers).split()


def everything(town: Town) -> list[str]:
    """Return the names of all that is offered."""
    return [
        name
        for name, entry in CAPABILITIES.items()
        if entry.bit & town.world.advertised.capabilities
    ]


def test_a_client_is_a_star_until_it_is_registered(town: Town) -> None:
    """ "Replies from the server must contain the client identifier name or asterisk if one is not
    yet available".
    """
    ann = town.newcomer()
    ann.say("CAP LS", "NICK ann", "USER ann 0 * :Ann")
    assert replies(ann, "CAP REQ :batch") == [("*", "ACK", "batch")]
    ann.say("CAP END")
    assert replies(ann, "CAP LIST") == [("ann", "LIST", "batch")]


def test_a_request_in_one_line_is_repeated_in_its_words(town: Town) -> None:
    """Programs compare it."""
    ann = town.newcomer()
    assert replies(ann, "CAP REQ :-batch  SETNAME ") == [("*", "ACK", "-batch  SETNAME ")]
    assert replies(ann, "CAP REQ :nonsense  batch") == [("*", "NAK", "nonsense  batch")]


def test_an_acknowledgement_that_no_line_holds_comes_in_several(town: Town) -> None:
    """ "a server MUST NOT change the capabilities of the client until the last ACK of the set has
    been sent".
    """
    ann, names = town.newcomer(), everything(town)
    assert split(replies(ann, f"CAP REQ :{' '.join(names)}"), "ACK") == names
    ann.say("CAP LS 302")
    assert sorted(split(replies(ann, "CAP LIST"), "LIST")) == sorted(names)


def test_a_refusal_that_no_line_holds_comes_in_several(town: Town) -> None:
    """ "The server MUST NOT make any change to any capabilities if it replies with a NAK"."""
    ann, names = town.newcomer(), [*everything(town), "nonsense"]
    assert split(replies(ann, f"CAP REQ :{' '.join(names)}"), "NAK") == names
    assert replies(ann, "CAP LIST") == [("*", "LIST", "")]


def test_a_client_that_knows_one_line_only_gets_whole_names_in_it(town: Town) -> None:
    """ "If a client has not indicated support for CAP LS 302 features, the server MUST NOT send
    these new features".
    """
    ann, names = town.newcomer(), everything(town)
    ann.say(f"CAP REQ :{' '.join(names)}")
    ((_, _, shown),) = replies(ann, "CAP LIST")
    assert set(shown.split()) < set(names)
    assert {name for name in names if not name.startswith("draft/")} <= set(shown.split())


@pytest.mark.parametrize("version", ["", " 301", " 0", " nonsense", " -302"])
def test_a_lower_version_is_answered_as_asked(town: Town, version: str) -> None:
    """ "servers SHOULD return a CAP LS reply consistent with the request's version, but keep
    storing the original (higher)".
    """
    ann = town.newcomer()
    ann.say("CAP LS 302")
    ((_, subcommand, shown),) = replies(ann, f"CAP LS{version}")
    assert (subcommand, "=" in shown, "draft/" in shown) == ("LS", False, False)
    assert replies(ann, "CAP REQ :-cap-notify") == [("*", "NAK", "-cap-notify")]
    assert "=" in " ".join(params[-1] for params in replies(ann, "CAP LS 302"))


@pytest.mark.parametrize("version", ["302", "307", "000302", "30200000000000000000000"])
def test_the_version_is_a_number(town: Town, version: str) -> None:
    """ "The CAP version number argument MUST be treated as a number"; of a higher one the features
    that there are are enabled.
    """
    assert "=" in " ".join(params[-1] for params in replies(town.newcomer(), f"CAP LS {version}"))


def test_the_end_is_ignored_once_registered(town: Town) -> None:
    """ "If the client is already registered, this command MUST be ignored by the server"."""
    assert town.person("ann").say("CAP END") == []


def test_negotiation_can_begin_with_a_request(town: Town) -> None:
    """Upon CAP REQ "the server MUST not complete registration until the client sends a CAP END
    command".
    """
    ann = town.newcomer()
    assert commands(ann.say("CAP REQ batch", "NICK ann", "USER ann 0 * :Ann")) == ["CAP"]
    assert find(ann.say("CAP END"), "001").params[0] == "ann"


def test_cap_ls_lists_every_capability(town: Town) -> None:
    """All that the table has, in lines that fit."""
    caps = " ".join(message.params[-1] for message in town.newcomer().say("CAP LS 302")).split()
    assert {
        "message-tags",
        "server-time",
        "echo-message",
        "batch",
        "labeled-response",
        "standard-replies",
    } <= set(caps)


def test_a_client_from_before_version_302_is_told_in_one_line_that_fits(town: Town) -> None:
    """IRCv3 capability-negotiation: several lines are for version 302; what is a draft waits for
    it.
    """
    all_names = [word.partition("=")[0] for word in offered(town.newcomer())]
    (message,) = town.newcomer().say("CAP LS")
    assert message.params[-1].split() == [
        name for name in all_names if not name.startswith("draft/")
    ]
    assert len(message.line().encode()) < 450  # with room for a nickname in the place of `*`


def test_version_302_brings_cap_notify(town: Town) -> None:
    """IRCv3 capability-negotiation: cap-notify is implicitly enabled by version 302 and cannot be
    given up.
    """
    ann = town.newcomer()
    ann.say("CAP LS 302")
    assert find(ann.say("CAP LIST"), "CAP").params == ("*", "LIST", "cap-notify")
    assert find(ann.say("CAP REQ :-cap-notify"), "CAP").params == ("*", "NAK", "-cap-notify")


def test_a_request_is_taken_whole_or_not_at_all(town: Town) -> None:
    """IRCv3 capability-negotiation: one unknown capability and none of the request is taken."""
    ann = town.newcomer()
    assert find(ann.say("CAP REQ :batch nonsense"), "CAP").params == ("*", "NAK", "batch nonsense")
    assert find(ann.say("CAP LIST"), "CAP").params == ("*", "LIST", "")


def test_a_capability_can_be_given_up(town: Town) -> None:
    """A '-' before its name."""
    ann = town.newcomer()
    ann.say("CAP REQ :batch setname")
    assert find(ann.say("CAP REQ :-batch"), "CAP").params[1] == "ACK"
    assert find(ann.say("CAP LIST"), "CAP").params[-1] == "setname"


def test_an_unknown_cap_subcommand(town: Town) -> None:
    """ERR_INVALIDCAPCMD."""
    assert find(town.newcomer().say("CAP NONSENSE"), "410").params[:2] == ("*", "NONSENSE")
