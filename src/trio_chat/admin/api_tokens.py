"""The command `trio-chat token`: its output around `maintenance.api_tokens`."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.chat.api_tokens import ApiToken
from trio_chat.chat.audit import AuditEntry
from trio_chat.i18n import _
from trio_chat.maintenance.api_tokens import TokenTerms, existing_api_token, new_api_token
from trio_chat.storage import audit
from trio_chat.storage.api_tokens import every_api_token, remove, save
from trio_chat.storage.maintenance import connected
from trio_chat.storage.transactions import in_transaction

if TYPE_CHECKING:
    import apsw

_SETTER = "trio-chat token"


def list_api_tokens(database: Path) -> int:
    """Write all tokens, one a line: name, id, scopes, maker, end, last use."""
    with connected(database) as connection:
        found = every_api_token(connection)
    return write_lines(
        (
            token.name,
            token.id,
            ",".join(token.scopes),
            token.setter,
            date(token.expires) if token.expires else "-",
            date(token.used) if token.used else "-",
        )
        for token in found
    )


def add_api_token(database: Path, name: str, scopes: Collection[str], seconds: int) -> int:
    """Make a token, and print it.

    Args:
        database: the file.
        name: what lists call it.
        scopes: what it may do.
        seconds: after which it ends; 0 for never.

    Raises:
        StorageError: it cannot be made.
    """
    now = int(time.time())
    terms = TokenTerms(name, scopes, now + seconds if seconds else 0)
    with connected(database, instead=_(in_cluster.TOKEN)) as connection:
        made = new_api_token(every_api_token(connection), terms, _SETTER, now)
        in_transaction(connection, _add, made.token, now)
    print(made.secret, flush=True)
    report(_("A program with this token can use the HTTP API. It is not shown again."))
    return OK


def remove_api_token(database: Path, wanted: str) -> int:
    """Remove a token by its name or its id."""
    with connected(database, instead=_(in_cluster.TOKEN)) as connection:
        found = existing_api_token(every_api_token(connection), wanted)
        in_transaction(connection, _remove, found)
    report(_("The token is removed; a server that is running notices it within seconds."))
    return OK


def _add(connection: "apsw.Connection", token: ApiToken, now: int) -> None:
    save(connection, {token.digest: token})
    _audit(connection, now, f"TOKEN ADD {token.name}: {' '.join(token.scopes)}")


def _remove(connection: "apsw.Connection", token: ApiToken) -> None:
    remove(connection, [token.digest])
    _audit(connection, int(time.time()), f"TOKEN REMOVE {token.name}")


def _audit(connection: "apsw.Connection", now: int, text: str) -> None:
    audit.add(connection, AuditEntry(now * 1000, _SETTER, "", text))
