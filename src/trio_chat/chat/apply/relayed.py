"""Transitions of messages that come from no line of a client (`trio_chat.chat.relaying`)."""

from trio_chat.chat import policy
from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import RelayedMessage, RelayedMessageRefused, RelaySenderForgotten
from trio_chat.chat.channels import Channel
from trio_chat.chat.events import Event
from trio_chat.chat.ids import msgid
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.relayed_ids import DELIVERY, THREAD, RelayKey
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc import tag_names
from trio_chat.irc.names import RELAY_SEPARATOR, fold_or_self

MOST_MENTIONED = 10
"""Accounts that one message can notify. One that mentions more notifies nobody: it has a list of
names, and a program must not be able to alert everybody.
"""

_Keyed = RelayedMessage | RelayedMessageRefused


def _keys(change: _Keyed) -> list[RelayKey]:
    pairs = ((DELIVERY, change.delivery), (THREAD, change.thread))
    return [RelayKey(change.sender, kind, key) for kind, key in pairs if key]


def _of_message(world: World, change: _Keyed) -> list[DirtyKey]:
    keys = _keys(change)
    forgotten = [one for key in keys for one in world.relayed.forgotten_for(key)]
    return [DirtyKey.relayed(key) for key in (*keys, *forgotten)]


@transition(RelayedMessage, _of_message)
def _relay(world: World, change: RelayedMessage) -> Effects | None:
    delivery = RelayKey(change.sender, DELIVERY, change.delivery)
    known = world.relayed.get(delivery) if change.delivery else 0
    if known:
        _note(world, change, known)
        return None
    channel = world.channels[change.channel]
    event = _event(world, channel, change)
    if change.delivery:
        world.relayed.put(delivery, event.id)
    if change.thread:
        _go_on_with_thread(world, change, event.id)
    _note(world, change, event.id)
    return [event]


def _note(world: World, change: RelayedMessage, number: int) -> None:
    if change.token in world.relayed.awaited:
        world.relayed.awaited[change.token] = number


def _go_on_with_thread(world: World, change: RelayedMessage, number: int) -> None:
    thread = RelayKey(change.sender, THREAD, change.thread)
    root = world.relayed.get(thread)
    if change.ends_thread:
        world.relayed.put(thread, -(abs(root) or number))
    elif root <= 0:
        world.relayed.put(thread, number)


def _root(world: World, change: RelayedMessage) -> int:
    """Return the id of the message to which one replies; 0 for none."""
    if not change.thread:
        return 0
    root = world.relayed.get(RelayKey(change.sender, THREAD, change.thread))
    # What is said twice to be over belongs to the same thread.
    return abs(root) if root > 0 or change.ends_thread else 0


def _event(world: World, channel: Channel, change: RelayedMessage) -> Event:
    server = world.server_info.name
    sender = User(change.name, fold_or_self(change.name), change.label, server, "", 0.0)
    tags = dict(change.tags)
    if root := _root(world, change):
        tags[tag_names.DRAFT_REPLY] = msgid(root)
    if RELAY_SEPARATOR in change.name:
        tags[tag_names.RELAYMSG] = change.label
    event = Event(
        world.ids.next(alone=True),
        "PRIVMSG",
        (channel.name, change.text),
        sender.source,
        channel.audience(),
        account=world.account_name(change.account),
        client_tags=tags,
        carries_msgid=True,
        history_targets=channel.history_targets if world.storage else (),
        is_bot=change.is_bot,
        shift=world.ids.shift,
        account_id=change.account,
    )
    if not world.push.users or policy.is_ctcp(change.text):
        return event
    accounts = world.push.notified_in(channel, sender, event, change.text)
    notified = tuple(account for account in accounts if account != change.account)
    return event.replace(push_accounts=notified if len(notified) <= MOST_MENTIONED else ())


@transition(RelayedMessageRefused, _of_message)
def _take_back(world: World, change: RelayedMessageRefused) -> Effects | None:
    for key in _keys(change):
        if abs(world.relayed.get(key)) == change.number:
            world.relayed.discard(key)
    return []


def _of_sender(world: World, change: RelaySenderForgotten) -> list[DirtyKey]:
    return [DirtyKey.relayed(key) for key in world.relayed.of_sender(change.sender)]


@transition(RelaySenderForgotten, _of_sender)
def _forget(world: World, change: RelaySenderForgotten) -> Effects | None:
    return [] if forget_sender(world, change.sender) else None


def forget_sender(world: World, sender: str) -> bool:
    """Forget the keys of a sender that is gone; return whether there were any."""
    keys = world.relayed.of_sender(sender)
    for key in keys:
        world.relayed.discard(key)
    return bool(keys)
