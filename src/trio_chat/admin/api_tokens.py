"""The command `trio-chat token`: its output around `maintenance.api_tokens`."""

import time
from collections.abc import Collection
from pathlib import Path

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.i18n import _
from trio_chat.maintenance.api_tokens import TokenTerms, existing_api_token, new_api_token
from trio_chat.storage.api_tokens import every_api_token, remove, save
from trio_chat.storage.maintenance import connected

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
        token = made.token
        said = f"TOKEN ADD {token.name}: {' '.join(token.scopes)}"
        with recorded(connection, "token", said):
            save(connection, {token.digest: token})
    print(made.secret, flush=True)
    report(_("A program with this token can use the HTTP API. It is not shown again."))
    report(_("A server that is running knows it within seconds."))
    return OK


def remove_api_token(database: Path, wanted: str) -> int:
    """Remove a token by its name or its id."""
    with connected(database, instead=_(in_cluster.TOKEN)) as connection:
        found = existing_api_token(every_api_token(connection), wanted)
        with recorded(connection, "token", f"TOKEN REMOVE {found.name}"):
            remove(connection, [found.digest])
    report(_("The token is removed; a server that is running notices it within seconds."))
    return OK
