"""Injection: no text of a client passes for a line of the server, another user or the log."""

import pytest

from storage_fakes import ListHistory, OpenAccounts
from support import Town, find, labelled
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.log.threads import LogEntry

CAPS = (
    "message-tags server-time account-tag echo-message batch draft/chathistory labeled-response"
    " draft/multiline"
)
FORGED = (
    "time=2000-01-01T00:00:00.000Z;msgid=forged;account=root;bot;batch=9;label=9"
    ";draft/multiline-concat;vendor/x=1"
)


@pytest.fixture
def town() -> Town:
    """Return a world that remembers."""
    return Town(storage=StoragePorts(history=ListHistory(), accounts=OpenAccounts()))


@pytest.mark.parametrize(
    "command", ["PRIVMSG #a :x", "NOTICE #a :x", "TAGMSG #a", "PRIVMSG bob :x", "NOTICE bob :x"]
)
def test_client_tags_never_become_server_tags(town: Town, command: str) -> None:
    """IRCv3 message-tags: only client-only tags are relayed; all others a client sends are
    dropped.
    """
    eve, bob = (
        town.person("eve", "#a", caps=CAPS.replace(" draft/multiline", "")),
        town.person("bob", "#a", caps=CAPS),
    )
    eve.say(f"@{FORGED};+client=yes {command}")
    (message,) = bob.read()
    assert message.tags.keys() == {"time", "msgid", "+client"}
    assert message.tags["msgid"] != "forged"
    assert not message.tags["time"].startswith("2000")


def test_the_history_has_no_forged_tags_either(town: Town) -> None:
    """What is replayed is what was seen."""
    eve, bob = town.person("eve", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    eve.say(f"@{FORGED.replace('batch=9;', '')};+client=yes PRIVMSG #a :x")
    bob.read()
    message = find(bob.say("CHATHISTORY LATEST #a * 10"), "PRIVMSG")
    assert message.tags.keys() == {"time", "msgid", "batch", "+client"}


@pytest.mark.parametrize("value", ["x\\:account=root", "x\\sb\\r\\nQUIT", "\\\\:", "\\", "a=b=c"])
def test_the_value_of_a_tag_stays_in_it(town: Town, value: str) -> None:
    """An unescaped value is one value for recipients, and the line one line."""
    eve, bob = town.person("eve", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    eve.say(f"@+v={value} PRIVMSG #a :x")
    (message,) = bob.read()
    assert message.tags.keys() == {"time", "msgid", "+v"}
    assert message.params == ("#a", "x")


@pytest.mark.parametrize(
    "line", [":root!r@h PRIVMSG #a :x", ":chat.local PRIVMSG #a :x", "@a=b :bob PRIVMSG #a :x"]
)
def test_a_client_cannot_speak_as_somebody_else(town: Town, line: str) -> None:
    """RFC 2812 §2.3: the source that a client gives is ignored."""
    eve, bob = town.person("eve", "#a"), town.person("bob", "#a")
    eve.say(line)
    assert [message.source for message in bob.read()] == ["eve!eve@192.0.2.1"]


@pytest.mark.parametrize(
    "line",
    [
        b"PRIVMSG #a :x\rQUIT",
        b"PRIVMSG #a :x\0y",
        b"TOPIC #a :x\r\rJOIN #b",
        b"@+a=\0 PRIVMSG #a :x",
        b"NICK a\rb",
        b"AWAY :\rx",
    ],
)
def test_no_line_becomes_two(town: Town, line: bytes) -> None:
    """A CR or NUL within a line makes it no message: its sender learns that, and nobody else sees
    anything of it.
    """
    eve, bob = town.person("eve", "#a"), town.person("bob", "#a")
    (refused,) = eve.say(line)
    assert (refused.command, refused.params[1]) == ("FAIL", "INVALID_LINE")
    assert bob.read() == []


def test_a_line_that_could_become_two_is_answered_with_its_label(town: Town) -> None:
    """IRCv3 labeled-response: each labelled command has an answer."""
    ann = labelled(town, "#a")
    (refused,) = ann.say(b"@label=x PRIVMSG #a :x\0y")
    assert refused.params[:2] == ("PRIVMSG", "INVALID_LINE")
    assert refused.tags == {"label": "x"}


@pytest.mark.parametrize("line", [b"@label=x\0", b":\0", b"   "])
def test_what_has_no_command_is_not_answered(town: Town, line: bytes) -> None:
    """Nor is an empty line."""
    assert labelled(town).say(line) == []


@pytest.mark.parametrize(
    "text",
    ["\x1b[2J\x1b]0;x\x07", "a\n2026 [ERROR] forged", "\u202egnp.exe", "\x9b31m", "x\u2028y"],
)
def test_the_log_cannot_be_forged(text: str) -> None:
    """What strangers wrote is one line of the log, and no terminal obeys it."""
    written = LogEntry(0.0, "INFO", f"registered eve, realname {text}").render()
    assert written.count("\n") == 1
    assert len(written.splitlines()) == 1
    assert not any(char in written[:-1] for char in "\x1b\x07\x9b\u202e\u2028\n\r")


def test_a_look_alike_of_a_taken_name_cannot_be_taken(town: Town) -> None:
    """In another case, in full width, or with a letter of another script that looks the same."""
    town.person("Kelvin")
    for trick in ("kELVIN", "\u212aelvin", "Ｋｅｌｖｉｎ", "Kеlvin"):
        eve = town.newcomer()
        assert {message.command for message in eve.say(f"NICK {trick}", "USER e 0 * :e")} <= {
            "432",
            "433",
        }
        assert eve.session.user is None


def test_the_name_of_a_service_cannot_be_taken(town: Town) -> None:
    """People tell them passwords."""
    for trick in ("NickServ", "NICKSERV", "Ｎｉｃｋｓｅｒｖ", "NіckServ", "ChanServ"):
        assert {message.command for message in town.newcomer().say(f"NICK {trick}")} <= {
            "432",
            "433",
        }
