"""Operations: changes of the tables of accounts and of uploads, as a cluster has them, and entries
of the audit log. They are stored in the order of the log.

An operation that is stored already changes nothing.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trio_chat.chat.changes import (
    AccountDeleted,
    AccountNameFreed,
    AccountRegistered,
    AppPasswordAdded,
    AppPasswordRemoved,
    AppPasswordUsed,
    AuditKept,
    CertificateAdded,
    CertificateRemoved,
    EmailSet,
    IdentityLinked,
    IdentityUnlinked,
    PasswordSet,
    UploadAdded,
    UploadsRemoved,
)
from trio_chat.chat.operation import Operation
from trio_chat.storage import accounts, app_passwords, audit, identities, uploads

if TYPE_CHECKING:
    import apsw


def store(connection: "apsw.Connection", operations: Iterable[Operation]) -> None:
    """Store operations, in the transaction of the caller.

    Raises:
        ValueError: one is of an unknown kind.
    """
    for operation in operations:
        _store(connection, operation)


def _store(connection: "apsw.Connection", operation: Operation) -> None:
    match operation:
        case AccountRegistered(account, credentials, email) if credentials is not None:
            accounts.insert(connection, account, credentials, email, operation.identity)
        case AccountDeleted(account):
            accounts.delete(connection, account.id)
        case AccountNameFreed(account):
            accounts.free(connection, account.folded, account.id)
        case PasswordSet(number, credentials):
            accounts.update(connection, number, credentials)
        case EmailSet(number, email):
            accounts.set_email(connection, number, email)
        case CertificateAdded(number, fingerprint, is_proved):
            accounts.add_certificate(connection, number, fingerprint, is_proved=is_proved)
        case CertificateRemoved(number, fingerprint):
            accounts.remove_certificate(connection, number, fingerprint)
        case AppPasswordAdded() | AppPasswordRemoved() | AppPasswordUsed():
            _store_app_password(connection, operation)
        case AuditKept(entry):
            audit.add(connection, entry)
        case IdentityLinked() | IdentityUnlinked():
            _store_identity(connection, operation)
        case UploadAdded() | UploadsRemoved():
            _store_upload(connection, operation)
        case _:
            raise ValueError(f"{type(operation).__name__} is an unknown operation")


def _store_app_password(
    connection: "apsw.Connection",
    operation: AppPasswordAdded | AppPasswordRemoved | AppPasswordUsed,
) -> None:
    match operation:
        case AppPasswordAdded(number, password):
            app_passwords.add(connection, number, password)
        case AppPasswordRemoved(number, digest):
            app_passwords.remove(connection, number, digest)
        case AppPasswordUsed(number, digest, used):
            app_passwords.note_use(connection, number, digest, used)


def _store_identity(
    connection: "apsw.Connection", operation: IdentityLinked | IdentityUnlinked
) -> None:
    store = identities.add if isinstance(operation, IdentityLinked) else identities.remove
    store(connection, operation.account, operation.identity)


def _store_upload(connection: "apsw.Connection", operation: UploadAdded | UploadsRemoved) -> None:
    match operation:
        case UploadAdded(upload):
            uploads.insert(connection, upload)
        case UploadsRemoved(names):
            for name in names:
                uploads.remove(connection, name)
