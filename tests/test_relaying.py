"""Relayed messages: those that come from no line of a client."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from cluster_town import ClusterTown
from push_fakes import PushTown
from storage_fakes import ListHistory
from support import Town, find
from test_cluster_own_parts import Collecting, pushed
from trio_chat.chat import multiline, snapshot
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    PushSubscribed,
    RelayedMessage,
    RelaySenderForgotten,
    RoomChanged,
)
from trio_chat.chat.events import Event, Output
from trio_chat.chat.history import HistoryError, Record
from trio_chat.chat.ids import msgid, parse_msgid
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.quotas import Room
from trio_chat.chat.relayed_ids import DELIVERY, MOST, MOST_SENDERS, THREAD, RelayedIds, RelayKey
from trio_chat.chat.relaying import CUT, BlankText, fit, is_name, shown_name, why_not_relay
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.isupport import Lengths
from trio_chat.server.broadcaster import Broadcaster
from trio_chat.server.relaying import ChannelGone, NotRelayed, Relayer
from trio_chat.server.state import change_set, load_state, save_state
from trio_chat.server.uncommitted import UncommittedState
from trio_chat.storage.database import open_database
from trio_chat.storage.state import SqliteStateStore

CAPS = "message-tags server-time draft/relaymsg batch draft/multiline account-tag"


def message(text: str = "the disk is full", **fields: object) -> RelayedMessage:
    """Return a message of a hook to #a."""
    made = RelayedMessage("#a", "grafana/hook", "hook", text, "hook:1")
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.fixture
def town() -> Town:
    """Return a town with a history."""
    return Town(storage=StoragePorts(history=ListHistory()))


def relay(town: Town, relayed: RelayedMessage) -> list[Event]:
    """Have a message delivered, and return its event."""
    events = apply(town.world, relayed)
    town.deliver(Output(tuple(events)), town.newcomer())
    return events


# The message


def test_members_see_it_as_that_of_a_bot(town: Town) -> None:
    """It has a name that no user can have, an id, and the tags of bots and relayed messages."""
    ann = town.person("ann", "#a", caps=CAPS)
    relay(town, message())
    line = find(ann.read(), "PRIVMSG")
    assert line.source == f"grafana/hook!hook@{town.world.server_info.name}"
    assert line.params == ("#a", "the disk is full")
    assert {"bot", "msgid", "time", "draft/relaymsg"} <= set(line.tags)


def test_it_is_in_the_history(town: Town) -> None:
    """With its source, and its tags."""
    town.person("ann", "#a")
    (event,) = relay(town, message(tags=(("+x", "1"),)))
    (record,) = town.history.said
    assert (record.id, record.text, record.is_bot) == (event.id, "the disk is full", True)
    assert record.tags["+x"] == "1"


def test_several_lines_are_one_message(town: Town) -> None:
    """Clients without the capability get a line each."""
    ann = town.person("ann", "#a", caps=CAPS)
    bob = town.person("bob", "#a")
    relay(town, message("one\ntwo"))
    assert [line.params[-1] for line in bob.read()] == ["one", "two"]
    assert [line.command for line in ann.read()] == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]
    assert len(town.history.said) == 1


def test_a_message_of_an_account(town: Town) -> None:
    """A program of an account is shown under its name, without a mark of a bridge."""
    town = PushTown()
    account = town.account("ann").session.account_id
    bob = town.person("bob", "#a", caps=CAPS)
    relay(town, message(name="ann", account=account, is_bot=False))
    tags = find(bob.read(), "PRIVMSG").tags
    assert tags["account"] == "ann"
    assert not {"bot", "draft/relaymsg"} & set(tags)


def test_a_delivery_is_one_message(town: Town) -> None:
    """The same delivery id of the same sender changes nothing; that of another sender does."""
    town.person("ann", "#a")
    assert len(relay(town, message(delivery="d1"))) == 1
    assert relay(town, message(delivery="d1")) == []
    assert len(relay(town, message(delivery="d1", sender="hook:2"))) == 1


def test_a_repeated_delivery_has_the_id_of_the_first(town: Town) -> None:
    """So that its sender gets the same answer."""
    town.person("ann", "#a")
    town.world.relayed.awaited |= {"t1": 0, "t2": 0}
    (event,) = relay(town, message(delivery="d1", token="t1"))
    relay(town, message(delivery="d1", token="t2"))
    assert town.world.relayed.awaited == {"t1": event.id, "t2": event.id}


# Threads


def replies(town: Town, *relayed: RelayedMessage) -> list[int]:
    """Have messages delivered; return to which of them each replies, by number; 0 for none."""
    events = [event for one in relayed for event in relay(town, one)]
    ids = [event.id for event in events]
    roots = [parse_msgid(event.client_tags.get("+draft/reply", "")) for event in events]
    return [ids.index(root) + 1 if root else 0 for root in roots]


def test_messages_about_one_matter_reply_to_the_first(town: Town) -> None:
    """Until the matter is over; what comes then begins anew."""
    town.person("ann", "#a")
    firing, resolved = message(thread="disk"), message(thread="disk", ends_thread=True)
    assert replies(town, firing, firing, resolved, firing, resolved) == [0, 1, 1, 0, 4]


def test_an_end_that_is_repeated_is_in_the_thread(town: Town) -> None:
    """A sender may say twice that a matter is over."""
    town.person("ann", "#a")
    ended = message(thread="disk", ends_thread=True)
    assert replies(town, message(thread="disk"), ended, ended) == [0, 1, 1]


def test_matters_and_senders_are_kept_apart(town: Town) -> None:
    """The key of a thread counts for one sender only."""
    town.person("ann", "#a")
    one = message(thread="disk")
    assert replies(town, one, message(thread="load"), replace(one, sender="hook:2")) == [0, 0, 0]


# What is known of senders


def test_what_is_known_of_a_sender_is_bounded() -> None:
    """The first keys are forgotten first, and the first senders."""
    ids = RelayedIds()
    for number in range(MOST + 1):
        ids.put(RelayKey("s", DELIVERY, str(number)), number + 1)
    assert ids.get(RelayKey("s", DELIVERY, "0")) == 0
    assert len(list(ids)) == MOST
    for number in range(MOST_SENDERS):
        ids.put(RelayKey(f"s{number}", DELIVERY, "x"), 1)
    assert len(list(ids)) == MOST_SENDERS
    assert ids.of_sender("s") == []


def test_a_sender_can_be_forgotten(town: Town) -> None:
    """With all its keys, which are deleted from the database."""
    town.person("ann", "#a")
    relay(town, message(delivery="d", thread="t"))
    town.world.dirty.take()
    apply(town.world, RelaySenderForgotten("hook:1"))
    assert not list(town.world.relayed)
    deleted = change_set(town.world, town.world.dirty.take()).relayed
    assert deleted == dict.fromkeys(
        (RelayKey("hook:1", DELIVERY, "d"), RelayKey("hook:1", THREAD, "t")), 0
    )


def test_a_snapshot_has_it(town: Town) -> None:
    """A world that is restored knows the same deliveries and threads."""
    town.person("ann", "#a")
    relay(town, message(delivery="d", thread="t"))
    other = Town(storage=StoragePorts(history=ListHistory()))
    snapshot.restore(other.world, snapshot.take(town.world))
    assert list(other.world.relayed) == list(town.world.relayed)


async def test_it_is_known_after_a_restart(town: Town, tmp_path: Path) -> None:
    """Keys are stored with the state, and those that are forgotten are deleted."""
    town.person("ann", "#a")
    async with open_database(tmp_path / "a.db") as database:
        store = SqliteStateStore(database)
        relay(town, message(delivery="d1", thread="t"))
        await save_state(town.world, store)
        for number in range(MOST):
            relay(town, message(delivery=f"e{number}", thread="t", ends_thread=True))
        await save_state(town.world, store)
        other = Town(storage=StoragePorts(history=ListHistory()))
        await load_state(other.world, store)
    assert dict(other.world.relayed) == dict(town.world.relayed)
    assert other.world.relayed.get(RelayKey("hook:1", DELIVERY, "d1")) == 0


# Notifications


def test_a_mention_is_pushed() -> None:
    """As that of any message, but not to a crowd."""
    town = PushTown()
    ann, _ = town.subscriber("ann")
    ann.say("JOIN #a")
    (event,) = relay(town, message("ann: the disk is full"))
    assert event.push_accounts == (ann.session.account_id,)


def test_a_list_of_everybody_notifies_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program must not be able to alert a whole channel."""
    monkeypatch.setattr("trio_chat.chat.apply.relayed.MOST_MENTIONED", 1)
    town = PushTown()
    for name in ("ann", "bob"):
        town.subscriber(name)[0].say("JOIN #a")
    (event,) = relay(town, message("ann bob"))
    assert event.push_accounts == ()
    (event,) = relay(town, message("bob"))
    assert len(event.push_accounts) == 1


# Names and texts


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("Deploy Bot", "Deploy_Bot/hook"),
        ("  ann ", "ann/hook"),
        ("", "own/hook"),
        ("a\r\nQUIT", "a_QUIT/hook"),
        ("ann!x@y", "ann_x_y/hook"),
        ("NickServ", "own/hook"),
        ("N1ckServ", "own/hook"),
        ("/", "own/hook"),
        ("a/b", "a_b/hook"),
        ("#ops", "ops/hook"),
        ("9 lives", "9_lives/hook"),
        ("x" * 99, "x" * 32 + "/hook"),
        ("Прод", "Прод/hook"),
        ("\u202eann", "ann/hook"),
        ("⚠️", "own/hook"),
    ],
)
def test_shown_names(wanted: str, shown: str) -> None:
    """A name that a sender asks for can break no line, and is no user's and no service's."""
    assert shown_name(wanted, "hook", "own") == shown


@pytest.mark.parametrize(
    ("name", "is_right"),
    [("grafana", True), ("", False), ("a b", False), ("a/b", False), ("ChanServ", False)],
)
def test_names_of_senders(name: str, is_right: bool) -> None:
    """They are like nicknames."""
    assert is_name(name) is is_right


def fitted(town: Town, text: str) -> list[str]:
    """Return the lines of a text as it would be sent to #a."""
    channel = town.world.channels["#a"]
    shown = fit(town.world, channel, "grafana/hook", "hook", text)
    return [line.text for line in multiline.split(shown)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\r\ntwo\rthree\u2028four", ["one", "two", "three", "four"]),
        ("\n\n a \n\n\n\nb\n", [" a", "", "b"]),
        ("\x01VERSION\x01\x00\x1b[2J", ["VERSION[2J"]),
        (
            "\x02bold\x0f \x0304red\x03 \x1ditalic\x1d",
            ["\x02bold\x0f \x0304red\x03 \x1ditalic\x1d"],
        ),
        ("a\u202eb\u200bc", ["abc"]),
        ("a\tb", ["a    b"]),
        ("family 👨\u200d👩\u200d👧", ["family 👨\u200d👩\u200d👧"]),
    ],
)
def test_texts(town: Town, text: str, lines: list[str]) -> None:
    """Nothing of a text can end a line, move a cursor, or be a CTCP query."""
    town.person("ann", "#a")
    assert fitted(town, text) == lines


@pytest.mark.parametrize("text", ["", " \n ", "\x00\x01", "\u200b", "\x02\x0304 \x0f"])
def test_a_text_without_anything_is_refused(town: Town, text: str) -> None:
    """There would be nothing to see."""
    town.person("ann", "#a")
    with pytest.raises(BlankText):
        fitted(town, text)


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize("word", ["ab ", "ж", "👍", FAMILY, "x" * 1000 + "\n"])
def test_long_texts_are_cut(word: str) -> None:
    """To the lines and bytes that a message can have; each line fits."""
    lengths = Lengths(multiline_lines=5, multiline_bytes=1500)
    town = Town(lengths=lengths, storage=StoragePorts(history=ListHistory()))
    ann = town.person("ann", "#a")
    lines = fitted(town, word * 20_000)
    assert lines[-1].endswith(CUT)
    assert len(lines) <= 5
    if word == FAMILY:  # it is nowhere in two parts
        assert "".join(lines).replace(FAMILY, "").split() == [CUT]
    assert sum(len(line.encode()) for line in lines) <= 1500
    relay(town, message("\n".join(lines)))
    assert [line.params[-1] for line in ann.read()] == lines


def test_a_long_line_continues_without_a_break(town: Town) -> None:
    """Clients that know it join its parts again."""
    town.person("ann", "#a")
    channel = town.world.channels["#a"]
    text = "word " * 200 + "end"
    shown = fit(town.world, channel, "grafana/hook", "hook", text)
    assert multiline.flatten(shown) == text
    assert shown.count("\n\r") == shown.count("\n") > 0


def test_a_banned_name_is_refused(town: Town) -> None:
    """As RELAYMSG refuses it."""
    ann = town.person("ann", "#a")
    channel = town.world.channels["#a"]
    assert not why_not_relay(town.world, channel, "grafana/hook", "hook")
    ann.say("MODE #a +b grafana/*!*@*")
    assert "banned" in why_not_relay(town.world, channel, "grafana/hook", "hook")


def test_a_full_disk_is_a_reason_to_refuse(town: Town) -> None:
    """What room is left is for operators."""
    town.person("ann", "#a")
    apply(town.world, RoomChanged("", Room.OPERATORS))
    assert "disk" in why_not_relay(town.world, town.world.channels["#a"], "x/hook", "hook")


# A cluster


def test_all_nodes_carry_it_out() -> None:
    """With the same id, in the history of each; a repeated delivery on another node is known."""
    town = ClusterTown()
    ann, bob = town.here.person("ann", "JOIN #a"), town.there.person("bob", "JOIN #a")
    ann.read()
    town.there.world.relayed.awaited["t"] = 0
    apply(town.here.world, message(delivery="d", thread="x"))
    apply(town.there.world, message(delivery="d", thread="x", token="t"))
    town.carry_out()
    (one,), (other,) = town.here.history.said, town.there.history.said
    assert one == other
    assert town.there.world.relayed.awaited["t"] == one.id
    assert [line.params[-1] for line in (*ann.read(), *bob.read())] == [one.text] * 2
    town.check()


def test_a_channel_that_has_ended_gets_nothing() -> None:
    """Not even if another one has its name by then."""
    town = ClusterTown()
    ann = town.here.person("ann", "JOIN #a")
    apply(town.here.world, message())
    late = town.log.pop()
    ann.say("PART #a", "JOIN #a")
    town.log.append(replace(late, sequence=town.here.sequence + 1))
    town.here.sequence += 1
    town.carry_out()
    assert not town.here.history.said


def test_the_node_that_has_received_it_pushes_it() -> None:
    """A device must not receive it from each node."""
    town = Collecting()
    device = PushSubscription("https://push.example/1", b"key", b"auth", 0, 0.0, 0.0)
    town.here.decide(PushSubscribed(1, device, 4))
    town.there.person("acc1", "JOIN #a", account=1)
    town.here.decide(message("acc1: look"))
    town.carry_out()
    assert pushed(town, "here") == [("PRIVMSG", (1,))]
    assert pushed(town, "there") == []


# Up to the commit


class Gated(ListHistory):
    """A history whose transactions wait for a gate, and may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = trio.Event()
        self.is_failing = False

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Store records, once the gate is open."""
        await self.gate.wait()
        if self.is_failing:
            raise HistoryError("the disk is full")
        await super().commit(records)


class Relaying:
    """A world with a broadcaster, and what relays messages."""

    def __init__(self) -> None:
        self.history = Gated()
        self.town = Town(storage=StoragePorts(history=self.history))
        self.world = self.town.world
        self.ann = self.town.person("ann", "#a")
        self.world.dirty.take()
        state = UncommittedState(self.world)
        self.broadcaster = Broadcaster(100, 10, self.history, state)
        self.relayer = Relayer(self.world, self.broadcaster)


@asynccontextmanager
async def relaying() -> AsyncIterator[tuple[Relaying, trio.Nursery]]:
    """Run a broadcaster."""
    made = Relaying()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.broadcaster.run)
        yield made, nursery
        nursery.cancel_scope.cancel()


async def test_it_is_confirmed_after_the_commit() -> None:
    """Also a repeated one, which comes while the first one waits."""
    ids: list[int] = []

    async def relay_one() -> None:
        ids.append(await made.relayer.relay(message(delivery="d")))

    async with relaying() as (made, nursery):
        nursery.start_soon(relay_one)
        nursery.start_soon(relay_one)
        await wait_all_tasks_blocked()
        assert not ids
        made.history.gate.set()
        await wait_all_tasks_blocked()
        (record,) = made.history.said
        assert ids == [record.id, record.id]
        assert not made.world.relayed.awaited


async def test_what_cannot_be_stored_is_refused_and_can_be_repeated() -> None:
    """Its sender learns that, nobody sees it, and its delivery id is free."""
    async with relaying() as (made, _):
        made.history.is_failing = True
        made.history.gate.set()
        made.ann.read()
        with pytest.raises(NotRelayed):
            await made.relayer.relay(message(delivery="d", thread="t"))
        assert not made.ann.read()
        assert not list(made.world.relayed)
        made.history.is_failing = False
        number = await made.relayer.relay(message(delivery="d", thread="t"))
        (record,) = made.history.said
        assert (record.id, "+draft/reply" in record.tags) == (number, False)
        find(made.ann.read(), "PRIVMSG")


async def test_an_unknown_channel() -> None:
    """A channel may end before."""
    async with relaying() as (made, _):
        with pytest.raises(ChannelGone):
            await made.relayer.relay(message(channel="#gone"))
        assert not made.world.relayed.awaited


async def test_a_commit_that_takes_too_long(autojump_clock: MockClock) -> None:
    """Its sender is not kept waiting for ever, and may come again."""
    async with relaying() as (made, _):
        with pytest.raises(NotRelayed):
            await made.relayer.relay(message(delivery="d"))
        made.history.gate.set()
        number = await made.relayer.relay(message(delivery="d"))
        assert [record.id for record in made.history.said] == [number]


async def test_a_node_that_refuses() -> None:
    """In a cluster without its engine nothing is decided on."""
    made = Relaying()
    relayer = Relayer(made.world, made.broadcaster, lambda: True)
    with pytest.raises(NotRelayed):
        await relayer.relay(message())


async def test_an_item_of_a_life_that_was_given_up() -> None:
    """What a node has not seen carried out is not confirmed."""
    made = Relaying()
    made.world.is_replicated = True
    made.world.decider = lambda change: None
    with pytest.raises(NotRelayed):
        await made.relayer.relay(message())


def test_ids_are_written_as_msgids(town: Town) -> None:
    """A reply names the message that clients know."""
    ann = town.person("ann", "#a", caps=CAPS)
    (first,) = relay(town, message(thread="t"))
    relay(town, message(thread="t"))
    assert ann.read()[-1].tags["+draft/reply"] == msgid(first.id)
