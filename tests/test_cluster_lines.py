"""The lines of a client that all nodes of a cluster carry out, and those of its node alone."""

import pytest

from support import NOON
from trio_chat.chat.users import NOWHERE, Session, User
from trio_chat.cluster.lines import ClientLines
from trio_chat.irc import capabilities as cap
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.lines import BadLine


@pytest.fixture
def lines() -> ClientLines:
    """Lines of a registered client that may send batches."""
    session = Session(NOWHERE, "192.0.2.1", NOON)
    session.user = User("ann", "ann", "u", "h", "Real", NOON)
    session.set_caps(cap.MULTILINE | cap.BATCH | cap.MESSAGE_TAGS)
    return ClientLines(session, Lengths(multiline_lines=3))


def test_a_batch_is_carried_out_when_it_is_complete(lines: ClientLines) -> None:
    """Other lines are carried out at once."""
    batch = (b"BATCH +1 draft/multiline #a", b"@batch=1 PRIVMSG #a :x", b"BATCH -1")
    assert lines.sort(batch[0]) == ()
    assert lines.sort(b"PING x") is None
    assert lines.sort(batch[1]) == ()
    assert lines.sort(b"JOIN #b") == (b"JOIN #b",)
    assert lines.sort(batch[2]) == batch


def test_a_line_that_is_too_long_spoils_the_batch_on_all_nodes(lines: ClientLines) -> None:
    """An empty line stands for it."""
    lines.sort(b"BATCH +1 draft/multiline #a")
    assert lines.sort(BadLine.TOO_LONG) == ()
    assert lines.sort(b"BATCH -1") == (b"BATCH +1 draft/multiline #a", b"", b"BATCH -1")


def test_a_batch_that_does_not_end_is_bounded(lines: ClientLines) -> None:
    """What is kept is enough for its refusal."""
    lines.sort(b"BATCH +1 draft/multiline #a")
    for _ in range(1000):
        assert lines.sort(b"@batch=1 PRIVMSG #a :x") == ()
    kept = lines.sort(b"BATCH -1")
    assert kept is not None
    assert 3 < len(kept) < 10
    assert kept[-1] == b"BATCH -1"


@pytest.mark.parametrize("service", ["NickServ", "nickserv"])
def test_a_batch_for_a_service_does_not_come_into_the_log(lines: ClientLines, service: str) -> None:
    """It may have a password in it."""
    for text in (
        f"BATCH +1 draft/multiline {service}",
        f"@batch=1 PRIVMSG {service} :IDENTIFY ann secret",
        f"@batch=1 PRIVMSG {service} :more",
        "BATCH -1",
    ):
        assert lines.sort(text.encode()) is None
    assert lines.sort(b"JOIN #a") == (b"JOIN #a",)


def test_a_batch_that_is_refused_is_no_batch(lines: ClientLines) -> None:
    """Its client gets the refusal at once."""
    assert lines.sort(b"BATCH +1 unknown #a") == (b"BATCH +1 unknown #a",)


def test_a_batch_after_one_for_a_service_is_for_all_nodes(lines: ClientLines) -> None:
    """Also if the client has not ended that one."""
    batch = (b"BATCH +2 draft/multiline #a", b"@batch=2 PRIVMSG #a :x", b"BATCH -2")
    assert lines.sort(b"BATCH +1 draft/multiline NickServ") is None
    assert lines.sort(batch[0]) == ()
    assert lines.sort(batch[1]) == ()
    assert lines.sort(batch[2]) == batch


def test_a_client_without_batches_is_in_none_for_a_service(lines: ClientLines) -> None:
    """Its lines are messages, although they have the tag."""
    assert lines.sort(b"BATCH +1 draft/multiline NickServ") is None
    lines._session.set_caps(cap.MESSAGE_TAGS)
    assert lines.sort(b"@batch=1 PRIVMSG #a :x") == (b"@batch=1 PRIVMSG #a :x",)
    assert lines.sort(b"@batch=1 PRIVMSG NickServ :IDENTIFY ann secret") is None


def test_a_line_for_a_service_in_another_batch_does_not_come_into_the_log(
    lines: ClientLines,
) -> None:
    """An empty line, which spoils the batch as well, stands for it."""
    lines.sort(b"BATCH +1 draft/multiline #a")
    assert lines.sort(b"@batch=1 PRIVMSG NickServ :IDENTIFY ann secret") == ()
    assert lines.sort(b"BATCH -1") == (b"BATCH +1 draft/multiline #a", b"", b"BATCH -1")
