"""Requests about metadata: what they are about, whether they may be carried out, and refusals."""

from typing import Final

from trio_chat.chat import metadata, policy
from trio_chat.chat.metadata import Target
from trio_chat.chat.registry import Request
from trio_chat.chat.users import PendingRegistration
from trio_chat.irc.names import fold_or_self, is_channel_name
from trio_chat.irc.plurals import counted

_QUOTA_SECONDS: Final = "300"
"""Seconds after which a client with an exhausted quota may try again."""


def fail(request: Request, reason: str, *, text: str, **words: str) -> None:
    """Reply that a request failed, in the client's dialect and with those of `target`, `key` and
    `limit` that it has.
    """
    code, which = metadata.dialect(request.session).failures[reason]
    request.reply.fail("METADATA", code, *(words[word] for word in which), text=text)


def find(request: Request) -> Target | None:
    """Return the user or channel that a request is about, as its client names it; None for none."""
    word, world = request.params[0], request.world
    user = request.session.user
    if user is None:
        # "MUST use `*` to target themselves"
        return request.session.pending if word == "*" else None
    if word == "*":
        return user
    if not is_channel_name(word):
        return world.users.get(fold_or_self(word))
    channel = world.channels.get(fold_or_self(word))
    return channel if channel is not None and policy.can_see_channel(user, channel) else None


def may_read(request: Request, target: Target) -> bool:
    """Return whether a client may read metadata; else reply that it may not."""
    if isinstance(target, PendingRegistration) or policy.can_read_metadata(request.user, target):
        return True
    text = "Only members of this channel may see its metadata"
    fail(request, "permission", target=metadata.name(target), key="*", text=text)
    return False


def may_write(request: Request, target: Target, key: str) -> bool:
    """Return whether a client may set metadata now; else reply why not."""
    shown = metadata.name(target)
    if not isinstance(target, PendingRegistration) and not policy.can_write_metadata(
        request.user, target
    ):
        text = "You may set metadata of yourself, and of channels that you are an operator of"
        fail(request, "permission", target=shown, key=key, text=text)
        return False
    world = request.world
    wait = metadata.seconds_to_wait(
        request.session, world.elapsed(), world.lengths.metadata_changes
    )
    if wait:
        fail(
            request,
            "rate",
            target=shown,
            key=key,
            limit=str(wait),
            text=f"Too many changes, try again in {counted(wait, 'second')}",
        )
        return False
    why_not = "" if isinstance(target, PendingRegistration) else world.quotas.why_not(request.user)
    if why_not:
        fail(request, "rate", target=shown, key=key, limit=_QUOTA_SECONDS, text=why_not)
    return not why_not


def is_key(request: Request, key: str) -> bool:
    """Return whether a word can be a key; else reply why not."""
    if key in metadata.OF_ONE_USER:
        text = "Metadata is public here, and this key is for the devices of one user"
        fail(request, "key", key=key, text=text)
        return False
    if metadata.is_key(key):
        return True
    fail(request, "key", key=key, text="A key has at most 64 of a-z, 0-9, _ . / and -")
    return False
