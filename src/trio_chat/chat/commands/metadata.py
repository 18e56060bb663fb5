"""METADATA: keys and values of users and channels (IRCv3 draft/metadata-2, draft/metadata-3).

Metadata of accounts and registered channels is persistent; other metadata ends with the user or
channel.
"""

from collections.abc import Callable
from typing import Final

from trio_chat.chat import metadata
from trio_chat.chat.commands.metadata_requests import fail, find
from trio_chat.chat.commands.metadata_subscriptions import (
    list_subscriptions,
    subscribe,
    unsubscribe,
)
from trio_chat.chat.commands.metadata_sync import sync, sync_everything
from trio_chat.chat.commands.metadata_values import clear, get, list_all, set_value
from trio_chat.chat.metadata import Target
from trio_chat.chat.registry import Request, command
from trio_chat.chat.response import Steps
from trio_chat.irc import numerics as n


@command(
    "METADATA",
    "<target> GET <key>… | LIST | SET <key> [:<value>] | CLEAR | SYNC, METADATA * SUB <key>… |"
    " UNSUB <key>… | SUBS",
    min_params=2,
    needs_registration=False,
    weight=2,
    help=(
        "Show or change the metadata of users and channels; * is you. SUB notifies you"
        " of changes of a key."
    ),
)
def metadata_command(request: Request) -> Steps | None:
    """Carry out one of the subcommands; before registration only those about oneself."""
    subcommand = request.params[1].upper()
    if subcommand in _NEED_KEY and not request.param(2):
        request.reply.numeric(n.ERR_NEEDMOREPARAMS, "METADATA")
        return None
    if subcommand in _SUBSCRIPTIONS:
        _SUBSCRIPTIONS[subcommand](request)
        return None
    handler = _SUBCOMMANDS.get(subcommand)
    if handler is None:
        fail(
            request,
            "subcommand",
            key=request.params[1],
            text="The subcommands are those that HELP METADATA shows",
        )
    elif (
        subcommand == "SYNC"
        and request.params[0].upper() == metadata.EVERYTHING
        and request.session.user is not None
    ):
        return sync_everything(request)
    elif (target := find(request)) is None:
        fail(request, "target", target=request.params[0], text="There is no such user or channel")
    else:
        return handler(request, target)
    return None


_SUBCOMMANDS: Final[dict[str, Callable[[Request, Target], Steps | None]]] = {
    "GET": get,
    "LIST": list_all,
    "SET": set_value,
    "CLEAR": clear,
    "SYNC": sync,
}
_SUBSCRIPTIONS: Final[dict[str, Callable[[Request], None]]] = {
    "SUB": subscribe,
    "UNSUB": unsubscribe,
    "SUBS": list_subscriptions,
}
_NEED_KEY: Final = frozenset(("GET", "SET", "SUB", "UNSUB"))
