"""Resources of users: those that are here, their connections, and making a user leave."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from trio_chat.chat import missed
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import NoticeKept, SessionsClosed, UserRemoved
from trio_chat.chat.events import Event
from trio_chat.chat.users import Session, User
from trio_chat.i18n import _
from trio_chat.irc.modes import BOT
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import cut_bytes
from trio_chat.server.api.calls import MAX_LIMIT, Call, Page, PageQuery
from trio_chat.server.api.problems import ApiProblem, not_found
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule

_MAX_REASON = 200
"""Characters that are taken, and bytes that are shown."""
_NO_REASON = "No reason was given"


@dataclass(frozen=True, slots=True)
class SessionsQuery(PageQuery):
    """The users that are wanted."""

    limit: Annotated[int, Rule("how many items", least=1, most=MAX_LIMIT)] = 50
    after: Annotated[str, Rule("the cursor `next` of the page before", most=1000)] = ""
    account: Annotated[str, Rule("the account that they are logged in to", most=200)] = ""
    address: Annotated[str, Rule("the address of one of their connections", most=100)] = ""
    words: Annotated[str, Rule("what the nickname, account or host contains", most=200)] = ""


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection of a user."""

    id: Annotated[int, Rule("of the connection, while it lasts")]
    address: Annotated[str | None, Rule("null when the caller may not see addresses")]
    connected: datetime
    is_secure: Annotated[bool, Rule("whether all of its way is encrypted")]
    has_certificate: bool


@dataclass(frozen=True, slots=True)
class UserView:
    """A user."""

    nickname: str
    username: str
    host: Annotated[str, Rule("what other users see instead of the address")]
    realname: str
    account: str | None
    modes: str
    is_bot: bool
    operator: Annotated[str | None, Rule("the block of config.ini by which it is an operator")]
    away: Annotated[str | None, Rule("the away message")]
    since: Annotated[datetime, Rule("when it came")]
    active: Annotated[datetime, Rule("when it sent a command last")]
    is_always_on: Annotated[bool, Rule("whether it stays without connections")]
    channels: tuple[str, ...]
    connections: tuple[ConnectionView, ...]


@dataclass(frozen=True, slots=True)
class RemovalQuery:
    """Why a user is made to leave."""

    reason: Annotated[str, Rule("shown to the user and to others", most=_MAX_REASON)] = _NO_REASON


def _list(call: Call) -> Page:
    wanted = call.query_as(SessionsQuery)
    if wanted.address and not call.caller.shows_addresses:
        raise ApiProblem(
            403, _("you may not see addresses; leave the parameter out"), field="address"
        )
    account, words = fold_or_self(wanted.account), wanted.words.lower()

    def is_wanted(user: User) -> bool:
        shown = f"{user.nick}\n{user.account}\n{user.source}".lower()
        return (
            (not account or fold_or_self(user.account) == account)
            and (not words or words in shown)
            and (not wanted.address or wanted.address in {s.address for s in user.sessions})
        )

    users = filter(is_wanted, call.world.users.values())
    return call.page(users, lambda user: user.folded, lambda user: _view(call, user))


def _get(call: Call) -> UserView:
    return _view(call, _found(call))


async def _remove(call: Call) -> None:
    user, reason = _found(call), _reason(call)
    notice = f"An operator of the server removed you: {reason}"

    def remove() -> Iterable[Event]:
        if call.world.users.get(user.folded) is not user:  # it has left meanwhile
            raise _gone()
        apply(call.world, NoticeKept(user.folded, missed.of_removal(user, notice)))
        return apply(call.world, UserRemoved(user.folded, f"Killed ({reason})"))

    await call.commit(remove, f"KILL {user.source}: {reason}")


async def _close(call: Call) -> None:
    user, number = _found(call), call.params["connection"]
    session = next((each for each in user.sessions if str(each.id) == number), None)
    if session is None:
        raise not_found(
            _("the user {nick} has no such connection; look at the connections again").format(
                nick=user.nick
            )
        )
    reason = _reason(call)
    change = SessionsClosed((session.id,), f"An operator of the server ended it: {reason}")
    await call.commit(
        lambda: apply(call.world, change), f"CLOSE connection {number} of {user.source}: {reason}"
    )


def _reason(call: Call) -> str:
    """Return why; cut as that of KILL, so that it fits into the line of a QUIT and of an ERROR."""
    return cut_bytes(call.query_as(RemovalQuery).reason, _MAX_REASON) or _NO_REASON


def _found(call: Call) -> User:
    user = call.world.users.get(fold_or_self(call.params["nickname"]))
    if user is None:
        raise _gone()
    return user


def _gone() -> ApiProblem:
    return not_found(_("there is no user of this nickname; GET /api/v1/sessions lists them"))


def _view(call: Call, user: User) -> UserView:
    return UserView(
        user.nick,
        user.username,
        user.host,
        user.realname,
        user.account or None,
        "+" + "".join(sorted(user.modes)),
        BOT in user.modes,
        user.operator.name if user.operator is not None else None,
        user.away_message() or None,
        datetime.fromtimestamp(user.signon, UTC),
        datetime.fromtimestamp(user.idle_since(), UTC),
        user.always_on,
        tuple(sorted(channel.name for channel in user.channels)),
        tuple(_connection(call, session) for session in user.sessions),
    )


def _connection(call: Call, session: Session) -> ConnectionView:
    return ConnectionView(
        session.id,
        session.address if call.caller.shows_addresses else None,
        datetime.fromtimestamp(session.connected, UTC),
        session.is_secure,
        bool(session.certificate),
    )


RESOURCES = (
    Resource(
        method="GET",
        path="/sessions",
        scope="sessions:read",
        summary="List the users that are here, with their connections",
        handler=_list,
        query=SessionsQuery,
        answer=UserView,
        is_list=True,
    ),
    Resource(
        method="GET",
        path="/sessions/{nickname}",
        scope="sessions:read",
        summary="Get a user",
        handler=_get,
        answer=UserView,
    ),
    Resource(
        method="DELETE",
        path="/sessions/{nickname}",
        scope="sessions:write",
        summary="Disconnect a user with all its connections, as KILL does",
        handler=_remove,
        query=RemovalQuery,
    ),
    Resource(
        method="DELETE",
        path="/sessions/{nickname}/connections/{connection}",
        scope="sessions:write",
        summary="End one connection of a user, which stays with its others",
        handler=_close,
        query=RemovalQuery,
    ),
)
