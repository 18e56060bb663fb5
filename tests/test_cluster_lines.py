"""The lines of a client that all nodes of a cluster carry out, and those of its node alone."""

from collections.abc import Iterator

import pytest

from cluster_town import Client, ClusterTown
from support import commands, find
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.multiline import TIMEOUT
from trio_chat.cluster.entries import Said
from trio_chat.cluster.lines import ClientLines
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message

CAPS = "batch message-tags labeled-response draft/multiline"
START = b"BATCH +1 draft/multiline #a"
LINE = b"@batch=1 PRIVMSG #a :x"
END = b"BATCH -1"


class Sorter:
    """A client in #a whose lines are sorted, and those for its node alone carried out there."""

    def __init__(self) -> None:
        self.town = ClusterTown()
        self.ann = self.town.here.person("ann", "JOIN #a", caps=CAPS)
        self.bob = self.town.there.person("bob", "JOIN #a")
        self.ann.read()
        self.lines = ClientLines(self.ann.session, self.ann.node.world.elapsed)

    def sort(self, line: bytes | BadLine) -> tuple[bytes, ...] | None:
        """Return what `ClientLines.sort` does."""
        lines = self.lines.sort(line)
        if lines is None:
            here, session = self.town.here, self.ann.session
            here.deliver(handle_line(here.world, session, line), self.ann)
        return lines

    def say(self, *lines: bytes | BadLine) -> list[Message]:
        """Have lines carried out, here or by both nodes; return what came back."""
        for line in lines:
            if found := self.sort(line):
                item = Said(self.ann.number, self.ann.session.caps, found)
                self.town.here.submit(item)
                self.town.carry_out()
        return self.ann.read()


@pytest.fixture
def sorter() -> Iterator[Sorter]:
    """Return a client; both nodes have the same state in the end."""
    sorter = Sorter()
    yield sorter
    sorter.town.carry_out()
    sorter.town.check()


def received(client: Client) -> list[str]:
    """Return the texts that a client has received."""
    return [message.params[-1] for message in client.read()]


def test_a_batch_is_carried_out_when_it_is_complete(sorter: Sorter) -> None:
    """Other lines are carried out at once."""
    assert sorter.sort(START) is None
    assert sorter.sort(b"PING x") is None
    assert sorter.sort(LINE) is None
    assert sorter.sort(b"JOIN #b") == (b"JOIN #b",)
    assert sorter.sort(END) == (START, LINE, END)
    assert sorter.sort(END) is None
    assert find(sorter.ann.read(), "FAIL").params[1] == "MULTILINE_INVALID"


def test_all_nodes_carry_out_a_good_batch(sorter: Sorter) -> None:
    """With its label, once."""
    assert commands(sorter.say(b"@label=1 " + START, LINE, LINE)) == []
    [answer] = sorter.say(END)
    assert (answer.command, answer.tags["label"]) == ("ACK", "1")
    assert received(sorter.bob) == ["x", "x"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"@batch=2 PRIVMSG #a :x", "MULTILINE_INVALID"),
        (b"@batch=1 PRIVMSG #b :x", "MULTILINE_INVALID_TARGET"),
        (b"@batch=1 PRIVMSG NickServ :IDENTIFY ann secret", "MULTILINE_INVALID_TARGET"),
        (b"@batch=1 JOIN #a", "MULTILINE_INVALID"),
        (b"@batch=1;draft/multiline-concat PRIVMSG #a :", "MULTILINE_INVALID"),
        (b"@batch=1 PRIVMSG #a :" + b"x" * 5000, "MULTILINE_MAX_BYTES"),
        (b"PRIVMSG #a :\xff", "MULTILINE_INVALID"),
        (BadLine(), "MULTILINE_INVALID"),
        (b"BATCH +2 draft/multiline #a", "MULTILINE_INVALID"),
        (b"BATCH -2", "MULTILINE_INVALID"),
    ],
)
def test_a_bad_line_is_refused_at_once(sorter: Sorter, line: bytes | BadLine, code: str) -> None:
    """Its batch does not come into the log, and the other lines of it have no answer."""
    assert sorter.say(b"@label=1 " + START, LINE) == []
    *_, refusal = (m for m in sorter.say(line) if m.params[:1] == ("BATCH",))
    assert (refusal.command, refusal.params[1]) == ("FAIL", code)
    assert not any(b"secret" in part for part in sorter.lines.sort(b"JOIN #b") or ())
    sorter.say(LINE, END)
    assert received(sorter.bob) == []


def test_an_empty_batch_is_refused_by_the_node_of_the_client(sorter: Sorter) -> None:
    """As one of blank lines is."""
    assert find(sorter.say(START, END), "FAIL").params[1] == "MULTILINE_INVALID"
    blank = b"@batch=1 PRIVMSG #a :"
    assert find(sorter.say(START, blank, END), "FAIL").params[1] == "MULTILINE_INVALID"


def test_a_batch_with_too_many_lines_is_refused_at_once(sorter: Sorter) -> None:
    """So it is bounded, and the next one is good."""
    most = sorter.town.here.world.lengths.multiline_lines
    assert sorter.say(START, *[LINE] * most) == []
    assert find(sorter.say(LINE), "FAIL").params[1] == "MULTILINE_MAX_LINES"
    assert sorter.say(*[LINE] * 1000, END) == []
    assert sorter.say(START, LINE, END) == []
    assert received(sorter.bob) == ["x"]


def test_a_batch_that_was_left_open_is_refused(sorter: Sorter) -> None:
    """Also if nothing but its end is missing."""
    sorter.say(START, LINE)
    sorter.town.now += TIMEOUT + 1
    sorter.bob.say("JOIN #c")
    assert find(sorter.say(END), "FAIL").params[1] == "TIMEOUT"


@pytest.mark.parametrize("service", ["NickServ", "nickserv"])
def test_a_batch_for_a_service_does_not_come_into_the_log(sorter: Sorter, service: str) -> None:
    """It may have a password in it."""
    sorter.town.now += 100
    sorter.bob.say("JOIN #c")  # after which there is an idle time, which is a part of the state
    for text in (
        f"BATCH +1 draft/multiline {service}",
        f"@batch=1 PRIVMSG {service} :IDENTIFY acc1 secret",
        "BATCH -1",
    ):
        assert sorter.sort(text.encode()) is None
    sorter.town.check()
    assert "900" in commands(sorter.ann.read())
    assert sorter.sort(b"JOIN #b") == (b"JOIN #b",)


def test_a_batch_after_one_for_a_service_is_for_all_nodes(sorter: Sorter) -> None:
    """Also if the client has not ended that one: then both are refused."""
    sorter.say(b"BATCH +2 draft/multiline NickServ")
    assert find(sorter.say(START), "FAIL").params[1] == "MULTILINE_INVALID"
    assert sorter.say(LINE, END) == []
    assert sorter.say(START, LINE, END) == []
    assert received(sorter.bob) == ["x"]


def test_a_client_without_batches_has_messages(sorter: Sorter) -> None:
    """Although they have the tag."""
    sorter.ann.say("CAP REQ :-draft/multiline")
    assert sorter.sort(LINE) == (LINE,)
    assert sorter.sort(b"@batch=1 PRIVMSG NickServ :IDENTIFY ann secret") is None


SECRET = "hunter2-hunter2"
TARGETS = (
    "NickServ",
    "nickserv",
    "NICKSERV",
    "NickServ,NickServ",
    "#a,NickServ",
    "NickServ,#a",
    "nobody,nickserv",
    "NickServ,ChanServ",
    "NickServ@services.example",
    "#a,nickserv@services.example",
    "NickServ!NickServ@irc.example",
    "NickServ%host",
    "@NickServ",
)
WITH_PASSWORDS = (
    *(f"PRIVMSG {target} :IDENTIFY ann {SECRET}" for target in TARGETS),
    *(f"{verb} NickServ :IDENTIFY {SECRET}" for verb in ("privmsg", "Notice", "NOTICE")),
    f"PRIVMSG NickServ {SECRET}",
    f":ann!u@h PRIVMSG NickServ :identify {SECRET}",
    f"@label=1 PRIVMSG NickServ :identify {SECRET}",
    f"@label=1;+draft/reply=2 privmsg #a,nickserv :identify {SECRET}",
    f"@batch=1 PRIVMSG NickServ :identify {SECRET}",
    f"@batch=1 PRIVMSG #a,NickServ :identify {SECRET}",
    f"NS IDENTIFY ann {SECRET}",
    f"nickserv :identify ann {SECRET}",
    f"NICKSERV SET PASSWORD old {SECRET}",
    f"ns set password {SECRET} new",
    f"NS DROP {SECRET}",
    f"NS SAPASSWD ann {SECRET}",
    f"NS REGISTER {SECRET} ann@example.org",
    f"CS IDENTIFY #a {SECRET}",
    f"chanserv :identify #a {SECRET}",
    f"PRIVMSG ChanServ :IDENTIFY #a {SECRET}",
    f"PRIVMSG ChanServ@irc.example :IDENTIFY #a {SECRET}",
    f"IDENTIFY {SECRET}",
    f"LOGIN ann {SECRET}",
    f"PASS {SECRET}",
    f"pass ann:{SECRET}",
    f"OPER ann {SECRET}",
    f"@label=1 oper ann {SECRET}",
    f"REGISTER ann * {SECRET}",
    f"VERIFY ann {SECRET}",
    f"AUTHENTICATE {SECRET}",
    f"TOKEN VALIDATE upload https://example.org :{SECRET}",
    f"WEBPUSH REGISTER https://example.org p256dh=x;auth={SECRET}",
)


@pytest.mark.parametrize("line", WITH_PASSWORDS)
@pytest.mark.parametrize("opened", ["", "#a", "NickServ", "#a,NickServ", "nickserv@services"])
def test_no_password_comes_into_the_log(sorter: Sorter, line: str, opened: str) -> None:
    """In whichever form a client sends it, alone, or while a batch is open."""
    texts = [line]
    if opened:
        texts = [f"BATCH +1 draft/multiline {opened}", line, f"@batch=1 PRIVMSG {opened} :x"]
        texts.append("BATCH -1")
    logged = [part for text in texts for part in sorter.sort(text.encode()) or ()]
    assert SECRET.encode() not in b" ".join(logged)


@pytest.mark.parametrize("line", WITH_PASSWORDS)
def test_a_line_with_a_password_is_carried_out_by_one_node_alone(sorter: Sorter, line: str) -> None:
    """As it changes nothing by itself, or by decisions."""
    assert sorter.sort(line.encode()) is None


@pytest.mark.parametrize("opened", ["NickServ", "#a,NickServ", "@nickserv"])
def test_the_lines_of_a_batch_with_a_service_do_not_come_into_the_log(
    sorter: Sorter, opened: str
) -> None:
    """Each of them may be a password."""
    for text in (
        f"BATCH +1 draft/multiline {opened}",
        f"@batch=1 PRIVMSG {opened} :{SECRET}",
        "BATCH -1",
    ):
        assert sorter.sort(text.encode()) is None


def test_a_batch_for_chanserv_is_carried_out_as_a_whole(sorter: Sorter) -> None:
    """Its lines are one command."""
    batch = (
        b"BATCH +1 draft/multiline ChanServ",
        b"@batch=1 PRIVMSG ChanServ :OP",
        b"@batch=1 PRIVMSG ChanServ :#a",
        b"BATCH -1",
    )
    assert [sorter.sort(line) for line in batch] == [None, None, None, batch]
