"""Labelled commands whose effects come from the log of a cluster (IRCv3 `labeled-response`)."""

from base64 import b64encode

import pytest

from cluster_town import Client, ClusterTown
from support import Town, commands, find
from trio_chat.chat.decided_events import DecidedEvents
from trio_chat.chat.response import Response

CAPS = (
    "message-tags echo-message draft/message-redaction batch labeled-response account-notify"
    " draft/oper-tag"
)


@pytest.fixture
def town() -> ClusterTown:
    """Return a cluster without users."""
    return ClusterTown()


def said(client: Client) -> str:
    """Have a client say something in #a; return its msgid."""
    return find(client.say("PRIVMSG #a :oops"), "PRIVMSG").tags["msgid"]


def test_an_effect_that_is_decided_on_has_the_label(town: ClusterTown) -> None:
    """Its client receives it once, as on one server; the others without a label."""
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    bob = town.there.person("bob", "JOIN #a", caps=CAPS)
    near = town.here.person("near", "JOIN #a", caps=CAPS)
    number = said(ann)
    bob.read()
    near.read()
    [line] = ann.say(f"@label=1 REDACT #a {number} :typo")
    assert (line.command, line.tags["label"]) == ("REDACT", "1")
    for other in (bob, near):
        [seen] = other.read()
        assert seen.command == "REDACT"
        assert "label" not in seen.tags
    town.check()


def test_an_effect_without_a_label_comes_once(town: ClusterTown) -> None:
    """It is a part of the answer as well."""
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    number = said(ann)
    [line] = ann.say(f"REDACT #a {number}")
    assert (line.command, dict(line.tags)) == ("REDACT", {})


def test_a_labelled_login_has_its_own_notice(town: ClusterTown) -> None:
    """RPL_LOGGEDIN and ACCOUNT are one answer; the member of a common channel sees ACCOUNT."""
    ann = town.here.person("ann", "JOIN #a", caps=CAPS)
    bob = town.there.person("bob", "JOIN #a", caps=CAPS)
    ann.read()
    start, *lines, end = ann.say("@label=2 NS IDENTIFY acc1 secret")
    assert (start.command, start.tags["label"], end.command) == ("BATCH", "2", "BATCH")
    assert [line.command for line in lines] == ["NOTICE", "900", "ACCOUNT"]
    assert all(line.tags["batch"] == start.params[0][1:] for line in lines)
    assert find(bob.read(), "ACCOUNT").params == ("acc1",)
    assert ann.read() == []


def test_a_login_is_confirmed_before_its_notice(town: ClusterTown) -> None:
    """In the order of one server, which clients wait for: RPL_LOGGEDIN, ACCOUNT, and the end."""
    ann = town.here.person("ann", caps=f"{CAPS} sasl")
    ann.say("AUTHENTICATE PLAIN")
    answer = ann.say(
        f"AUTHENTICATE {b64encode(b'acc1/acc1/secret'.replace(b'/', bytes(1))).decode()}"
    )
    assert commands(answer) == ["900", "ACCOUNT", "903"]
    assert commands(ann.say("NS LOGOUT")) == ["901", "ACCOUNT", "NOTICE"]


def test_what_a_decision_does_to_others_comes_in_the_order_of_the_log(town: ClusterTown) -> None:
    """Somebody else may have the nickname of a user that is ended before the answer comes."""
    ann = town.here.person("ann", "JOIN #a", "NS IDENTIFY acc1 secret", caps=CAPS)
    town.there.person("bob", "JOIN #a", "NS IDENTIFY acc1 secret")
    ann.read()
    answer = ann.say("@label=5 NS GHOST bob")
    assert commands(answer) == ["QUIT", "NOTICE"]
    assert "label" not in answer[0].tags


def test_a_copy_that_needs_another_capability_is_left_out(town: ClusterTown) -> None:
    """As on one server: without account-notify there is no ACCOUNT."""
    ann = town.here.person("ann", caps="batch labeled-response")
    lines = ann.say("@label=3 NS IDENTIFY acc1 secret")
    assert "ACCOUNT" not in {line.command for line in lines}


def test_an_effect_after_the_answer_is_no_part_of_it() -> None:
    """An answer that does not wait for it has only what there is."""
    town = Town()
    ann = town.person("ann")
    event = town.world.event(town.world.users["ann"], "ACCOUNT", ("acc1",), (ann.session,))
    early, late = DecidedEvents(), DecidedEvents()
    for events in early, late:
        reply = Response(town.world, ann.session)
        reply.emit_all(events)
        if events is late:
            reply.finish()
    assert early.divide([event]) == (event.replace(skip=ann.session),)
    assert late.divide([event]) == (event,)
