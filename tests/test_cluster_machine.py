"""The state machine of a cluster: lives of nodes, items, and what a node appends."""

import json
from functools import partial

import pytest

from cluster_simulation import ROOT, make_world
from storage_fakes import OpenAccounts
from support import NOON
from trio_chat.chat import logins
from trio_chat.chat.accounts import NO_ACCOUNT
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.changes import AccountChanged, BanSet, OperatorAppointed, RetentionSet
from trio_chat.chat.events import Output
from trio_chat.chat.snapshot import to_json
from trio_chat.chat.users import NOWHERE, Session
from trio_chat.cluster.absence import PATIENCE
from trio_chat.cluster.appender import MOST_ITEMS, MOST_WAITING, Appender
from trio_chat.cluster.decisions import decide, resolve
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
from trio_chat.cluster.lives import LONGEST_PAUSE, SILENCE
from trio_chat.cluster.machine import (
    SESSION_BITS,
    Applied,
    Machine,
    OtherFormat,
    RulesDiffer,
    UpdateNeeded,
)
from trio_chat.server.cluster.comparison import differing_nodes

OWN = ("here", 1)


def registered(number: int, nick: str, **facts: object) -> Registered:
    """Return an item by which a session registers."""
    plain: dict[str, object] = {
        "session": number,
        "caps": 0,
        "nick": nick,
        "username": "u",
        "realname": "Real",
        "address": "192.0.2.1",
        "host": "192.0.2.1",
        "payer": "192.0.2.1",
        "certificate": "",
        "is_secure": False,
        "connected": NOON,
        "account": 0,
        "away": "",
        "metadata": (),
    }
    return Registered(**{**plain, **facts})  # type: ignore[arg-type]


def said(number: int, *lines: str) -> Said:
    """Return an item of a command."""
    return Said(number, 0, tuple(line.encode() for line in lines))


class Cluster:
    """A machine, and the log that it is given."""

    def __init__(self, *nodes: str, always_on: str = "opt-out") -> None:
        self.machine = Machine(partial(make_world, always_on=always_on), "rules")
        self.now = NOON
        self.sequences: dict[tuple[str, int], int] = {}
        for node in nodes:
            self.write(node, Begun("rules"))

    def write(self, node: str, *items: Item, epoch: int = 1) -> list[Applied]:
        """Carry out the next entry of a node."""
        sequence = self.sequences[node, epoch] = self.sequences.get((node, epoch), 0) + 1
        return self.read(Entry(node, epoch, sequence, items))

    def read(self, entry: Entry) -> list[Applied]:
        """Carry out an entry."""
        return list(self.machine.apply(entry, self.now, OWN))

    @property
    def nicks(self) -> list[str]:
        """The nicknames in use."""
        return list(self.machine.world.users)

    def silence(self, seconds: float, *but: str) -> None:
        """Let active time pass, in which only some nodes say that they are alive."""
        passed = 0.0
        while passed < seconds:
            self.now += LONGEST_PAUSE / 2
            passed += LONGEST_PAUSE / 2
            for node in but:
                self.write(node)


def test_users_of_other_nodes_register_and_speak() -> None:
    """Their sessions are connected nowhere."""
    cluster = Cluster("here", "there")
    cluster.write("there", registered(1, "ann"), registered(2, "bob"))
    [joined, *_] = cluster.write("there", said(1, "JOIN #a"), said(2, "JOIN #a"))
    assert joined.session is None
    assert [member.nick for member in cluster.machine.world.channels["#a"].members] == [
        "ann",
        "bob",
    ]


def test_the_first_of_two_gets_a_nickname() -> None:
    """The log decides; the session that is refused is forgotten by all but its own node."""
    cluster = Cluster("here", "there")
    cluster.write("there", registered(1, "ann"))
    cluster.write("here", registered(1, "ann"))
    assert cluster.nicks == ["ann"]
    assert len(cluster.machine.world.sessions) == 1


def test_an_own_session_that_is_refused_can_choose_again() -> None:
    """It gets the reply of the rules, and stays connected."""
    cluster = Cluster("here", "there")
    world = cluster.machine.world
    cluster.write("there", registered(1, "ann"))
    session = Session(NOWHERE, "192.0.2.1", NOON)
    world.connect(session)
    [applied] = cluster.write("here", registered(1, "ann"))
    assert applied.session is session
    assert session in world.unregistered
    cluster.write("here", registered(1, "bob"))
    assert world.users["bob"].sessions == (session,)


def test_an_own_session_whose_connection_has_ended_registers_as_on_other_nodes() -> None:
    """The nodes must agree; the item by which it ends follows."""
    cluster = Cluster("here")
    cluster.write("here", registered(1, "ann"))
    assert cluster.nicks == ["ann"]
    cluster.write("here", Ended(1, "Connection closed"))
    assert cluster.nicks == []


def test_a_session_of_this_node_has_the_number_of_its_life() -> None:
    """So no two sessions of a cluster have the same number."""
    cluster = Cluster("there", "here")
    session = Session(NOWHERE, "192.0.2.1", NOON)
    cluster.machine.world.connect(session)
    assert session.id == 2 << SESSION_BITS | 1
    assert cluster.machine.number_of(session) == 1


def test_quit_ends_the_session_on_all_nodes_at_once() -> None:
    """The item of the lost connection that may follow changes nothing."""
    cluster = Cluster("here", "there")
    cluster.write("there", registered(1, "ann"))
    cluster.write("there", said(1, "QUIT :bye"), said(1, "JOIN #a"), Ended(1, "gone"))
    assert cluster.nicks == []
    assert "#a" not in cluster.machine.world.channels


def test_a_snapshot_has_the_accounts_without_credentials() -> None:
    """A node that starts from it has read later ones from its database, and forgets these."""
    cluster = Cluster("there")
    accounts = cluster.machine.world.accounts
    assert isinstance(accounts, OpenAccounts)
    assert accounts.is_replicated
    accounts.drop(accounts.known["acc1"])
    state = json.dumps(cluster.machine.to_state())
    restored = Machine(make_world, "rules")
    later = restored.world.accounts
    assert isinstance(later, OpenAccounts)
    later.add("later", "password")
    restored.restore(json.loads(state))
    assert later.known == accounts.known
    assert later.dropped == accounts.dropped
    assert later.last == accounts.last
    assert "secret" not in state
    assert restored.digest() == cluster.machine.digest()


def test_an_entry_that_is_repeated_is_ignored() -> None:
    """Each counts once, in order."""
    cluster = Cluster("there")
    cluster.write("there", registered(1, "ann"))
    again = Entry("there", 1, 2, (said(1, "NICK bob"),))
    assert cluster.read(again) == []
    assert cluster.nicks == ["ann"]


def test_an_entry_after_a_gap_is_ignored() -> None:
    """Its node appends all of them again."""
    cluster = Cluster("there")
    assert cluster.read(Entry("there", 1, 3, (registered(1, "ann"),))) == []
    assert cluster.nicks == []


def test_a_node_that_starts_again_has_none_of_its_sessions() -> None:
    """Entries of its former life, which may still come, count no longer."""
    cluster = Cluster("there")
    cluster.write("there", registered(1, "ann"))
    cluster.write("there", Begun("rules"), epoch=2)
    assert cluster.nicks == []
    cluster.write("there", registered(2, "bob"))
    assert cluster.nicks == []


def test_a_node_with_other_rules_does_not_begin() -> None:
    """It would carry out the same commands with another result."""
    cluster = Cluster("here")
    cluster.write("there", Begun("other rules"))
    cluster.write("there", registered(1, "ann"))
    assert cluster.machine.lives.of("there") is None
    assert cluster.nicks == []


def test_the_log_of_other_rules_is_refused() -> None:
    """While no node with the same rules lives, this one is the odd one."""
    cluster = Cluster()
    with pytest.raises(RulesDiffer, match="there has another configuration"):
        cluster.write("there", Begun("other rules"))


def test_the_state_of_other_rules_is_refused() -> None:
    """What a living node says later is said by its rules."""
    cluster = Cluster("here")
    with pytest.raises(RulesDiffer, match="here has another configuration"):
        Machine(make_world, "other rules").restore(cluster.machine.to_state())


def test_the_state_of_other_rules_can_go_on_when_all_nodes_have_stopped() -> None:
    """The configuration of a cluster can be changed while it is off."""
    cluster = Cluster("here")
    cluster.write("here", Stopped())
    machine = Machine(make_world, "other rules")
    machine.restore(cluster.machine.to_state())
    machine.apply(Entry("here", 9, 1, (Begun("other rules"),)), NOON, ("here", 9))
    assert machine.life is not None


def test_the_users_of_a_node_that_stops_leave() -> None:
    """The others see why, and nothing counts that comes after it."""
    cluster = Cluster("here", "there")
    cluster.write("there", registered(1, "ann"), Stopped(), registered(2, "bob"))
    assert cluster.nicks == []


def test_a_silent_node_is_lost_when_another_one_says_so() -> None:
    """Its users leave, and it cannot speak any longer."""
    cluster = Cluster("here", "there")
    cluster.write("there", registered(1, "ann"))
    cluster.silence(SILENCE + 1, "here")
    [lost] = cluster.machine.lives.lost()
    cluster.write("here", Lost(lost.node, lost.epoch))
    assert cluster.nicks == []
    cluster.write("there", registered(2, "bob"))
    assert cluster.nicks == []


def test_a_node_is_not_lost_when_it_has_spoken_before_another_one_says_so() -> None:
    """It counts where it stands in the log."""
    cluster = Cluster("here", "there")
    cluster.silence(SILENCE + 1, "here")
    cluster.write("there", registered(1, "ann"))
    cluster.write("here", Lost("there", 1))
    assert cluster.nicks == ["ann"]


def test_a_pause_of_the_log_is_no_silence() -> None:
    """Then the engine was away."""
    cluster = Cluster("here", "there")
    cluster.now += 3600
    cluster.write("here")
    assert cluster.machine.lives.lost() == []


def test_changes_that_a_node_has_decided_are_carried_out() -> None:
    """Such as a ban, after an operator's password was checked."""
    cluster = Cluster("here", "there")
    ban = Ban(BanKind.MASK, "x!*@*", "root", "why", int(NOON))
    cluster.write("there", Decided(BanSet(ban)))
    assert list(cluster.machine.world.bans) == [ban]


def test_facts_from_before_the_registration_count() -> None:
    """Account, away message, metadata and encryption are the same on all nodes."""
    cluster = Cluster("there")
    item = registered(1, "acc1", account=1, away="later", metadata=(("url", "x"),), is_secure=True)
    cluster.write("there", item)
    user = cluster.machine.world.users["acc1"]
    assert (user.account_id, user.away_message(), user.metadata) == (1, "later", {"url": "x"})
    assert "Z" in user.modes


def test_a_restored_machine_goes_on() -> None:
    """From its state, as JSON has it."""
    cluster = Cluster("here", "there")
    cluster.write("there", registered(1, "ann"), said(1, "JOIN #a"))
    other = Cluster()
    other.machine.restore(json.loads(json.dumps(cluster.machine.to_state())))
    other.sequences, other.now = dict(cluster.sequences), cluster.now
    for each in (cluster, other):
        each.write("there", registered(2, "bob"), said(2, "JOIN #a"), said(1, "PRIVMSG #a :hi"))
    assert other.machine.digest() == cluster.machine.digest()


def test_an_appender_begins_with_its_life() -> None:
    """Nothing is appended before."""
    appender = Appender("here", 7, "rules")
    appender.submit(Ended(1, ""))
    assert appender.take() == [Entry("here", 7, 1, (Begun("rules"),))]
    assert appender.take() == [Entry("here", 7, 2, (Ended(1, ""),))]


def test_an_appender_puts_many_items_into_one_entry() -> None:
    """But not more than there is room for."""
    appender = Appender("here", 1)
    appender.take()
    for number in range(MOST_ITEMS + 1):
        appender.submit(Ended(number, ""))
    assert [len(appender.take()[0].items) for _ in range(3)] == [MOST_ITEMS, 1, 0]


def test_an_appender_repeats_all_that_it_has_not_seen() -> None:
    """In order, until it has carried them out."""
    cluster = Cluster()
    appender = Appender("here", 1, "rules")
    entries = [*appender.take(), *appender.take()]
    appender.note_failure()
    assert appender.has_more
    assert appender.take() == entries
    cluster.read(entries[0])
    appender.note_seen(entries[0], cluster.machine.life)
    appender.note_failure()
    assert appender.take() == entries[1:]
    cluster.read(entries[1])
    appender.note_seen(entries[1], cluster.machine.life)
    assert appender.is_idle


def test_an_appender_notices_a_gap() -> None:
    """A later entry is in the log, and one before it is not."""
    cluster = Cluster()
    appender = Appender("here", 1, "rules")
    [begun], [_lost], [later] = appender.take(), appender.take(), appender.take()
    for entry in (begun, later):
        cluster.read(entry)
        appender.note_seen(entry, cluster.machine.life)
    assert [entry.sequence for entry in appender.take()] == [2, 3]


def test_an_appender_takes_no_more_than_it_can_hold() -> None:
    """So a node without its engine does not grow."""
    appender = Appender("here", 1)
    for _ in range(MOST_WAITING):
        assert not appender.is_full
        appender.submit(Ended(1, ""))
    assert appender.is_full


@pytest.mark.parametrize("epoch", [0, 2])
def test_an_appender_ignores_entries_of_other_lives(epoch: int) -> None:
    """Of the same node, before and after."""
    cluster = Cluster("here")
    appender = Appender("here", 1)
    appender.note_seen(Entry("here", epoch, 5, ()), cluster.machine.life)
    assert [entry.sequence for entry in appender.take()] == [1]


def test_answers_of_long_commands_are_given_at_once() -> None:
    """A command is carried out as a whole, before the next one."""
    cluster = Cluster("here")
    world = cluster.machine.world
    for number in range(1, 200):
        cluster.write("here", registered(number, f"n{number}"), said(number, "JOIN #a"))
    applied = cluster.write("here", said(1, "NAMES #a"))
    assert all(output.more is None for _session, output, _ in applied[-1:])
    assert isinstance(applied[0].output, Output)
    assert len(world.channels["#a"].members) == 199


def test_a_decision_follows_its_user_to_another_nickname() -> None:
    """Somebody else has the former one by now, and must not become the operator."""
    cluster = Cluster("here", "there")
    cluster.write("there", registered(1, "ann"))
    item = decide(cluster.machine.world, OperatorAppointed("ann", ROOT))
    cluster.write("there", said(1, "NICK eve"), registered(2, "ann"))
    cluster.write("here", item)
    assert [user.nick for user in cluster.machine.world.opers] == ["eve"]


def test_a_decision_follows_its_channel_to_another_name() -> None:
    """As it follows a user."""
    cluster = Cluster("there")
    cluster.write("there", registered(1, "ann"), said(1, "JOIN #a"))
    item = decide(cluster.machine.world, RetentionSet("#a", 3))
    cluster.write("there", said(1, "RENAME #a #b"), said(1, "JOIN #a"))
    assert resolve(cluster.machine.world, item) == RetentionSet("#b", 3)


@pytest.mark.parametrize("how", ["QUIT", "PART #a"])
def test_a_decision_of_what_is_gone_is_dropped(how: str) -> None:
    """A later user or channel of the name has nothing to do with it."""
    cluster = Cluster("there")
    world = cluster.machine.world
    cluster.write("there", registered(1, "ann"), said(1, "JOIN #a"))
    change = OperatorAppointed("ann", ROOT) if how == "QUIT" else RetentionSet("#a", 3)
    item = decide(world, change)
    cluster.write("there", said(1, how), registered(2, "ann"), said(1, "JOIN #a"))
    cluster.write("there", said(2, "JOIN #a"))
    assert resolve(world, item) is None


def test_a_login_to_an_account_that_is_gone_is_dropped() -> None:
    """It was deleted while the password was checked."""
    cluster = Cluster("there")
    world = cluster.machine.world
    assert isinstance(world.accounts, OpenAccounts)
    cluster.write("there", registered(1, "ann"))
    session = next(iter(world.sessions))
    account = world.accounts.by_id[1]
    item = decide(world, AccountChanged(session, account))
    assert resolve(world, item) is not None
    world.accounts.drop(account)
    assert resolve(world, item) is None
    assert resolve(world, decide(world, AccountChanged(session, NO_ACCOUNT))) is not None


def test_an_app_password_that_is_revoked_ends_its_sessions_on_all_nodes() -> None:
    """They name it when they register, or when they log in later; a snapshot has it, too."""
    cluster = Cluster("there", "other", always_on="off")
    world = cluster.machine.world
    cluster.write("there", registered(1, "ann", account=1, app_password="x"), registered(2, "bob"))
    cluster.write("other", registered(1, "eve", account=1, app_password="y"))
    assert world.accounts is not None
    bob = next(one for one in world.sessions.values() if one.user and one.user.nick == "bob")
    apply(world, AccountChanged(bob.id, world.accounts.by_id[1], app_password="x"))
    restored = Machine(partial(make_world, always_on="off"), "rules")
    restored.restore(cluster.machine.to_state())
    known = {one.app_password for one in restored.world.sessions.values()}
    assert known == {"x", "y"}
    assert logins.end_sessions(world, 1, logins.REVOKED, app_password="x") == 2
    assert cluster.nicks == ["eve"]


def test_a_user_with_an_account_that_does_not_come_back_leaves() -> None:
    """It stays for a minute of active time."""
    cluster = Cluster("here", "there", always_on="off")
    cluster.write("there", registered(1, "acc1", account=1), registered(2, "bob"), Stopped())
    assert cluster.nicks == ["acc1"]
    cluster.silence(PATIENCE - 1, "here")
    assert cluster.nicks == ["acc1"]
    cluster.silence(2, "here")
    assert cluster.nicks == []


def test_a_user_that_is_expected_is_one_after_a_restart() -> None:
    """The snapshot has it, and until when it stays."""
    cluster = Cluster("here", "there", always_on="off")
    cluster.write("there", registered(1, "acc1", account=1), Stopped())
    state = cluster.machine.to_state()
    cluster.machine = Machine(partial(make_world, always_on="off"), "rules")
    cluster.machine.restore(json.loads(json.dumps(state)))
    cluster.write("here", registered(1, "acc1", account=1))
    cluster.silence(PATIENCE + 1, "here")
    assert cluster.nicks == ["acc1"]


def test_a_user_that_is_expected_makes_way_for_another_client() -> None:
    """A client without the account takes the nickname, as if the user had left."""
    cluster = Cluster("here", "there", always_on="off")
    cluster.write("there", registered(1, "ann", account=1), Stopped())
    cluster.write("here", registered(1, "ann"))
    [ann] = cluster.machine.world.users.values()
    assert ann.account_id == 0
    cluster.write("here", registered(2, "bob", account=1))
    cluster.write("here", Stopped())
    assert cluster.nicks == ["bob"]


def test_digests_are_equal_at_a_check() -> None:
    """All nodes take them after the same entry."""
    digests = set()
    for _node in range(2):
        cluster = Cluster("here", "there")
        cluster.write("there", registered(1, "ann"), Check(), registered(2, "bob"))
        assert cluster.machine.has_check
        assert cluster.machine.checks == 1
        digests.add(cluster.machine.digest())
        cluster.write("here", own_digest := Checked(1, cluster.machine.digest()))
        assert cluster.machine.digests == {"here": own_digest}
        assert not cluster.machine.has_check
    assert len(digests) == 1


def test_nodes_whose_states_differ_are_found() -> None:
    """Those that live, and are at the same check; the oldest first."""
    cluster = Cluster("a", "b", "c", "d")
    cluster.write("d", Stopped())
    digests = {"a": Checked(2, "x"), "b": Checked(2, "y"), "c": Checked(1, "z")}
    digests |= {"d": Checked(2, "z")}
    found = differing_nodes(Checked(2, "x"), digests, cluster.machine.lives)
    assert [life.node for life in found] == ["b"]


def test_json_in_parts_is_the_snapshot() -> None:
    """It can be read as a whole."""
    cluster = Cluster("here")
    cluster.write("here", registered(1, "ann"), said(1, "JOIN #a,#b"))
    state = cluster.machine.to_state()
    assert json.loads(b"".join(to_json(state))) == json.loads(json.dumps(state))


def versions(*supports: int, own: int = 2) -> Cluster:
    """Return a cluster of nodes that support some versions of the rules."""
    cluster = Cluster()
    cluster.machine = Machine(make_world, "rules", supports=own)
    for number, version in enumerate(supports):
        cluster.write(f"node{number}", Begun("rules", version))
    return cluster


def test_the_version_of_the_first_node_is_in_force() -> None:
    """A later one that supports more changes nothing by that."""
    cluster = versions(1, 2)
    assert (cluster.machine.version, cluster.machine.world.rules_version) == (1, 1)


def test_a_version_is_raised_when_all_living_nodes_support_it() -> None:
    """It is judged where the item stands in the log, and never goes back."""
    cluster = versions(1, 2)
    cluster.write("node1", Raised(2))
    assert cluster.machine.version == 1
    cluster.write("node0", Stopped())
    cluster.write("node1", Raised(3), Raised(2), Raised(1))
    assert (cluster.machine.version, cluster.machine.world.rules_version) == (2, 2)


def test_a_node_that_does_not_support_the_version_does_not_begin() -> None:
    """The others ignore it, and it says itself what to do."""
    cluster = versions(2, 1)
    assert [life.node for life in cluster.machine.lives] == ["node0"]
    with pytest.raises(UpdateNeeded, match=r"update trio-chat on this node.* version 2 "):
        cluster.write(*OWN[:1], Begun("rules", 1), epoch=OWN[1])
    with pytest.raises(UpdateNeeded):
        versions(2, own=1)


def test_a_snapshot_has_the_version_in_force() -> None:
    """A node that does not support it refuses the snapshot."""
    cluster = versions(2)
    restored = Machine(make_world, "rules", supports=3)
    restored.restore(cluster.machine.to_state())
    assert restored.digest() == cluster.machine.digest()
    assert restored.world.rules_version == 2
    with pytest.raises(UpdateNeeded):
        Machine(make_world, "rules", supports=1).restore(cluster.machine.to_state())


def test_a_snapshot_of_another_format_is_refused_before_it_is_read() -> None:
    """The machine stays as it was."""
    machine = Machine(make_world, "rules")
    before = machine.digest()
    for state in ({}, {"format": 99, "clock": 5.0}):
        with pytest.raises(OtherFormat, match="trio-chat backup"):
            machine.restore(state)
    assert machine.digest() == before
