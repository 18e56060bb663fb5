"""Messages to services: their echo, and texts that are no command (IRCv3 echo-message)."""

import pytest

from always_on_fakes import back, make
from storage_fakes import ListHistory
from support import Town, commands, find

ECHO = "echo-message message-tags"
SERVICES = ("NickServ", "chanserv", "*playback")


@pytest.fixture
def town() -> Town:
    """Return a world in which Ann has an account."""
    return make()


def history(town: Town) -> ListHistory:
    """Return what the world remembers."""
    assert town.world.storage is not None
    assert isinstance(town.world.storage.history, ListHistory)
    return town.world.storage.history


@pytest.mark.parametrize("service", SERVICES)
def test_an_order_is_echoed_before_it_is_answered(town: Town, service: str) -> None:
    """IRCv3 echo-message: "servers MUST send PRIVMSG and NOTICE messages back to the client that
    sent them".
    """
    ann = town.person("ann", caps=ECHO)
    echo, *answers = ann.say(f"@+x=y PRIVMSG {service} :NONSENSE there")
    assert (echo.command, echo.params, echo.source) == (
        "PRIVMSG",
        (service, "NONSENSE there"),
        "ann!ann@192.0.2.1",
    )
    assert echo.tags["msgid"]
    assert echo.tags["+x"] == "y"
    assert set(commands(answers)) == {"NOTICE"}


def test_the_echo_has_the_label(town: Town) -> None:
    """IRCv3 labeled-response: the answer to a labelled message is its echo and what else comes of
    it, in one batch.
    """
    ann = town.person("ann", caps=f"{ECHO} batch labeled-response")
    start, echo, *answers, end = ann.say("@label=7 PRIVMSG NickServ :INFO")
    assert (start.tags["label"], start.params[1]) == ("7", "labeled-response")
    assert (echo.command, echo.tags["batch"], end.params[0][1:]) == (
        "PRIVMSG",
        start.params[0][1:],
        start.params[0][1:],
    )
    assert answers


def test_a_password_is_echoed_to_who_typed_it_alone(town: Town) -> None:
    """No other session sees it, nobody without echo-message does, and nothing remembers it."""
    first, _ = back(town, caps=ECHO)
    second, _ = back(town, caps=ECHO)
    first.read()
    assert "PRIVMSG" in commands(first.say("PRIVMSG NickServ :IDENTIFY ann ann-password"))
    assert second.read() == []
    third, _ = back(town)
    assert "PRIVMSG" not in commands(third.say("PRIVMSG NickServ :IDENTIFY ann ann-password"))
    assert history(town).records == []


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("line", "echo"), [("NOTICE {} :HELP", "NOTICE"), ("@+typing=active TAGMSG {}", "TAGMSG")]
)
def test_what_is_no_order_is_not_answered(town: Town, service: str, line: str, echo: str) -> None:
    """RFC 2812 §3.3.2: "automatic replies MUST NEVER be sent in response to a NOTICE message".

    Nor is it an error that somebody types.
    """
    assert town.person("bob", caps="message-tags").say(line.format(service)) == []
    assert commands(town.person("ann", caps=ECHO).say(line.format(service))) == [echo]


def test_an_order_that_no_echo_could_hold_is_refused(town: Town) -> None:
    """Nothing is cut in silence."""
    ann = town.person("ann", caps=ECHO)
    find(ann.say(f"PRIVMSG NickServ :{'x' * 480}"), "417")


@pytest.mark.parametrize("service", ["NickServ@chat.local", "chanserv@CHAT.local"])
def test_a_service_can_be_named_with_the_server(town: Town, service: str) -> None:
    """Scripts write so, since no user of another server could then receive the password."""
    echo, *answers = town.person("ann", caps=ECHO).say(f"PRIVMSG {service} :HELP")
    assert echo.params == (service, "HELP")
    assert set(commands(answers)) == {"NOTICE"}
    assert history(town).records == []


@pytest.mark.parametrize("target", ["NickServ@services.example.org", "NickServ@", "bob@chat.local"])
def test_nobody_else_can_be_named_with_a_server(town: Town, target: str) -> None:
    """A password for the services of another network is not for those of this one."""
    bob = town.person("bob")
    find(town.person("ann").say(f"PRIVMSG {target} :IDENTIFY secret"), "401")
    assert bob.read() == []
