"""Resources of the scheduled messages of an account: operators see when and where, and cancel them.

The texts of private messages and of reminders are for nobody but their owner.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ScheduledMessageCancelled
from trio_chat.chat.scheduled import ScheduledMessage
from trio_chat.i18n import _
from trio_chat.server.api.bans import account_named
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import not_found
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment


@dataclass(frozen=True, slots=True)
class ScheduledMessageView:
    """A message that is sent later."""

    number: int
    due: datetime | None
    target: Annotated[str | None, Rule("a channel or a nickname; null for a reminder")]
    text: Annotated[str | None, Rule("null unless it is for a channel")]


def _show(message: ScheduledMessage) -> ScheduledMessageView:
    text = None if message.is_private else message.text
    return ScheduledMessageView(message.number, moment(message.due), message.target or None, text)


def _list(call: Call) -> Page:
    account = account_named(call, call.params["name"])
    return call.page(call.world.scheduled.of(account.id), lambda each: each.number, _show)


async def _cancel(call: Call) -> None:
    account, number = account_named(call, call.params["name"]), call.params["number"]
    known = call.world.scheduled.of(account.id)
    found = next((each for each in known if str(each.number) == number), None)
    if found is None:
        raise not_found(
            _("the account {name} has no scheduled message of this number").format(
                name=account.name
            )
        )
    await call.commit(
        lambda: apply(call.world, ScheduledMessageCancelled(account.id, found.id)),
        f"AT CANCEL {number} of {account.name}",
    )


RESOURCES = (
    Resource(
        method="GET",
        path="/accounts/{name}/scheduled",
        scope="accounts:read",
        summary="List the messages that an account has scheduled, without private texts",
        handler=_list,
        query=PageQuery,
        answer=ScheduledMessageView,
        is_list=True,
    ),
    Resource(
        method="DELETE",
        path="/accounts/{name}/scheduled/{number}",
        scope="accounts:write",
        summary="Cancel a message that an account has scheduled",
        handler=_cancel,
    ),
)
