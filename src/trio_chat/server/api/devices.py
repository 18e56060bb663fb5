"""Resources of devices that receive push messages. Their endpoints and keys are never shown: they
are secrets, by which others could send.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NamedTuple

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PushUnsubscribed
from trio_chat.chat.push import PushSubscription
from trio_chat.i18n import _
from trio_chat.server.api.bans import account_named
from trio_chat.server.api.calls import Call, Page, PageQuery
from trio_chat.server.api.problems import not_found
from trio_chat.server.api.resources import Resource
from trio_chat.server.api.schemas import Rule, moment

_SHOWN = 16


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device."""

    id: str
    account: str
    push_service: Annotated[str, Rule("its host")]
    created: datetime | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceQuery(PageQuery):
    """The devices that are wanted."""

    account: Annotated[str, Rule("the account of the devices", most=200)] = ""


class _Device(NamedTuple):
    id: str
    account: int
    subscription: PushSubscription


def _devices(call: Call, account: int = 0) -> Iterator[_Device]:
    push = call.world.push
    for number in [account] if account else list(push.by_account):
        for endpoint, subscription in push.of(number).items():
            digest = hashlib.sha256(endpoint.encode()).hexdigest()[:_SHOWN]
            yield _Device(digest, number, subscription)


def _list(call: Call) -> Page:
    wanted = call.query_as(DeviceQuery).account
    number = account_named(call, wanted).id if wanted else 0

    def show(device: _Device) -> DeviceView:
        return DeviceView(
            device.id,
            call.world.account_name(device.account),
            device.subscription.host,
            moment(device.subscription.created),
            moment(device.subscription.seen),
        )

    return call.page(_devices(call, number), lambda device: device.id, show)


async def _remove(call: Call) -> None:
    wanted = call.params["device"]
    device = next((each for each in _devices(call) if each.id == wanted), None)
    if device is None:
        raise not_found(_("there is no device of this id; GET /api/v1/devices lists them"))
    change = PushUnsubscribed(device.account, (device.subscription.endpoint,))
    name = call.world.account_name(device.account)
    await call.commit(lambda: apply(call.world, change), f"PUSH DEL {device.id} of {name}")


RESOURCES = (
    Resource(
        method="GET",
        path="/devices",
        scope="devices:read",
        summary="List the devices that receive push messages",
        handler=_list,
        query=DeviceQuery,
        answer=DeviceView,
        is_list=True,
    ),
    Resource(
        method="DELETE",
        path="/devices/{device}",
        scope="devices:write",
        summary="Send no push messages to a device any longer",
        handler=_remove,
    ),
)
