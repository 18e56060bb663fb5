"""Determinism of the rules: servers that carry out the same log have the same state, and give the
same answers, whichever clients are connected to which.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

import invariants
import replicas
from replicas import Replica, log, outcome
from storage_fakes import ListHistory, OpenAccounts
from support import Town
from trio_chat.chat import snapshot
from trio_chat.chat.changes import AccountChanged, Change
from trio_chat.chat.channels import Channel
from trio_chat.chat.dispatch import is_local
from trio_chat.chat.registry import COMMANDS
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc.message import parse


def _is_in(part: int, client: int) -> bool:
    return client % 3 == part


FIRST = sys.version_info.minor * 4
SEEDS = range(FIRST, FIRST + 4)
"""Each version of Python tries other seeds: those of CI make up a dozen."""
LOCAL = sorted(name for name, entry in COMMANDS.items() if entry.is_local)


@pytest.mark.parametrize("seed", SEEDS)
def test_servers_with_other_clients_agree(seed: int) -> None:
    """State and outputs do not depend on capabilities, monitor lists and questions of clients that
    are connected elsewhere.
    """
    whole = Replica(lambda client: True)
    parts = [Replica(partial(_is_in, part)) for part in range(3)]
    for item in log(seed, 3000):
        for replica in (whole, *parts):
            replica.carry_out(item)
    assert [part.digest() for part in parts] == [whole.digest()] * 3
    received: dict[int, list[str]] = {}
    for part in parts:
        received |= part.received
    assert received == whole.received


def test_processes_with_other_hash_seeds_agree() -> None:
    """Nothing depends on the order of a set, or on the hash of a string."""
    arguments = [sys.executable, replicas.__file__, "100", "6000"]
    source = os.pathsep.join([str(Path(replicas.__file__).parent), *sys.path])
    runs = [
        subprocess.Popen(
            [*arguments, own],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": source},
            stdout=subprocess.PIPE,
        )
        for own, seed in (("0", "1"), ("1", "2"), ("2", "3"))
    ]
    outcomes = [json.loads(run.communicate()[0]) for run in runs]
    digest, received = outcome(100, 6000, "")
    assert [found for found, _ in outcomes] == [digest] * 3
    assert outcomes[0][1] | outcomes[1][1] | outcomes[2][1] == received


@pytest.mark.parametrize("seed", SEEDS)
def test_a_restored_server_goes_on_as_the_original_does(seed: int) -> None:
    """A snapshot, written and read as JSON, is all that a server needs."""
    items = list(log(seed, 1500))
    original = Replica(lambda client: True)
    restored = Replica(lambda client: False)
    for number, item in enumerate(items):
        if number % 150 == 100:
            restored = Replica(lambda client: False)
            taken = snapshot.take(original.world)
            restored.restore(json.loads(json.dumps(taken)))
            restored.clock.now = original.clock.now
            assert snapshot.take(restored.world) == taken
            invariants.check(restored.world)
        for replica in (original, restored)[: 1 + (number >= 100)]:
            replica.carry_out(item)
        if number >= 100 and number % 10 == 0:
            assert restored.digest() == original.digest(), item


def test_a_snapshot_is_taken_in_steps_for_many_users() -> None:
    """So that a server with many users can do something else in between."""
    town = Town()
    before = len(list(snapshot.take_in_steps(town.world)))
    for number in range(250):
        town.person(f"u{number}", f"#{number}")
    steps = list(snapshot.take_in_steps(town.world))
    assert len(steps) - before == 4  # for 250 users, and as many channels


def test_a_snapshot_is_restored_in_a_new_world_only() -> None:
    """What was there before would be mixed with it."""
    town = Town()
    taken = snapshot.take(town.world)
    town.person("ann")
    with pytest.raises(ValueError, match="new world"):
        snapshot.restore(town.world, taken)


@pytest.mark.parametrize("name", LOCAL)
def test_a_local_command_changes_no_state(name: str) -> None:
    """Only the server of the client carries it out: no digest tells whether it has. What it
    changes, it only decides on.
    """
    rng = random.Random(name)
    accounts = OpenAccounts()
    accounts.add("acc", "secret")
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    ann = town.person("ann", "#a", caps="labeled-response batch message-tags server-time")
    town.person("bob", "#a", "#b")
    ann.say("NS IDENTIFY acc secret", "CS REGISTER #a", "MODE ann +s")
    decided: list[Change] = []
    town.world.decider, town.world.quotas.is_counting = decided.append, False
    before = snapshot.take(town.world)
    words = [
        "",
        "*",
        "#a",
        "#b",
        "bob",
        "ann",
        "+",
        "-",
        "LIST",
        "LATEST",
        "10",
        "%tcnuf",
        "S",
        "x",
    ]
    words += ["SET", "always-on", "off", "IDENTIFY", "secret", "LOGOUT", "REGISTER", "CREATE"]
    for _ in range(40):
        params = " ".join(rng.choices(words, k=rng.randrange(5)))
        ann.say(f"@label=1 {name} {params}")
    assert snapshot.take(town.world) == before


def test_a_local_command_decides_on_what_it_changes() -> None:
    """The change is carried out later, by all servers."""
    accounts = OpenAccounts()
    account = accounts.add("bob", "secret")
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    ann = town.person("ann")
    decided: list[Change] = []
    town.world.decider = decided.append
    ann.say("NS IDENTIFY bob secret")
    assert decided == [AccountChanged(ann.session.id, account, version=0)]


def test_a_session_that_is_not_registered_changes_at_once() -> None:
    """No other server knows it."""
    town = Town()
    newcomer = town.newcomer()
    decided: list[Change] = []
    town.world.decider = decided.append
    newcomer.say("CAP REQ draft/pre-away", "AWAY :not yet")
    assert newcomer.session.away == "not yet"
    assert not decided


@pytest.mark.parametrize(
    ("line", "is_so"),
    [
        ("WHO #a", True),
        ("NS IDENTIFY x", True),
        ("PRIVMSG NickServ :IDENTIFY x", True),
        ("NOTICE nickserv,*playback :IDENTIFY x", True),
        # No server may have a batch open that the others do not know of.
        ("BATCH +1 draft/multiline nickserv", False),
        ("BATCH +1 draft/multiline #a", False),
        ("BATCH -1", False),
        ("PRIVMSG #a,nickserv :IDENTIFY x", True),
        ("PRIVMSG #a,nickserv@chat.local :IDENTIFY x", True),
        ("CS IDENTIFY #a x", True),
        ("PASS x", True),
        ("INVITATION CREATE #a", True),  # it draws a token
        ("PRIVMSG ChanServ :REGISTER #a", False),
        ("PRIVMSG #a :hello", False),
        ("PRIVMSG", False),
        ("JOIN #a", False),
        ("NONSENSE", True),
    ],
)
def test_what_has_secrets_is_local(line: str, is_so: bool) -> None:
    """A password is in the log of no cluster."""
    assert is_local(parse(line)) is is_so


@pytest.mark.parametrize(
    "line",
    [
        "JOIN #b",
        "PART #a",
        "NICK eve",
        "MODE #a +i",
        "MODE #a +b x!*@*",
        "MODE ann +B",
        "TOPIC #a :new",
        "AWAY :gone",
        "SETNAME :Another",
        "PRIVMSG #a :hello",
        "METADATA * SET url :x",
        "METADATA #a SET url :x",
        "MARKREAD #a timestamp=2027-01-15T08:00:00.000Z",
        "INVITE bob #a",
        "ACCEPT bob",
        "KICK #a ann",
        "RENAME #a #z",
        "QUIT",
    ],
)
def test_a_change_is_in_the_snapshot(line: str) -> None:
    """Two servers of which one has missed a command have other digests."""
    town = Town()
    ann = town.person("ann", "#a", caps="draft/metadata-2 draft/read-marker draft/channel-rename")
    town.person("bob")
    before: Mapping[str, object] = snapshot.take(town.world)
    town.clock.now += 1
    ann.say(line)
    assert snapshot.digest(snapshot.take(town.world)) != snapshot.digest(dict(before))


NOT_IN_A_SNAPSHOT = {
    User: {
        "account_id": "is in `account`",
        "folded_mask": "follows from the names",
        "source": "follows from the names",
    },
    Channel: {
        "_audience": "follows from the members",
        "restraining": "follows from the flags",
    },
    Session: {
        "batch": "a batch is carried out as a whole",
        "cap_302": "of the connection",
        "caps": "of the connection",
        "confirmation": "of the connection",
        "confirmed": "of the connection",
        "effective": "of the connection",
        "enrolment": "of the connection",
        "failed_logins": "of the connection",
        "link_until": "of the connection",
        "check": "of the connection",
        "needs_account": "of the connection",
        "page": "of the connection",
        "page_url": "of the connection",
        "pending": "a session in a snapshot is registered",
        "pending_passkey": "of the connection",
        "playback_request": "of the connection",
        "quota_notified": "of the connection",
        "sasl": "of the connection",
        "signed_on": "of the connection",
        "sink": "of the connection",
        "subscriptions": "of the connection",
        "user": "the session is in its user",
        "verification": "of the connection",
    },
}


@pytest.mark.parametrize("kind", NOT_IN_A_SNAPSHOT)
def test_every_attribute_is_in_a_snapshot_or_has_a_reason(kind: type) -> None:
    """A new attribute that commands depend on cannot be forgotten."""
    town = Town()
    town.person("ann", "#a").say("MODE #a +W 5")  # others have no moderation
    town.world.channels["#a"].public_since = 1  # which only public channels have
    taken = snapshot.take(town.world)
    states = {
        User: taken["users"][0],
        Channel: taken["channels"][-1],
        Session: taken["users"][0]["sessions"][0],
    }
    attributes = getattr(kind, "__mypyc_attrs__", None) or vars(kind)["__slots__"]
    missing = set(attributes) - set(states[kind])
    assert missing == set(NOT_IN_A_SNAPSHOT[kind])


OF_A_WORLD = {
    "accounts": "in a snapshot of the machine",
    "account_confusables": "follows from the accounts",
    "advertised": "of the configuration: only shown",
    "always_on": "in a snapshot",
    "bans": "in a snapshot",
    "batch_references": "of this server: no state depends on it",
    "channels": "in a snapshot",
    "cloaks": "of the configuration: compared by `cluster.rules`",
    "clock": "the time of the log",
    "confusables": "follows from the users",
    "control": "a port: only local commands use it",
    "creating": "of this server: what its clients wait for",
    "decider": "of the node",
    "dirty": "of the storage of this server",
    "elapsed": "the time of the log",
    "hooks": "in a snapshot",
    "api_tokens": "in a snapshot",
    "moderation": "in a snapshot",
    "ids": "in a snapshot",
    "invisible": "follows from the users",
    "invitations": "in a snapshot",
    "is_replicated": "of the node",
    "lengths": "of the configuration: compared by `cluster.rules`",
    "mail": "a port: only local commands use it",
    "markers": "in a snapshot",
    "metadata": "in a snapshot",
    "monitor": "of this server: of its connections",
    "most_users": "in a snapshot",
    "observers": "of this server: no state depends on it",
    "opers": "in a snapshot",
    "page_url": "of the configuration: only shown",
    "passkeys": "in a snapshot",
    "preferences": "in a snapshot",
    "push": "in a snapshot",
    "push_delivery": "a port: no state depends on it",
    "translator": "a port: no state depends on it",
    "quotas": "in a snapshot",
    "redacted": "in a snapshot",
    "relayed": "in a snapshot",
    "registering": "of this server: the log decides who is first",
    "registrar": "of the node",
    "rules_version": "in a snapshot of the machine",
    "second_factors": "in a snapshot",
    "scheduled": "in a snapshot",
    "server_info": "of the configuration: compared by `cluster.rules`",
    "sign_on": "a port: only local commands use it",
    "sessions": "in a snapshot, as far as they are registered",
    "settle": "of the node",
    "steady": "the time of the log",
    "storage": "of the storage of this server: no state depends on what it has",
    "unregistered": "of this server: of its connections",
    "upload_tokens": "of this server: which tokens were used there",
    "usage": "of this server: a statistic",
    "users": "in a snapshot",
    "verifications": "in a snapshot",
    "wall_clock": "of this server: no state depends on it",
    "wants_numbers": "of this server: of its connections",
    "whowas": "in a snapshot",
    "_session_ids": "of this server: a node numbers its own",
}
"""Where each attribute of a world is the same on all nodes, or why it need not be."""


def test_every_attribute_of_a_world_is_replicated_or_has_a_reason() -> None:
    """A new attribute that commands depend on cannot be forgotten."""
    attributes = getattr(World, "__mypyc_attrs__", None) or vars(Town().world)
    assert set(attributes) == OF_A_WORLD.keys()
