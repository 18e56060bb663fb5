"""Replies to commands whose messages or changes cannot be stored."""

from collections.abc import Iterable
from typing import Final

from trio_chat.chat.events import Event, OutputItem, Reply
from trio_chat.chat.reply_lines import ReplyLines, ResponseContext
from trio_chat.chat.users import Session

_NOT_ACCEPTED: Final = (
    "The message was not accepted: the server cannot store it at the moment, try again later"
)
NOT_KEPT: Final = (
    "This is in effect, but cannot be stored at the moment; it is lost if the server ends before it"
    " can be"
)


def unavailable(
    world: ResponseContext,
    session: Session,
    label: str,
    command: str,
    targets: Iterable[tuple[str, ...]],
    text: str,
) -> tuple[Reply, ...]:
    """Return the replies that something is not possible at the moment, one for each target.

    Args:
        world: the source of ids and of the server's name.
        session: the session that sent the command.
        label: of the command, or "".
        command: its name.
        targets: the further parameters of each reply.
        text: what is not possible.
    """
    lines = ReplyLines(world, session)
    lines.take_label(label)
    for target in targets:
        lines.fail(command, "TEMPORARILY_UNAVAILABLE", *target, text=text)
    return (lines.finish_lines(),)


def refused(
    world: ResponseContext, session: Session, label: str, parts: tuple[OutputItem, ...]
) -> tuple[OutputItem, ...]:
    """Return the items for a command whose messages cannot be stored: a reply for each target, and
    the items that need not be stored.
    """
    refused = [part for part in parts if isinstance(part, Event) and part.requires_persistence]
    targets = dict.fromkeys(part.params[:1] for part in refused)
    replies = unavailable(world, session, label, refused[0].command, targets, _NOT_ACCEPTED)
    # A labelled answer is one reply, which would confirm the messages.
    rest = [
        part
        for part in parts
        if (not part.requires_persistence if isinstance(part, Event) else not label)
    ]
    return (*rest, *replies)
