"""Commands in a cluster: what one node carries out alone, and what all see of it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from cluster_simulation import ROOT, make_world
from cluster_town import Client, ClusterTown
from storage_fakes import ListHistory
from support import NOON, commands, run_now
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import Origin
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import (
    NoticeKept,
    NoticesDelivered,
    OperatorAppointed,
    PushEndpointSet,
    PushSubscribed,
)
from trio_chat.chat.control import ShownNode
from trio_chat.chat.events import Event
from trio_chat.chat.invitations import make_token
from trio_chat.chat.logins import CREDENTIALS_CHANGED, end_sessions
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.steady import ClockState
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.cluster.entries import Begun, Ended, Entry, Said, Stopped
from trio_chat.cluster.machine import LogClock, Machine
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import Message
from trio_chat.server.bans import BanWatcher
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.disk_space import watch_disk_space
from trio_chat.server.invitations import InvitationWatcher
from trio_chat.server.state import load_lists
from trio_chat.server.watchers import expire_users

DAY = 86_400.0
LABELS = "labeled-response batch echo-message"


class RefusingControl:
    """The control of a server for which every password is wrong."""

    async def is_password(self, name: str, hashed: str, password: str, origin: Origin) -> bool:
        """Return that it is wrong."""
        return False

    def refuse_guesser(self, origin: Origin) -> None:
        """Refuse nobody."""

    def note_password(self, origin: Origin, *, is_right: bool) -> None:
        """Count nothing."""

    def nodes(self) -> list[ShownNode]:
        """Return no nodes."""
        return []

    def issue_api_token(self, session: Session) -> tuple[int, str]:
        """Return a token."""
        return 600, "token"

    def numbers(self) -> list[tuple[str, float]]:
        """Return no numbers."""
        return []

    async def rehash(self) -> list[str]:
        """Change nothing."""
        return []

    def shut_down(self) -> None:
        """Go on."""


def make_with(clock: LogClock, **server_info: object) -> World:
    """Return a world with other values of `ServerInfo`."""
    world = make_world(clock)
    world.server_info = replace(world.server_info, **server_info)  # type: ignore[arg-type]
    return world


@pytest.mark.parametrize("targets", ["#a,NickServ", "nickserv,#a,*playback"])
def test_what_is_for_a_service_reaches_no_other_target(targets: str) -> None:
    """The text may be a password: the client gets an error for each other target."""
    town = ClusterTown()
    bob = town.there.person("bob", "JOIN #a")
    ann = town.here.person("ann", "JOIN #a")
    bob.read()
    answer = ann.say(f"PRIVMSG {targets} :HELP")
    assert bob.read() == []
    assert {m.source.partition("!")[0] for m in answer} >= {"NickServ"}
    assert [m.params[1] for m in answer if m.command == "407"] == ["#a"]
    assert ann.say(f"NOTICE {targets} :HELP") == []
    town.check()


def test_a_label_is_answered_once_by_a_service_and_for_other_targets() -> None:
    """The answers of both are in one batch."""
    town = ClusterTown()
    ann = town.here.person("ann", "JOIN #a", caps=LABELS)
    answer = ann.say("@label=7 PRIVMSG #a,NickServ,#b :IDENTIFY acc1 secret")
    assert [m.tags["label"] for m in answer if "label" in m.tags] == ["7"]
    labelled = [m for m in answer if "batch" in m.tags]
    assert [m.command for m in labelled].count("407") == 2
    assert town.there.world.users["ann"].account == "acc1"
    town.check()


def test_two_services_answer_one_line_in_turn() -> None:
    """Also when the first has to wait for a password."""
    town = ClusterTown()
    ann = town.here.person("ann")
    answer = ann.say("PRIVMSG NickServ,*playback :IDENTIFY acc1 wrong")
    assert commands(answer) == ["NOTICE", "NOTICE"]


@pytest.mark.parametrize("line", ["INVITATION CREATE #a", "CS INVITATION #a CREATE"])
def test_all_nodes_have_the_same_invitation(line: str) -> None:
    """Its token is drawn by one of them."""
    town = ClusterTown()
    ann = town.here.person("ann", "JOIN #a")
    assert ann.say(line)
    assert len(town.there.world.invitations) == 1
    town.check()


def test_the_password_of_the_server_is_checked_by_the_node_of_the_client() -> None:
    """It is not in the log, and neither is how often it was wrong."""
    town = ClusterTown(partial(make_with, password="open"))
    client = town.here.person("ann")
    assert client.ended == "Password incorrect"
    assert not town.here.world.users
    town.check()


def test_a_client_with_the_password_of_the_server_registers_on_all_nodes() -> None:
    """They need not know it."""
    town = ClusterTown(partial(make_with, password="open"))
    client = Client(town.here)
    client.say("PASS open", "NICK ann", "USER ann 0 * :ann")
    assert list(town.there.world.users) == ["ann"]
    town.check()


def appointed(town: ClusterTown, nick: str) -> Client:
    """Return an operator on this node that reads notices."""
    client = town.here.person(nick)
    town.here.decide(OperatorAppointed(nick, ROOT))
    town.carry_out()
    client.say(f"MODE {nick} +s")
    return client


def texts(messages: list[Message], command: str = "NOTICE") -> str:
    """Return the last parameters of some messages as one text."""
    return "\n".join(m.params[-1] for m in messages if m.command == command)


def test_an_answer_follows_what_was_decided() -> None:
    """It describes the setting as it is afterwards."""
    town = ClusterTown()
    ann = town.here.person("ann", "NS IDENTIFY acc1 secret")
    assert "always-on is off" in texts(ann.say("NS SET always-on off"))
    assert "always-on is on" in texts(ann.say("NS SET always-on on"))
    assert town.there.world.users["ann"].always_on


@pytest.mark.parametrize("line", ["NS SET always-on off", "NS CLIENTS LOGOUT all", "NS LOGOUT"])
def test_an_answer_that_waits_has_its_label(line: str) -> None:
    """And nothing else has."""
    town = ClusterTown()
    ann = town.here.person("ann", "NS IDENTIFY acc1 secret", caps=LABELS)
    answer = ann.say(f"@label=7 {line}")
    assert [m.tags["label"] for m in answer if "label" in m.tags] == ["7"]
    town.check()


def test_other_sessions_learn_of_a_login_on_all_nodes() -> None:
    """The account is theirs, too."""
    town = ClusterTown()
    ann = town.here.person("acc1", account=1)
    other = town.there.person("acc1", account=1)
    ann.say("NS LOGOUT")
    assert "901" in commands(other.read())
    ann.say("NS IDENTIFY acc2 secret")
    assert "900" in commands(other.read())
    town.check()


def test_operators_on_all_nodes_are_notified_of_what_one_node_does() -> None:
    """Such as a wrong password for OPER."""
    town = ClusterTown()
    root = appointed(town, "root")
    eve = town.there.person("eve")
    town.there.world.control = RefusingControl()
    eve.say("OPER root wrong")
    assert "failed to become operator" in texts(root.read())


def test_an_operator_has_the_rights_of_the_block_of_its_node() -> None:
    """Other nodes need not have it, and a snapshot keeps it, without its password."""
    town = ClusterTown()
    town.here.person("ann")
    block = Operator(name="other", password="$argon2id$secret", rights=frozenset({"kill"}))
    town.here.decide(OperatorAppointed("ann", block.sealed()))
    town.carry_out()
    operator = town.there.world.users["ann"].operator
    assert operator is not None
    assert operator.rights == {"kill"}
    assert operator.is_same_person(block)
    state = json.dumps(town.there.machine.to_state())
    assert "$argon2id$" not in state
    restored = Machine(make_world)
    restored.restore(json.loads(state))
    assert restored.world.users["ann"].operator == operator


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("KILL eve :why", "Killed (root (why))"),
        ("KLINE eve!*@* :why", "Banned: why"),
        ("DLINE 192.0.2.9 :why", "Banned: why"),
    ],
)
def test_a_user_of_another_node_is_ended_in_the_order_of_the_log(line: str, reason: str) -> None:
    """By its own node; all others see it leave at once."""
    town = ClusterTown()
    root = appointed(town, "root")
    eve = town.there.person("eve", "JOIN #a", address="192.0.2.9")
    root.say("JOIN #a")
    answer = root.say(line)
    assert eve.ended == reason
    assert texts(answer, "QUIT") == reason
    assert "eve" not in town.there.world.users
    eve.leave()  # its connection is gone now, which changes nothing
    town.check()


def test_a_ban_ends_clients_of_all_nodes_that_are_not_registered() -> None:
    """Each node knows its own."""
    town = ClusterTown()
    root = appointed(town, "root")
    clients = [Client(node, "192.0.2.9") for node in town.nodes]
    root.say("DLINE 192.0.2.9 :why")
    assert [client.ended for client in clients] == ["Banned: why"] * 2
    town.check()


def test_suspending_an_account_ends_its_sessions_on_all_nodes() -> None:
    """Although NickServ is asked on one."""
    town = ClusterTown()
    root = appointed(town, "root")
    eve = town.there.person("eve", "NS IDENTIFY acc1 secret")
    assert "1 connection ended: eve" in texts(root.say("NS SUSPEND acc1 why"))
    assert eve.ended == "Banned: why"
    town.check()


def test_a_nickname_is_free_after_ghost() -> None:
    """As soon as NickServ says so, although its session was on another node."""
    town = ClusterTown()
    town.there.person("acc1", account=1)
    ann = town.here.person("ann", "NS IDENTIFY acc1 secret", "NS SET multiclient off")
    assert "acc1 is gone" in texts(ann.say("NS GHOST acc1"))
    assert texts(ann.say("NICK acc1"), "NICK") == "acc1"
    town.check()


def test_logging_out_a_device_ends_it_on_another_node() -> None:
    """And the user stays."""
    town = ClusterTown()
    ann = town.here.person("acc1", account=1)
    other = town.there.person("acc1", account=1)
    assert "logged out: 1" in texts(ann.say("NS CLIENTS LOGOUT all"))
    assert other.ended
    assert "acc1" in town.there.world.users
    town.check()


def test_a_new_password_ends_the_sessions_of_the_account_on_all_nodes() -> None:
    """Those that are not registered yet, too; that which changed it stays."""
    town = ClusterTown()
    ann = town.here.person("ann", "NS IDENTIFY acc1 secret")
    eve = town.there.person("eve", "NS IDENTIFY acc1 secret")
    mallory = Client(town.there)
    assert town.there.world.accounts is not None
    mallory.session.set_account(town.there.world.accounts.by_id[1])
    ended = end_sessions(town.here.world, 1, CREDENTIALS_CHANGED, keep=ann.session)
    town.carry_out()
    assert (ended, ann.ended) == (1, "")
    assert eve.ended == mallory.ended == CREDENTIALS_CHANGED
    town.check()


def test_notices_that_come_while_others_are_delivered_are_kept() -> None:
    """A node has delivered only those that it knew."""
    town = ClusterTown()
    ann = town.here.person("ann", "NS IDENTIFY acc1 secret", "NS SET always-on on")
    ann.leave()
    for node, text in ((town.here, "first"), (town.there, "second")):
        node.decide(NoticeKept("ann", text))
        town.carry_out()
    first, second = town.here.world.always_on.missed[1]
    town.here.decide(NoticesDelivered("ann", first.id))
    town.carry_out()
    assert town.there.world.always_on.missed[1] == [second]


def test_the_device_of_a_session_is_known_to_all_nodes() -> None:
    """It receives no messages once it is logged out, by whichever node."""
    town = ClusterTown()
    ann = town.here.person("ann", "NS IDENTIFY acc1 secret")
    device = PushSubscription("https://push.example/1", b"key", b"auth", 0, NOON, NOON)
    town.here.decide(PushSubscribed(1, device, 4))
    town.here.decide(PushEndpointSet(ann.session.id, device.endpoint))
    town.carry_out()
    ann.say("NS LOGOUT")
    assert not town.there.world.push.of(1)
    town.check()


def test_a_wrong_invitation_counts_on_all_nodes() -> None:
    """Whether it is tried by JOIN or by REGISTER."""
    invited = AccountRules(by_invitation=True)
    town = ClusterTown(partial(make_with, account_rules=invited))
    ann = town.here.person("ann")
    ann.say(f"REGISTER ann * password {make_token()}")
    ann.say("JOIN #a", f"PRIVMSG NickServ,ann :REGISTER password * {make_token()}")
    town.check()


async def settled(change: Callable[[], Iterable[Event]]) -> None:
    """Make a change, as a watcher has it announced."""
    await trio.lowlevel.checkpoint()
    change()


def absent(town: ClusterTown) -> User:
    """Return an always-on user that was not connected for three days."""
    ann = town.here.person("ann", "JOIN #a", "NS IDENTIFY acc1 secret", "NS SET always-on on")
    ann.leave()
    town.now += 3 * DAY
    town.here.submit(Ended(99, ""))
    town.carry_out()
    return town.here.world.users["ann"]


async def test_several_nodes_notice_a_user_that_expires(autojump_clock: MockClock) -> None:
    """It is removed once, with one notice for it."""
    town = ClusterTown()
    absent(town)
    for node in town.nodes:
        with trio.move_on_after(1):
            await expire_users(node.world, 2, settled)
    town.carry_out()
    assert "ann" not in town.here.world.users
    assert len(town.here.world.always_on.missed[1]) == 1
    town.check()


async def test_a_user_that_comes_back_meanwhile_does_not_expire(autojump_clock: MockClock) -> None:
    """The log decides."""
    town = ClusterTown()
    user = absent(town)
    ann = town.there.person("eve", "NS IDENTIFY acc1 secret")
    town.there.submit(Said(ann.number, 0, (b"NICK ann",)))
    with trio.move_on_after(1):
        await expire_users(town.here.world, 2, settled)
    town.carry_out()
    assert town.here.world.users["ann"] is user
    assert ann.ended == ""
    town.check()


async def test_nodes_decide_on_nothing_when_nothing_is_due(autojump_clock: MockClock) -> None:
    """Watchers look often, and the log would grow."""
    town = ClusterTown()
    broadcaster = Broadcaster(1, 1)
    town.here.person("ann", "NS IDENTIFY acc1 secret", "NS SET always-on on")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(BanWatcher(town.here.world, None, broadcaster).run)
        nursery.start_soon(InvitationWatcher(town.here.world, None, trio.Lock()).run)
        nursery.start_soon(expire_users, town.here.world, 2, settled)
        await trio.sleep(2 * 3600)
        nursery.cancel_scope.cancel()
    assert town.log == []


async def test_several_nodes_notice_a_ban_that_expires(autojump_clock: MockClock) -> None:
    """By the time of the log."""
    town = ClusterTown()
    root = appointed(town, "root")
    root.say("KLINE 1m eve!*@* :why")
    town.now += 61
    root.say("PING 1", "JOIN #a")
    for node in town.nodes:
        node.world.settle = trio.sleep_forever  # before the other one knows
        with trio.move_on_after(1):
            await BanWatcher(node.world, None, Broadcaster(1, 1)).run()
    assert len(town.log) == 2
    town.carry_out()
    assert not len(town.here.world.bans)
    town.check()


async def test_a_node_with_a_full_disk_restricts_all(autojump_clock: MockClock) -> None:
    """Until it has room again, or is gone: each node stores everything."""

    async def free(path: Path) -> int:
        await trio.lowlevel.checkpoint()
        return 50

    town = ClusterTown()
    ann = town.here.person("ann", "JOIN #a")
    with trio.move_on_after(1):
        await watch_disk_space(town.there.world, Path(), 64, free, "there")
    town.carry_out()
    assert commands(ann.say("PRIVMSG #a :hello")) == ["FAIL"]
    town.check()
    town.log.append(Entry("there", 2, 1, (Begun(""),)))
    town.carry_out()
    assert commands(ann.say("PRIVMSG #a :hello")) == []
    town.check()


def test_the_clock_of_a_node_is_that_of_the_log() -> None:
    """What its database has noted of its own clock does not count."""
    storage = StoragePorts(history=ListHistory(), kept=ClockState(1.0, 1.0, 9e9), hold=DAY)
    clock = LogClock(NOON)
    world = World(ServerInfo(), Lengths(), clock, 5, storage, clock)
    assert world.steady() == NOON
    assert not world.steady.left
    clock.now += 365 * DAY
    assert world.steady() == clock.now


class StoredBans:
    """A table of bans."""

    async def load(self) -> list[Ban]:
        """Return the one that there is."""
        return [Ban(BanKind.MASK, "eve!*@*", "root", "why", int(NOON))]

    async def changes(self) -> int:
        """Return that nothing changes."""
        return 0


def test_a_node_begins_with_the_bans_of_its_database() -> None:
    """Of the time before it was in a cluster; they are in no entry."""
    town = ClusterTown()
    storage = StoragePorts(history=ListHistory(), bans=StoredBans())
    run_now(load_lists(town.here.world, storage))
    assert [ban.mask for ban in town.here.world.bans] == ["eve!*@*"]
    assert town.log == []


async def test_a_watcher_decides_once_while_the_engine_is_away(autojump_clock: MockClock) -> None:
    """It looks every few seconds, and nothing is carried out."""
    town = ClusterTown()
    root = appointed(town, "root")
    root.say("KLINE 1m eve!*@* :why")
    town.now += 61
    root.say("JOIN #a")
    town.here.world.settle = trio.sleep_forever
    with trio.move_on_after(50):
        await BanWatcher(town.here.world, None, Broadcaster(1, 1)).run()
    assert len(town.log) == 1


def test_a_service_is_asked_in_several_lines() -> None:
    """All nodes carry out a batch as a whole; only the node of the client asks the service."""
    town = ClusterTown()
    ann = town.here.person("ann", caps=f"{LABELS} message-tags draft/multiline")
    lines = (
        b"@label=7 BATCH +1 draft/multiline NickServ",
        b"@batch=1 PRIVMSG NickServ :IDENTIFY acc1",
        b"@batch=1;draft/multiline-concat PRIVMSG NickServ : secret",
        b"BATCH -1",
    )
    town.here.submit(Said(ann.number, ann.session.caps, lines))
    town.carry_out()
    answer = ann.read()
    assert "You are logged in as acc1." in texts(answer)
    assert [m.tags["label"] for m in answer if "label" in m.tags] == ["7"]
    assert town.there.world.users["ann"].account == "acc1"
    town.check()


def test_a_ban_covers_a_user_that_is_expected_back() -> None:
    """Its node has stopped, and its client may come back on another one."""
    town = ClusterTown()
    root = appointed(town, "root")
    town.there.person("eve", "NS IDENTIFY acc1 secret", "NS SET always-on off", "JOIN #a")
    town.there.submit(Stopped())
    town.carry_out()
    assert town.here.world.users["eve"].is_expected
    assert "eve (not connected)" in texts(root.say("KLINE eve!*@* :why"))
    assert "eve" not in town.here.world.users
