"""The commands of `trio-chat account`: their output and questions around `account_maintenance`."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

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
from trio_chat.chat import nicknames
from trio_chat.chat.accounts import MAX_PASSWORD, Account
from trio_chat.chat.confusables import AccountConfusables
from trio_chat.chat.credentials import Credentials
from trio_chat.config.values import LONGEST_NICK
from trio_chat.i18n import _, ngettext
from trio_chat.irc.names import InvalidName, fold_nick, fold_or_self
from trio_chat.server.accounts import COSTS
from trio_chat.storage import account_maintenance, json_lines
from trio_chat.storage.cluster import is_of_cluster
from trio_chat.storage.database import StorageError
from trio_chat.storage.maintenance import connected, refuse_in_cluster

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
    try:
        fold_nick(target.name, settings.limits.lengths.nick)
    except InvalidName:
        most = settings.limits.lengths.nick
        report_error(
            _("{account} is too long, the server allows {most} characters").format(
                account=target.name, most=most
            )
        )
        return FAILED
    with connected(target.database, instead=_(in_cluster.ADD_ACCOUNT)) as connection:
        if account_maintenance.find(connection, target.folded) is not None:
            raise StorageError(_exists(target.name))
        if account_maintenance.find_dropped(connection, target.folded) is not None:
            raise StorageError(_was_dropped(target.name))
        if similar := _similar(connection, target):
            raise StorageError(
                _("{account} looks like {other}").format(account=target.name, other=similar)
            )
        credentials = _credentials(target.name, settings, password_file)
        if isinstance(credentials, int):
            return credentials
        if not account_maintenance.add(
            connection, Account(target.name, target.folded, int(time.time())), credentials
        ):
            raise StorageError(_exists(target.name))  # a user has registered it meanwhile
    report(_("The account {account} was added.").format(account=target.name))
    return OK


def _similar(connection: "apsw.Connection", target: AccountTarget) -> str:
    """Return the name of an account or service that the new name resembles, or ""."""
    # Importing the services registers them; only this command needs them.
    from trio_chat.chat import services  # noqa: F401, PLC0415

    if nicknames.looks_like_service(target.name, target.folded):
        return _("a service")
    alike = next(
        AccountConfusables().of(
            account_maintenance.accounts_by_name(connection), target.name, target.folded
        ),
        None,
    )
    return alike.name if alike else ""


def _exists(name: str) -> str:
    return _("there is an account {account} already").format(account=name)


def _was_dropped(name: str) -> str:
    words = _(
        "{account} was the name of an account that was deleted; free it first: trio-chat account"
        " free {account}"
    )
    return words.format(account=name)


def change_password(target: AccountTarget, settings: "Settings", password_file: Path | None) -> int:
    """Change the password of an account."""
    with connected(target.database, instead=_(in_cluster.CHANGE_PASSWORD)) as connection:
        account = _found(connection, target)
        credentials = _credentials(account.name, settings, password_file)
        if isinstance(credentials, int):
            return credentials
        account_maintenance.change_password(connection, account, credentials)
    report(_("The password of {account} was changed.").format(account=account.name))
    return OK


def _credentials(name: str, settings: "Settings", password_file: Path | None) -> Credentials | int:
    """Ask for a password and return its credentials, or the exit code when there is none."""
    try:
        if password_file is None:
            password = ask_password(_("A password for {account}: ").format(account=name))
        else:
            password = read_password(password_file)
        least = settings.accounts.min_password
        if len(password) < least:
            raise PasswordError(
                ngettext(
                    "the password is too short: it has at least {least} character",
                    "the password is too short: it has at least {least} characters",
                    least,
                ).format(least=least)
            )
        if not password.isprintable() or len(password.encode()) > MAX_PASSWORD:
            raise PasswordError(
                _("a password has at most {most} bytes and no control characters").format(
                    most=MAX_PASSWORD
                )
            )
        return COSTS[settings.accounts.hash_cost].credentials(password)
    except NoTerminal:
        report_error(_("there is nobody to ask for a password: add --password-file"))
        return USAGE
    except PasswordError as error:
        report_error(str(error))
    except ValueError:
        report_error(_("the password has characters that cannot be used"))
    return FAILED


def delete(target: AccountTarget, *, yes: bool) -> int:
    """Delete an account, after a question; its messages stay."""
    with connected(target.database, instead=_(in_cluster.DELETE_ACCOUNT)) as connection:
        account = _found(connection, target)
        owned = len(account_maintenance.account_data(connection, account).owned)
        question = _("Delete the account {account}, and give up its channels ({channels})? [y/N] ")
        refusal = (
            None if yes else _not_agreed(question.format(account=account.name, channels=owned))
        )
        if refusal is not None:
            return refusal
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
        gone = account_maintenance.find_dropped(connection, target.folded)
        if gone is None:
            raise StorageError(
                _("{account} is not the name of an account that was deleted").format(
                    account=target.name
                )
            )
        for operator in settings.operators:
            if fold_or_self(operator.account) == gone.folded:
                words = _(
                    "a user that registers {account} would be the operator {operator}: remove that"
                    " account from config.ini first"
                )
                raise StorageError(words.format(account=gone.name, operator=operator.name))
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
            raise StorageError(_unknown(target.name))
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
            account_maintenance.delete(connection, account)
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
        account = _found(connection, target)
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
    head = describe(connection, account)
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


def describe(connection: "apsw.Connection", account: Account) -> dict[str, Any]:
    """Return all that is known of an account but its messages; no secret is in it."""
    belongings = account_maintenance.account_data(connection, account)
    return {
        "account": {"name": account.name, "registered": date(account.created)},
        "email": (
            belongings.email
            and {"address": belongings.email.address, "verified": belongings.email.is_verified}
        ),
        "channels": belongings.owned,
        "access": belongings.ranks,
        "read": belongings.markers,
        "settings": belongings.preferences,
        "always_on": (
            belongings.always_on and {"user": belongings.always_on, "channels": belongings.stays}
        ),
        "metadata": belongings.metadata,
        "uploads": [
            {
                "name": upload.name,
                "file": upload.filename,
                "type": upload.type,
                "bytes": upload.size,
                "uploaded": date(upload.created),
            }
            for upload in belongings.uploads
        ],
        # The endpoint and the keys are the device's secrets, by which others could send to it.
        "push_devices": [
            {
                "push_service": device.host,
                "registered": date(int(device.created)),
                "seen": date(int(device.seen)),
            }
            for device in belongings.devices
        ],
        "push_rules": belongings.push_rules,
        "app_passwords": [
            {
                "name": each.name,
                "made": date(each.created),
                "used": date(each.used) if each.used else None,
            }
            for each in belongings.app_passwords
        ],
    }


def _found(connection: "apsw.Connection", target: AccountTarget) -> Account:
    account = account_maintenance.find(connection, target.folded)
    if account is None:
        raise StorageError(_unknown(target.name))
    return account


def _unknown(name: str) -> str:
    return _("there is no account {account}").format(account=name)
