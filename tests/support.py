"""A test world with a clock that stands still, and the clients in it."""

import re
import unicodedata
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar, cast

import scramp

import invariants
from trio_chat.chat.accounts import (
    Account,
    AccountIndex,
    Certificate,
    Credentials,
    Email,
    Origin,
    Refreshed,
    ScramKeys,
)
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Change, OperatorAppointed, SessionEnded
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output, OutputItem
from trio_chat.chat.history import (
    MESSAGES,
    RENAME,
    HistoryError,
    HistoryFilter,
    Query,
    Record,
    Span,
)
from trio_chat.chat.multiline import flatten
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import modes
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message, parse
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import strip_formatting
from trio_chat.server.broadcaster import gather, records_of, unstored_parts

T = TypeVar("T")

NOON = 1_800_000_000.0
"""Seconds of Unix time at which every test world starts."""


class Clock:
    """A clock that moves only when it is set."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Person:
    """A client of a test world, and the sink of its session: it keeps what it is sent until it is
    read.
    """

    def __init__(self, town: "Town", host: str = "192.0.2.1") -> None:
        self.town = town
        self.session = Session(self, host, town.clock())
        self.received = b""
        self.ended = ""
        town.world.connect(self.session)

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Take bytes from the server."""
        assert data.endswith(b"\r\n")
        self.received += data

    def end(self, reason: str) -> None:
        """Be ended by the server."""
        self.ended = reason

    def say(self, *lines: str | bytes | BadLine) -> list[Message]:
        """Send lines to the server and return what came back to this person."""
        for line in lines:
            self.town.say_quietly(self, line.encode() if isinstance(line, str) else line)
        return self.read()

    def read(self) -> list[Message]:
        """Return what was received since the last time."""
        data, self.received = self.received, b""
        for line in data.split(b"\r\n")[:-1]:
            body = line.split(b" ", 1)[1] if line.startswith(b"@") else line
            assert len(body) <= 510, line
        return [parse(line.decode()) for line in data.split(b"\r\n")[:-1]]

    def leave(self, reason: str = "Connection closed") -> None:
        """Be disconnected."""
        self.town.deliver(
            Output(tuple(apply(self.town.world, SessionEnded(self.session.id, reason)))), self
        )


class Town:
    """A world with people in it; everything is delivered at once."""

    def __init__(
        self,
        server_info: ServerInfo | None = None,
        lengths: Lengths | None = None,
        storage: StoragePorts | None = None,
    ) -> None:
        self.clock = Clock()
        self.world = World(
            server_info or ServerInfo(created=NOON), lengths or Lengths(), self.clock, 5, storage
        )
        self.world.observers.append(self.check)

    def say_quietly(self, person: Person, line: bytes | BadLine) -> None:
        """Have a line carried out; what comes of it waits to be read by whom it was sent to."""
        self.deliver(handle_line(self.world, person.session, line), person)

    def deliver(self, output: Output, origin: Person) -> None:
        """Store and deliver the output of a command, with the functions of the broadcaster."""
        parts: Sequence[OutputItem] = output.parts
        storage = self.world.storage
        if storage and (records := records_of([output])):
            try:
                run_now(storage.history.commit(records))
            except HistoryError:
                parts = unstored_parts(output)
        for session, data, is_reply in gather(parts):
            session.sink.send(data, is_reply=is_reply)
        if output.close:
            origin.end(output.close)
            origin.leave(output.close)
        if output.more is not None:
            self.deliver(output.more(), origin)
        if output.later is not None:
            self.deliver(run_now(output.later()), origin)

    @property
    def history(self) -> "ListHistory":
        """The history of the world."""
        assert self.world.storage is not None
        assert isinstance(self.world.storage.history, ListHistory)
        return self.world.storage.history

    def check(self, change: Change) -> None:
        """Check the invariants of the world, and that the sets which it keeps are right."""
        world = self.world
        invariants.check(world)
        assert world.unregistered == {
            session for session in world.sessions.values() if session.user is None
        }
        assert world.channels.secret == {
            channel for channel in world.channels.values() if modes.SECRET in channel.flags
        }
        assert world.invisible == {
            user for user in world.users.values() if modes.INVISIBLE in user.modes
        }

    def appoint(self, user: User | None, block: Operator) -> None:
        """Make a user an operator of the server, by a block that the configuration gets for it."""
        assert user is not None
        operators = {**self.world.server_info.operators, fold_or_self(block.name): block}
        self.world.server_info = replace(self.world.server_info, operators=operators)
        apply(self.world, OperatorAppointed(user.folded, block.name))

    def newcomer(self, host: str = "192.0.2.1") -> Person:
        """Return somebody who has only connected."""
        return Person(self, host)

    def person(self, nick: str, *joins: str, caps: str = "", host: str = "192.0.2.1") -> Person:
        """Return somebody registered, in some channels, with everything read."""
        person = self.newcomer(host)
        if caps:
            assert person.say(f"CAP REQ :{caps}")[-1].params[1] == "ACK", caps
        person.say(f"NICK {nick}", f"USER {nick} 0 * :{nick} the tester", "CAP END")
        assert person.session.user is not None, nick
        for channel in joins:
            person.say(f"JOIN {channel}")
        for session in self.world.sessions.values():
            assert isinstance(session.sink, Person)
            session.sink.read()
        return person


class OpenAccounts(AccountIndex):
    """A keeper of accounts that hashes nothing and never has to wait."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(1)
        self.passwords: dict[str, str] = {}
        self.owners: dict[
            tuple[str, int], bool
        ] = {}  # fingerprints and accounts, and whether the key was proved
        self.emails: dict[str, Email] = {}
        self.devices: list[tuple[str, Origin]] = []
        self.error: Exception | None = None

    def add(self, name: str, password: str) -> Account:
        """Have an account."""
        account = Account(name, fold_or_self(name), int(NOON), next(self._numbers))
        self.note(account)
        self.passwords[account.folded] = password
        return account

    async def prepare(self, password: str, origin: Origin) -> Credentials:
        """Return a password as it is."""
        if self.error:
            raise self.error
        return Credentials(password, ScramKeys(b"", 0, b"", b""))

    async def create(
        self, account: Account, credentials: Credentials, email: Email | None = None
    ) -> Account | None:
        """Make an account."""
        if self.error:
            raise self.error
        if account.folded in self.known or account.folded in self.dropped:
            return None
        account = account._replace(id=next(self._numbers))
        self.note(account)
        self.passwords[account.folded] = credentials.password
        if email is not None:
            self.emails[account.folded] = email
        return account

    async def email(self, account: int) -> Email | None:
        """Return an account's address."""
        if self.error:
            raise self.error
        return self.emails.get(self.by_id[account].folded)

    async def verify(self, folded: str, password: str, origin: Origin) -> Account | None:
        """Return the account when the password is right."""
        if self.error:
            raise self.error
        return self.known[folded] if self.passwords.get(folded) == password else None

    def refuse_guesser(self, folded: str, origin: Origin) -> None:
        """Refuse nobody."""

    async def note_wrong(self, folded: str, origin: Origin) -> None:
        """Count nothing."""

    def note_right(self, folded: str, origin: Origin) -> None:
        """Note where the owner has logged in from."""
        self.devices.append((folded, origin))

    async def scram_keys(self, folded: str, origin: Origin) -> ScramKeys:
        """Return what SCRAM needs, with few rounds."""
        password = self.passwords.get(folded, "a password that nobody has")
        salt, stored_key, server_key, iterations = scramp.ScramMechanism(
            "SCRAM-SHA-256"
        ).make_auth_info(password, 4096, b"twelve bytes")
        return ScramKeys(salt, iterations, stored_key, server_key)

    async def set_password(self, account: int, password: str, origin: Origin) -> None:
        """Give an account another password."""
        self.passwords[self.by_id[account].folded] = password

    async def certificates(self, account: int) -> list[Certificate]:
        """Return an account's certificates."""
        return [
            Certificate(shown, is_proved)
            for (shown, owner), is_proved in self.owners.items()
            if owner == account
        ]

    async def by_certificate(self, fingerprint: str, wanted: str = "") -> Account | None:
        """Return the account that a certificate logs in to."""
        if wanted:
            account = self.known.get(wanted)
            return (
                account
                if account is not None and (fingerprint, account.id) in self.owners
                else None
            )
        owner = next(
            (
                owner
                for (shown, owner), is_proved in self.owners.items()
                if shown == fingerprint and is_proved
            ),
            0,
        )
        return self.by_id.get(owner)

    async def add_certificate(self, account: int, fingerprint: str, *, is_proved: bool) -> bool:
        """Let a certificate log in."""
        holder = await self.by_certificate(fingerprint)
        if holder is not None and holder.id != account:
            return False
        if is_proved:
            self.owners = {
                key: value for key, value in self.owners.items() if key[0] != fingerprint
            }
        self.owners[fingerprint, account] = is_proved or self.owners.get(
            (fingerprint, account), False
        )
        return True

    async def remove_certificate(self, account: int, fingerprint: str) -> bool:
        """Let a certificate not log in any more."""
        return self.owners.pop((fingerprint, account), None) is not None

    async def delete(self, account: int) -> None:
        """Delete an account."""
        del self.passwords[self.by_id[account].folded]
        self.drop(self.by_id[account])

    async def free(self, folded: str) -> bool:
        """Let the name of a deleted account be registered again."""
        return self.release(folded)

    async def refresh(self) -> Refreshed:
        """Learn of nothing."""
        return Refreshed()


class ListHistory:
    """A history in a list, which never has to wait."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.error: HistoryError | None = None
        self.searchable = 1

    @property
    def said(self) -> list[Record]:
        """What was said; without who came and went."""
        return [record for record in self.records if record.command in MESSAGES]

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Remember messages."""
        if self.error:
            raise self.error
        for record in records:
            if record.command == RENAME:
                self._rename(record.buffer, fold_or_self(record.params[0]))
            else:
                self.records.append(record)

    def _rename(self, before: str, name: str) -> None:
        names = {name: f"{name}-old", before: name}
        self.records = [
            record._replace(buffer=names.get(record.buffer, record.buffer))
            for record in self.records
        ]

    async def messages(
        self,
        buffer: str,
        span: Span,
        limit: int,
        private_after: int,
        shown: HistoryFilter = HistoryFilter.MESSAGES,
    ) -> list[Record]:
        """Return a range, by the very words of the port."""
        if self.error:
            raise self.error
        found = [
            record
            for record in self.records
            if record.buffer == buffer
            and span.after < record.id < span.before
            and (record.id > private_after or not record.is_private)
            and (record.command in MESSAGES or shown is not HistoryFilter.MESSAGES)
            and (record.command != "TAGMSG" or shown is HistoryFilter.WITH_TAGMSG)
        ]
        return (found[-limit:] if span.from_newest else found[:limit]) if limit else []

    async def search(self, query: Query, span: Span, limit: int) -> list[Record]:
        """Return what a query finds, by the very words of the port."""
        if self.error:
            raise self.error
        found = [
            record
            for record in self.records
            if record.command in MESSAGES
            and record.buffer in query.buffers
            and span.after < record.id < span.before
            and (record.id > query.buffers[record.buffer] or not record.is_private)
            and record.id >= query.oldest.get(record.buffer, 0)
            and (not query.sender or fold_or_self(record.source.partition("!")[0]) == query.sender)
            and _has_words(record.text, query.text)
        ]
        return (found[-limit:] if span.from_newest else found[:limit]) if limit else []

    async def searchable_from(self) -> int:
        """Return from where on messages are found."""
        return self.searchable

    async def prune(
        self, before: int, limit: int, only: str | None = None, without: Sequence[str] = ()
    ) -> int:
        """Forget what is old, by the very words of the port."""
        old = [
            record
            for record in self.records
            if record.id < before and only in (None, record.buffer) and record.buffer not in without
        ][:limit]
        self.records = [record for record in self.records if record not in old]
        return len(old)

    async def redact(self, buffer: str, number: int) -> bool:
        """Forget one message."""
        if self.error:
            raise self.error
        before = len(self.records)
        self.records = [
            record for record in self.records if (record.buffer, record.id) != (buffer, number)
        ]
        return len(self.records) < before

    async def conversations(self, account: int) -> list[str]:
        """Return where an account has private messages."""
        buffers = dict.fromkeys(record.buffer for record in self.records)
        return [buffer for buffer in buffers if "," in buffer and str(account) in buffer.split(",")]


def _words(text: str) -> list[str]:
    text = strip_formatting(flatten(text))
    plain = "".join(
        char
        for char in unicodedata.normalize("NFD", text.lower())
        if not unicodedata.combining(char)
    )
    return re.findall(r"[^\W_]+|_|[.-](?=\w)", plain)


def _has_words(text: str, wanted: str) -> bool:
    """Return whether every word wanted is in a text: words that stand together there too, the last
    one as a beginning.
    """
    if not wanted:
        return True
    words = _words(text)
    phrases = [phrase for word in wanted.split() if (phrase := _words(word))]
    return bool(phrases) and all(
        _has_phrase(words, phrase, is_whole=len(phrase[-1]) < 3) for phrase in phrases
    )


def _has_phrase(words: list[str], phrase: list[str], *, is_whole: bool) -> bool:
    *first, last = phrase
    return any(
        words[start : start + len(first)] == first
        and (
            words[start + len(first)] == last
            if is_whole
            else words[start + len(first)].startswith(last)
        )
        for start in range(len(words) - len(first))
    )


def run_now(work: Awaitable[T]) -> T:
    """Run something that may wait, but does not."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return cast("T", end.value)
    raise AssertionError("it waits")


def commands(messages: list[Message]) -> list[str]:
    """Return just the commands."""
    return [message.command for message in messages]


def labelled(town: Town, *joins: str) -> Person:
    """Return a client that labels its commands."""
    return town.person("ann", *joins, caps="labeled-response batch echo-message message-tags")


def offered(person: Person) -> list[str]:
    """Return all capabilities that somebody is offered, with their values."""
    return " ".join(
        message.params[-1] for message in person.say("CAP LS 302") if message.command == "CAP"
    ).split()


def find(messages: list[Message], command: str) -> Message:
    """Return the only message with this command."""
    found = [message for message in messages if message.command == command]
    assert len(found) == 1, messages
    return found[0]
