"""The commands of `trio-chat account`: their output and questions around `maintenance.accounts`."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from trio_chat.admin import in_cluster
from trio_chat.admin.console import (
    confirm,
    date,
    report,
    report_error,
    to_standard_output,
    write_lines,
)
from trio_chat.admin.exit_codes import FAILED, OK, USAGE
from trio_chat.admin.passwords import NoTerminal, PasswordError, ask_password, read_password
from trio_chat.admin.progress import Progress
from trio_chat.admin.recorded import record_begin, recorded
from trio_chat.chat.accounts import Account
from trio_chat.chat.credentials import Credentials
from trio_chat.config.values import LONGEST_NICK
from trio_chat.i18n import _, ngettext
from trio_chat.irc.names import fold_nick
from trio_chat.maintenance import accounts as rules
from trio_chat.maintenance.refusals import InvalidValue
from trio_chat.server.accounts import COSTS
from trio_chat.storage import account_maintenance, json_lines
from trio_chat.storage.maintenance import connected, refuse_in_cluster
from trio_chat.storage.schema import is_of_cluster

if TYPE_CHECKING:
    import apsw

    from trio_chat.config import Settings


class AccountTarget(NamedTuple):
    """The account that a command concerns.

    Args:
        database: the database.
        name: the name of the account as it was typed; a valid one.
    """

    database: Path
    name: str

    @property
    def folded(self) -> str:
        """The folded name, by which the account is found."""
        return fold_nick(self.name, LONGEST_NICK)


def list_accounts(database: Path) -> int:
    """Write all accounts, one a line."""
    with connected(database) as connection:
        staying = account_maintenance.always_on_ids(connection)
        return write_lines(
            (account.name, date(account.created), "always-on" if account.id in staying else "")
            for account in account_maintenance.all_accounts(connection)
        )


def add(target: AccountTarget, settings: "Settings", password_file: Path | None) -> int:
    """Add an account."""
    rules.check_length(target.name, settings)
    with connected(target.database, instead=_(in_cluster.ADD_ACCOUNT)) as connection:
        known = account_maintenance.accounts_by_name(connection)
        gone = account_maintenance.find_dropped(connection, target.folded)
        rules.check_is_free(target.name, target.folded, known, [gone] if gone else [])
        credentials = _credentials(target.name, settings, password_file)
        if isinstance(credentials, int):
            return credentials
        account = Account(target.name, target.folded, int(time.time()))
        with recorded(connection, "account", f"SAREGISTER {target.name}"):
            if not account_maintenance.add(connection, account, credentials):
                raise rules.exists(target.name)  # a user has registered it meanwhile
    report(_("The account {account} was added.").format(account=target.name))
    return OK


def change_password(target: AccountTarget, settings: "Settings", password_file: Path | None) -> int:
    """Change the password of an account."""
    with connected(target.database, instead=_(in_cluster.CHANGE_PASSWORD)) as connection:
        account = find_account(connection, target)
        credentials = _credentials(account.name, settings, password_file)
        if isinstance(credentials, int):
            return credentials
        with recorded(connection, "account", f"SAPASSWD {account.name}"):
            account_maintenance.change_password(connection, account, credentials)
    report(_("The password of {account} was changed.").format(account=account.name))
    return OK


def show_email(target: AccountTarget) -> int:
    """Write the e-mail address of an account, and whether it is verified."""
    with connected(target.database) as connection:
        email = account_maintenance.email_of(connection, find_account(connection, target))
    if email is None:
        report(_("{account} has no e-mail address.").format(account=target.name))
        return OK
    return write_lines([(email.address, "verified" if email.is_verified else "not verified")])


def change_email(target: AccountTarget, address: str | None, is_verified: bool | None) -> int:
    """Change the e-mail address of an account.

    Args:
        target: the account.
        address: see `maintenance.accounts.changed_email`; likewise the last one.
        is_verified: whether its owner receives mail there.

    Raises:
        StorageError: it cannot be changed so.
    """
    with connected(target.database, instead=_(in_cluster.CHANGE_EMAIL)) as connection:
        account = find_account(connection, target)
        known = account_maintenance.email_of(connection, account)
        email = rules.changed_email(known, address, is_verified)
        said = "none" if email is None else ("verified" if email.is_verified else "not verified")
        with recorded(connection, "account", f"EMAIL {account.name}: {said}"):
            account_maintenance.change_email(connection, account, email)
    if email is None:
        text = _("{account} has no e-mail address any more.")
    elif email.is_verified:
        text = _("{account} has the e-mail address {address}, which is verified.")
    else:
        text = _("{account} has the e-mail address {address}, which is not verified.")
    address = email.address if email is not None else ""
    report(text.format(account=account.name, address=address))
    return OK


def _credentials(name: str, settings: "Settings", password_file: Path | None) -> Credentials | int:
    """Ask for a password and return its credentials, or the exit code when there is none."""
    try:
        if password_file is None:
            password = ask_password(_("A password for {account}: ").format(account=name))
        else:
            password = read_password(password_file)
        rules.check_password(password, settings)
        return COSTS[settings.accounts.hash_cost].credentials(password)
    except NoTerminal:
        report_error(_("there is nobody to ask for a password: add --password-file"))
        return USAGE
    except (PasswordError, InvalidValue) as error:
        report_error(str(error))
    except ValueError:
        report_error(_("the password has characters that cannot be used"))
    return FAILED


def delete(target: AccountTarget, *, yes: bool) -> int:
    """Delete an account, after a question; its messages stay."""
    with connected(target.database, instead=_(in_cluster.DELETE_ACCOUNT)) as connection:
        account = find_account(connection, target)
        owned = len(account_maintenance.account_data(connection, account).owned)
        question = _("Delete the account {account}, and give up its channels ({channels})? [y/N] ")
        refusal = (
            None if yes else _not_agreed(question.format(account=account.name, channels=owned))
        )
        if refusal is not None:
            return refusal
        with recorded(connection, "account", f"SADROP {account.name}"):
            account_maintenance.delete(connection, account)
    _tell_deleted(account.name, owned)
    return OK


def list_dropped(database: Path) -> int:
    """Write the names of deleted accounts that are not free, one a line."""
    with connected(database) as connection:
        return write_lines(
            (name, date(dropped)) for name, dropped in account_maintenance.dropped_names(connection)
        )


def free(target: AccountTarget, settings: "Settings") -> int:
    """Free the name of a deleted account, unless an operator in config.ini has that account."""
    with connected(target.database, instead=_(in_cluster.FREE_NAME)) as connection:
        found = account_maintenance.find_dropped(connection, target.folded)
        gone = rules.check_can_be_freed(found, target.name, settings)
        with recorded(connection, "account", f"FREE {gone.name}"):
            account_maintenance.free(connection, gone)
    report(
        _(
            "{account} can be registered now. A new account inherits nothing of the deleted one."
        ).format(account=gone.name)
    )
    return OK


def forget(target: AccountTarget, *, yes: bool) -> int:
    """Delete an account with its messages and events, after a question."""
    with connected(target.database) as connection:
        account = account_maintenance.find(connection, target.folded)
        if account:
            refuse_in_cluster(connection, target.database, _(in_cluster.FORGET_ACCOUNT))
        author = account_maintenance.author_of(connection, target.folded)
        owned = len(account_maintenance.account_data(connection, account).owned) if account else 0
        total = account_maintenance.count_messages(connection, author)
        if account is None and not total:  # a deleted account may have left messages behind
            raise rules.unknown(target.name)
        question = _(
            "Delete the account {account}, give up its channels ({channels}), and delete all that"
            " it has said ({count})? [y/N] "
        )
        name = account.name if account else target.name
        refusal = (
            None if yes else _not_agreed(question.format(account=name, channels=owned, count=total))
        )
        if refusal is not None:
            return refusal
        if account:
            # First, so that a running server ends its sessions.
            with recorded(connection, "account", f"SADROP {account.name}"):
                account_maintenance.delete(connection, account)
        else:
            record_begin(connection, "account", f"FORGET {name}")
        with Progress(_("Deleting"), total) as progress:
            deleted = account_maintenance.delete_messages(connection, author, progress)
        is_elsewhere = is_of_cluster(connection)
    if account:
        _tell_deleted(name, owned)
    done = ngettext(
        "{count} message or event was deleted.",
        "{count} messages and events were deleted.",
        deleted,
    )
    report(done.format(count=deleted))
    if is_elsewhere:
        report(_(in_cluster.OTHER_SERVERS))
    return OK


def _not_agreed(question: str) -> int | None:
    """Ask; return the exit code when the answer is no, or when there is no terminal."""
    if not sys.stdin.isatty():
        report_error(_("there is nobody to ask whether the account may be deleted: add --yes"))
        return USAGE
    if not confirm(question):
        report(_("Nothing was deleted."))
        return FAILED
    return None


def _tell_deleted(name: str, owned: int) -> None:
    report(_("The account {account} was deleted.").format(account=name))
    if owned:
        report(
            ngettext(
                "{count} channel was given up.", "{count} channels were given up.", owned
            ).format(count=owned)
        )


def export(target: AccountTarget) -> int:
    """Write the data and messages of an account as JSON, to standard output."""
    with connected(target.database) as connection:
        account = find_account(connection, target)
        written = to_standard_output(lambda stream: _export(connection, account, stream))
    if written is None:
        return FAILED
    report(
        ngettext("{count} message was written.", "{count} messages were written.", written).format(
            count=written
        )
    )
    return OK


def _export(connection: "apsw.Connection", account: Account, stream: BinaryIO) -> int:
    """Write one JSON object, message by message, so that they are never all in memory."""
    numbers = account_maintenance.account_numbers(connection)
    head = rules.describe(connection, account)
    stream.write(
        json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}").encode()
        + b',\n "messages": ['
    )
    written = 0
    for record in account_maintenance.messages(connection, account):
        stream.write(
            (b",\n  " if written else b"\n  ") + json_lines.to_line(record, numbers).rstrip(b"\n")
        )
        written += 1
    stream.write(b"\n ]\n}\n" if written else b"]\n}\n")
    return written


def find_account(connection: "apsw.Connection", target: AccountTarget) -> Account:
    """Return the account of a command.

    Raises:
        ResourceNotFound: there is none of this name.
    """
    account = account_maintenance.find(connection, target.folded)
    if account is None:
        raise rules.unknown(target.name)
    return account
