"""Resources of messages: sending one to a channel."""

from dataclasses import dataclass
from typing import Annotated

from trio_chat.chat.changes import RelayedMessage
from trio_chat.chat.channels import Channel
from trio_chat.chat.ids import msgid, parse_msgid
from trio_chat.chat.relaying import MAX_NAME, BlankText, fit, shown_name, why_not_relay
from trio_chat.i18n import _
from trio_chat.irc import tag_names
from trio_chat.maintenance.rule_texts import translated
from trio_chat.server.api.calls import RETRY_AFTER, Call
from trio_chat.server.api.channels import found_channel
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule
from trio_chat.server.relaying import ChannelGone, NotRelayed

LABEL = "api"
"""Stands behind the `/` of the shown name."""
_MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to a channel."""

    text: Annotated[str, Rule("its lines", least=1, most=20_000, lines=True)]
    name: Annotated[
        str, Rule(f"is shown as its sender, with /{LABEL} behind it", most=MAX_NAME)
    ] = ""
    reply_to: Annotated[str | None, Rule("the id of the message that it answers", most=13)] = None


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that was stored and delivered."""

    id: Annotated[str, Rule("the id that clients get as msgid")]
    channel: str
    name: str


async def _send(call: Call) -> SentMessage:
    channel, wanted, world = found_channel(call), call.body_as(NewMessage), call.world
    if call.site.relayer is None:
        raise ApiProblem(503, _("this server cannot deliver messages"))
    own = call.caller.nick or call.caller.actor.partition(" ")[2]
    name = shown_name(wanted.name or own, LABEL, LABEL)
    _check(call, channel, name)
    try:
        text = fit(world, channel, name, LABEL, wanted.text)
    except BlankText as error:
        raise ApiProblem(400, _("the text has nothing that can be seen"), field="text") from error
    message = RelayedMessage(
        channel.folded,
        name,
        LABEL,
        text,
        call.caller.key,
        _key(call),
        tags=_tags(wanted),
    )
    try:
        number = await call.site.relayer.relay(message)
    except NotRelayed as error:
        headers = [("Retry-After", str(RETRY_AFTER))]
        raise ApiProblem(503, str(error), headers=headers) from error
    except ChannelGone as error:
        raise not_found(_("the channel has ended at the same time")) from error
    return SentMessage(msgid(number), channel.name, name)


def _check(call: Call, channel: Channel, name: str) -> None:
    if why := why_not_relay(call.world, channel, name, LABEL):
        raise ApiProblem(403 if "banned" in why else 503, translated(why))


def _key(call: Call) -> str:
    """Return the key by which a repeated request is the same message."""
    key = call.request.header(b"idempotency-key")
    if len(key) > _MAX_KEY or not key.isprintable() or not key.isascii():
        why = _("a key has at most {max_key} characters of ASCII").format(max_key=_MAX_KEY)
        raise ApiProblem(400, why, field="Idempotency-Key")
    return key


def _tags(wanted: NewMessage) -> tuple[tuple[str, str], ...]:
    if wanted.reply_to is None:
        return ()
    if parse_msgid(wanted.reply_to) is None:
        raise ApiProblem(400, _("`reply_to` must be the id of a message"), field="reply_to")
    return ((tag_names.DRAFT_REPLY, wanted.reply_to),)


RESOURCES = (
    Resource(
        method="POST",
        path="/channels/{channel}/messages",
        scope="messages:write",
        summary="Send a message to a channel; with the header Idempotency-Key a repeat is the same",
        handler=_send,
        body=NewMessage,
        answer=SentMessage,
        status=201,
    ),
)
