"""The command `trio-chat hook`: its output around `maintenance.hooks`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.invitations import page_address
from trio_chat.admin.recorded import recorded
from trio_chat.chat.hook_terms import HookTerms
from trio_chat.chat.hooks import LOBBY, PATH, Hook
from trio_chat.i18n import _
from trio_chat.irc.names import fold_or_self
from trio_chat.maintenance.hooks import (
    HookMaker,
    channel_number,
    checked_terms,
    existing_hook,
    new_hook,
)
from trio_chat.storage.account_maintenance import registered_channels
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
        found = existing_hook(every_hook(connection), wanted)
        with recorded(connection, "hook", f"HOOK DEL {found.id} {found.name}"):
            remove(connection, [found.digest])
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
    terms = checked_terms(terms)
    with connected(database, instead=_(in_cluster.HOOK)) as connection:
        registered = {
            fold_or_self(state["name"]): int(state["founded"])
            for state in registered_channels(connection)
        }
        channel = channel_number(registered, settings.server.lobby, folded)
        maker = HookMaker(_SETTER, int(time.time()), _latest_id(connection))
        made = new_hook(every_hook(connection), channel, terms, maker)
        hook = made.hook
        with recorded(connection, "hook", f"HOOK ADD {hook.id} {hook.name} {folded}"):
            save(connection, {hook.digest: hook})
    _show(made.hook, f"{page_address(settings, database)}{PATH}{made.secret}")
    return OK


def _latest_id(connection: "apsw.Connection") -> int:
    return int(connection.execute(_LATEST).get or 0)


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
    report(_("A server that is running knows it within seconds."))
    report(_("The id of the webhook is {id}.").format(id=hook.id))
