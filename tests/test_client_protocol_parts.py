"""The parts of the client's protocol, each with what its constructor is given and nothing else."""

import pytest

from trio_chat.client.session import channel_tracker, read_markers
from trio_chat.client.session.channel_tracker import ChannelTracker
from trio_chat.client.session.effects import Effects
from trio_chat.client.session.event_sequencer import EventSequencer
from trio_chat.client.session.events import NickRefused, Said, UserJoined, UserQuit
from trio_chat.client.session.features import Features
from trio_chat.client.session.history_request import HistoryRequest, Purpose, RequestQueue
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.client.session.open_batches import OpenBatches
from trio_chat.client.session.own_nickname import OwnNickname
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.read_markers import ReadMarkers
from trio_chat.client.session.sender_filter import SenderFilter
from trio_chat.client.session.sync_state import SyncState
from trio_chat.irc.message import parse

NOON = "2026-05-04T12:00:00.000Z"
LATER = "2026-05-04T12:00:01.000Z"


def test_a_wanted_nickname_is_taken_back_when_it_is_free() -> None:
    """A nickname that another user frees is asked for again if it is the wanted one."""
    effects = Effects()
    own = OwnNickname("alice", "", effects, Features())
    own.registered("")
    own.changed("alice", "Guest1")
    own.change("Alice")
    own.freed("bob")
    own.freed("ALICE")
    assert effects.take_lines() == ["NICK Alice", "NICK Alice"]
    assert own.is_taking_back


@pytest.mark.parametrize("is_taken_back", [False, True])
def test_two_answers_refuse_a_nickname_once(is_taken_back: bool) -> None:
    """A server may send a numeric and a notice. When the second one comes, another nickname may
    have been asked for already, which it does not refuse.
    """
    protocol = ClientProtocol("alice")
    if is_taken_back:
        protocol.receive(parse(":srv 001 alice2 :Welcome"))
        protocol.nickname.take_back()
    protocol.take_events()
    protocol.receive(parse(":srv FAIL NICK NICKNAME_RESERVED alice :alice is registered"))
    if not is_taken_back:
        protocol.nickname.change("alice2")
    protocol.receive(parse(":srv 433 * alice :Nickname is already in use"))
    refusals = [each for each in protocol.take_events() if isinstance(each, NickRefused)]
    assert len(refusals) == (0 if is_taken_back else 1)


def test_a_nickname_that_the_server_has_cut_is_the_wanted_one() -> None:
    """A nickname that is too long for a server is not asked for again and again."""
    own = OwnNickname("alexandrina", "", Effects(), Features())
    own.registered("alexandri")
    assert (own.current, own.wanted) == ("alexandri", "alexandri")


def test_ranks_follow_a_member_to_another_nickname() -> None:
    """NAMES brings members and ranks, MODE changes ranks, NICK keeps them."""
    channels = ChannelTracker(Features())
    channels.enter("#Tea")
    channels.add_names("#tea", ["~@alice", "+bob!u@h", "carol"])
    channels.end_names("#TEA")
    assert channels.change_ranks("#tea", ("-v+o", "bob", "bob")) == [("bob", ""), ("bob", "@")]
    channels.rename("bob", "Bobby")
    channels.remove_everywhere("carol")
    tea = channels.get("#tea")
    assert tea is not None
    assert tea.members == {"alice": "alice", "bobby": "Bobby"}
    assert tea.ranks == {"alice": "~@", "bobby": "@"}


@pytest.mark.parametrize(
    ("nick", "is_stranger"), [("bob", False), ("Carol", False), ("mallory", True)]
)
def test_strangers(nick: str, *, is_stranger: bool) -> None:
    """A user in one of the channels is no stranger, nor one to whom a message was sent."""
    features, channels = Features(), ChannelTracker(Features())
    channels.enter("#tea")
    channels.add("#tea", "bob")
    own = OwnNickname("alice", "", Effects(), features)
    sync_state = SyncState(written={"carol"})
    senders = SenderFilter(IgnoreList(), features, own, channels, sync_state, hides_strangers=False)
    assert senders.is_stranger(nick) is is_stranger
    channels.asked("#more")
    assert not senders.is_stranger(nick)


def test_a_read_marker_only_moves_forward() -> None:
    """MARKREAD is sent for what is newer than the marker that the server has announced."""
    effects, negotiation = Effects(), Negotiation()
    negotiation.enabled.add("draft/read-marker")
    markers = ReadMarkers(
        effects, negotiation, Features(), SyncState(), is_watched=True, sees_status=True
    )
    markers.moved("#Tea", NOON)
    markers.note("#tea", NOON)
    markers.note("bob", NOON)
    markers.send({}, "")
    markers.note("#tea", LATER)
    markers.send({}, "")
    assert effects.take_lines() == [
        f"MARKREAD bob timestamp={NOON}",
        f"MARKREAD #tea timestamp={LATER}",
    ]


def test_live_events_wait_for_the_history_before_them() -> None:
    """While the history of a channel is awaited, events are held; own moves are not."""
    effects, features, requests = Effects(), Features(), RequestQueue()
    order = EventSequencer(effects, features, ChannelTracker(features), SyncState(), requests)
    requests.add(HistoryRequest(Purpose.JOINED, "#tea", 20))
    said, own_join = Said("bob", "#tea", "hi", msgid="1"), UserJoined("alice", "#tea", own=True)
    for event in (said, own_join, UserQuit("bob", "")):
        order.emit(event)
    assert effects.take_events() == [own_join]
    requests.begin_next()
    requests.end()
    order.release()
    assert effects.take_events() == [said, UserQuit("bob", "")]
    order.emit(said)
    assert effects.take_events() == []


def test_a_limit_that_is_no_number_is_no_limit() -> None:
    """A digit without a value, which a server may send, is no number."""
    negotiation = Negotiation()
    negotiation.receive(("*", "LS", "draft/multiline=max-bytes=²,max-lines=²"))
    negotiation.enabled |= {"draft/multiline", "batch", "message-tags"}
    assert negotiation.most_together == (100, 0)


def test_capabilities_that_are_not_known_are_not_kept() -> None:
    """A server may offer and acknowledge any number of them, in answers without an end."""
    negotiation = Negotiation()
    for number in range(100):
        negotiation.receive(("*", "LS", "*", f"x{number}"))
        negotiation.receive(("*", "ACK", "*", f"batch x{number}"))
    lines = negotiation.receive(("*", "LS", "batch x"))
    assert [line.line() for line in lines] == ["CAP REQ :batch"]
    negotiation.receive(("*", "ACK", "x"))
    assert negotiation.enabled == {"batch"}


def test_channels_and_members_without_an_end_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may have a client join any number of channels, and name any number of members."""
    monkeypatch.setattr(channel_tracker, "_MOST_CHANNELS", 2)
    monkeypatch.setattr(channel_tracker, "_MOST_MEMBERS", 5)
    channels = ChannelTracker(Features())
    assert [channels.enter(name) for name in ("#a", "#b", "#c", "#A")] == [True, True, False, True]
    channels.add_names("#a", ["d", "e"])
    channels.end_names("#a")
    for number in range(9):
        channels.add("#b", f"x{number}")
        channels.add_names(f"#{number}", ["y"])
    assert sum(len(channel.members) for channel in channels.joined.values()) <= 5
    channels.leave("#b")
    channels.add("#a", "f")
    assert channels.has_member("f")


def test_markers_without_an_end_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are known still move."""
    monkeypatch.setattr(read_markers, "_MOST_KNOWN", 1)
    markers = ReadMarkers(
        Effects(), Negotiation(), Features(), SyncState(), is_watched=True, sees_status=True
    )
    markers.moved("#tea", NOON)
    markers.moved("#other", NOON)
    markers.moved("#tea", LATER)
    assert [markers.position(name) for name in ("#tea", "#other")] == [LATER, ""]


def test_batches_without_an_end_are_not_kept() -> None:
    """The first one is dropped: no server has so many open at the same time."""
    batches = OpenBatches()
    for number in range(2000):
        opening = parse(f"@label={number} BATCH +{number} draft/multiline #tea")
        batches.begin(str(number), opening)
    for reference, is_kept in (("0", False), ("1999", True)):
        line = parse(f"@batch={reference} PRIVMSG #tea :hello")
        assert bool(batches.label_of(line)) is is_kept
        assert batches.add_line(line) is is_kept
