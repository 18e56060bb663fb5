"""Metadata that clients receive unasked: at registration, JOIN and MONITOR, and with WHOIS."""

from collections.abc import Iterable, Mapping
from itertools import islice

from trio_chat.chat import metadata
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import MetadataAdopted
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.metadata_sync import SYNC_AT_ONCE, SYNC_LATER, followed
from trio_chat.chat.registry import Request
from trio_chat.chat.users import User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n


def on_registration(request: Request, values: Mapping[str, str]) -> None:
    """Send a client the metadata of its user, "before RPL_ENDOFMOTD or ERR_NOMOTD"; "an empty
    batch" when there is none.

    Args:
        request: the request that completes the registration.
        values: the values set before the registration. They are set now, and sessions that monitor
            the nickname are notified.
    """
    session, user = request.session, request.user
    before = user.metadata.copy()
    if values:
        apply(request.world, MetadataAdopted(user.folded, tuple(values.items())))
    is_new = user.metadata != before
    if user.metadata and (is_new or len(user.sessions) == 1):
        for event in metadata.changed(request.world, user, user, list(user.metadata), session):
            request.reply.emit(event)
    if session.effective & cap.METADATA:
        spoken = metadata.dialect(session)
        with request.reply.batch("metadata", user.nick):
            for key, value in user.metadata.items():
                request.reply.send(*spoken.line(user.nick, key, value))


def on_join(request: Request, channel: Channel) -> None:
    """Send a client that joined a channel the metadata of the channel and its members."""
    if not request.session.subscriptions or not request.session.effective & cap.METADATA:
        return
    found = list(islice(followed(request, [channel, *channel.members]), SYNC_AT_ONCE + 1))
    if len(found) > SYNC_AT_ONCE:
        request.reply.numeric(n.RPL_METADATASYNCLATER, channel.name, SYNC_LATER)
        return
    with request.reply.batch("metadata", channel.name):
        for line in found:
            request.reply.send(*line)


def on_monitor(request: Request, users: Iterable[User]) -> None:
    """Send a client the metadata of newly monitored users."""
    if request.session.subscriptions and request.session.effective & cap.METADATA:
        for line in followed(request, users):
            request.reply.send(*line)


def on_whois(request: Request, user: User) -> None:
    """Show the metadata of a user to clients with the capability."""
    if request.session.effective & cap.METADATA:
        for key, value in user.metadata.items():
            request.reply.numeric(
                n.RPL_WHOISKEYVALUE, user.nick, key, metadata.EVERYBODY, args=(value,)
            )
