"""Messages of several lines (IRCv3 draft/multiline, client-batch)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_fakes import ListHistory
from support import Person, Town, commands, find
from trio_chat.chat import multiline
from trio_chat.chat.events import Event
from trio_chat.chat.multiline import Line
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc import capabilities as cap
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message

CAPS = "batch message-tags draft/multiline"
ALL = f"{CAPS} server-time echo-message labeled-response draft/chathistory"
BOUNDS = Lengths(multiline_bytes=600, multiline_lines=4)


@pytest.fixture
def history() -> ListHistory:
    """Return an empty history."""
    return ListHistory()


@pytest.fixture
def town(history: ListHistory) -> Town:
    """Return a world that remembers, with small limits."""
    return Town(lengths=BOUNDS, storage=StoragePorts(history=history, playback=10))


def say(
    person: Person, *lines: str, target: str = "#a", command: str = "PRIVMSG", tags: str = ""
) -> list[Message]:
    """Have somebody say lines as a batch; a line that begins with + continues the one before.
    Return what came back.
    """
    person.read()
    person.say(f"{tags}BATCH +1 draft/multiline {target}")
    for line in lines:
        concat = ";draft/multiline-concat" if line.startswith("+") else ""
        person.say(f"@batch=1{concat} {command} {target} :{line.removeprefix('+')}")
    return person.say("BATCH -1")


def failure(person: Person, *lines: str) -> tuple[str, ...]:
    """Have somebody send lines; return the parameters of the one FAIL BATCH, without its text."""
    failed = find(person.say(*lines), "FAIL")
    assert failed.params[0] == "BATCH"
    return failed.params[1:-1]


@given(
    st.lists(
        st.builds(Line, st.text(st.characters(exclude_characters="\r\n\0")), st.booleans()),
        min_size=1,
    )
)
def test_the_text_holds_the_lines(lines: list[Line]) -> None:
    """ "Servers SHOULD maintain the line composition sent by the client"."""
    assert multiline.split(multiline.join(lines)) == lines


def test_the_value_of_the_capability(town: Town) -> None:
    """ "The capability MUST be advertised by servers with a REQUIRED value"; CAP LIST has none."""
    ann = town.person("ann", caps=CAPS)
    ls = " ".join(message.params[-1] for message in ann.say("CAP LS 302")).split()
    assert "draft/multiline=max-bytes=600,max-lines=4" in ls
    assert "draft/multiline" in find(ann.say("CAP LIST"), "CAP").params[-1].split()


def test_who_knows_them_gets_a_batch(town: Town) -> None:
    """Tags on its start, lines as they came, with the tags `batch` and, where it was sent,
    `draft/multiline-concat`.
    """
    ann, bob = (
        town.person("ann", "#a", caps=CAPS),
        town.person("bob", "#a", caps=f"{CAPS} server-time"),
    )
    assert say(ann, "hello", "", "how is ", "+everyone?", tags="@+x=y;label=no ") == []
    start, *lines, end = bob.read()
    reference = start.params[0][1:]
    assert (start.command, start.params) == ("BATCH", (f"+{reference}", "draft/multiline", "#a"))
    assert start.source == "ann!ann@192.0.2.1"
    assert start.tags.keys() == {"time", "msgid", "+x"}
    assert [line.params for line in lines] == [
        ("#a", text) for text in ("hello", "", "how is ", "everyone?")
    ]
    assert [line.tags for line in lines[:3]] == [{"batch": reference}] * 3
    assert lines[3].tags == {"batch": reference, "draft/multiline-concat": ""}
    assert (end.command, end.params, end.tags) == ("BATCH", (f"-{reference}",), {})


def test_who_does_not_know_them_gets_lines(town: Town) -> None:
    """Fallback: no batch, no blank lines, no concat; "a message ID on the first message" only,
    other tags on all.
    """
    ann, bob = (
        town.person("ann", "#a", caps=CAPS),
        town.person("bob", "#a", caps="batch message-tags server-time"),
    )
    say(ann, "", "hello", "how is ", "+everyone?", tags="@+x=y ")
    first, *others = bob.read()
    assert [line.params[1] for line in (first, *others)] == ["hello", "how is ", "everyone?"]
    assert first.tags.keys() == {"time", "msgid", "+x"}
    assert all(line.tags.keys() == {"time", "+x"} for line in others)


@given(st.integers(0, cap.ALL), st.booleans())
def test_what_the_written_form_depends_on(caps: int, is_bot: bool) -> None:
    """An event is written once for those who have the same of the capabilities that it calls
    relevant.
    """
    event = Event(
        1,
        "PRIVMSG",
        ("#a", "one\n\rmore\n\ntwo"),
        "a!a@h",
        (),
        account="a",
        carries_msgid=True,
        is_bot=is_bot,
    )
    line, away = (
        event.replace(params=("#a", "one")),
        replace(event, command="AWAY", carries_msgid=False),
    )
    for one in (event, line, away.replace(params=("x",))):
        assert one.encode(caps & one.relevant_capabilities) == one.encode(caps)


def test_the_capability_needs_batch(town: Town) -> None:
    """ "This specification depends on the batch capability which MUST be negotiated"."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps="draft/multiline")
    say(ann, "one", "two")
    assert commands(bob.read()) == ["PRIVMSG", "PRIVMSG"]


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_to_a_person(town: Town, command: str) -> None:
    """ "one or more PRIVMSG lines, or one or more NOTICE lines"; the sender gets the echo."""
    ann, bob = town.person("ann", caps=ALL), town.person("bob", caps=CAPS)
    echo = say(ann, "one", "two", target="bob", command=command)
    assert commands(echo) == commands(bob.read()) == ["BATCH", command, command, "BATCH"]
    assert echo[0].params[1:] == ("draft/multiline", "bob")


def test_one_line_is_an_ordinary_message(town: Town) -> None:
    """A batch of one line says what the line alone would say."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    say(ann, "hello")
    assert find(bob.read(), "PRIVMSG").tags.keys() == {"msgid"}


def test_the_label_is_that_of_the_whole(town: Town) -> None:
    """ "Servers MUST only include the label tag on the opening BATCH command when replying to a
    client using echo-message".
    """
    ann = town.person("ann", "#a", caps=ALL)
    assert (
        ann.say(
            "@label=x BATCH +1 draft/multiline #a",
            "@batch=1 PRIVMSG #a one",
            "@batch=1 PRIVMSG #a two",
        )
        == []
    )
    replies = ann.say("BATCH -1")
    assert commands(replies) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]
    assert [message.tags.get("label") for message in replies] == ["x", None, None, None]


def test_a_text_that_looks_like_a_batch(town: Town) -> None:
    """A labelled answer of two lines is wrapped in a batch, whatever people say in them."""
    ann = town.person("ann", "#a", "#b", caps=ALL)
    replies = ann.say("@label=x PRIVMSG #a,#b :hi BATCH +1 there")
    assert commands(replies) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]
    assert replies[0].tags["label"] == "x"


def test_the_label_without_an_echo(town: Town) -> None:
    """IRCv3 labeled-response: "ACK" when there is nothing else to say, and the error when there
    is.
    """
    ann = town.person("ann", "#a", caps=f"{CAPS} labeled-response")
    assert [(m.command, m.tags["label"]) for m in say(ann, "one", "two", tags="@label=x ")] == [
        ("ACK", "x")
    ]
    assert find(say(ann, "", "", tags="@label=y "), "FAIL").tags["label"] == "y"
    assert (
        find(say(ann, "one", "two", target="#none", tags="@label=z "), "403").tags["label"] == "z"
    )


def test_it_is_remembered_as_one_message(town: Town, history: ListHistory) -> None:
    """CHATHISTORY counts it once and gives it as it was sent: a batch in the batch, or lines."""
    ann = town.person("ann", "#a", caps=ALL)
    before = say(ann, "how is ", "+everyone?", "", "bye")
    ann.say("PRIVMSG #a :next")
    assert [record.text for record in history.records if record.text] == [
        "how is \n\reveryone?\n\nbye",
        "next",
    ]
    outer, *inner, _, end = ann.say("@label=x CHATHISTORY LATEST #a * 2")
    assert (outer.params[1], outer.tags["label"]) == ("chathistory", "x")
    assert end.params == (f"-{outer.params[0][1:]}",)
    assert commands(inner) == commands(before)
    assert [message.params[1:] for message in inner[1:-1]] == [
        message.params[1:] for message in before[1:-1]
    ]
    assert inner[0].tags == {**before[0].tags, "batch": outer.params[0][1:]}
    assert inner[2].tags == {"batch": inner[0].params[0][1:], "draft/multiline-concat": ""}
    assert inner[-1].tags["batch"] == outer.params[0][1:]


def test_who_joins_sees_its_lines(town: Town) -> None:
    """Playback gives what a client can take."""
    say(town.person("ann", "#a", caps=CAPS), "one", "", "two")
    replies = town.person("bob").say("JOIN #a")
    assert [message.params[1][-3:] for message in replies if message.command == "PRIVMSG"] == [
        "one",
        "two",
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["@batch=1 PRIVMSG #a x"] * 5, ("MULTILINE_MAX_LINES", "4")),
        ([f"@batch=1 PRIVMSG #a {'x' * 300}"] * 2, ("MULTILINE_MAX_BYTES", "600")),
        ([f"@batch=1 PRIVMSG #a :{'я' * 150}"] * 2, ("MULTILINE_MAX_BYTES", "600")),
        (["@batch=1 PRIVMSG #b x"], ("MULTILINE_INVALID_TARGET", "#a", "#b")),
        (["@batch=1 PRIVMSG #a x", "@batch=1 NOTICE #a x"], ("MULTILINE_INVALID",)),
        (["@batch=1 TAGMSG #a"], ("MULTILINE_INVALID",)),
        (["@batch=1 JOIN #c"], ("MULTILINE_INVALID",)),
        (["@batch=1 PRIVMSG #a"], ("MULTILINE_INVALID",)),
        (["@batch=2 PRIVMSG #a x"], ("MULTILINE_INVALID",)),
        (["@batch=1 BATCH +2 draft/multiline #a"], ("MULTILINE_INVALID",)),
        (
            ["@batch=1 PRIVMSG #a x", "@batch=1;draft/multiline-concat PRIVMSG #a :"],
            ("MULTILINE_INVALID",),
        ),
        (["@batch=1 PRIVMSG #a :", "@batch=1 PRIVMSG #a :", "BATCH -1"], ("MULTILINE_INVALID",)),
        (["BATCH -1"], ("MULTILINE_INVALID",)),
        (["BATCH -2"], ("MULTILINE_INVALID",)),
        (["BATCH +1 draft/multiline #a"], ("MULTILINE_INVALID",)),
    ],
)
def test_what_is_wrong_with_a_batch(
    town: Town, lines: list[str], expected: tuple[str, ...]
) -> None:
    """One FAIL with the code that the specification names; nobody sees anything of the batch,
    whatever still comes of it.
    """
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    ann.say("BATCH +1 draft/multiline #a")
    assert failure(ann, *lines) == expected
    if "BATCH -1" not in lines:
        assert ann.say("@batch=1 PRIVMSG #a late", "BATCH -1") == []
    assert bob.read() == []
    assert commands(say(bob, "and", "on")) == []
    assert commands(ann.read()) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("BATCH +a_b draft/multiline #a", ("INVALID_REFTAG", "a_b")),
        (f"BATCH +{'x' * 65} draft/multiline #a", ("INVALID_REFTAG", "x" * 65)),
        ("BATCH + draft/multiline #a", ("INVALID_REFTAG", "*")),
        ("BATCH 1 draft/multiline #a", ("INVALID_REFTAG", "1")),
        ("BATCH +1 example/other #a", ("UNKNOWN_TYPE", "1", "example/other")),
        ("BATCH +1", ("UNKNOWN_TYPE", "1", "*")),
        ("BATCH +1 draft/multiline", ("MULTILINE_INVALID",)),
    ],
)
def test_a_batch_that_cannot_be_opened(town: Town, line: str, expected: tuple[str, ...]) -> None:
    """Of client-batch: "all past and future messages in this batch will be ignored"."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    assert failure(ann, line) == expected
    if line.startswith("BATCH +1"):
        assert ann.say("@batch=1 PRIVMSG #a late", "BATCH -1") == []
    assert bob.read() == []


def test_without_the_capability(town: Town) -> None:
    """The batch type is unknown to the server then, and the tag means nothing."""
    ann, bob = town.person("ann", "#a", caps="batch message-tags"), town.person("bob", "#a")
    assert failure(ann, "BATCH +1 draft/multiline #a") == ("UNKNOWN_TYPE", "1", "draft/multiline")
    ann.say("@batch=1 PRIVMSG #a :said anyhow")
    assert commands(bob.read()) == ["PRIVMSG"]


def test_the_limits_themselves_are_allowed(town: Town) -> None:
    """ "Each line feed used to join line messages contributes one byte"; a concatenated line has
    none.
    """
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    say(ann, "x" * 300, "x" * 299)
    say(ann, "x" * 300, "+" + "x" * 300)
    say(ann, "1", "2", "3", "4")
    assert commands(bob.read()).count("BATCH") == 6


def test_a_line_that_cannot_be_read_spoils_the_batch(town: Town) -> None:
    """A message must not come with a line missing, and nobody knowing."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    for bad in (BadLine(), b"@batch=1 PRIVMSG #a :\xff", b"@batch=1 PRIVMSG #a :\0"):
        ann.say("BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a one")
        assert [m.params[1] for m in ann.say(bad) if m.params[0] == "BATCH"] == [
            "MULTILINE_INVALID"
        ]
        assert ann.say("@batch=1 PRIVMSG #a three", "BATCH -1") == []
    assert bob.read() == []


def test_a_line_that_receivers_could_not_hold(town: Town) -> None:
    """Nothing is cut off in silence."""
    ann, bob = town.person("ann" * 10, "#a", caps=CAPS), town.person("bob", "#a", caps=CAPS)
    assert find(say(ann, "one", "x" * 480), "FAIL").params[1] == "MULTILINE_INVALID"
    assert bob.read() == []


def test_other_commands_go_on(town: Town) -> None:
    """A PING is answered, and what is said without the tag is said at once."""
    ann, bob = town.person("ann", "#a", caps=CAPS), town.person("bob", "#a")
    ann.say("BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a one")
    assert commands(ann.say("PING x")) == ["PONG"]
    ann.say("PRIVMSG #a between", "@batch=1 PRIVMSG #a two", "BATCH -1")
    assert [message.params[1] for message in bob.read()] == ["between", "one", "two"]


@pytest.mark.parametrize("late", ["@batch=1 PRIVMSG #a two", "BATCH -1"])
def test_a_batch_that_is_left_open(town: Town, late: str) -> None:
    """ "TIMEOUT <reference-tag>: the batch was left open for too long"."""
    ann = town.person("ann", "#a", caps=CAPS)
    ann.say("BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a one")
    for _ in range(2):
        town.clock.now += multiline.TIMEOUT
        assert ann.say("@batch=1 PRIVMSG #a :in time") == []
    town.clock.now += multiline.TIMEOUT + 1
    assert failure(ann, late) == ("TIMEOUT", "1")


def test_who_may_not_speak(town: Town, history: ListHistory) -> None:
    """The rules for one line are the rules for several."""
    town.person("ann", "#a").say("MODE #a +m")
    bob = town.person("bob", "#a", caps=CAPS)
    assert commands(say(bob, "one", "two")) == ["404"]
    assert [record for record in history.records if record.text] == []
