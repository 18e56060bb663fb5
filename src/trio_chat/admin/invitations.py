"""The command `trio-chat invite`: its output around `maintenance.invitations`."""

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.chat.invitations import Invitation
from trio_chat.i18n import _
from trio_chat.irc.addresses import parse_address
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import escape_controls
from trio_chat.irc.weblinks import page_link
from trio_chat.maintenance.invitations import (
    check_accounts_need_one,
    existing_invitation,
    new_invitation,
    not_registered,
)
from trio_chat.storage.account_maintenance import registered_channels
from trio_chat.storage.invitations import end, every_invitation, save
from trio_chat.storage.lock import noted_places
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    import apsw

    from trio_chat.config import Settings

_SETTER = "trio-chat invite"


def list_invitations(database: Path) -> int:
    """Write all invitations, one a line: id, channel, uses, used, end, maker."""
    with connected(database) as connection:
        names = {state["founded"]: state["name"] for state in registered_channels(connection)}
        found = _in_force(connection)
    return write_lines(
        (
            one.id,
            names.get(one.channel, "?") if one.channel else "*",
            str(one.uses),
            str(len(one.used_by)),
            date(one.expires) if one.expires else "-",
            one.setter,
        )
        for one in found
    )


def revoke(database: Path, wanted: str) -> int:
    """Revoke an invitation by its id.

    It expires, and a server deletes it: one that is running and has not noticed yet could otherwise
    store it again because somebody has just used it.
    """
    with connected(database, instead=_(in_cluster.INVITE)) as connection:
        found = existing_invitation(_in_force(connection), wanted)
        with recorded(connection, "invite", f"INVITATION REVOKE {found[0].id}"):
            end(connection, [one.digest for one in found])
    report(_("The invitation is revoked."))
    return OK


def invite(
    database: Path, settings: "Settings", folded: str, uses: int, seconds: int | None
) -> int:
    """Make an invitation, and print its link.

    Args:
        database: the file.
        settings: with the address of the page, and whether accounts are registered by invitation.
        folded: the channel; "" for an account.
        uses: how many users can use it; 0 for any number.
        seconds: for how long; 0 for ever, None for the default.
    """
    if not folded:
        check_accounts_need_one(settings)
    with connected(database, instead=_(in_cluster.INVITE)) as connection:
        name, channel = _channel(connection, folded) if folded else ("", 0)
        now, terms = int(time.time()), (uses, seconds)
        made = new_invitation(_in_force(connection), channel, _SETTER, terms, now)
        one = made.invitation
        said = f"INVITATION CREATE {one.id} for {name or 'an account'}"
        with recorded(connection, "invite", said):
            save(connection, {one.digest: one})
    _print(page_link(page_address(settings, database), name, made.token))
    if name:
        report(
            _("With any IRC client: /join {words}").format(
                words=f"{escape_controls(name)} {made.token}"
            )
        )
    return OK


def _in_force(connection: "apsw.Connection") -> list[Invitation]:
    now = time.time()
    return [one for one in every_invitation(connection) if not one.is_over(now)]


def _channel(connection: "apsw.Connection", folded: str) -> tuple[str, int]:
    """Return the name and the number of a registered channel."""
    for state in registered_channels(connection):
        if fold_or_self(state["name"]) == folded:
            return state["name"], state["founded"]
    raise not_registered(folded)


def _print(link: str) -> None:
    """Print a link, and its QR code where that can be seen."""
    from trio_chat.server import qr  # noqa: PLC0415

    lines, size = [link], qr.drawable_size()
    if size is not None:
        with suppress(ValueError):  # no code has room for so long a link
            lines = qr.with_code(lines, qr.qr_code(link), size)
    print("\n".join(lines), flush=True)  # before what explains it, which goes to standard error


def page_address(settings: "Settings", database: Path) -> str:
    """Return the address of the page.

    A server that runs has noted beside its database where it listens, which the settings do not
    always say.
    """
    from trio_chat.server.addresses import joinable, own_addresses  # noqa: PLC0415
    from trio_chat.server.links import public_url  # noqa: PLC0415

    hosts, port = settings.server.host, settings.server.port
    noted = [(one.host, one.port) for one in noted_places(database) if one.port and not one.proxy]
    if noted:
        port = noted[0][1]
        hosts = tuple(host for host, other in noted if other == port)
    bound = [address for host in hosts if (address := parse_address(host))]
    return public_url(settings, port, joinable(bound, own_addresses()))
