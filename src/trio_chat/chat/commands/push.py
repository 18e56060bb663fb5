"""Web Push: WEBPUSH (soju `doc/ext/webpush`, IRCv3 `draft/webpush`)."""

import logging
from functools import partial
from typing import Final

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import PushEndpointSet, PushSubscribed, PushUnsubscribed
from trio_chat.chat.push import (
    KEPT_CAPABILITIES,
    REFRESHED_AFTER,
    PushDelivery,
    PushSubscription,
    read_endpoint,
    read_keys,
)
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Response

log = logging.getLogger("trio_chat")

_SHOWN: Final = 400
"""Characters of a wrong endpoint that the answer repeats."""


@command(
    "WEBPUSH",
    "REGISTER <endpoint> <keys> | UNREGISTER <endpoint>",
    weight=4,
    stores=3,
    help="Receive messages by Web Push on a device, or end that.",
    is_local=True,
    is_decision=True,
)
def webpush_command(request: Request) -> None:
    """Register a device, or remove one."""
    subcommand, endpoint = request.param(0).upper(), request.param(1)
    most = {"REGISTER": 3, "UNREGISTER": 2}.get(subcommand)
    if most is None or len(request.params) != most:
        text = "WEBPUSH REGISTER takes an endpoint and keys, WEBPUSH UNREGISTER an endpoint"
        _fail(request.reply, "INVALID_PARAMS", subcommand, endpoint, text)
        return
    account = request.user.account_id
    if not account:
        text = "Log in to an account: devices for push messages belong to one"
        _fail(request.reply, "FORBIDDEN", subcommand, endpoint, text)
    elif subcommand == "UNREGISTER":
        _unregister(request, account, endpoint)
    elif request.world.push_delivery is None or not request.world.server_info.has_push:
        text = "This server sends no push messages"
        _fail(request.reply, "FORBIDDEN", subcommand, endpoint, text)
    else:
        _register(request, request.world.push_delivery, account)


def _fail(reply: Response, code: str, subcommand: str, endpoint: str, text: str) -> None:
    reply.fail("WEBPUSH", code, subcommand[:_SHOWN], endpoint[:_SHOWN], text=text)


def _unregister(request: Request, account: int, endpoint: str) -> None:
    if request.session.push_endpoint == endpoint:
        apply(request.world, PushEndpointSet(request.session.id, ""))
    if endpoint in request.world.push.of(account):
        apply(request.world, PushUnsubscribed(account, (endpoint,)))
    # "Servers MUST silently ignore UNREGISTER commands for non-existing subscriptions", and a
    # client cannot tell them apart by the answer.
    request.once_settled(lambda: request.reply.send("WEBPUSH", ("UNREGISTER", endpoint)))


def _register(request: Request, delivery: PushDelivery, account: int) -> None:
    endpoint = request.params[1]
    try:
        read_endpoint(endpoint)
    except ValueError:
        text = "An endpoint is an https URL of a push service"
        _fail(request.reply, "INVALID_PARAMS", "REGISTER", endpoint, text)
        return
    try:
        p256dh, auth = read_keys(request.params[2])
    except ValueError:
        text = "The keys are p256dh and auth, in base64url, as a browser gives them"
        _fail(request.reply, "INVALID_PARAMS", "REGISTER", endpoint, text)
        return
    now = request.world.clock()
    caps = request.session.effective & KEPT_CAPABILITIES
    wanted = PushSubscription(endpoint, p256dh, auth, caps, now, now)
    known = request.world.push.of(account).get(endpoint)
    if known is None or not known.is_same_device(wanted):
        request.reply.postpone(partial(_confirm, request, delivery, account, wanted))
        return
    if caps != known.caps or not 0 <= now - known.seen < REFRESHED_AFTER:
        wanted = wanted._replace(created=known.created)
        _subscribe(request, account, wanted, _version(request, account))
    _set_endpoint(request, endpoint)
    request.once_settled(lambda: request.reply.send("WEBPUSH", ("REGISTER", endpoint)))


async def _confirm(
    request: Request,
    delivery: PushDelivery,
    account: int,
    wanted: PushSubscription,
    reply: Response,
) -> None:
    """Add a device once its push service has taken a first message; if cancelled, it is not
    added.
    """
    version = _version(request, account)
    why_not = await delivery.confirm(account, wanted)
    if request.user.account_id != account:  # logged out by another session meanwhile
        why_not = "You are logged in to that account no longer"
    if why_not:
        _fail(reply, "INVALID_PARAMS", "REGISTER", wanted.endpoint, why_not)
        return
    _subscribe(request, account, wanted, version)
    _set_endpoint(request, wanted.endpoint)
    await request.world.settle()
    reply.change_state()
    log.info("%s registered a device for push messages at %s", request.user.source, wanted.host)
    reply.send("WEBPUSH", ("REGISTER", wanted.endpoint))
    if not request.user.always_on:
        text = (
            "You receive push messages only while you are connected, unless you stay in your"
            " channels: /msg NickServ SET always-on on"
        )
        reply.send("WARN", ("WEBPUSH", "PERSISTENCE_REQUIRED", text))


def _version(request: Request, account: int) -> int:
    accounts = request.world.accounts
    return accounts.version(account) if accounts is not None else 0


def _subscribe(
    request: Request, account: int, subscription: PushSubscription, version: int
) -> None:
    most = request.world.server_info.push_devices
    apply(request.world, PushSubscribed(account, subscription, most, version))


def _set_endpoint(request: Request, endpoint: str) -> None:
    if request.session.push_endpoint != endpoint:
        apply(request.world, PushEndpointSet(request.session.id, endpoint))
