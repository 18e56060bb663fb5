"""Resources of channels: what there is, members, and what ChanServ changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from trio_chat.chat.accounts import Account
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    AccessSet,
    Change,
    ChannelDropped,
    ChannelTransferred,
    RetentionSet,
)
from trio_chat.chat.channel_registration import MAX_DAYS, OFF, ChannelRegistration
from trio_chat.chat.channels import Channel, Membership
from trio_chat.chat.events import Event
from trio_chat.chat.users import User
from trio_chat.i18n import _
from trio_chat.irc import modes
from trio_chat.irc.modes import BOT
from trio_chat.irc.names import fold_or_self
from trio_chat.server.api.calls import MAX_LIMIT, Call, Page, PageQuery
from trio_chat.server.api.named_channels import folded_channel, folded_name
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule

_RANKS = {
    "admin": modes.ADMIN,
    "op": modes.OPERATOR,
    "halfop": modes.HALF_OPERATOR,
    "voice": modes.VOICE,
}
_RANK_NAMES = {letter: name for name, letter in _RANKS.items()} | {modes.FOUNDER: "founder"}


@dataclass(frozen=True, slots=True)
class ChannelsQuery(PageQuery):
    """The channels that are wanted."""

    limit: Annotated[int, Rule("how many items", least=1, most=MAX_LIMIT)] = 50
    after: Annotated[str, Rule("the cursor `next` of the page before", most=1000)] = ""
    words: Annotated[str, Rule("what the name or the topic contains", most=200)] = ""
    registered: Annotated[bool | None, Rule("only registered ones, or only others")] = None


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic."""

    text: str
    set_by: str
    time: Annotated[datetime | None, Rule("null where `created` of the channel is")]


@dataclass(frozen=True, slots=True)
class AccessView:
    """A rank that an account gets on joining."""

    account: str
    rank: str


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """The registration of a channel."""

    founder: Annotated[str, Rule('the account; "" when it is gone')]
    since: datetime
    history_days: Annotated[int | None, Rule("0 stores nothing; null is the setting of the server")]
    access: tuple[AccessView, ...]


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel."""

    name: str
    created: Annotated[datetime | None, Rule("null for the lobby of a cluster, which is older")]
    members: Annotated[int, Rule("how many")]
    topic: TopicView | None
    modes: Annotated[str, Rule("without parameters, such as +nt")]
    limit: Annotated[int | None, Rule("the most members")]
    has_key: bool
    slow_seconds: Annotated[int, Rule("of slow mode; 0 when it is off")]
    is_public: Annotated[bool, Rule("whether the archive shows it")]
    is_lobby: bool
    registration: RegistrationView | None


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of a channel."""

    nickname: str
    account: str | None
    ranks: Annotated[tuple[str, ...], Rule("the highest first")]
    is_bot: bool
    is_connected: bool


@dataclass(frozen=True, slots=True)
class RegistrationChange:
    """What is changed of a registration; a field that is left out stays."""

    founder: Annotated[str | None, Rule("the account that the channel belongs to", 1, 200)] = None
    history: Annotated[
        str | None, Rule("days for which messages are kept, `off`, or `default`", 1, 10)
    ] = None


@dataclass(frozen=True, slots=True)
class RankChoice:
    """The rank that an account is to get."""

    rank: Literal["admin", "op", "halfop", "voice"]


def found_channel(call: Call) -> Channel:
    """Return the channel in the path; its `#`, which is written %23, may be left out. A change is
    never one of a channel with more of them than were written.

    Raises:
        ApiProblem: 404.
    """
    name = call.params["channel"]
    is_read = call.request.method in ("GET", "HEAD")
    folded = folded_channel(call.world, name) if is_read else folded_name(name)
    channel = call.world.channels.get(folded)
    if channel is None:
        raise not_found(
            _(
                "there is no such channel; write its # as %23, or leave it out. GET"
                " /api/v1/channels lists them"
            )
        )
    return channel


def found_account(call: Call, name: str, field: str) -> Account:
    """Return an account by its name.

    Raises:
        ApiProblem: 404, with the field.
    """
    accounts = call.world.accounts
    account = accounts.known.get(fold_or_self(name)) if accounts is not None else None
    if account is None:
        raise ApiProblem(404, _("there is no account of this name"), field=field)
    return account


def _registered(call: Call) -> tuple[Channel, ChannelRegistration]:
    channel = found_channel(call)
    if channel.registration is None:
        why = _(
            "the channel {name} is not registered; its operator does that, in the chat by ChanServ"
        ).format(name=channel.name)
        raise ApiProblem(409, why)
    return channel, channel.registration


def _list(call: Call) -> Page:
    wanted = call.query_as(ChannelsQuery)
    words = wanted.words.lower()

    def is_wanted(channel: Channel) -> bool:
        text = f"{channel.name}\n{channel.topic.text if channel.topic else ''}".lower()
        is_registered = channel.registration is not None
        return words in text and wanted.registered in (None, is_registered)

    channels = filter(is_wanted, call.world.channels.values())
    return call.page(
        channels, lambda channel: channel.folded, lambda each: shown_channel(call, each)
    )


def _get(call: Call) -> ChannelView:
    return shown_channel(call, found_channel(call))


def _members(call: Call) -> Page:
    members = found_channel(call).members.items()
    return call.page(members, lambda member: member[0].folded, lambda member: _member(*member))


async def _change(call: Call) -> ChannelView:
    channel = _registered(call)[0]
    wanted = call.body_as(RegistrationChange)
    changes: list[Change] = []
    said = []
    if wanted.founder is not None:
        account = found_account(call, wanted.founder, "founder")
        changes.append(ChannelTransferred(channel.folded, account.id))
        said.append(f"founder {account.name}")
    if wanted.history is not None:
        changes.append(RetentionSet(channel.folded, _days(wanted.history)))
        said.append(f"history {wanted.history}")
    if not changes:
        raise ApiProblem(400, _("name what is to be changed: founder, or history"))
    await _commit(call, channel, changes, f"CHANNEL {channel.name}: {', '.join(said)}")
    return shown_channel(call, channel)


def _days(text: str) -> int | None:
    word = text.lower()
    if word in ("off", "default"):
        return OFF if word == "off" else None
    if not (word.isascii() and word.isdigit() and 1 <= int(word) <= MAX_DAYS):
        why = _("write days from 1 to {max_days}, off or default").format(max_days=MAX_DAYS)
        raise ApiProblem(400, why, field="history")
    return int(word)


async def _drop(call: Call) -> None:
    channel = _registered(call)[0]
    change = ChannelDropped(channel.folded)
    await _commit(call, channel, [change], f"CHANNEL {channel.name}: not registered any more")


async def _set_access(call: Call) -> ChannelView:
    channel, registration = _registered(call)
    account = found_account(call, call.params["account"], "account")
    most = call.world.lengths.access_entries
    if account.id not in registration.access and len(registration.access) >= most:
        raise ApiProblem(
            409,
            _("the list of {name} has {most} entries already; remove some first").format(
                name=channel.name, most=most
            ),
        )
    rank = call.body_as(RankChoice).rank
    change = AccessSet(channel.folded, account.id, _RANKS[rank])
    await _commit(call, channel, [change], f"ACCESS {channel.name} {account.name}: {rank}")
    return shown_channel(call, channel)


async def _remove_access(call: Call) -> None:
    channel, registration = _registered(call)
    account = found_account(call, call.params["account"], "account")
    if account.id not in registration.access:
        raise not_found(_("this account is not in the list of the channel"))
    change = AccessSet(channel.folded, account.id, "")
    await _commit(call, channel, [change], f"ACCESS {channel.name} {account.name}: none")


async def _commit(call: Call, channel: Channel, changes: Iterable[Change], audited: str) -> None:
    def carry_out() -> Iterable[Event]:
        is_there = call.world.channels.get(channel.folded) is channel
        if not is_there or channel.registration is None:
            raise ApiProblem(409, _("the channel was changed at the same time; look at it again"))
        return [event for change in changes for event in apply(call.world, change)]

    await call.commit(carry_out, audited)


def shown_channel(call: Call, channel: Channel) -> ChannelView:
    """Return a channel as an answer has it."""
    topic, registration = channel.topic, channel.registration
    letters = sorted(channel.flags) + ["k"] * bool(channel.key) + ["l"] * bool(channel.limit)
    return ChannelView(
        channel.name,
        _time(channel.created),
        len(channel.members),
        TopicView(topic.text, topic.setter, _time(topic.time)) if topic is not None else None,
        "+" + "".join(letters),
        channel.limit or None,
        bool(channel.key),
        channel.slow,
        modes.PUBLIC in channel.flags,
        channel is call.world.channels.lobby,
        _registration(call, registration) if registration is not None else None,
    )


def _time(seconds: float) -> datetime | None:
    """Return a time; None for that of the lobby of a cluster and of its first topic, which are
    older than the first entry of its log.
    """
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _registration(call: Call, registration: ChannelRegistration) -> RegistrationView:
    name = call.world.account_name
    access = [
        AccessView(name(number), _RANK_NAMES.get(letter, letter))
        for number, letter in registration.access.items()
    ]
    days = registration.history
    return RegistrationView(
        name(registration.owner),
        datetime.fromtimestamp(registration.since, UTC),
        0 if days == OFF else days,
        tuple(sorted(access, key=lambda entry: entry.account)),
    )


def _member(user: User, membership: Membership) -> MemberView:
    ranks = [rank.letter for rank in modes.RANKS if rank.letter in membership.ranks]
    return MemberView(
        user.nick,
        user.account or None,
        tuple(_RANK_NAMES.get(letter, letter) for letter in ranks),
        BOT in user.modes,
        bool(user.sessions),
    )


RESOURCES = (
    Resource(
        method="GET",
        path="/channels",
        scope="channels:read",
        summary="List the channels, secret ones included",
        handler=_list,
        query=ChannelsQuery,
        answer=ChannelView,
        is_list=True,
    ),
    Resource(
        method="GET",
        path="/channels/{channel}",
        scope="channels:read",
        summary="Get a channel",
        handler=_get,
        answer=ChannelView,
    ),
    Resource(
        method="GET",
        path="/channels/{channel}/members",
        scope="channels:read",
        summary="List the members of a channel",
        handler=_members,
        query=PageQuery,
        answer=MemberView,
        is_list=True,
    ),
    Resource(
        method="PATCH",
        path="/channels/{channel}/registration",
        scope="channels:write",
        summary="Change the founder of a registered channel, or how long its messages are kept",
        handler=_change,
        body=RegistrationChange,
        answer=ChannelView,
    ),
    Resource(
        method="DELETE",
        path="/channels/{channel}/registration",
        scope="channels:write",
        summary="End the registration of a channel",
        handler=_drop,
    ),
    Resource(
        method="PUT",
        path="/channels/{channel}/access/{account}",
        scope="channels:write",
        summary="Set the rank that an account gets on joining a registered channel",
        handler=_set_access,
        body=RankChoice,
        answer=ChannelView,
    ),
    Resource(
        method="DELETE",
        path="/channels/{channel}/access/{account}",
        scope="channels:write",
        summary="Give an account no rank any more on joining a registered channel",
        handler=_remove_access,
    ),
)
