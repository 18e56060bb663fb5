"""Transitions of scheduled messages (`trio_chat.chat.scheduled`).

A message is sent in the change that removes it, so that it is sent once. Whether its owner may send
it is decided then, by the same functions as for what a client sends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from trio_chat.chat import banning, policy
from trio_chat.chat.accounts import Account
from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import (
    MessageScheduled,
    ScheduledMessageCancelled,
    ScheduledMessageDue,
    ScheduledMessageMoved,
    ScheduledMessageUnsent,
)
from trio_chat.chat.channels import Channel, Membership
from trio_chat.chat.events import Event, Reply
from trio_chat.chat.history import GUEST, HistoryTarget, buffer_of
from trio_chat.chat.moderation import rules
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.response import Response
from trio_chat.chat.scheduled import (
    LATE,
    MOST,
    TAG,
    KeptNotice,
    ScheduledMessage,
    as_sent,
    iso_time,
    shown_time,
)
from trio_chat.chat.users import NOWHERE, Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc.message import MAX_BODY, Message, body_size, parse, truncate
from trio_chat.irc.names import fold_or_self, is_channel_name

SERVICE: Final = "NickServ"
"""The sender of reminders, and of notices of what could not be sent."""
_Change = (
    MessageScheduled
    | ScheduledMessageCancelled
    | ScheduledMessageDue
    | ScheduledMessageMoved
    | ScheduledMessageUnsent
)


def _of_account(world: World, change: _Change) -> list[DirtyKey]:
    return [DirtyKey.scheduled(change.account)]


@transition(MessageScheduled, _of_account)
def _schedule(world: World, change: MessageScheduled) -> Effects | None:
    if len(world.scheduled.of(change.account)) >= MOST:
        return None  # others were accepted since this one was decided on
    number = world.scheduled.next_number(change.account)
    message = change.message._replace(id=world.ids.next(), number=number)
    world.scheduled.put(change.account, message)
    return []


@transition(ScheduledMessageMoved, _of_account)
def _move(world: World, change: ScheduledMessageMoved) -> Effects | None:
    message = world.scheduled.get(change.account, change.message)
    if message is None:
        return None
    world.scheduled.put(change.account, message._replace(due=change.due))
    return []


@transition(ScheduledMessageUnsent, _of_account)
def _put_back(world: World, change: ScheduledMessageUnsent) -> Effects:
    world.scheduled.put(change.account, change.message)
    for number in change.events:
        world.scheduled.drop_notice(change.account, number)
    return []


@transition(ScheduledMessageCancelled, _of_account)
def _cancel(world: World, change: ScheduledMessageCancelled) -> Effects | None:
    return [] if world.scheduled.discard(change.account, change.message) else None


@transition(ScheduledMessageDue, _of_account)
def _send(world: World, change: ScheduledMessageDue) -> Effects | None:
    message = world.scheduled.get(change.account, change.message)
    account = world.accounts.by_id.get(change.account) if world.accounts is not None else None
    if message is None:
        return None
    world.scheduled.discard(change.account, message.id)
    if account is None:
        return []
    is_late = change.time - message.due > LATE
    suffix = f" (scheduled for {shown_time(message.due)})" if is_late else ""
    if message.is_reminder:
        return _notify(world, account, "PRIVMSG", f"Reminder: {message.text}{suffix}")
    if ban := world.bans.of_account(account.id):
        return [_refusal(world, account, message, f"your account is {banning.ban_text(ban)}")]
    return _say(world, account, message, suffix)


def _say(world: World, account: Account, message: ScheduledMessage, suffix: str) -> Effects:
    """Send a message as its owner would at this moment."""
    # It imports `apply`, as all handlers do.
    from trio_chat.chat.commands import messages  # noqa: PLC0415
    from trio_chat.chat.registry import Request  # noqa: PLC0415

    channel = _channel(world, account, message)
    target = _target(world, message) if channel is None else channel.name
    if not target:
        gone = "there is no such channel" if is_channel_name(message.target) else "nobody is here"
        return [_refusal(world, account, message, gone)]
    sender, why_not = _sender(world, account, message, channel)
    if why_not:
        return [_refusal(world, account, message, why_not)]
    session = Session(NOWHERE, "", world.clock(), sender.host)
    session.user, session.payer = sender, ""
    session.set_account(account)
    session.set_caps(cap.MESSAGE_TAGS | cap.STANDARD_REPLIES)
    response = Response(world, session)
    text, tags = as_sent(message.text, suffix), {TAG: iso_time(message.due)}
    request = Request(world, session, Message("PRIVMSG", (target, text)), response)
    with _membership(world, sender, None if message.is_outside else channel):
        messages.say_for(request, target, text, tags)
    return _outcome(world, account, message, response)


def _outcome(
    world: World, account: Account, message: ScheduledMessage, response: Response
) -> Effects:
    """Return the events of a message, or the notice of why it was not sent."""
    parts = response.finish().parts
    events = [part for part in parts if isinstance(part, Event)]
    if any(event.command == "PRIVMSG" for event in events):
        return events
    lines = [line for part in parts if isinstance(part, Reply) for line in part.data.splitlines()]
    why_not = parse(lines[0].decode()).params[-1] if lines else "it was refused"
    return [*events, _refusal(world, account, message, why_not)]


def _channel(world: World, account: Account, message: ScheduledMessage) -> Channel | None:
    """Return the channel of a message, which may have another name now. One that has the name and
    was made later counts only if the owner is in it: others may have made it.
    """
    if not is_channel_name(message.target):
        return None
    if channel := world.channels.numbered(message.place, message.target):
        return channel
    other = world.channels.get(fold_or_self(message.target))
    members = other.members if other is not None else ()
    is_member = any(member.account_id == account.id for member in members)
    return other if is_member else None


def _target(world: World, message: ScheduledMessage) -> str:
    """Return the nickname of the receiver of a private message; "" when there is nobody."""
    if is_channel_name(message.target):
        return ""
    users = world.with_account(message.place)
    return users[0].nick if users else ""


def _sender(
    world: World, account: Account, message: ScheduledMessage, channel: Channel | None
) -> tuple[User, str]:
    """Return the user that sends a message, and why it may not.

    That is a user of the account, one in the channel if there is any. If the owner is not here, it
    is one as the account would be, which may do what it could do after it has connected, and has
    joined the channel unless it had left it.
    """
    present = world.with_account(account.id)
    inside = [user for user in present if channel is not None and user in channel.members]
    if present:
        return (inside or present)[0], ""
    user = User(
        account.name,
        account.folded,
        message.username,
        message.host,
        message.realname,
        world.clock(),
    )
    user.set_account(account)
    if why_not := _why_not_here(world, user):
        return user, why_not
    if channel is None or message.is_outside:
        return user, ""
    refused = policy.why_not_join(user, channel, "")
    if refused is None and not rules.keeps_out(world, user, channel):
        return user, ""
    why = refused.text if refused is not None else "it is in raid mode"
    return user, f"you are not here, and could not join {channel.name}: {why}"


def _why_not_here(world: World, user: User) -> str:
    """Return why an owner that is not here could not be, under the name of its account; "" if it
    could.
    """
    if user.folded in world.users:
        return f"you are not here, and somebody else is called {user.nick}"
    name = f"{user.folded}!{user.username.lower()}"
    ban = world.bans.of_address(user.host)
    ban = ban or world.bans.of_masks(name, (fold_or_self(user.host),))
    return f"you are banned: {banning.ban_text(ban)}" if ban is not None else ""


@contextmanager
def _membership(world: World, sender: User, channel: Channel | None) -> Iterator[None]:
    """Have an owner that is not here be a member while its message is sent, with the rank that it
    would have.

    What that changes besides is a part of this change, which observers see as a whole.
    """
    observers, world.observers = world.observers, []
    is_guest = channel is not None and world.users.get(sender.folded) is not sender
    try:
        if is_guest and channel is not None:
            registration = channel.registration
            ranks = registration.rank_of(sender.account_id) if registration is not None else ""
            channel.members[sender] = Membership(ranks)
        yield
    finally:
        if is_guest and channel is not None:
            del channel.members[sender]
        world.observers = observers


def _refusal(world: World, account: Account, message: ScheduledMessage, why_not: str) -> Event:
    text = f"Not sent to {message.target}: {why_not.rstrip('.')}. The text was: {message.text}"
    return _notify(world, account, "NOTICE", text)[0]


def _notify(world: World, account: Account, command: str, text: str) -> Effects:
    """Return a message of the service to the owner: for its devices if it is not here, and kept
    until it is.
    """
    users = world.with_account(account.id)
    name = users[0].nick if users else account.name
    sessions = tuple(session for user in users for session in user.sessions)
    source = f"{SERVICE}!{SERVICE}@{world.server_info.name}"
    text = truncate(text, MAX_BODY - body_size(command, (name, ""), source))
    buffer = buffer_of(str(account.id), GUEST + SERVICE.lower())
    event = Event(
        world.ids.next(alone=True),
        command,
        (name, text),
        source,
        sessions,
        carries_msgid=True,
        history_targets=(HistoryTarget(buffer, is_private=True),) if world.storage else (),
        shift=world.ids.shift,
        push_accounts=(account.id,) if world.push.of(account.id) else (),
    )
    if not sessions:
        world.scheduled.keep_notice(account.id, KeptNotice(event.id, text))
    return [event]
