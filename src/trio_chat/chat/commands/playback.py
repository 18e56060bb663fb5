"""Playback without CHATHISTORY: earlier messages for a client that joins a channel or returns.

A session that returns to an always-on user receives the messages that were sent while no session
was connected, private ones included. Clients that request messages themselves, by CHATHISTORY or
ZNC's `*playback` (`services.znc`), receive nothing unasked; neither do bots (+B), nor accounts with
`replay` off.
"""

import logging
from functools import partial
from typing import Final

from trio_chat.chat import conversations, multiline
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.history import numbers_of, read, readable, replayed
from trio_chat.chat.conversations import Conversation
from trio_chat.chat.history import HistoryError, Record, Span
from trio_chat.chat.ids import readable_time
from trio_chat.chat.preferences import REPLAY
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc.modes import BOT
from trio_chat.irc.text import ACTION

log = logging.getLogger("trio_chat")

ASKED_FOR_SECONDS: Final = 30
"""Seconds for which a playback request applies to channels that are joined later."""
MAX_CONVERSATIONS: Final = 100
"""Private conversations that are looked through for one client."""
_ASKS_ITSELF: Final = cap.CHATHISTORY | cap.ZNC_PLAYBACK
_SEES_ITSELF: Final = cap.ECHO_MESSAGE | cap.ZNC_SELF_MESSAGE


def play_back(request: Request, channel: Channel, missed_since: int = 0) -> None:
    """Send a user that joins a channel the last messages, or the missed ones.

    Args:
        request: the request of the session.
        channel: the channel.
        missed_since: the id after which no session of the user was connected; 0 for a new member.
    """
    storage, session = request.world.storage, request.session
    if storage is None or session.caps & cap.CHATHISTORY:
        return
    # Later messages are delivered anyway: if they were read from the history as well, they would
    # arrive twice.
    end = request.world.ids.latest + 1
    wanted, span, limit = (
        session.playback_request,
        Span(missed_since, end),
        storage.playback,
    )
    is_asked = wanted is not None and request.world.elapsed() - wanted.asked <= ASKED_FOR_SECONDS
    if (
        wanted is not None
        and is_asked
        and (wanted.channels is None or channel.folded in wanted.channels)
    ):
        span, limit = (
            Span(wanted.after, min(wanted.before, end)),
            storage.most_messages,
        )
    elif session.caps & cap.ZNC_PLAYBACK or not _is_wanted(request.user, request.world, storage):
        return
    # A channel that has just been renamed has messages that will be stored under the new name.
    if limit and (
        channel.renamed >= 0 or not storage.history.is_new(channel.folded, request.world.ids.stored)
    ):
        conversation = conversations.in_channel(request.user, channel)
        request.reply.follow_up(partial(_play_back, request, storage, conversation, span, limit))


def _is_wanted(user: User, world: World, storage: StoragePorts) -> bool:
    """Return whether a user receives earlier messages unasked: as its account chose, or else by
    `StoragePorts.playback_to`.

    A bot would take an old command for a new one.
    """
    chosen = world.preferences.chosen(user.account_id).get(REPLAY) if user.account else None
    if chosen is not None:
        return chosen
    if storage.playback_to == "everybody":
        return True
    return BOT not in user.modes and (storage.playback_to == "people" or bool(user.account))


def play_back_private(request: Request, missed_since: int) -> None:
    """Send a returning user the private messages that it missed."""
    world, storage = request.world, request.world.storage
    if storage is None or not storage.playback or request.session.caps & _ASKS_ITSELF:
        return
    if _is_wanted(request.user, world, storage):
        span = Span(missed_since, request.world.ids.latest + 1)
        request.reply.follow_up(partial(_play_back_private, request, storage, span))


async def _play_back(
    request: Request,
    storage: StoragePorts,
    conversation: Conversation,
    span: Span,
    limit: int,
    reply: Response,
) -> None:
    try:
        await show(request, storage, conversation, span, limit, reply)
    except HistoryError as error:
        log.error("the history cannot be read: %s", error)


async def _play_back_private(
    request: Request, storage: StoragePorts, span: Span, reply: Response
) -> None:
    try:
        for conversation in await private_conversations(request, storage):
            await show(request, storage, conversation, span, storage.playback, reply)
    except HistoryError as error:
        log.error("the history cannot be read: %s", error)


async def private_conversations(request: Request, storage: StoragePorts) -> list[Conversation]:
    """Return the private conversations of a user, as many as are looked through.

    Raises:
        HistoryError: they cannot be found out.
    """
    return [
        conversation
        for conversation in await readable(request, storage)
        if conversation.channel is None
    ][:MAX_CONVERSATIONS]


async def show(
    request: Request,
    storage: StoragePorts,
    conversation: Conversation,
    span: Span,
    limit: int,
    reply: Response,
) -> int:
    """Show a part of a conversation; return how many messages that were.

    Raises:
        HistoryError: it cannot be read.
    """
    session = request.session
    records = await read(request, storage, conversation, span, limit)
    numbers = await numbers_of(session, storage, conversation, records)
    if conversation.channel is None and not session.effective & _SEES_ITSELF:
        # A client without `echo-message` would show own messages as if the other side had sent
        # them.
        records = [record for record in records if record.account_id != request.user.account_id]
    if not records or not conversation.can_be_read():  # left, or was removed, while we waited
        return 0
    kind = "znc.in/playback" if session.caps & cap.ZNC_PLAYBACK else "chathistory"
    with reply.batch(kind, conversation.name):
        for record in records:
            reply.replay(replayed(conversation, _with_time(session, record), numbers))
    return len(records)


def _with_time(session: Session, record: Record) -> Record:
    """Return a message with its time in the text, for clients that would take an old one for a new
    one: in each line, as each may come as a message of its own.
    """
    if session.effective & cap.SERVER_TIME:
        return record
    time = f"[{readable_time(record.id, record.shift)}] "
    if record.text[: len(ACTION)].upper() == ACTION:  # within it, or it would be none any more
        return record._replace(text=f"{ACTION}{time}{record.text[len(ACTION) :]}")
    lines = [
        line._replace(text=time + line.text) if line.text else line
        for line in multiline.split(record.text)
    ]
    return record._replace(text=multiline.join(lines))
