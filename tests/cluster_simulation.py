"""A simulation of a cluster: nodes with the real machine and appender, a log in memory, and one
seeded scheduler that delays, repeats, loses and kills.

Run as a program, it tries seeds: `python cluster_simulation.py FIRST COUNT`.
"""

import json
import logging
import random
import sys
from collections import Counter
from collections.abc import Coroutine, Generator
from dataclasses import dataclass, replace
from typing import Any, cast

from deliveries import deliveries
from storage_fakes import NO_PASSWORD, ListHistory, OpenAccounts
from support import NOON, run_now
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import Account, Origin
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import (
    AccountDeleted,
    AccountRegistered,
    BanSet,
    BansExpired,
    CertificateAdded,
    CertificateRemoved,
    Change,
    InvitationsExpired,
    OperatorAppointed,
    PasswordSet,
    RoomChanged,
    UserExpired,
)
from trio_chat.chat.decided_events import DecidedEvents
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output
from trio_chat.chat.history import MESSAGES, Record
from trio_chat.chat.ids import msgid
from trio_chat.chat.operation import Operation
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.quotas import Room
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.cluster import codec
from trio_chat.cluster.appender import Appender
from trio_chat.cluster.decisions import decide
from trio_chat.cluster.entries import Decided, Ended, Entry, Lost, Raised, Said
from trio_chat.cluster.machine import Applied, LogClock, Machine, UpdateNeeded
from trio_chat.cluster.own_decisions import OwnDecisions
from trio_chat.irc import capabilities as cap
from trio_chat.irc.isupport import Lengths
from trio_chat.server.broadcaster import records_of

CAPS = (
    0,
    cap.SERVER_TIME | cap.ECHO_MESSAGE | cap.MESSAGE_TAGS | cap.BATCH | cap.LABELED_RESPONSE,
    cap.AWAY_NOTIFY | cap.EXTENDED_MONITOR | cap.ACCOUNT_NOTIFY,
    cap.MESSAGE_TAGS | cap.MESSAGE_REDACTION,
    cap.METADATA_3 | cap.BATCH | cap.MULTI_PREFIX | cap.EXTENDED_JOIN,
)
ACCOUNTS = 4
ROOT = Operator(name="root")
_LOCAL = (
    "WHO #c0",
    "LUSERS",
    "@label=1 WHOIS n1",
    "MONITOR + n2,n3",
    "LIST",
    "NS IDENTIFY acc1 secret",
    "NS IDENTIFY acc2 secret",
    "PRIVMSG NickServ :IDENTIFY acc3 wrong",
    "NS LOGOUT",
    "NS SET always-on on",
    "NS SET always-on off",
    "NS SET multiclient off",
    "NS SET multiclient default",
    "NS PUSH WORDS +word",
    "OPER boss",
    "NS CLIENTS LOGOUT all",
    "NS GHOST acc1",
    "INVITATION CREATE #c0 2 1m",
    "INVITATION REVOKE #c0 *",
    "NS SUSPEND 1m acc3 why",
    "NS UNSUSPEND acc3",
)
"""What only the node of the client carries out: questions, and what it decides on."""
_ON_ACCOUNTS = (
    *["NS REGISTER {new}"] * 2,
    "NS SAREGISTER {name} {new}",
    *["NS FREE {name}"] * 2,
    "NS IDENTIFY {name} {password}",
    "NS SET PASSWORD {own} {new}",
    "NS DROP {own}",
    "NS CERT ADD {certificate}",
    "NS CERT DEL {certificate}",
)
"""What changes the table of accounts."""
_DONE = ("is yours now", "is registered.", "password is changed")
"""What a client is told when its new password counts."""
_DELETED = "deleted in the meantime"
"""What it is told when its account is gone; its password may have counted before."""


class StoredAccounts(OpenAccounts):
    """Accounts whose passwords and certificates are on the disk of a node."""

    def __init__(self, disk: "Disk") -> None:
        super().__init__()
        for number in range(1, ACCOUNTS + 1):
            self.add(f"acc{number}", "secret")
        self._disk = disk
        self.owners = disk.owners

    async def verify(self, folded: str, password: str, origin: Origin) -> Account | None:
        """Return the account when the password is right."""
        account = self.known.get(folded)
        number = account.id if account is not None else 0
        return account if self._disk.passwords.get(number) == password else None

    async def has_password(self, account: int) -> bool:
        """Return whether an account has a password of its own."""
        return self._disk.passwords.get(account, NO_PASSWORD) != NO_PASSWORD


def make_world(clock: LogClock, disk: "Disk | None" = None, always_on: str = "opt-out") -> World:
    """Return a new world, with the same configuration and accounts on each node."""
    disk = disk or Disk()
    return World(
        ServerInfo(
            created=NOON,
            operators={"root": ROOT},
            account_rules=AccountRules(always_on=always_on),
        ),
        Lengths(channels_per_user=5),
        clock,
        20,
        StoragePorts(history=disk.history, accounts=StoredAccounts(disk), playback=0),
    )


class Log:
    """The log of an engine.

    Attributes:
        entries: with their times.
        safe: how many of them are on a second machine, so that a failover does not lose them.
        now: seconds of Unix time.
    """

    def __init__(self) -> None:
        self.entries: list[tuple[float, Entry]] = []
        self.safe = 0
        self.now = NOON

    def fail_over(self) -> None:
        """Lose the entries that are on one machine only."""
        del self.entries[self.safe :]


class Disk:
    """What a node has stored: it is there after a crash.

    Attributes:
        snapshot: the state of the machine at `taken`.
        taken: how many entries had been carried out then.
        position: up to which entry messages are stored: in one transaction with these.
        history: the stored messages.
        redacted: the texts of those that were deleted.
        passwords: the stored passwords, by the numbers of accounts.
        owners: the stored certificates, see `OpenAccounts`.
        names: the names of all accounts that there ever were, by number.
        every: all passwords that were ever stored.
    """

    def __init__(self) -> None:
        self.snapshot: dict[str, Any] | None = None
        self.taken = 0
        self.position = 0
        self.history = ListHistory()
        self.redacted: set[str] = set()
        self.passwords = dict.fromkeys(range(1, ACCOUNTS + 1), "secret")
        self.owners: dict[tuple[str, int], bool] = {}
        self.names = {number: f"acc{number}" for number in self.passwords}
        self.every: set[str] = set()

    def commit(self, records: list[Record]) -> None:
        """Store messages, and delete them."""
        before = {record.text for record in self.history.said}
        run_now(self.history.commit(records))
        self.redacted |= before - {record.text for record in self.history.said}

    def store(self, operation: Operation) -> None:
        """Store a change of the table of accounts."""
        match operation:
            case AccountRegistered(account, credentials) if credentials is not None:
                assert account.id not in self.names, "a number is given twice"
                self.names[account.id] = account.folded
                self.passwords[account.id] = credentials.password
                self.every.add(credentials.password)
            case PasswordSet(number, credentials):
                self.passwords[number] = credentials.password
                self.every.add(credentials.password)
            case AccountDeleted(account):
                del self.passwords[account.id]
                for key in [key for key in self.owners if key[1] == account.id]:
                    del self.owners[key]
            case CertificateAdded(number, fingerprint, is_proved) if number in self.passwords:
                self.owners[fingerprint, number] = is_proved
            case CertificateRemoved(number, fingerprint):
                self.owners.pop((fingerprint, number), None)


class Pause:
    """What a task awaits to be continued later."""

    def __await__(self) -> Generator[None, None, None]:
        yield


@dataclass
class Task:
    """What a client waits for.

    Args:
        client: the client.
        password: the new password that it wants.
        work: returns the rest of the output.
    """

    client: Session
    password: str
    work: Coroutine[None, None, Output]


class Connection:
    """The connection of a client of a node, with what the client received."""

    send_raw = None

    def __init__(self) -> None:
        self.received: list[str] = []
        self.deleted: set[str] = set()
        self.is_ended = False

    def send(self, data: bytes, *, is_reply: bool = False) -> None:
        """Take lines."""
        self.received.append(data.decode())
        for line in data.decode().splitlines():
            if " REDACT #" in line:
                number = line.split(" REDACT ")[1].split()[1]
                assert number not in self.deleted, "a message is deleted twice"
                self.deleted.add(number)

    def end(self, reason: str) -> None:
        """Be ended by the server; its node notes that the connection is gone."""
        self.is_ended = True


def _is_ended(client: Session) -> bool:
    return isinstance(client.sink, Connection) and client.sink.is_ended


class Node:
    """A node: its machine, its appender, its clients and its disk."""

    def __init__(self, simulation: "Simulation", name: str) -> None:
        self.simulation = simulation
        self.name = name
        self.disk = Disk()
        self.wrote = 0.0
        self.until = 0  # the step up to which it is frozen, or cut off from the engine
        self.tasks: list[Task] = []
        self.supports = 0 if simulation.is_upgrading else 1
        self.start()

    def start(self) -> None:
        """Start, or start again after a crash: only the disk is left."""
        if self.simulation.is_upgrading:
            self.supports = min(self.supports + 1, 2)
        self.machine = Machine(lambda clock: make_world(clock, self.disk), supports=self.supports)
        if self.disk.snapshot is not None:
            self.machine.restore(json.loads(json.dumps(self.disk.snapshot)))
        self.position = self.disk.taken
        self.begin_life()

    def begin_life(self) -> None:
        """Begin a life, without clients."""
        self.clients: dict[int, Session] = {}
        self.asked: set[int] = set()
        self.machine.world.registrar = self.register
        self.machine.world.decider = self.decide
        self.machine.world.settle = self.settle
        # Nodes may have other operators than each other.
        rights = frozenset(["kill", "ban"] if self.name == "node0" else ["ban", "addresses"])
        boss = Operator(name="boss", account="acc2", account_id=2, rights=rights)
        info = self.machine.world.server_info
        operators = {**info.operators, "boss": boss}
        self.machine.world.server_info = replace(info, operators=operators)
        self.decided = self.carried_out = 0  # decisions of this life
        self.decisions = OwnDecisions()
        for task in self.tasks:
            task.work.close()
        self.tasks = []
        self.appender = Appender(self.name, self.simulation.next_epoch(), supports=self.supports)
        self.raised = 0

    def decide(self, change: Change) -> DecidedEvents:
        """Have a change carried out by all nodes."""
        self.decided += 1
        self.appender.submit(decide(self.machine.world, change))
        return self.decisions.add()

    async def settle(self) -> None:
        """Wait until the decisions so far have been carried out."""
        until = self.decided
        while self.carried_out < until:
            await Pause()

    def register(self, session: Session) -> None:
        """Have a session registered by all nodes."""
        number = self.machine.number_of(session)
        assert session.pending is not None
        if number in self.asked:
            return
        self.asked.add(number)
        self.appender.submit(self.machine.registration_of(session))

    def connect(self, rng: random.Random) -> None:
        """Have another client."""
        life = self.machine.life
        if life is None or life.is_over or len(self.clients) >= 6:
            return
        world = self.machine.world
        caps = rng.choice(CAPS)
        client = Session(Connection(), f"192.0.2.{rng.randrange(9)}", self.simulation.log.now)
        client.set_caps(caps)
        world.connect(client)
        self.clients[self.machine.number_of(client)] = client
        nick = f"n{rng.randrange(12)}"
        if rng.random() < 0.3:
            assert world.accounts is not None
            account = rng.choice(list(world.accounts.known.values()))
            client.set_account(account)
            nick = account.name
        lines = [f"NICK {nick}", "USER u 0 * :real", f"MONITOR + n{rng.randrange(12)}"]
        if rng.random() < 0.3:
            lines.insert(0, "METADATA * SET url :x")
        for line in lines:
            handle_line(world, client, line.encode())

    def act(self, rng: random.Random) -> None:
        """Have a client do something."""
        registered = [(n, each) for n, each in self.clients.items() if each.user is not None]
        if len(registered) < 3 or rng.random() < 0.03:
            self.connect(rng)
        if not registered or self.appender.is_full:
            return
        number, client = rng.choice(registered)
        if _is_ended(client) or rng.random() < 0.02:
            self.leave(number)
            return
        if rng.random() < 0.2:  # a question, which no other node sees
            self._ask(client, rng.choice(_LOCAL))
            return
        if rng.random() < 0.02:
            self._watch(rng)
        if rng.random() < 0.15:
            self._redact(client, rng)
            return
        if rng.random() < 0.1:
            self._change_accounts(client, rng.choice(_ON_ACCOUNTS), rng)
            return
        if rng.random() < 0.02 and client.user is not None:
            ban = Ban(BanKind.MASK, f"n{rng.randrange(12)}!*@*", "root", "x", 0, expires=1)
            self.decide(rng.choice([BanSet(ban), OperatorAppointed(client.user.folded, ROOT)]))
        self.appender.submit(Said(number, client.caps, (self._line(rng).encode(),)))

    def _ask(self, client: Session, line: str, password: str = "") -> None:
        """Carry out a line on this node alone."""
        self._answer(client, handle_line(self.machine.world, client, line.encode()), password)

    def _watch(self, rng: random.Random) -> None:
        """Decide on what a watcher of this node has noticed; another one may have, too."""
        world = self.machine.world
        room = rng.choice([Room.EVERYBODY] * 9 + [Room.ACCOUNTS])
        if room is not world.quotas.rooms.get(self.name, Room.EVERYBODY):
            self.decide(RoomChanged(self.name, room))
        if world.bans.expired():
            self.decide(BansExpired())
        if world.invitations.expired():
            self.decide(InvitationsExpired())
        for user in world.always_on:
            if not user.sessions and rng.random() < 0.2:
                self.decide(UserExpired(user.folded, user.seen, "Not seen for a while"))

    def _answer(self, client: Session, output: Output, password: str = "") -> None:
        """Give a client an answer of this node, and the rest of it once it need not wait."""
        for receiver, data, is_reply in deliveries(output.parts):
            receiver.sink.send(data, is_reply=is_reply)
            if receiver is client and is_reply and password and _DELETED not in data.decode():
                is_done = any(text in data.decode() for text in _DONE)
                passwords = self.simulation.accepted if is_done else self.simulation.refused
                passwords.add(password)
        if output.more is not None:
            self._answer(client, output.more(), password)
        if output.later is not None:
            work = cast("Coroutine[None, None, Output]", output.later())
            self._continue(Task(client, password, work))

    def _redact(self, client: Session, rng: random.Random) -> None:
        """Delete one of the last messages."""
        records = [each for each in self.disk.history.said if each.buffer.startswith("#")][-3:]
        if records:
            record = rng.choice(records)
            self._ask(client, f"REDACT {record.buffer} {msgid(record.id)}")

    def register_account(self, rng: random.Random) -> None:
        """Have an operator register an account."""
        clients = [each for each in self.clients.values() if each.user in self.machine.world.opers]
        if clients and not self.appender.is_full:
            self._change_accounts(rng.choice(clients), "NS SAREGISTER {name} {new}", rng)

    def _change_accounts(self, client: Session, line: str, rng: random.Random) -> None:
        """Change the table of accounts."""
        if client.user is None or any(task.client is client for task in self.tasks):
            return
        accounts, new = self.machine.world.accounts, self.simulation.next_text().replace(" ", "-")
        name = f"x{rng.randrange(2)}"
        account = accounts.known.get(name) if accounts is not None else None
        if rng.random() < 0.3:
            self.decide(OperatorAppointed(client.user.folded, ROOT))
        line = line.format(
            new=new,
            name=name,
            password=self.disk.passwords.get(account.id if account is not None else 0),
            own=self.disk.passwords.get(client.user.account_id),
            certificate=f"{rng.randrange(2):064}",
        )
        self._ask(client, line, new)

    def _go_on(self) -> None:
        """Continue what waits, as far as it need not wait any longer."""
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            self._continue(task)

    def _continue(self, task: Task) -> None:
        if task.client not in self.clients.values() or task.client.user is None:
            task.work.close()
            return
        try:
            task.work.send(None)
        except StopIteration as end:
            self._answer(task.client, end.value, task.password)
        else:
            self.tasks.append(task)

    def _line(self, rng: random.Random) -> str:
        channel, nick = f"#c{rng.randrange(3)}", f"n{rng.randrange(12)}"
        return rng.choice(
            [
                *[f"PRIVMSG {channel} :{self.simulation.next_text()}"] * 14,
                *["JOIN #c0,#c1,#c2"] * 8,
                f"PRIVMSG {nick} :{self.simulation.next_text()}",
                f"PRIVMSG NickServ :SET always-on on {self.simulation.next_text()}",
                f"CS INVITATION {channel} CREATE",
                f"PART {channel}",
                f"NICK {nick}",
                f"MODE {channel} {rng.choice(['+o', '-o', '+v'])} {nick}",
                f"MODE {channel} {rng.choice(['+k x', '-k x', '+m', '-m', '+b x!*@*'])}",
                f"KICK {channel} {nick}",
                f"TOPIC {channel} :{rng.random()}",
                f"RENAME {channel} #c{rng.randrange(3)}",
                f"METADATA * SET url :{rng.random()}",
                f"INVITE {nick} {channel}",
                rng.choice(["AWAY :gone", "AWAY"]),
                "QUIT :bye",
                rng.choice([f"KILL {nick} :why", f"MODE {nick} +s", f"KLINE 1m {nick}!*@* :why"]),
            ]
        )

    @property
    def is_settled(self) -> bool:
        """Whether it has carried out everything, of its own and of others."""
        return (
            self.appender.is_idle
            and not self.tasks
            and self.position == len(self.simulation.log.entries)
        )

    def leave(self, number: int) -> None:
        """End a connection."""
        client = self.clients.pop(number)
        if client.user is None and number not in self.asked:
            del self.machine.world.sessions[client.id]
            self.machine.world.unregistered.discard(client)
        else:
            self.appender.submit(Ended(number, "Connection closed"))

    def write(self, rng: random.Random) -> None:
        """Append; the reply may be lost, and the entry too."""
        self.wrote = self.simulation.log.now
        for entry in map(codec.decode, map(codec.encode, self.appender.take())):
            luck = rng.random()
            if luck < 0.92:
                self.simulation.log.entries.append((self.simulation.log.now, entry))
            if luck >= 0.88:
                self.appender.note_failure()
                return

    def read(self, rng: random.Random) -> None:
        """Carry out some entries that are safe, and store what comes of them."""
        log = self.simulation.log
        until = min(self.simulation.readable(), self.position + rng.randrange(1, 20))
        for now, entry in log.entries[self.position : until]:
            before = self._sequence()
            try:
                found = self.machine.apply(entry, now, self.appender.own)
            except UpdateNeeded:
                self.simulation.counts["updates that were needed"] += 1
                self.start()
                return
            for applied in self.decisions.divide(found):
                self._deliver(applied)
            if (entry.node, entry.epoch) == self.appender.own and self._sequence() != before:
                self.carried_out += sum(isinstance(item, Decided) for item in entry.items)
            self._store()
            self.position += 1
            self.disk.position = max(self.disk.position, self.position)
            life = self.machine.lives.of(self.name)
            self.appender.note_seen(entry, life)
            self._look_after_lives()
            self._go_on()
        if rng.random() < 0.1:
            self.disk.snapshot, self.disk.taken = self.machine.to_state(), self.position

    def _sequence(self) -> int:
        """Return the number of the last entry of this life that counted."""
        life = self.machine.lives.of(self.name)
        return life.sequence if life is not None and life.epoch == self.appender.own[1] else 0

    def _store(self) -> None:
        """Store what has changed of accounts, unless that was done before a crash."""
        changed = self.machine.world.dirty.take()
        if self.position >= self.disk.position:
            for operation in changed.operations:
                self.disk.store(operation)

    def _look_after_lives(self) -> None:
        life = self.machine.life
        if life is not None and life.is_over and (life.node, life.epoch) == self.appender.own:
            # The others have given this node up; its clients connect again, here or elsewhere.
            self.simulation.counts["lives ended by others"] += 1
            for number in list(self.clients):
                self._drop(number)
            self.begin_life()
        for lost in self.simulation.lost(self):
            self.appender.submit(Lost(lost.node, lost.epoch))
        version = self.machine.lives.supported()
        if version > max(self.machine.version, self.raised):
            self.raised = version
            self.appender.submit(Raised(version))

    def _drop(self, number: int) -> None:
        client = self.clients.pop(number)
        if client.user is None:
            self.machine.world.sessions.pop(client.id, None)
            self.machine.world.unregistered.discard(client)

    def _deliver(self, applied: Applied) -> None:
        session, output, _ = applied
        if (
            session is not None
            and isinstance(session.sink, Connection)
            and output.later is not None
        ):
            self._answer(session, Output(later=output.later))
        if session is not None:
            self.asked.discard(self.machine.number_of(session))
            if output.close:
                self.clients.pop(self.machine.number_of(session), None)
        is_new = self.position >= self.disk.position
        records = records_of([output])
        if is_new:
            self.disk.commit(records)
        for record in records:
            if record.command not in MESSAGES:
                continue
            if session is not None:
                self.simulation.confirmed.add(record.text)
        for receiver, data, is_reply in deliveries(output.parts):
            receiver.sink.send(data, is_reply=is_reply)


class Simulation:
    """A run.

    Args:
        seed: decides about everything that happens.
        steps: its length.
        has_barrier: whether nodes read only what a failover cannot lose.
        is_freezing: whether nodes crash, freeze, and are cut off.
        is_upgrading: whether a node that starts again supports a later version of the rules.

    Attributes:
        confirmed: the texts that their senders know to be accepted.
        accepted: the passwords that clients know to count.
        refused: the passwords of accounts that clients know not to have got.
        counts: what happened.
    """

    def __init__(
        self,
        seed: int,
        steps: int = 600,
        *,
        has_barrier: bool = True,
        is_freezing: bool = True,
        is_upgrading: bool = False,
    ) -> None:
        self.rng = random.Random(seed)
        self.log = Log()
        self.has_barrier = has_barrier
        self.is_freezing = is_freezing
        self.is_upgrading = is_upgrading
        self.confirmed: set[str] = set()
        self.accepted: set[str] = set()
        self.refused: set[str] = set()
        self.counts: Counter[str] = Counter()
        self._epoch = self._texts = 0
        self.nodes = [Node(self, f"node{number}") for number in range(self.rng.choice([2, 3, 3]))]
        for step in range(steps):
            self._step(step)
        for node in self.nodes if is_upgrading else []:
            if node.supports < 2:
                node.start()
        self._settle()

    def next_epoch(self) -> int:
        """Return an epoch that is greater than every one before."""
        self._epoch += 1
        return self._epoch

    def next_text(self) -> str:
        """Return a text that no other message has."""
        self._texts += 1
        return f"text {self._texts}"

    def readable(self) -> int:
        """Return how many entries nodes can read."""
        return self.log.safe if self.has_barrier else len(self.log.entries)

    def lost(self, node: Node) -> list[Any]:
        """Return the lives that a node finds lost, apart from its own."""
        return [life for life in node.machine.lives.lost() if life.node != node.name]

    def _step(self, step: int) -> None:
        rng, log = self.rng, self.log
        log.now += rng.choice([0, 0.001, 0.005, 0.05, 0.3])
        node, kind = rng.choice(self.nodes), rng.random()
        if rng.random() < 0.15:
            log.safe = rng.randrange(log.safe, len(log.entries) + 1)
        self._keep_alive(step)
        if rng.random() < 0.02:
            self._register_accounts(step)
        if kind < 0.008 and not self.is_freezing:
            return
        if kind < 0.004:
            self.counts["crashes"] += 1
            node.start()
        elif kind < 0.008:
            self.counts["freezes"] += 1
            node.until = step + rng.randrange(200)
        elif kind < 0.010:
            self.counts["pauses of the engine"] += 1
            log.now += 20.0
        elif kind < 0.014:
            self._fail_over()
        elif node.until > step:
            return
        elif kind < 0.45:
            node.act(rng)
        elif kind < 0.7:
            node.write(rng)
        else:
            node.read(rng)

    def _register_accounts(self, step: int) -> None:
        """Register accounts on all nodes at once."""
        for node in self.nodes:
            if node.until <= step:
                node.register_account(self.rng)

    def _keep_alive(self, step: int) -> None:
        """Have nodes that are well say that they are alive."""
        for node in self.nodes:
            if node.until <= step and self.log.now - node.wrote > 1.0:
                node.write(self.rng)

    def _fail_over(self) -> None:
        """Let the engine lose what is on one machine only; nodes notice that it failed over."""
        self.counts["failovers"] += 1
        self.log.fail_over()
        for node in self.nodes:
            node.appender.note_failure()

    def _settle(self) -> None:
        """Let all be well again, until every node has carried out the same."""
        for _ in range(1000):
            self.log.now += 0.02
            for node in self.nodes:
                if node.appender.has_more or self.log.now - node.wrote > 1.0:
                    node.write(self.rng)
                self.log.safe = len(self.log.entries)
                node.read(self.rng)
            if all(node.is_settled for node in self.nodes):
                return
        raise AssertionError("it does not settle")

    def check(self) -> None:
        """Check that all nodes agree, and that no message was lost or doubled."""
        for life in self.nodes[0].machine.lives:
            assert not (life.is_over and life.sessions), "ghosts"
        assert len({node.machine.digest() for node in self.nodes}) == 1, "states differ"
        first = self.nodes[0].disk.history.said
        redacted = self.nodes[0].disk.redacted
        for node in self.nodes:
            assert node.disk.history.records == self.nodes[0].disk.history.records, (
                "histories differ"
            )
            assert node.disk.redacted == redacted, "histories differ"
        self._check_accounts()
        times = Counter((record.buffer, record.text) for record in first)
        assert not [key for key, count in times.items() if count > 1], "doubled"
        texts = {record.text for record in first}
        assert self.confirmed <= texts | redacted, "lost"
        assert not texts & redacted, "a deleted message is there"
        self.counts["redacted"] += len(redacted)

    def _check_accounts(self) -> None:
        """Check that all nodes have stored the accounts that they know, with the passwords that
        their owners know to count.
        """
        for node in self.nodes:
            accounts, disk, first = node.machine.world.accounts, node.disk, self.nodes[0].disk
            assert accounts is not None
            assert disk.passwords == first.passwords, "passwords differ"
            assert (disk.owners, disk.names) == (first.owners, first.names), "tables differ"
            assert disk.passwords.keys() == accounts.by_id.keys(), "accounts are not stored"
            assert len(accounts.known) == len(accounts.by_id), "a number is given twice"
            assert self.accepted <= disk.every, "a password is lost"
            assert not self.refused & disk.every, "an account has the password of a loser"
        self.counts["accounts"] += len(self.nodes[0].disk.names)


def main(first: int, count: int) -> None:
    """Try seeds, and show what failed."""
    logging.disable(logging.CRITICAL)
    failures: dict[str, list[int]] = {}
    counts: Counter[str] = Counter()
    for seed in range(first, first + count):
        try:
            simulation = Simulation(seed)
            simulation.check()
        except AssertionError as error:
            failures.setdefault(str(error).partition("\n")[0], []).append(seed)
        else:
            counts += simulation.counts
            counts["messages"] += len(simulation.confirmed)
            counts["entries"] += len(simulation.log.entries)
    print(dict(counts), {kind: (len(seeds), seeds[:5]) for kind, seeds in failures.items()})


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
