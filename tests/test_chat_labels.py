"""Labels of commands and of their replies (IRCv3 `labeled-response`)."""

from support import Town, commands, find, labelled
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message


def test_a_label_on_nothing_is_acknowledged(town: Town) -> None:
    """IRCv3 labeled-response: ACK "when a client sends a labeled command that normally produces no
    response".
    """
    assert labelled(town).say("@label=x PONG y") == [
        Message("ACK", (), "chat.local", {"label": "x"})
    ]


def test_a_label_on_one_reply(town: Town) -> None:
    """The one line carries the label: an answer, an error or the echo."""
    ann = labelled(town, "#a")
    assert find(ann.say("@label=x PING y"), "PONG").tags == {"label": "x"}
    assert find(ann.say("@label=x PRIVMSG zed :y"), "401").tags == {"label": "x"}
    assert find(ann.say("@label=x PRIVMSG #a :y"), "PRIVMSG").tags["label"] == "x"
    assert find(ann.say("@label=x NONSENSE"), "421").tags == {"label": "x"}


def test_a_label_on_a_line_that_is_not_carried_out(town: Town) -> None:
    """A client that waits for the answer learns that this is it."""
    ann = labelled(town)
    too_long = BadLine(tags=b"label=x")
    not_text, split = b"@label=x PRIVMSG ann :\xff", b"@label=x PRIVMSG ann :\r"
    for line, command in ((too_long, "417"), (not_text, "FAIL"), (split, "FAIL")):
        assert find(ann.say(line), command).tags == {"label": "x"}


def test_a_line_that_cannot_be_read_and_the_batch_have_their_own_labels(town: Town) -> None:
    """Each is an answer of its own."""
    ann = town.person("ann", "#a", caps="labeled-response batch draft/multiline message-tags")
    for line in (BadLine(tags=b"label=x"), b"@label=x PRIVMSG #a :\xff"):
        ann.say("@label=y BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a one")
        labels = {m.params[0]: m.tags["label"] for m in ann.say(line)}
        assert labels.pop("BATCH") == "y"
        assert list(labels.values()) == ["x"]


def test_a_label_before_registration(town: Town) -> None:
    """It is on the refusals, too."""
    newcomer = town.newcomer()
    newcomer.say("CAP REQ labeled-response", "CAP REQ batch")
    for line in (b"@label=x PRIVMSG ann hi", b"@label=x NONSENSE", BadLine(tags=b"label=x")):
        assert [m.tags for m in newcomer.say(line)] == [{"label": "x"}]


def test_a_label_on_several_replies(town: Town) -> None:
    """A batch whose start carries the label; the own JOIN belongs to it, others see it without."""
    bob = town.person("bob", "#a", caps="message-tags")
    start, *inner, end = labelled(town).say("@label=x JOIN #a")
    assert start.tags == {"label": "x"}
    assert start.params[1] == "labeled-response"
    assert commands(inner) == ["JOIN", "353", "366"]
    assert (
        {message.tags["batch"] for message in inner} == {start.params[0][1:]} == {end.params[0][1:]}
    )
    assert "batch" not in bob.read()[0].tags


def test_a_label_on_a_message_to_oneself(town: Town) -> None:
    """The server "MUST NOT include the label tag, except for any acknowledgment sent with the
    echo-message mechanism".
    """
    ann = labelled(town)
    assert sorted("label" in message.tags for message in ann.say("@label=x PRIVMSG ann :hi")) == [
        False,
        True,
    ]


def test_labels_that_do_not_count(town: Town) -> None:
    """Not negotiated, or longer than 64 bytes."""
    assert town.person("bob").say("@label=x PONG y") == []
    assert labelled(town).say(f"@label={'x' * 65} PONG y") == []
