"""Changes of the state (`trio_chat.chat.changes`) and the transitions that apply them."""

import ast
import dataclasses
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import invariants
import trio_chat
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town
from trio_chat.chat import changes
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import Account
from trio_chat.chat.api_tokens import ApiToken
from trio_chat.chat.app_passwords import AppPassword
from trio_chat.chat.apply import apply
from trio_chat.chat.apply.transitions import _TRANSITIONS
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import (
    AccountDeleted,
    Change,
    ModesChanged,
    ModeSet,
    NickChanged,
    TopicSet,
)
from trio_chat.chat.credentials import Credentials, Email
from trio_chat.chat.events import Event
from trio_chat.chat.hooks import Hook
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.chat.invitations import Invitation
from trio_chat.chat.moderation.filters import Filter
from trio_chat.chat.moderation.server import (
    ModerationRow,
    RaidMode,
    ServerFilter,
    ServerHeldMessage,
    ServerReport,
)
from trio_chat.chat.moderation.state import HeldMessage, Report
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.passkeys import Passkey
from trio_chat.chat.persistence import ChangeSet, DirtyKey, DirtySet
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.push_rules import PushRules
from trio_chat.chat.scheduled import ScheduledMessage
from trio_chat.chat.second_factors import CodeUse, SecondFactor
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.uploads import Upload
from trio_chat.chat.world import World
from trio_chat.irc.modes import UserModeChange
from trio_chat.server.state import change_set

KINDS = [
    kind
    for kind in vars(changes).values()
    if isinstance(kind, type) and issubclass(kind, Change) and kind is not Change
]
PLAIN = (
    str,
    int,
    bool,
    float,
    type(None),
    Account,
    AppPassword,
    Ban,
    BanKind,
    CodeUse,
    Credentials,
    Email,
    Filter,
    HeldMessage,
    ApiToken,
    Hook,
    IdentityKey,
    Invitation,
    ModerationRow,
    RaidMode,
    ServerFilter,
    ServerHeldMessage,
    ServerReport,
    Passkey,
    PushRules,
    Report,
    PushSubscription,
    SecondFactor,
    ScheduledMessage,
    ModeSet,
    Operator,
    Upload,
    UserModeChange,
)
"""The types of which changes consist; the tuples among them consist of the same."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change_has_a_transition(kind: type[Change]) -> None:
    """`apply` carries out any change that a handler can decide on."""
    assert kind in _TRANSITIONS


@pytest.mark.parametrize("kind", KINDS)
def test_changes_are_plain_data(kind: type[Change]) -> None:
    """A change refers to users, channels and sessions by keys, so that it can be written to a
    log.
    """
    for hint in get_type_hints(kind).values():
        for part in _parts(hint):
            assert part in PLAIN, (kind, part)


def _parts(hint: Any) -> list[Any]:
    inner = getattr(hint, "__args__", ())
    return [part for one in inner if one is not ... for part in _parts(one)] if inner else [hint]


def test_a_change_cannot_be_modified() -> None:
    """What was decided is what is carried out."""
    change = TopicSet("#a", "x", by="ann")
    with pytest.raises(dataclasses.FrozenInstanceError):
        change.text = "y"  # type: ignore[misc]


def test_a_nickname_change_is_seen_before_those_who_monitor_it(town: Town) -> None:
    """The NICK comes from the nickname before, and then the monitor numerics."""
    town.person("bob").say("MONITOR + ann,eve")
    town.person("ann", "#a")
    events = apply(town.world, NickChanged("ann", "Eve", "eve"))
    assert [event.command for event in events] == ["NICK", "731", "730"]
    assert events[0].source == "ann!ann@192.0.2.1"


def test_a_change_that_changes_nothing_has_no_effects(town: Town) -> None:
    """Setting a mode twice is seen once, and marks nothing."""
    ann = town.person("ann", "#a")
    ann.say("MODE #a +m")
    marked = town.world.dirty.marked
    change = ModesChanged("#a", (ModeSet(True, "m"),), by="ann")
    assert apply(town.world, change) == []
    assert town.world.dirty.marked == marked


def test_observers_see_each_change_once(town: Town) -> None:
    """A change that is a part of another one is no change of its own."""
    seen: list[Change] = []
    town.world.observers.append(seen.append)
    ann = town.person("ann", "#a")
    ann.leave("bye")
    assert [type(change).__name__ for change in seen] == [
        "SessionRegistered",
        "MemberJoined",
        "SessionEnded",
    ]


def test_an_always_on_user_that_moves_to_another_one_persists_no_longer(town: Town) -> None:
    """Its account and its channels are stored anew, so that a restart does not bring it back."""
    storage = StoragePorts(history=ListHistory(), accounts=OpenAccounts())
    rules = AccountRules(always_on="opt-out", reservation="off")
    town = Town(ServerInfo(created=NOON, account_rules=rules), storage=storage)
    assert isinstance(storage.accounts, OpenAccounts)
    storage.accounts.add("ann", "ann-password")
    phone, laptop = town.person("phone", "#a"), town.person("laptop", "#b")
    laptop.say("NS IDENTIFY ann ann-password")
    phone.say("NS IDENTIFY ann ann-password")
    town.world.dirty.take()
    laptop.say("NICK phone")
    assert len(town.world.always_on) == 0
    assert (town.world.dirty.users, town.world.dirty.channels) == ({1}, {"#b"})


MUTATORS = {
    "world": {"add_user", "discard_user", "rename_user", "remember"},
    "channels": {"create", "leave", "rename", "unregister", "set_flags"},
    "always_on": {"update", "disable"},
    "preferences": {"choose", "restore"},
    "bans": {"add", "discard", "replace"},
    "user": {"rename", "accept", "set_account"},
}
"""The methods that change the state, by the usual name of their object."""
RESTORING = {"chat/registered_channels.py", "server/state.py"}
"""The modules that restore the stored state before there are clients."""


def test_the_state_changes_in_one_place() -> None:
    """Only transitions call what changes the state, and what restores it."""
    package = Path(trio_chat.__file__).parent
    found = {
        f"{path.relative_to(package)}:{node.lineno}"
        for path in [*package.glob("chat/**/*.py"), *package.glob("server/*.py")]
        if not {"apply", "snapshot"} & set(path.parts)
        and str(path.relative_to(package)) not in RESTORING
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in MUTATORS.get(_name_of(node.func.value), ())
    }
    # The world and its table call their own parts.
    assert {line.partition(":")[0] for line in found} == {"chat/world.py"}


def _name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


class Shadow:
    """Checks after each change that whatever differs of the persistent state is marked.

    Args:
        world: that is checked.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._before = _persistent(world)
        world.observers.append(self.check)

    def check(self, change: Change) -> None:
        """Compare the persistent state with that before the change."""
        now, dirty = _persistent(self._world), self._world.dirty
        for key in self._before.keys() | now.keys():
            if self._before.get(key) != now.get(key) and not _is_gone(change, key):
                assert key.key in getattr(dirty, key.table), (change, key)
        self._before = now
        invariants.check(self._world)
        dirty.take()


def _is_gone(change: Change, key: DirtyKey) -> bool:
    """Return whether the store deletes something together with the account that it belongs to."""
    return isinstance(change, AccountDeleted) and change.account.id in (
        key.key if isinstance(key.key, tuple) else (key.key,)
    )


def _persistent(world: World) -> dict[DirtyKey, Any]:
    """Return all persistent state by its keys, without times at which a user was connected."""
    accounts = {account.id for account in world.accounts.known.values()} if world.accounts else ()
    everything = DirtySet(
        channels=set(world.channels),
        markers={
            (account, target) for account, markers in world.markers.items() for target in markers
        },
        users={user.account_id for user in world.always_on},
        preferences=set(accounts),
        metadata=set(accounts),
        bans={ban.key for ban in world.bans},
    )
    changed: ChangeSet = change_set(world, everything)
    return {
        DirtyKey(table, key): _without_times(state)
        for table, states in changed._asdict().items()
        if isinstance(states, dict)
        for key, state in states.items()
        if state
    }


def _without_times(state: Any) -> Any:
    if not isinstance(state, dict):
        return state
    return repr({key: value for key, value in state.items() if key not in ("seen", "active")})


NAMES = st.sampled_from(["ann", "bob", "eve"])
CHANNELS = st.sampled_from(["#a", "#b", "#c"])
COMMANDS = st.one_of(
    st.builds("JOIN {}".format, CHANNELS),
    st.builds("PART {}".format, CHANNELS),
    st.builds("KICK {} {}".format, CHANNELS, NAMES),
    st.builds("TOPIC {} :{}".format, CHANNELS, st.sampled_from(["", "x", "y"])),
    st.builds(
        "MODE {} {}".format,
        CHANNELS,
        st.sampled_from(
            ["+m", "-m", "+b ann!*@*", "-b ann!*@*", "+k x", "-k x", "+l 3", "+f #b", "-f"]
        ),
    ),
    st.builds("MODE {} {} {}".format, CHANNELS, st.sampled_from(["+o", "-o", "+v-o"]), NAMES),
    st.builds("RENAME {} {}".format, CHANNELS, CHANNELS),
    st.builds("INVITE {} {}".format, NAMES, CHANNELS),
    st.builds("CS REGISTER {}".format, CHANNELS),
    st.builds("CS DROP {}".format, CHANNELS),
    st.builds("CS TRANSFER {} {}".format, CHANNELS, NAMES),
    st.builds("CS ACCESS {} ADD {} op".format, CHANNELS, NAMES),
    st.builds("CS ACCESS {} DEL {}".format, CHANNELS, NAMES),
    st.builds("CS SET {} HISTORY {}".format, CHANNELS, st.sampled_from(["off", "7", "default"])),
    st.builds("CS DEOP {} {}".format, CHANNELS, NAMES),
    st.builds(
        "MARKREAD {} timestamp=2027-01-0{}T12:00:00.000Z".format, CHANNELS, st.integers(1, 9)
    ),
    st.builds("METADATA {} SET url {}".format, st.one_of(CHANNELS, st.just("*")), NAMES),
    st.builds("METADATA {} CLEAR".format, st.one_of(CHANNELS, st.just("*"))),
    st.builds(
        "NS SET {} {}".format,
        st.sampled_from(["always-on", "auto-away", "replay"]),
        st.sampled_from(["on", "off", "default"]),
    ),
    st.builds("NS IDENTIFY {0} {0}-password".format, NAMES),
    st.builds("NICK {}".format, st.sampled_from(["ann", "bob", "eve", "guest"])),
    st.sampled_from(["AWAY :x", "AWAY", "SETNAME :y", "MODE ann -i", "MODE bob +B"]),
)


ENDS = st.one_of(
    st.builds("NS DROP {}-password".format, NAMES),
    st.builds("NS GHOST {}".format, NAMES),
    st.builds("{} {}!*@*".format, st.sampled_from(["KLINE", "UNKLINE"]), NAMES),
    st.sampled_from(["KILL bob", "KILL eve", "QUIT", "NS LOGOUT"]),
)
"""Commands after which less is there, so that they are rarer than others."""
OPERATOR = Operator(name="root")


class AnyChange(RuleBasedStateMachine):
    """Users with accounts change everything that persists: whatever differs afterwards is marked
    to be stored, and the invariants hold after each single change.
    """

    def __init__(self) -> None:
        super().__init__()
        accounts = OpenAccounts()
        for name in ("ann", "bob", "eve"):
            accounts.add(name, f"{name}-password")
        self.town = Town(
            ServerInfo(
                created=NOON, account_rules=AccountRules(always_on="opt-out", reservation="off")
            ),
            storage=StoragePorts(history=ListHistory(), accounts=accounts),
        )
        self.people: list[Person] = []

    @initialize()
    def open(self) -> None:
        """Three users are connected, of which one is an operator of the server."""
        for name in ("ann", "bob", "eve"):
            person = self.town.person(name, "#a")
            person.say(f"NS IDENTIFY {name} {name}-password")
            self.people.append(person)
        self.people[0].say("MODE #a +oo bob eve", "CS REGISTER #a")
        self.people[1].say("JOIN #b", "CS REGISTER #b")
        self.town.appoint(self.people[0].session.user, OPERATOR)
        self.town.world.dirty.take()
        Shadow(self.town.world)

    @rule(name=NAMES, is_logging_in=st.booleans())
    def come(self, name: str, is_logging_in: bool) -> None:
        """A client registers, and may log in."""
        if len(self.people) >= 4:
            return
        person = self.town.newcomer()
        person.say("CAP REQ :draft/read-marker", f"NICK {name}", "USER u 0 * :r", "CAP END")
        if is_logging_in:
            person.say(f"NS IDENTIFY {name} {name}-password", "JOIN #a", "CS REGISTER #a")
        self.people.append(person)

    @rule(steps=st.lists(st.tuples(st.integers(0, 3), COMMANDS), min_size=15, max_size=25))
    def talk(self, steps: list[tuple[int, str]]) -> None:
        """Clients send commands that change something, or are refused."""
        for index, line in steps:
            self._send(index, line)

    @rule(index=st.integers(0, 3), line=ENDS)
    def end(self, index: int, line: str) -> None:
        """A client ends something: a session, an account, what is another's."""
        self._send(index, line)

    def _send(self, index: int, line: str) -> None:
        if self.people:
            self.people[index % len(self.people)].say(line)
        self.people = [person for person in self.people if not person.ended]


TestAnyChange = AnyChange.TestCase
TestAnyChange.settings = settings(max_examples=40, stateful_step_count=8, deadline=None)


def test_an_event_is_no_state(town: Town) -> None:
    """Messages are no changes: nothing observes them."""
    seen: list[Change] = []
    ann = town.person("ann", "#a")
    town.world.observers.append(seen.append)
    town.person("bob", "#a")
    seen.clear()
    assert isinstance(town.world.event(town.world.users["ann"], "X", (), ()), Event)
    ann.say("PRIVMSG #a :hi")
    assert seen == []
