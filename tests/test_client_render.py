"""Rendering of events as lines of text, harmless for a terminal."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import client_fakes  # noqa: F401  the tests read English
from trio_chat.client.qr import qr_lines
from trio_chat.client.reasons import (
    account_refused,
    join_refused,
    message_refused,
    nick_refused,
    other_error,
)
from trio_chat.client.rendering import Renderer
from trio_chat.client.session import events
from trio_chat.client.session.events import Event, MessageKind
from trio_chat.client.spans import plain

SAID = [
    (events.Said("alice", "#lobby", "hi", own=True), "[YOU]: hi"),
    (events.Said("alice", "#other", "hi", own=True), "[YOU → #other]: hi"),
    (events.Said("alice", "Bob", "hi", own=True), "[YOU → Bob]: hi"),
    (events.Said("Bob", "#lobby", "hi"), '["Bob"]: hi'),
    (events.Said("Bob", "#other", "hi"), '["Bob" #other]: hi'),
    (events.Said("Bob", "alice", "hi", private=True), '["Bob" → you]: hi'),
    (events.Said("Bob", "#lobby", "waves", MessageKind.ACTION), "* Bob waves"),
    (events.Said("Bob", "#other", "waves", MessageKind.ACTION), "* Bob (#other) waves"),
    (events.Said("Bob", "alice", "waves", MessageKind.ACTION, private=True), "* Bob (→ you) waves"),
    (events.Said("alice", "Bob", "waves", MessageKind.ACTION, own=True), "* alice (→ Bob) waves"),
    (
        events.Said("Bob", "#lobby", "hi", played_back="2026-05-04T10:30:00.000Z"),
        '["Bob" 10:30]: hi',
    ),
    (
        events.Said("Bob", "#other", "hi", played_back="2026-05-03T10:30:00.000Z"),
        '["Bob" #other 2026-05-03 10:30]: hi',
    ),
    (
        events.Said("alice", "#lobby", "hi", own=True, played_back="2026-05-04T10:30:00Z"),
        "[YOU 10:30]: hi",
    ),
    (
        events.Said("Bob", "#lobby", "waves", MessageKind.ACTION, played_back="nonsense"),
        "* Bob (?) waves",
    ),
    (events.Said("Bob", "#lobby", "look", MessageKind.NOTICE), '[NOTICE "Bob"]: look'),
    (
        events.Said("Bob", "#lobby", "yes", reply_to="a"),
        '["Bob" in answer to Ann: “a long question that goes on and on …”]: yes',
    ),
    (
        events.Said("alice", "#other", "no", own=True, reply_to="a"),
        "[YOU → #other in answer to Ann: “a long question that goes on and on …”]: no",
    ),
    (
        events.Said("Bob", "#lobby", "yes", reply_to="c"),
        '["Bob" in answer to Ann: “https://example.org/a/path/that/goes/on…”]: yes',
    ),
    (events.Said("Bob", "#lobby", "yes", reply_to="b"), '["Bob" in answer to you: “mine”]: yes'),
    (
        events.Said("Bob", "#lobby", "yes", reply_to="gone"),
        '["Bob" in answer to an earlier message]: yes',
    ),
    (
        events.Reacted("Bob", "#lobby", "b", "👍"),
        "[INFO] Bob reacts with 👍 to your message “mine”.",
    ),
    (
        events.Reacted("Bob", "#lobby", "b", "👍", is_taken_back=True),
        "[INFO] Bob has taken 👍 back from your message “mine”.",
    ),
    (
        events.Reacted("alice", "#lobby", "gone", "👍", own=True),
        "[INFO] You react with 👍 to an earlier message.",
    ),
    (
        events.Reacted("alice", "#x", "b", "👍", own=True, is_taken_back=True),
        "[INFO] You have taken 👍 back from your message “mine” in #x.",
    ),
    (
        events.Redacted("#x", "gone", "Bob", "spam"),
        "[INFO] Bob has deleted an earlier message in #x. (spam)",
    ),
    (
        events.Redacted("#lobby", "a", "Ann"),
        "[INFO] Ann has deleted the message “a long question that goes on and on …”.",
    ),
    (
        events.Redacted("#lobby", "a", "Bob"),
        "[INFO] Bob has deleted the message of Ann “a long question that goes on and on …”.",
    ),
]


SAID += [
    (
        events.Whois("Bob", "311", ("~bob", "host", "*", "Bob the builder")),
        "[INFO] Bob is Bob the builder, ~bob@host.",
    ),
    (events.Whois("Bob", "319", ("#a @#b ",)), "[INFO] Bob is in #a @#b."),
    (
        events.Whois("Bob", "317", ("125", "1777852800", "seconds idle, signon time")),
        "[INFO] Bob has said nothing for 2 min, and has been here since 2026-05-04 00:00.",
    ),
    (events.Whois("Bob", "317", ("soon", "x")), "[INFO] Bob soon x"),
    (
        events.Whois("Bob", "378", ("is connecting from *@host 192.0.2.1",)),
        "[INFO] Bob is connected from *@host 192.0.2.1.",
    ),
    (events.Whois("Bob", "378", ("elsewhere",)), "[INFO] Bob elsewhere"),
    (events.Whois("Bob", "379", ("is using modes +ix",)), "[INFO] Bob has the modes +ix."),
    (events.Whois("Bob", "335", ("is a bot",)), "[INFO] Bob is a bot."),
    (
        events.Whois("Bob", "338", ("u@host", "192.0.2.1", "Is actually using host")),
        "[INFO] Bob has the address 192.0.2.1.",
    ),
    (
        events.Whois("Bob", "338", ("192.0.2.1", "actually using host")),
        "[INFO] Bob has the address 192.0.2.1.",
    ),
    (
        events.AwayChanged("alice", is_away=True, own=True),
        "[INFO] The others see that you are away.",
    ),
    (
        events.AwayChanged("alice", is_away=False, own=True),
        "[INFO] The others see that you are back.",
    ),
]


ADDRESS = "https://example.org/a/path/that/goes/on/and/on"
QUESTION = "a long question\nthat goes on and on and never ends"


SHOWN = {
    "a": events.Said("Ann", "#lobby", QUESTION, msgid="a"),
    "b": events.Said("alice", "#lobby", "mine", own=True, msgid="b"),
    "c": events.Said("Ann", "#lobby", ADDRESS, msgid="c"),
}


def renderer() -> Renderer:
    """Return a renderer for someone who talks in #lobby on the fourth of May."""
    return Renderer(
        lambda target: target == "#lobby", lambda: datetime(2026, 5, 4, 12, tzinfo=UTC), SHOWN.get
    )


@pytest.fixture
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in UTC where the system lets a process choose."""
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.mark.usefixtures("_in_utc")
@pytest.mark.parametrize(("event", "line"), SAID)
def test_said(event: Event, line: str) -> None:
    """The sender is shown, and the target unless it is the current channel."""
    assert [plain(shown) for shown in renderer().lines(event)] == [line]


EVIL = "\x1b[2J\x07\x9b31m\u202e\r\n"


@pytest.mark.parametrize(
    "event",
    [
        events.Said(EVIL, EVIL, EVIL),
        events.Said(EVIL, EVIL, EVIL, MessageKind.ACTION, own=True),
        events.Said(EVIL, EVIL, EVIL, MessageKind.NOTICE, private=True),
        events.Reacted(EVIL, EVIL, "a", EVIL),
        events.Redacted(EVIL, "gone", EVIL, EVIL),
        events.Whois(EVIL, "311", (EVIL, EVIL, EVIL, EVIL)),
        events.InvitationLink(EVIL, EVIL, EVIL),
        events.InvitationLink("*", EVIL, ""),
        events.Whois(EVIL, "317", (EVIL, EVIL)),
        events.MessageRefused(EVIL, EVIL, "999", EVIL),
        events.MessageRefused(EVIL, EVIL, "404", EVIL),
        events.MessageUnconfirmed(EVIL, EVIL),
        events.Connected(EVIL),
        events.UserJoined(EVIL, EVIL, own=False),
        events.JoinRefused(EVIL, "475", EVIL),
        events.JoinRefused(EVIL, "475", EVIL, had_key=True),
        events.JoinRefused(EVIL, "999", EVIL),
        events.UserParted(EVIL, EVIL, EVIL, own=False),
        events.UserKicked(EVIL, EVIL, EVIL, EVIL, own=True),
        events.UserQuit(EVIL, EVIL),
        events.UserRenamed(EVIL, EVIL, own=False),
        events.NickRefused(EVIL, "433", EVIL, registered=True),
        events.NickRefused(EVIL, "999", EVIL, registered=True),
        events.TopicIs(EVIL, EVIL),
        events.TopicChanged(EVIL, EVIL, EVIL),
        events.ModeChanged(EVIL, EVIL, EVIL, own=False),
        events.Names(EVIL, (EVIL, EVIL)),
        events.Names(EVIL, ()),
        events.ListedChannel(EVIL, EVIL, EVIL),
        events.ListedMask(EVIL, EVIL, EVIL, EVIL),
        events.MaskListEnd(EVIL, "b", 1),
        events.ChannelInvitation(EVIL, EVIL, EVIL, own=True),
        events.Away(EVIL, EVIL),
        events.ServerText(EVIL),
        events.ServerError(EVIL, "421", EVIL),
        events.ServerError(EVIL, "999", EVIL),
        events.Lost(EVIL),
        events.DeliveryUnknown(EVIL, EVIL),
        events.HistoryEnd(EVIL),
        events.UnreadStart(EVIL),
        events.HistoryGap(EVIL, 2),
        events.EarlierMessages(EVIL, 0),
        events.EarlierMessages(EVIL, 2),
        events.SearchResults(EVIL, EVIL, 0),
        events.SearchResults(EVIL, EVIL, 2),
        events.HistoryRefused(EVIL, EVIL),
        events.SearchUnknown(),
        events.Translated(EVIL, EVIL, EVIL, EVIL, EVIL),
        events.Translated("", "", EVIL, "", EVIL),
        events.TranslationRefused(EVIL, EVIL, "999", EVIL),
        events.TranslationRefused(EVIL, EVIL, "UNKNOWN_LANGUAGE", EVIL),
        events.LoggedIn(EVIL),
        events.LoggedOut(),
        events.AccountCreated(EVIL),
        events.MustVerify(EVIL, EVIL),
        events.AccountRefused(EVIL, "904", EVIL),
        events.AccountRefused(EVIL, "999", EVIL),
    ],
    ids=lambda event: type(event).__name__,
)
def test_nothing_from_outside_reaches_the_terminal(event: Event) -> None:
    """Control characters in any field of any event are made visible."""
    for line in renderer().lines(event):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", plain(line))


def test_many_names_are_a_number() -> None:
    """Of a crowded channel some names and the number of the others are shown."""
    (line,) = renderer().lines(
        events.Names("#lobby", tuple(f"n{number:03}" for number in range(60)))
    )
    assert plain(line).startswith("[INFO] 60 people in #lobby: n000, n001")
    assert plain(line).endswith("n049 and 10 more")


def test_an_invitation_is_shown_with_its_code() -> None:
    """A phone scans the link; any client takes the token."""
    link = "https://chat.example.org/#a?invite=tok"
    lines = [plain(line) for line in renderer().lines(events.InvitationLink("#a", "tok", link))]
    assert lines[0] == f"[INFO] A link that lets others in: {link}"
    assert lines[1] == "[INFO] With any IRC client: /join #a tok"
    rows = [line.removeprefix("[INFO] ") for line in lines[2:]]
    assert len({len(row) for row in rows}) == 1
    assert set("".join(rows)) == set(" ▀▄█")
    assert rows[0] == "█" * len(rows[0])
    assert len(rows) == (len(rows[0]) + 1) // 2
    without = renderer().lines(events.InvitationLink("*", "tok", ""))
    assert [plain(line) for line in without] == [
        "[INFO] To register an account with it: /register, then /verify nickname tok"
    ]
    opened = renderer().lines(events.InvitationLink("#a", "*", link, is_open=True))
    assert plain(opened[1]) == "[INFO] With any IRC client: /join #a"
    assert qr_lines("x" * 5000) == []


@pytest.mark.parametrize("command", ["NICKSERV", "CHANSERV", "INVITATION"])
def test_what_another_server_cannot_do(command: str) -> None:
    """Who has typed `/at` or `/pin` has asked for no such command."""
    assert other_error("421", command, "Unknown command") == (
        "This server cannot do that: it has no services that would."
    )
    assert other_error("421", "FOO", "Unknown") == "The server does not know the command FOO."


@pytest.mark.parametrize(
    ("code", "about", "sentence"),
    [
        ("404", "#a", "You may not write in #a."),
        ("472", "z", "The server does not know the mode z."),
        ("481", "", "Only operators of the server may do that."),
        ("501", "x", "The server does not know the mode x."),
        ("502", "", "You cannot change the modes of another user."),
        ("696", "#a", "#a: a mode cannot have this value. (Terse)"),
        ("713", "#a", "#a is open: /join #a"),
    ],
)
def test_other_errors_are_sentences(code: str, about: str, sentence: str) -> None:
    """The words of servers are terse, and always in English."""
    assert other_error(code, about, "Terse") == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (message_refused("#a", "477", "T"), "#a accepts messages only from users"),
        (message_refused("#a", "SLOW_MODE", "one in 5"), "#a is in slow mode (one in 5)"),
        (message_refused("#a", "MESSAGE_HELD", "T"), "it waits for an operator"),
        (message_refused("#a", "UNHEARD_OF", "Terse"), "Terse"),
        (join_refused("#a", "477", "T", had_key=False), "#a can be joined only by users"),
        (nick_refused("bo", "435", "T"), "You are banned or muted in a channel"),
        (account_refused("bo", "INVITATION_REQUIRED", "T"), "This server accepts new accounts by"),
    ],
)
def test_refusals_are_sentences(text: str, sentence: str) -> None:
    """What users meet of this server's rules is said in their language; where the server knows
    more, such as how long to wait, its words follow.
    """
    assert text.startswith(sentence)
