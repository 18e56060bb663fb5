"""Calls: a request to the API as the handler of a resource gets it."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Annotated, Any, TypeVar

from trio_chat.chat.events import Event
from trio_chat.chat.operators import record_audit
from trio_chat.chat.world import World
from trio_chat.i18n import _
from trio_chat.server.api.callers import Caller
from trio_chat.server.api.problems import ApiProblem
from trio_chat.server.api.schemas import Rule
from trio_chat.server.committing import NotCommitted
from trio_chat.server.http.messages import HttpRequest
from trio_chat.server.http.site import Site

T = TypeVar("T")
MAX_LIMIT = 200
RETRY_AFTER = 30
"""Seconds after which a change that could not be stored may be tried again."""


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The part of a list that is wanted."""

    limit: Annotated[int, Rule("how many items", least=1, most=MAX_LIMIT)] = 50
    after: Annotated[str, Rule("the cursor `next` of the page before", most=1000)] = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Args:
        items: the items.
        next: the cursor of the next page; None when this is the last one.
    """

    items: Sequence[Any]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to a resource.

    Args:
        site: the server.
        request: the request.
        caller: what has sent it.
        params: the values of the path, decoded.
        query: the query as the dataclass of the resource, or None.
        body: the body as the dataclass of the resource, or None.
        is_valid: returns whether the caller may still make the request, for a long answer.
        kept: what handlers keep from one request to another, by its class.
    """

    site: Site
    request: HttpRequest
    caller: Caller
    params: Mapping[str, str]
    query: Any = None
    body: Any = None
    is_valid: Callable[[], bool] = lambda: True
    kept: dict[type, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The state of the chat."""
        return self.site.world

    def query_as(self, kind: type[T]) -> T:
        """Return the query; a resource that takes one says of which kind it is."""
        assert isinstance(self.query, kind)  # noqa: S101  # the table of resources names it
        return self.query

    def body_as(self, kind: type[T]) -> T:
        """Return the body; a resource that takes one says of which kind it is."""
        assert isinstance(self.body, kind)  # noqa: S101  # the table of resources names it
        return self.body

    def shared(self, kind: type[T]) -> T:
        """Return an object of a class that all requests have in common; the first one makes it."""
        found: T = self.kept.setdefault(kind, kind()) if kind not in self.kept else self.kept[kind]
        return found

    def audit(self, text: str) -> list[Event]:
        """Record in the audit log what the caller does; return the notices for operators.

        Call it in the same step as the change, and give its events to the committer. The text must
        contain no secret.
        """
        return list(record_audit(self.world, self.caller.actor, self.request.peer.host, text))

    async def commit(self, change: Callable[[], Iterable[Event]], audited: str = "") -> None:
        """Carry out a change; return after it was stored; see `Committer.carry_out`.

        Args:
            change: applies it, and returns its events.
            audited: what the audit log says about it, such as `KILL bob: flooding`.

        Raises:
            ApiProblem: 503.
        """
        committer = self.site.committer
        if committer is None:
            raise ApiProblem(503, _("this server cannot change anything"))

        def both() -> list[Event]:
            events = list(change())
            return events + self.audit(audited) if audited else events

        try:
            await committer.carry_out(both)
        except NotCommitted as error:
            headers = [("Retry-After", str(RETRY_AFTER))]
            raise ApiProblem(503, str(error), headers=headers) from error

    def page(self, items: Iterable[T], key: Callable[[T], Any], show: Callable[[T], Any]) -> Page:
        """Return the wanted part of a list that is in memory, in the order of its keys.

        Args:
            items: all of them.
            key: returns what an item is sorted by, which no other one has: a text or a number.
            show: returns an item as the answer has it.
        """
        wanted = self.query if isinstance(self.query, PageQuery) else PageQuery()
        if wanted.after:
            after = from_cursor(wanted.after)
            try:
                items = [item for item in items if key(item) > after]
            except TypeError as error:
                raise bad_cursor() from error
        found = nsmallest(wanted.limit + 1, items, key=key)
        chosen = found[: wanted.limit]
        cursor = to_cursor(key(chosen[-1])) if len(found) > len(chosen) else None
        return Page([show(item) for item in chosen], cursor)


def to_cursor(key: Any) -> str:
    """Return the cursor behind an item with a key of plain data."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> Any:
    """Return the key in a cursor.

    Raises:
        ApiProblem: 400: it is none.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        key = json.loads(data)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise bad_cursor() from error
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise bad_cursor()
    return key


def bad_cursor() -> ApiProblem:
    """Return the refusal of a cursor that this server has not made."""
    why = _("`after` must be the `next` of the page before; begin anew without it")
    return ApiProblem(400, why, field="after")
