"""The commands of `trio-chat account` about second factors and passkeys."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.accounts import AccountTarget, find_account
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.chat.accounts import Account
from trio_chat.i18n import _
from trio_chat.maintenance.refusals import ResourceNotFound
from trio_chat.storage import account_maintenance
from trio_chat.storage.maintenance import connected

if TYPE_CHECKING:
    import apsw


def show(target: AccountTarget) -> int:
    """Write the second factor and the passkeys of an account, one a line; no secret."""
    with connected(target.database) as connection:
        account = find_account(connection, target)
        rows = list(_rows(connection, account))
    if not rows:
        text = _("{account} has neither a second factor nor passkeys.")
        report(text.format(account=account.name))
        return OK
    return write_lines(rows)


def _rows(connection: "apsw.Connection", account: Account) -> Iterator[tuple[str, ...]]:
    factor = account_maintenance.second_factor_of(connection, account)
    if factor is not None:
        yield "authenticator", "", date(factor.since), f"recovery codes: {len(factor.recovery)}"
    for one in account_maintenance.passkeys_of(connection, account):
        used = date(one["used"]) if one["used"] else "never"
        yield "passkey", one["name"], date(one["created"]), f"used: {used}"


def remove_second_factor(target: AccountTarget) -> int:
    """Remove the second factor of an account."""
    with connected(target.database, instead=_(in_cluster.REMOVE_SECOND_FACTOR)) as connection:
        account = find_account(connection, target)
        with recorded(connection, "account", f"SA2FAOFF {account.name}"):
            if not account_maintenance.remove_second_factor(connection, account):
                text = _("{account} has no second factor")
                raise ResourceNotFound(text.format(account=account.name))
    report(
        _(
            "The second factor of {account} was removed: the password alone logs in. App passwords"
            " and certificates stay."
        ).format(account=account.name)
    )
    return OK


def remove_passkey(target: AccountTarget, name: str) -> int:
    """Remove a passkey of an account."""
    with connected(target.database, instead=_(in_cluster.REMOVE_PASSKEY)) as connection:
        account = find_account(connection, target)
        with recorded(connection, "account", f"SAPASSKEY DEL {name} of {account.name}"):
            if not account_maintenance.remove_passkey(connection, account, name):
                text = _(
                    "{account} has no passkey of this name: see trio-chat account 2fa {account}"
                )
                raise ResourceNotFound(text.format(account=account.name))
    text = _("The passkey was removed. What else logs in to {account} stays, and so do sessions.")
    report(text.format(account=account.name))
    return OK
