"""Replicas of a world: each carries out the same log of commands, with some clients of its own.

A replica has the connections of its own clients, with their capabilities, monitor lists and
questions. Of all other clients it sees only what the log has. Run as a program, it carries out a
log in a process of its own: `python replicas.py SEED OWN`, where a client is its own if its number
modulo 3 is OWN; "" for all.
"""

import hashlib
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from deliveries import deliveries
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Clock, run_now
from trio_chat.chat import dispatch, invitations, snapshot
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import (
    AccessSet,
    AccountChanged,
    BanLifted,
    BansEnforced,
    BanSet,
    Change,
    ChannelRegistered,
    InvitationGuessed,
    InvitationMade,
    InvitationsExpired,
    InvitationUsed,
    LoginsEnded,
    NotificationsSet,
    OperatorAppointed,
    OperatorsNotified,
    PreferenceSet,
    PushEndpointSet,
    PushRulesSet,
    PushSubscribed,
    RetentionSet,
    RoomChanged,
    SessionEnded,
    UserExpired,
)
from trio_chat.chat.commands.connection_registration import try_to_register
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output
from trio_chat.chat.invitations import Invitation
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.push_rules import PushRules
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import NOWHERE, Session
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message, ParseError, parse
from trio_chat.server.broadcaster import records_of

PEOPLE = 24
ACCOUNTS = 5
CAPS = (
    "",
    "server-time echo-message message-tags batch labeled-response draft/multiline",
    "batch message-tags draft/multiline no-implicit-names sasl standard-replies",
    "away-notify account-notify extended-monitor extended-join setname",
    "draft/metadata-2 batch server-time draft/channel-rename draft/read-marker multi-prefix",
    "draft/metadata-3 batch cap-notify echo-message draft/extended-isupport draft/named-modes",
    "labeled-response batch message-tags account-tag invite-notify chghost draft/event-playback",
)

_OF_THIS_SERVER = re.compile(r"(batch=|BATCH [+-]| 253 \S+ )\d+")
"""What differs between servers: the references to batches, and RPL_LUSERUNKNOWN."""


class Item(NamedTuple):
    """An entry of the log.

    Args:
        time: seconds of Unix time.
        client: the number of the client.
        caps: the capabilities of the client at that time.
        line: a command, or the lines of a batch; or `*register`, `*end`, or `*change` with a
            number.
    """

    time: float
    client: int
    caps: str
    line: str


class Replica:
    """A world that carries out a log.

    Args:
        is_own: whether a client, by its number, is connected to this server.
    """

    def __init__(self, is_own: Callable[[int], bool]) -> None:
        self.is_own = is_own
        self.clock = Clock()
        self.accounts, self.history = OpenAccounts(), ListHistory()
        for number in range(1, ACCOUNTS + 1):
            self.accounts.add(f"acc{number}", "secret")
        self.world = World(
            ServerInfo(
                created=NOON,
                operators={"root": Operator(name="root")},
                account_rules=AccountRules(always_on="opt-in"),
            ),
            Lengths(channels_per_user=6, stored_per_hour=400),
            self.clock,
            50,
            StoragePorts(history=self.history, accounts=self.accounts),
        )
        self.world.is_replicated = True
        self.sessions: dict[int, Session] = {}
        self.connections = 0
        self.received: dict[int, list[str]] = {}

    def carry_out(self, item: Item) -> None:
        """Carry out one entry of the log."""
        self.clock.now = item.time
        if self.is_own(item.client) and item.client % 5 == 0:
            self._connect_only()
        if item.line.startswith("*register"):
            self._register(item)
            return
        session = self.sessions.get(item.client)
        if session is None:
            return
        if session.id not in self.world.sessions:  # it was ended meanwhile
            del self.sessions[item.client]
            return
        session.set_caps(_bits(item.caps))
        if item.line == "*end":
            self._end(item.client, "Connection closed")
        elif item.line.startswith("*change"):
            for change in self._change(session, int(item.line.split()[1])):
                self._deliver(item.client, Output(tuple(apply(self.world, change))))
        elif self.is_own(item.client) or not is_local(item.line):
            for line in item.line.split("\n"):
                self._deliver(item.client, handle_line(self.world, session, line.encode()))

    def restore(self, taken: snapshot.Snapshot) -> None:
        """Go on from a snapshot."""
        snapshot.restore(self.world, taken)
        self.sessions = {number - 1: session for number, session in self.world.sessions.items()}

    def digest(self) -> str:
        """Return the digest of the state."""
        return snapshot.digest(snapshot.take(self.world))

    def _connect_only(self) -> None:
        """Have one more connection that does not register; nobody else knows of it."""
        session = Session(NOWHERE, "192.0.2.254", self.clock.now)
        session.id = 1000 + self.connections
        self.connections += 1
        self.world.connect(session)
        for line in (b"CAP LS 302", b"NICK newcomer", b"METADATA * SET url :x", b"PING 1"):
            handle_line(self.world, session, line)
        if self.connections % 2:
            apply(self.world, SessionEnded(session.id, ""))

    def _register(self, item: Item) -> None:
        _, nick, account = item.line.split()
        session = Session(NOWHERE, f"192.0.2.{item.client}", item.time)
        session.id = item.client + 1
        self.world.connect(session)
        session.set_caps(_bits(item.caps))
        if account != "0":
            session.set_account(self.accounts.by_id[int(account)])
        assert session.pending is not None
        session.pending.nick, session.pending.username = nick, f"u{item.client}"
        session.pending.realname = f"Real {item.client}"
        reply = Response(self.world, session)
        try_to_register(Request(self.world, session, Message("USER", ()), reply))
        self.sessions[item.client] = session
        self._deliver(item.client, reply.finish())
        if session.user is None and item.client in self.sessions:
            self._end(item.client, "")

    def _change(self, session: Session, number: int) -> list[Change]:
        """Return changes that follow what a server has waited for, such as a password."""
        user, rng, now = session.user, random.Random(number), int(self.clock.now)
        if user is None:
            return []
        ban = Ban(BanKind.MASK, f"n{rng.randrange(40)}!*@*", "root", "why", now)
        channel = next(iter(user.channels), None)
        kind = rng.randrange(17)
        if kind == 0 and not session.account:
            return [AccountChanged(session.id, self.accounts.by_id[1 + number % ACCOUNTS])]
        if kind == 1:
            return [OperatorAppointed(user.folded, Operator(name="root"))]
        if kind == 2:
            return [BanSet(ban)]
        if kind == 3 and (bans := list(self.world.bans)):
            return [BanLifted(bans[0])]
        if kind == 4 and channel and user.account and channel.registration is None:
            return [ChannelRegistered(channel.folded, user.folded)]
        if kind == 5 and user.account:
            return [PreferenceSet(user.folded, "always-on", rng.random() < 0.5)]
        if kind == 6 and channel and channel.registration:
            return [AccessSet(channel.folded, 1 + number % ACCOUNTS, rng.choice("ov"))]
        if kind == 7 and channel and channel.registration:
            return [RetentionSet(channel.folded, rng.choice([None, 3]))]
        if kind == 8 and channel:
            digest = invitations.digest_of(f"{number:026}")
            made = Invitation(digest, channel.founded, user.nick, user.account_id, now, now + 60, 2)
            holder = invitations.holder_of(user.account_id, user.folded, user.host)
            return [InvitationMade(made), InvitationUsed(digest, holder)]
        if kind == 9 and user.account:
            device = PushSubscription(
                f"https://push.example/{number}", b"key", b"auth", 0, 1.0, 2.0
            )
            rules = PushRules(words=(f"word{number}",))
            return [
                PushSubscribed(user.account_id, device, 2),
                PushRulesSet(user.account_id, rules),
                NotificationsSet(user.account_id, f"#c{number % 8}", rng.choice(["all", "", None])),
            ]
        if kind == 10:
            return [InvitationsExpired()]
        return self._rarer_change(session, kind, rng)

    def _rarer_change(self, session: Session, kind: int, rng: random.Random) -> list[Change]:
        user = session.user
        absent = [each for each in self.world.always_on if not each.sessions]
        if user is None:
            return []
        if kind == 11:
            ban = Ban(BanKind.MASK, f"n{rng.randrange(40)}!*@*", "root", "why", 0)
            return [BansEnforced((ban,))]
        if kind == 12:
            keep = rng.choice([0, session.id])
            return [LoginsEnded(1 + rng.randrange(ACCOUNTS), "Changed", keep)]
        if kind == 13:
            return [OperatorsNotified("something has happened")]
        if kind == 14 and rng.random() < 0.2:
            return [RoomChanged(rng.choice(["one", "two"]), rng.randrange(3))]
        if kind == 15 and absent:
            return [UserExpired(absent[0].folded, absent[0].seen, "Not seen for 3 days")]
        if kind == 16:
            endpoint = rng.choice(["", "https://push.example/1"])
            return [PushEndpointSet(session.id, endpoint), InvitationGuessed("192.0.2.7")]
        return []

    def _end(self, client: int, reason: str) -> None:
        session = self.sessions.pop(client)
        events = apply(self.world, SessionEnded(session.id, reason))
        self._deliver(client, Output(tuple(events)))

    def _deliver(self, client: int, output: Output) -> None:
        """Note what own clients receive: events, and the replies to their own commands."""
        for session, data, _is_reply in deliveries(output.parts):
            if self.is_own(session.id - 1):
                text = _OF_THIS_SERVER.sub(r"\1N", data.decode())
                self.received.setdefault(session.id - 1, []).append(text)
        run_now(self.history.commit(records_of([output])))
        if output.more is not None:
            self._deliver(client, output.more())
        if output.later is not None:
            self._deliver(client, run_now(output.later()))
        if output.close and client in self.sessions:
            self._end(client, output.close)


_MULTILINE = (
    "@label=1 BATCH +1 draft/multiline #c0",
    "@batch=1 PRIVMSG #c0 :one",
    "@batch=1;draft/multiline-concat PRIVMSG #c0 :two",
    "BATCH -1",
)


def _bits(caps: str) -> int:
    return sum(cap.CAPABILITIES[name].bit for name in caps.split())


def is_local(line: str) -> bool:
    """Return whether only the server of the client carries out a line, or the lines of a batch."""
    try:
        return dispatch.is_local(parse(line.partition("\n")[0]))
    except ParseError:
        return True


def log(seed: int, length: int) -> Iterator[Item]:
    """Return a log of what people do at random."""
    rng, now = random.Random(seed), NOON
    caps = [""] * PEOPLE
    present = [False] * PEOPLE
    for _ in range(length):
        now += rng.choice([0, 0, 0.0005, 0.02, 1.0, 40.0])
        client = rng.randrange(PEOPLE)
        if not present[client]:
            caps[client], present[client] = rng.choice(CAPS), True
            account = rng.randrange(ACCOUNTS + 1) if rng.random() < 0.5 else 0
            nick = f"acc{account}" if account else f"n{rng.randrange(40)}"
            yield Item(now, client, caps[client], f"*register {nick} {account}")
            continue
        if rng.random() < 0.02:
            caps[client] = rng.choice(CAPS)
        if rng.random() < 0.02:
            present[client] = False
            yield Item(now, client, caps[client], rng.choice(["*end", "QUIT :bye"]))
            continue
        if rng.random() < 0.05:
            yield Item(now, client, caps[client], f"*change {rng.randrange(1000)}")
            continue
        if rng.random() < 0.05:
            yield Item(now, client, caps[client], "\n".join(_MULTILINE))
        label = f"@label={rng.randrange(100)} " if rng.random() < 0.3 else ""
        yield Item(now, client, caps[client], label + _line(rng))


def _line(rng: random.Random) -> str:
    """Return what somebody says or does."""
    channel, nick = f"#c{rng.randrange(6)}", f"n{rng.randrange(40)}"
    if rng.random() < 0.2:
        nick = f"acc{1 + rng.randrange(ACCOUNTS)}"
    key = rng.choice(["url", "avatar", "status"])
    return rng.choice(
        [
            f"PRIVMSG {rng.choice([channel, channel, nick])} :hello {rng.random()}",
            f"NOTICE {channel} :hello",
            f"TAGMSG {channel}",
            f"JOIN {channel}",
            f"JOIN {channel},#c{rng.randrange(6)} key",
            f"JOIN {channel} {rng.randrange(1000):026}",
            f"PART {channel} :bye",
            f"NICK n{rng.randrange(40)}",
            f"MODE {channel} {rng.choice(['+o', '-o', '+v', '+h', '-v'])} {nick}",
            f"MODE {channel} {rng.choice(['+b', '-b', '+e', '+I'])} {nick}!*@*",
            f"MODE {channel} {rng.choice(['+i', '-i', '+m', '-m', '+s', '-s', '+u', '-u'])}",
            f"MODE {channel} {rng.choice(['+U', '-U', '+M', '-M', '+E', '+C', '-C', '+R', '-R'])}",
            f"MODE {channel} {rng.choice(['b', 'e', 'I', ''])}",
            f"PROP {channel} +inviteonly",
            f"RELAYMSG {channel} friend/elsewhere :hello",
            f"NPC {channel} somebody :hello",
            f"SAPART {nick} {channel}",
            f"SANICK {nick} n{rng.randrange(40)}",
            f"UNKLINE {nick}!*@*",
            f"MODE {channel} {rng.choice(['+k key', '-k key', '+l 9', '-l', '+f #c1'])}",
            f"MODE {nick} {rng.choice(['+i', '-i', '+B', '+R', '-R', '+s'])}",
            f"TOPIC {channel} :topic {rng.random()}",
            f"KICK {channel} {nick} :out",
            rng.choice(["AWAY :gone", "AWAY"]),
            f"INVITE {nick} {channel}",
            f"ACCEPT {nick}",
            f"SETNAME :name {rng.random()}",
            f"RENAME {channel} #c{rng.randrange(8)}",
            f"NOTIFY {channel} {rng.choice(['all', 'nothing', 'default', 'pause 60'])}",
            f"MARKREAD {channel} timestamp=2027-01-15T08:00:00.{rng.randrange(1000):03}Z",
            f"KNOCK {channel}",
            f"METADATA * SET {key} :{rng.random()}",
            f"METADATA {channel} SET {key} :{rng.random()}",
            f"METADATA {channel} SUB {key}",
            "METADATA * CLEAR",
            f"KILL {nick} :why",
            f"SAMODE {channel} +o {nick}",
            f"SAJOIN {nick} {channel}",
            f"KLINE {nick}!*@* :why",
            "WALLOPS :all",
            # Answered by the server of the client alone.
            f"MONITOR + {nick}",
            f"MONITOR - {nick}",
            f"WHO {channel}",
            f"WHOIS {nick}",
            f"WHOWAS {nick}",
            f"NAMES {channel}",
            "LIST",
            "LUSERS",
            f"PING {rng.random()}",
            f"CHATHISTORY LATEST {channel} * 10",
        ]
    )


def outcome(seed: int, length: int, own: str) -> tuple[str, dict[str, str]]:
    """Carry out a log; return the digest of the state, and a hash of what each own client
    received.
    """
    replica = Replica(lambda client: not own or client % 3 == int(own))
    for item in log(seed, length):
        replica.carry_out(item)
    received = {
        str(client): hashlib.sha256("".join(lines).encode()).hexdigest()
        for client, lines in sorted(replica.received.items())
    }
    return replica.digest(), received


if __name__ == "__main__":
    json.dump(outcome(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]), sys.stdout)
