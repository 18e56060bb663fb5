"""History equals what members saw: random people do random things, and what each reads again is
what each was sent.

People with and without capabilities come, speak, react, take back, rename, set modes, part and are
cut off, over the real rules and the real SQLite, in the broadcaster's order: remembered, then
delivered. The model is what each was sent live. HISTORY_STEPS makes a run longer, HISTORY_RUNS
makes more of them.
"""

import os
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import apsw
import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from support import Person, Town
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.message import Message
from trio_chat.storage.database import Database
from trio_chat.storage.history import SqliteHistory
from trio_chat.storage.schema import migrate
from trio_chat.storage.transactions import in_transaction

T = TypeVar("T")

CHANNELS = ("#a", "#b")
MOST_PEOPLE = 4
BASE = (
    "batch message-tags server-time account-tag echo-message draft/chathistory"
    " draft/message-redaction soju.im/search"
)
PLAYBACK = f"{BASE} draft/event-playback"
CAPS = (BASE, PLAYBACK, f"{PLAYBACK} extended-join draft/multiline")
SAID = frozenset(("PRIVMSG", "NOTICE"))
SHOWN = SAID | {"TAGMSG", "JOIN", "PART", "QUIT", "KICK", "NICK", "TOPIC", "MODE"}
MODES = ("+i", "-i", "+k x", "-k x", "+t", "-t", "+s", "-s", "+m", "-m")
TEXTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x500, exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=20,
)


class HereDatabase(Database):
    """SQLite without threads: the machine never waits, so that every run is the same."""

    def __init__(self) -> None:
        self._here = apsw.Connection(":memory:")
        migrate(self._here)

    async def write(self, work: Callable[..., T], *args: object, **kwargs: object) -> T:
        """Run work as one transaction, here and now."""
        return in_transaction(self._here, work, *args, **kwargs)

    async def read(self, work: Callable[..., T], *args: object, **kwargs: object) -> T:
        """Run work here and now."""
        return work(self._here, *args, **kwargs)

    search = read
    erase = write


class Line(NamedTuple):
    """What of a line is to be the same when it is shown again."""

    msgid: str
    time: str
    account: str
    is_bot: bool
    command: str
    source: str
    params: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]


def lines_of(messages: list[Message]) -> list[Line]:
    """Return messages with a msgid, without what belongs to the moment: the batches they came
    in.
    """
    return [
        Line(
            message.tags["msgid"],
            message.tags["time"],
            message.tags.get("account", ""),
            "bot" in message.tags,
            message.command,
            message.source,
            message.params,
            tuple(
                sorted((key, value) for key, value in message.tags.items() if key.startswith("+"))
            ),
        )
        for message in messages
        if "msgid" in message.tags and message.command in SHOWN
    ]


class Member:
    """Somebody, and what that person was sent of each channel since coming into it."""

    def __init__(self, person: Person, caps: str) -> None:
        self.person = person
        self.caps = caps
        self.seen: dict[str, list[Line]] = {}
        self.since: dict[str, str] = {}  # the msgid of the own JOIN
        self.members_before: dict[str, set[str]] = {}

    @property
    def nick(self) -> str:
        """The nickname of now."""
        assert self.person.session.user is not None
        return self.person.session.user.nick

    def take(self) -> None:
        """Read what has come, and remember it by channel."""
        messages = self.person.read()
        for message in messages:
            if message.command == "REDACT":
                for seen in self.seen.values():
                    seen[:] = [line for line in seen if line.msgid != message.params[1]]
        for line in lines_of(messages):
            where = [line.params[0]] if line.command not in ("NICK", "QUIT") else self.shared(line)
            for channel in where:
                self._note(channel, line)

    def shared(self, line: Line) -> list[str]:
        """Return the channels in which a NICK or a QUIT belongs: those in which its doer was seen
        and is.
        """
        nick = line.source.partition("!")[0]
        return [channel for channel in self.seen if nick in self.members_before.get(channel, ())]

    def _note(self, channel: str, line: Line) -> None:
        is_own = line.source.partition("!")[0] == self.nick
        if line.command == "JOIN" and is_own:
            self.seen[channel], self.since[channel] = [], line.msgid
        if channel not in self.seen:
            return
        # JOIN and PART are not stored for a channel with a single member.
        is_alone = self.members_before.get(channel, set()) <= {line.source.partition("!")[0]}
        is_remembered = line.command in ("TAGMSG", "TOPIC", "MODE") or not is_alone
        if line.command in SAID or ("event-playback" in self.caps and is_remembered):
            self.seen[channel].append(line)
        if (line.command == "PART" and is_own) or (
            line.command == "KICK" and line.params[1] == self.nick
        ):
            del self.seen[channel]


class History(RuleBasedStateMachine):
    """What people do; after each step everybody reads everything again."""

    def __init__(self) -> None:
        super().__init__()
        self.town = Town(
            storage=StoragePorts(
                history=SqliteHistory(HereDatabase()), playback=0, most_messages=1000
            )
        )
        self.members: list[Member] = []
        self.names = 0

    def act(self, member: Member, *lines: str) -> None:
        """Have somebody send lines, one after the other, and everybody look at what comes of
        each.
        """
        for line in lines:
            before = {
                name: {m.nick for m in c.members} for name, c in self.town.world.channels.items()
            }
            for each in self.members:
                each.members_before = before
            self.town.clock.now += 0.25
            answers = member.person.say(line)
            for message in answers:
                assert message.command != "FAIL", message
            # `say` has read what came to its sender: put it back, so that everybody is looked at in
            # the same way.
            member.person.received = b"".join(
                f"{message.line()}\r\n".encode() for message in answers
            )
            self.look()

    def look(self) -> None:
        """Have everybody look at what has come."""
        for member in self.members:
            member.take()

    def in_channel(self, member: Member, channel: str) -> bool:
        """Return whether a user is there."""
        return channel in member.seen

    @precondition(lambda self: len(self.members) < MOST_PEOPLE)
    @rule(caps=st.sampled_from(CAPS))
    def come(self, caps: str) -> None:
        """Somebody comes."""
        self.names += 1
        self.members.append(Member(self.town.person(f"n{self.names}", caps=caps), caps))

    someone = st.integers(0, MOST_PEOPLE - 1)
    somewhere = st.sampled_from(CHANNELS)

    def who(self, number: int) -> Member:
        """Return one of those who are here."""
        return self.members[number % len(self.members)]

    @precondition(lambda self: self.members)
    @rule(number=someone, channel=somewhere)
    def join(self, number: int, channel: str) -> None:
        """Somebody comes into a channel."""
        if not self.in_channel(self.who(number), channel):
            self.act(self.who(number), f"JOIN {channel}")

    @precondition(lambda self: self.members)
    @rule(number=someone, channel=somewhere, text=TEXTS, verb=st.sampled_from(sorted(SAID)))
    def speak(self, number: int, channel: str, text: str, verb: str) -> None:
        """Somebody says something."""
        if self.in_channel(self.who(number), channel):
            self.act(self.who(number), f"{verb} {channel} :{text}")

    @precondition(lambda self: self.members)
    @rule(number=someone, channel=somewhere, fleeting=st.booleans())
    def react(self, number: int, channel: str, fleeting: bool) -> None:
        """Somebody reacts, which is remembered; that somebody types is not."""
        member = self.who(number)
        if self.in_channel(member, channel):
            before = [list(each.seen.get(channel, [])) for each in self.members]
            self.act(
                member,
                f"@{'+typing=active' if fleeting else '+draft/react=x;+draft/reply=y'} TAGMSG"
                f" {channel}",
            )
            if fleeting:
                for each, seen in zip(self.members, before, strict=True):
                    if channel in each.seen:
                        each.seen[channel] = seen

    @precondition(lambda self: self.members)
    @rule(number=someone, channel=somewhere, which=st.integers(0, 50))
    def redact(self, number: int, channel: str, which: int) -> None:
        """Somebody takes back an own message."""
        member = self.who(number)
        own = [
            line
            for line in member.seen.get(channel, [])
            if line.command in SAID and line.source.startswith(f"{member.nick}!")
        ]
        if own:
            self.act(member, f"REDACT {channel} {own[which % len(own)].msgid}")

    @precondition(lambda self: self.members)
    @rule(number=someone)
    def rename(self, number: int) -> None:
        """Somebody takes another nickname."""
        self.names += 1
        self.act(self.who(number), f"NICK n{self.names}")

    @precondition(lambda self: self.members)
    @rule(
        number=someone,
        channel=somewhere,
        mode=st.sampled_from(["+i", "-i", "+k x", "-k x", "+t", "-t", "+s", "-s", "+m", "-m"]),
    )
    def set_mode(self, number: int, channel: str, mode: str) -> None:
        """Somebody opens or closes a channel, or tries to."""
        if self.in_channel(self.who(number), channel):
            self.act(self.who(number), f"MODE {channel} {mode}")

    @precondition(lambda self: self.members)
    @rule(number=someone, channel=somewhere, text=TEXTS)
    def set_topic(self, number: int, channel: str, text: str) -> None:
        """Somebody sets a topic, or tries to."""
        if self.in_channel(self.who(number), channel):
            self.act(self.who(number), f"TOPIC {channel} :{text}")

    @precondition(lambda self: self.members)
    @rule(number=someone, other=someone, channel=somewhere)
    def kick(self, number: int, other: int, channel: str) -> None:
        """Somebody removes another, or tries to."""
        if self.who(number) is not self.who(other) and self.in_channel(self.who(number), channel):
            self.act(self.who(number), f"KICK {channel} {self.who(other).nick}")

    @precondition(lambda self: self.members)
    @rule(number=someone, channel=somewhere)
    def part(self, number: int, channel: str) -> None:
        """Somebody leaves a channel."""
        if self.in_channel(self.who(number), channel):
            self.act(self.who(number), f"PART {channel}")

    @precondition(lambda self: self.members)
    @rule(number=someone)
    def lose(self, number: int) -> None:
        """Somebody's connection is lost."""
        member = self.who(number)
        before = {name: {m.nick for m in c.members} for name, c in self.town.world.channels.items()}
        for each in self.members:
            each.members_before = before
        self.members.remove(member)
        member.person.leave()
        self.look()

    @invariant()
    def everybody_reads_what_everybody_saw(self) -> None:
        """From the own JOIN on, the history of a channel is what was delivered, in order; and
        closed to who is not there.
        """
        for member in self.members:
            for channel in CHANNELS:
                answer = member.person.say(f"CHATHISTORY LATEST {channel} * 1000")
                if channel not in member.seen:
                    assert [(m.command, m.params[1]) for m in answer] == [
                        ("FAIL", "INVALID_TARGET")
                    ]
                    continue
                shown, seen = lines_of(answer), member.seen[channel]
                assert [line for line in shown if line.msgid >= member.since[channel]] == seen


TestHistory = History.TestCase
TestHistory.settings = settings(
    max_examples=int(os.environ.get("HISTORY_RUNS", "40")),
    stateful_step_count=int(os.environ.get("HISTORY_STEPS", "40")),
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
