"""The command `trio-chat hook`: its output around `storage.hooks`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.invitations import page_address
from trio_chat.chat.hook_terms import BadTerms, HookTerms
from trio_chat.chat.hooks import LOBBY, MOST, PATH, Hook, digest_of, make_secret
from trio_chat.i18n import _
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import escape_controls
from trio_chat.storage.account_maintenance import registered_channels
from trio_chat.storage.database import StorageError, in_transaction
from trio_chat.storage.hooks import every_hook, remove, save
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    import apsw

    from trio_chat.config import Settings

_SETTER = "trio-chat hook"


def list_hooks(database: Path, settings: "Settings") -> int:
    """Write all hooks, one a line: id, channel, name, kind, maker, last use."""
    with connected(database) as connection:
        names = {state["founded"]: state["name"] for state in registered_channels(connection)}
        found = every_hook(connection)
    names[LOBBY] = settings.server.lobby or "?"
    return write_lines(
        (
            hook.id,
            names.get(hook.channel, "?"),
            hook.name,
            hook.kind,
            hook.setter,
            date(hook.used) if hook.used else "-",
        )
        for hook in found
    )


def remove_hook(database: Path, wanted: str) -> int:
    """Remove a hook by its id, or by its name where no other one has it."""
    with connected(database, instead=_(in_cluster.HOOK)) as connection:
        found = [hook for hook in every_hook(connection) if wanted in (hook.id, hook.name)]
        if not found:
            raise StorageError(_("there is no webhook {id}").format(id=escape_controls(wanted)))
        if len(found) > 1:
            ids = " ".join(hook.id for hook in found)
            raise StorageError(
                _("several webhooks have that name, give an id: {ids}").format(ids=ids)
            )
        in_transaction(connection, remove, [found[0].digest])
    report(_("The webhook is removed; a server that is running notices it within seconds."))
    return OK


def add_hook(database: Path, settings: "Settings", folded: str, terms: HookTerms) -> int:
    """Make a hook, and print its address; of an outgoing one, the secret that signs.

    Args:
        database: the file.
        settings: with the address of the page, and the lobby.
        folded: the name of the channel, folded.
        terms: the other words of the command.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        terms = terms.checked()
    except BadTerms as error:
        raise StorageError(str(error)) from error
    secret = make_secret()
    with connected(database, instead=_(in_cluster.HOOK)) as connection:
        channel = _channel(connection, settings, folded)
        if sum(hook.channel == channel for hook in every_hook(connection)) >= MOST:
            raise StorageError(
                _("there are {most} webhooks already; remove some first").format(most=MOST)
            )
        cursor = int(connection.execute(_LATEST).get or 0)
        made = terms.hook(digest_of(secret), channel, _SETTER, 0, int(time.time()), cursor)
        in_transaction(connection, save, {made.digest: made})
    _show(made, f"{page_address(settings)}{PATH}{secret}")
    return OK


_LATEST = (
    "SELECT max(coalesce((SELECT max(id) FROM message), 0), coalesce((SELECT max(id) FROM event),"
    " 0))"
)


def _show(hook: Hook, address: str) -> None:
    if hook.url:
        print(hook.signing, flush=True)
        report(_("With this secret the server signs what it posts; it is not shown again."))
    else:
        print(address, flush=True)
        report(_("A program with this address can write to the channel. It is not shown again."))
    report(_("The id of the webhook is {id}.").format(id=hook.id))


def _channel(connection: "apsw.Connection", settings: "Settings", folded: str) -> int:
    """Return the number of a registered channel, or of the lobby."""
    for state in registered_channels(connection):
        if fold_or_self(state["name"]) == folded:
            return int(state["founded"])
    if settings.server.lobby and fold_or_self(settings.server.lobby) == folded:
        return LOBBY
    raise StorageError(
        _(
            "{channel} is not registered: its operator does that in the chat, with"
            " /msg ChanServ REGISTER {channel}"
        ).format(channel=escape_controls(folded))
    )
