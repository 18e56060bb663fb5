"""The state machine: it carries out the entries of the log, on every node with the same result.

The world of a node has the sessions of all nodes. Those of other nodes are connected nowhere, and
register by an item. Those of this node are in the world from their connection on; they register by
an item, too, which `World.registrar` asks for.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from trio_chat.chat import snapshot
from trio_chat.chat.accounts import NO_ACCOUNT
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import RoomChanged, SessionEnded, UserRemoved
from trio_chat.chat.commands.connection_registration import register
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.events import Output
from trio_chat.chat.quotas import Room
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.users import NOWHERE, PendingRegistration, Session
from trio_chat.chat.world import RULES_VERSION, World
from trio_chat.cluster.absence import PATIENCE, AbsentUsers
from trio_chat.cluster.decisions import resolve
from trio_chat.cluster.entries import (
    Begun,
    Check,
    Checked,
    Decided,
    Ended,
    Entry,
    Item,
    Lost,
    Raised,
    Registered,
    Said,
    Stopped,
)
from trio_chat.cluster.lives import Life, Lives
from trio_chat.irc.lines import BadLine
from trio_chat.irc.message import Message

log = logging.getLogger("trio_chat")

FORMAT = 5
"""The format of snapshots: another one when a field is added to them, changed, or taken away."""
SESSION_BITS = 32
"""Bits of the number that a session has on its node. The bits above are the number of the life."""
_INTERNAL_ERROR = "Internal error"
_NODE_LOST = "The connection to this server was lost"
_NODE_STOPPED = "This server is restarted"


class RulesDiffer(Exception):
    """The log has the entries of nodes with another configuration than that of this node.

    Args:
        node: the name of such a node.
        rules: its rules; see `Begun`.
        own: those of this node.
    """

    def __init__(self, node: str, rules: str, own: str) -> None:
        super().__init__(f"{node} has another configuration")
        self.node = node
        self.rules = rules
        self.own = own


class UpdateNeeded(Exception):
    """This node cannot carry out the version of the rules that is in force."""

    def __init__(self, version: int, own: int) -> None:
        super().__init__(
            "update trio-chat on this node: the nodes of the cluster work by version"
            f" {version} of the rules, and this one supports version {own} at most"
        )


class OtherFormat(Exception):
    """A snapshot has another format than that of this release."""

    def __init__(self, found: object) -> None:
        super().__init__(
            f"the state of the cluster in the database has the format {found!r}, and this version"
            f" of trio-chat reads the format {FORMAT}: start the version that has written it, or"
            " begin with a backup of the database of a node with this version (trio-chat backup)"
        )


class LogClock:
    """The clock of the rules: the time of the log, which never goes back.

    Attributes:
        now: seconds of Unix time.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return seconds of Unix time."""
        return self.now


class Applied(NamedTuple):
    """What an item led to.

    Args:
        session: the session whose client has sent it; None if it is connected to another node.
        output: the output; of `later` and `more` only those of this node's clients matter.
        is_from_here: whether the item is a decision of the present life of this node.
    """

    session: Session | None
    output: Output
    is_from_here: bool = False


class Machine:
    """Carries out the log.

    Args:
        make_world: returns a new world with a clock.
        rules: see `Begun`. The life of a node with other rules does not begin while others live.
        now: the time before the first entry, in seconds of Unix time.
        supports: see `Begun`.

    Attributes:
        world: the state of the chat.
        lives: the state of the nodes.
        life: the life of this node; None until it has begun, as the log has it.
        checks: how many checks there were.
        has_check: whether the last entry has one.
        digests: the last digest of each node that has said one.
        version: the version of the rules that is in force; 0 before the first life.
    """

    def __init__(
        self,
        make_world: Callable[[LogClock], World],
        rules: str = "",
        now: float = 0.0,
        supports: int = RULES_VERSION,
    ) -> None:
        self._clock = LogClock(now)
        self._rules = rules
        self._supports = supports
        self.version = 0
        self.world = make_world(self._clock)
        self.world.is_replicated = True
        if self.world.accounts is not None:
            self.world.accounts.is_replicated = True
        self.lives = Lives()
        self.life: Life | None = None
        self._absent = AbsentUsers()
        self.checks = 0
        self.has_check = False
        self.digests: dict[str, Checked] = {}

    def apply(self, entry: Entry, now: float, own: tuple[str, int]) -> list[Applied]:
        """Carry out an entry.

        Args:
            entry: the entry.
            now: its time by the engine, in seconds of Unix time.
            own: name and epoch of the present life of this node.

        Raises:
            RulesDiffer: the entry is of a node with other rules, and no other one lives.
            UpdateNeeded: a version of the rules is in force that this node does not support.
        """
        self.lives.pass_time(now)
        self._clock.now = max(self._clock.now, now)
        applied: list[Applied] = []
        self.has_check = False
        with self._at_once():
            applied += self._remove_absent()
            if self.lives.is_beginning(entry):
                applied += self._begin(entry, own)
            life = self.lives.accept(entry)
            if life is not None:
                for item in entry.items:
                    if not life.is_over:
                        applied += self._carry_out(life, item)
        return applied

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Have changes carried out, which otherwise are only decided on."""
        decider, self.world.decider = self.world.decider, None
        self.world.quotas.is_counting = True
        try:
            yield
        finally:
            self.world.decider = decider
            self.world.quotas.is_counting = decider is None

    def to_state(self) -> dict[str, Any]:
        """Return the whole state as plain data, without credentials."""
        return snapshot.finished(self.to_state_in_steps())

    def to_state_in_steps(self) -> snapshot.Steps:
        """Return the state as `to_state` does, in steps of a few milliseconds; no entry may be
        carried out between two of them.
        """
        accounts = self.world.accounts
        written = accounts.to_state() if accounts is not None else None
        yield
        world = yield from snapshot.take_in_steps(self.world)
        return {
            "format": FORMAT,
            "version": self.version,
            "clock": self._clock.now,
            "lives": self.lives.to_state(),
            "absent": self._absent.to_state(),
            "checks": self.checks,
            "accounts": written,
            "world": world,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `to_state` returned; the machine must be new.

        Raises:
            OtherFormat: another release has written it, in another format.
            UpdateNeeded: a version of the rules is in force that this node does not support.
            RulesDiffer: a node that lived then has other rules.
        """
        if state.get("format") != FORMAT:
            raise OtherFormat(state.get("format"))
        if state["version"] > self._supports:
            raise UpdateNeeded(state["version"], self._supports)
        lives = Lives()
        lives.restore(state["lives"])
        other = lives.of_other_rules(self._rules)
        if other is not None:
            raise RulesDiffer(other.node, other.rules, self._rules)
        self.lives = lives
        self._clock.now = state["clock"]
        if state["version"]:
            self._put_in_force(state["version"])
        if self.world.accounts is not None:
            self.world.accounts.restore(state["accounts"])
        snapshot.restore(self.world, state["world"])
        self._absent.restore(self.world, state["absent"])
        self.checks = state["checks"]

    def digest(self) -> str:
        """Return a digest of the state, which all nodes have in common at a position."""
        return snapshot.digest(self.to_state())

    def number_of(self, session: Session) -> int:
        """Return the number that a session of this node has in items."""
        return session.id & ((1 << SESSION_BITS) - 1)

    def registration_of(self, session: Session) -> Registered:
        """Return the item by which a session of this node registers."""
        pending = session.pending
        assert pending is not None  # noqa: S101  # or it would not be registered now
        return Registered(
            self.number_of(session),
            session.caps,
            pending.nick,
            pending.username,
            pending.realname,
            session.address,
            session.host,
            session.payer,
            session.certificate,
            session.is_secure,
            session.connected,
            session.account_id,
            session.away,
            tuple(pending.metadata.items()),
            self._version(session.account_id),
            session.app_password,
        )

    def _version(self, account: int) -> int:
        accounts = self.world.accounts
        return accounts.version(account) if accounts is not None else 0

    def _begin(self, entry: Entry, own: tuple[str, int]) -> Iterator[Applied]:
        begun = entry.items[0] if entry.items else None
        if not isinstance(begun, Begun):
            return
        if begun.rules != self._rules:
            if all(life.is_over for life in self.lives):
                raise RulesDiffer(entry.node, begun.rules, self._rules)
            return
        if not self.version:
            self._put_in_force(begun.supports)
        if begun.supports < self.version:
            if (entry.node, entry.epoch) == own:
                raise UpdateNeeded(self.version, begun.supports)
            return
        before = self.lives.of(entry.node)
        if before is not None and not before.is_over:
            yield from self._end(before, _NODE_LOST)
        life = self.lives.begin(entry, begun)
        if (entry.node, entry.epoch) == own:
            self.life = life
            self.world.number_sessions(life.number << SESSION_BITS)

    def _put_in_force(self, version: int) -> None:
        if version > self._supports:
            raise UpdateNeeded(version, self._supports)
        self.version = self.world.rules_version = version

    def _carry_out(self, life: Life, item: Item) -> Iterator[Applied]:
        match item:
            case Said():
                yield from self._say(life, item)
            case Registered():
                yield from self._register(life, item)
            case Ended():
                yield from self._leave(life, item.session, item.reason)
            case Decided():
                change = resolve(self.world, item)
                events = apply(self.world, change) if change is not None else ()
                yield Applied(None, Output(tuple(events)), is_from_here=life is self.life)
            case Lost():
                lost = self.lives.of(item.node)
                if lost is not None and self.lives.is_lost(item.node, item.epoch):
                    yield from self._end(lost, _NODE_LOST)
            case Check():
                self.checks += 1
                self.has_check = True
            case Checked():
                self.digests[life.node] = item
            case Raised():
                if self.version < item.version <= self.lives.supported():
                    self._put_in_force(item.version)
            case Stopped():
                yield from self._end(life, _NODE_STOPPED)

    def _say(self, life: Life, item: Said) -> Iterator[Applied]:
        session = self._session(life, item.session)
        if session is None:
            return
        if life is not self.life and session.caps != item.caps:
            session.set_caps(item.caps)
        # All lines of a batch are in one item. A batch for a service is open on one node only.
        open_batch, session.batch = session.batch, None
        for line in item.lines:
            for output in self._outputs(session, line):
                yield Applied(session if life is self.life else None, output)
                if output.close:
                    yield from self._leave(life, item.session, output.close)
                    return
        session.batch = open_batch if life is self.life else None

    def _outputs(self, session: Session, line: bytes) -> Iterator[Output]:
        """Carry out a line. A defect in its handler ends its session on all nodes, as it ends a
        client of one server: they fail alike, and what was changed before is the same on all.
        """
        try:
            output: Output | None = handle_line(self.world, session, line or BadLine())
            while output is not None:
                yield output
                output = output.more() if output.more is not None else None
        except MemoryError:  # of this node alone
            raise
        except Exception:
            log.exception("internal error while carrying out a line of a client")
            yield Output((), close=_INTERNAL_ERROR)

    def _register(self, life: Life, item: Registered) -> Iterator[Applied]:
        number = life.number << SESSION_BITS | item.session
        session = self.world.sessions.get(number)
        is_own = session is not None and life is self.life
        if session is None:  # of another node, or its connection has ended meanwhile
            session = Session(NOWHERE, item.address, item.connected, item.host)
            session.id = number
            self.world.connect(session)
        if session not in self.world.unregistered:
            return
        self._take_facts(session, item)
        reply = Response(self.world, session)
        register(Request(self.world, session, Message("USER", ()), reply))
        if session.user is not None:
            life.sessions[item.session] = None
        output = reply.finish()
        if session.user is None and not is_own:
            apply(self.world, SessionEnded(session.id, ""))
        yield Applied(session if is_own else None, output)

    def _take_facts(self, session: Session, item: Registered) -> None:
        session.payer = item.payer
        session.certificate = item.certificate
        session.is_secure = item.is_secure
        session.active = self._clock.now
        session.metadata_paid = 0.0  # what it has paid before is known to its own node only
        session.away = item.away
        session.away_since = self.world.ids.now()
        accounts = self.world.accounts
        account = accounts.by_id.get(item.account) if accounts is not None else None
        if account is not None and self._version(account.id) != item.version:
            account = None  # its sessions were ended after the login
        session.set_account(account or NO_ACCOUNT, item.app_password if account else "")
        session.set_caps(item.caps)  # a session of this node has them already
        pending = session.pending = session.pending or PendingRegistration()
        pending.nick, pending.username, pending.realname = item.nick, item.username, item.realname
        pending.metadata = dict(item.metadata)

    def _leave(self, life: Life, number: int, reason: str) -> Iterator[Applied]:
        session = self._session(life, number)
        if session is None:
            return
        del life.sessions[number]
        events = apply(self.world, SessionEnded(session.id, reason))
        yield Applied(session if life is self.life else None, Output(tuple(events)))

    def _leave_for_now(self, life: Life, number: int, reason: str) -> Iterator[Applied]:
        """End a session whose client is expected to come back on another node."""
        session = self._session(life, number)
        if session is None or session.user is None:
            return
        del life.sessions[number]
        user = session.user
        events = apply(self.world, SessionEnded(session.id, reason, is_expected=True))
        if user.is_expected:
            self._absent.add(user, self.lives.active + PATIENCE, reason)
        yield Applied(session if life is self.life else None, Output(tuple(events)))

    def _remove_absent(self) -> Iterator[Applied]:
        for user, reason in self._absent.take_expired(self.world, self.lives.active):
            yield Applied(None, Output(tuple(apply(self.world, UserRemoved(user.folded, reason)))))

    def _session(self, life: Life, number: int) -> Session | None:
        """Return a registered session, unless it has left already."""
        if number not in life.sessions:
            return None
        session = self.world.sessions.get(life.number << SESSION_BITS | number)
        if session is None or session.user is None:
            del life.sessions[number]
            return None
        return session

    def _end(self, life: Life, reason: str) -> Iterator[Applied]:
        """End a life: its users leave, and its entries count no longer, nor does its disk."""
        life.is_over = True
        life.ended = self._clock.now
        life.is_lost = reason == _NODE_LOST
        apply(self.world, RoomChanged(life.node, Room.EVERYBODY))
        for number in list(life.sessions):
            yield from self._leave_for_now(life, number, reason)
