"""Resources of what operators of the server do in any channel: its topic, members, modes and masks.

The source that others see is the operator, or the service of channels for a token of a program.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from trio_chat.chat import mode_rules
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import Change, MemberKicked, ModesChanged, ModeSet, TopicSet
from trio_chat.chat.channels import Channel
from trio_chat.chat.events import Event
from trio_chat.chat.masklists import ListEntry
from trio_chat.chat.mode_rules import ModeRefused, Wanted
from trio_chat.i18n import _
from trio_chat.irc import modes
from trio_chat.irc.modes import ModeType
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import cut_bytes
from trio_chat.maintenance.rule_texts import translated
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.channels import ChannelView, found_channel, shown_channel
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule

_LISTS = {
    modes.BAN: "ban",
    modes.BAN_EXCEPTION: "exception",
    modes.INVITE_EXCEPTION: "invitation",
}
_MOST_PARAMS = 20


@dataclass(frozen=True, slots=True)
class NewTopic:
    """A topic."""

    text: Annotated[str, Rule("the topic; empty for none", most=2000)]


@dataclass(frozen=True, slots=True)
class KickQuery:
    """Why a member is removed."""

    reason: Annotated[str, Rule("shown to all members", most=400)] = ""


@dataclass(frozen=True, slots=True)
class NewModes:
    """Changes of modes, as MODE has them."""

    modes: Annotated[str, Rule("letters with + and -, such as +mb-i", 1, 60)]
    params: Annotated[tuple[str, ...], Rule("their parameters, in order", most=_MOST_PARAMS)] = ()


@dataclass(frozen=True, slots=True)
class MaskView:
    """A mask in a list of a channel."""

    kind: Annotated[str, Rule("ban, exception or invitation")]
    mask: str
    set_by: str
    created: datetime


async def _set_topic(call: Call) -> ChannelView:
    channel, text = found_channel(call), call.body_as(NewTopic).text
    most = call.world.lengths.topic
    if len(text.encode()) > most:
        raise ApiProblem(400, _("a topic has at most {most} bytes").format(most=most), field="text")

    def change() -> Change:
        return TopicSet(channel.folded, text, _by(call))

    await _commit(call, channel, change, f"TOPIC {channel.name}: {text}")
    return shown_channel(call, channel)


async def _kick(call: Call) -> None:
    channel, nick = found_channel(call), call.params["nickname"]
    user = call.world.users.get(fold_or_self(nick))
    if user is None or user not in channel.members:
        raise _no_member(channel)
    said = call.query_as(KickQuery).reason or "An operator of the server removed you"
    reason = cut_bytes(said, call.world.lengths.kick)

    def change() -> Change:
        if user not in channel.members:
            raise _no_member(channel)
        return MemberKicked(user.folded, channel.folded, reason, _by(call))

    await _commit(call, channel, change, f"KICK {channel.name} {user.source}: {reason}")


def _no_member(channel: Channel) -> ApiProblem:
    return not_found(_("there is no member of this nickname in {name}").format(name=channel.name))


async def _set_modes(call: Call) -> ChannelView:
    channel, wanted = found_channel(call), call.body_as(NewModes)
    _checked(call, channel, wanted)

    def change() -> Change:
        return ModesChanged(channel.folded, tuple(_checked(call, channel, wanted)), _by(call))

    params = ["*"] * len(wanted.params) if modes.KEY in wanted.modes else wanted.params
    words = " ".join((wanted.modes, *params))
    await _commit(call, channel, change, f"MODE {channel.name} {words}")
    return shown_channel(call, channel)


def _checked(call: Call, channel: Channel, wanted: NewModes) -> list[ModeSet]:
    """Return all changes of modes; none is made if one of them is refused."""
    changes, unknown = modes.parse_changes(wanted.modes, wanted.params)
    if unknown:
        raise ApiProblem(
            400, _("channels have no mode {unknown}").format(unknown=unknown[0]), field="modes"
        )
    most = call.world.lengths.modes
    if not 0 < len(changes) <= most:
        raise ApiProblem(
            400,
            _("write one change of a mode at least, and at most {most}").format(most=most),
            field="modes",
        )
    used = sum(each.param is not None for each in changes)
    if used < len(wanted.params):
        raise ApiProblem(400, _("there are more parameters than the modes need"), field="params")
    found = list[ModeSet]()
    for each in changes:
        letter = each.mode.letter
        if each.mode.type is ModeType.LIST and not each.param:
            raise ApiProblem(
                400, _("the mode {letter} needs a mask").format(letter=letter), field="params"
            )
        try:
            found.append(mode_rules.check(Wanted(call.world, channel, each, None, True, found)))
        except ModeRefused as error:
            raise ApiProblem(
                400,
                _("the mode {letter} is not changed: {error}").format(
                    letter=letter, error=translated(str(error))
                ),
                field="params",
            ) from error
    return found


def _masks(call: Call) -> Page:
    lists = found_channel(call).lists
    found = [(kind, each) for letter, kind in _LISTS.items() for each in lists[letter].values()]
    return call.page(found, lambda each: f"{each[0]} {each[1].folded}", _mask)


def _mask(each: tuple[str, ListEntry]) -> MaskView:
    kind, entry = each
    return MaskView(kind, entry.mask, entry.setter, datetime.fromtimestamp(entry.time, UTC))


def _by(call: Call) -> str:
    """Return the operator as the source of a change; "" for a token of a program."""
    folded = fold_or_self(call.caller.nick)
    return folded if call.caller.nick and folded in call.world.users else ""


async def _commit(call: Call, channel: Channel, change: Callable[[], Change], audited: str) -> None:
    def carry_out() -> Iterable[Event]:
        if call.world.channels.get(channel.folded) is not channel:
            raise ApiProblem(409, _("the channel was changed at the same time; look at it again"))
        return apply(call.world, change())

    await call.commit(carry_out, audited)


RESOURCES = (
    Resource(
        method="PUT",
        path="/channels/{channel}/topic",
        scope="channels:write",
        summary="Set the topic of a channel",
        handler=_set_topic,
        body=NewTopic,
        answer=ChannelView,
    ),
    Resource(
        method="DELETE",
        path="/channels/{channel}/members/{nickname}",
        scope="channels:write",
        summary="Remove a member from a channel, as KICK does",
        handler=_kick,
        query=KickQuery,
    ),
    Resource(
        method="POST",
        path="/channels/{channel}/modes",
        scope="channels:write",
        summary="Change modes of a channel, also ranks and bans, as SAMODE does",
        handler=_set_modes,
        body=NewModes,
        answer=ChannelView,
    ),
    Resource(
        method="GET",
        path="/channels/{channel}/masks",
        scope="channels:read",
        summary="List the bans, exceptions and invitation masks of a channel",
        handler=_masks,
        query=PageQuery,
        answer=MaskView,
        is_list=True,
    ),
)
