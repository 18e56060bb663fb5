"""Accounts of Ergo, added to the database with the keys by which their passwords are checked."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.chat import nicknames, services  # noqa: F401  # services registers their names
from trio_chat.chat.accounts import Account
from trio_chat.chat.confusables import AccountConfusables
from trio_chat.chat.credentials import Credentials, ScramKeys
from trio_chat.i18n import N_
from trio_chat.imports.ergo_accounts import ErgoAccount, NotImported, read_accounts
from trio_chat.irc.names import InvalidName, fold_nick
from trio_chat.server.scram_hashes import scram_hash
from trio_chat.storage import account_maintenance
from trio_chat.storage.accounts import add_certificate, insert
from trio_chat.storage.transactions import in_transaction

if TYPE_CHECKING:
    import apsw

_NOT_STORED = 1 << 40
"""Numbers of accounts that a trial has not stored."""
_ILLEGAL = N_("accounts whose names are not legal here, or too long")
_TAKEN = N_("accounts whose names belong, or belonged, to others here")
_ALIKE = N_("accounts whose names look like those of others")


class ErgoAccountImport:
    """The accounts of one import.

    Args:
        connection: the database.
        longest: the most characters of a name.
        is_dry: whether nothing is written.

    Attributes:
        names: the folded names of accounts here that are those of Ergo.
        new: the accounts that are new; with other numbers than in the database.
        skipped: how many were left out, by reason.
    """

    def __init__(self, connection: "apsw.Connection", longest: int, *, is_dry: bool) -> None:
        self._connection = connection
        self._longest = longest
        self._is_dry = is_dry
        self._taken = account_maintenance.accounts_by_name(connection)
        self._alike = AccountConfusables()
        self.names: set[str] = set()
        self.new: list[Account] = []
        self.skipped: Counter[str] = Counter()

    def read(self, file: Path) -> None:
        """Import the accounts of a database of Ergo.

        Raises:
            ImportFileError: it is none.
            OSError: it cannot be read.
        """
        with file.open("rb") as stream:
            for found in read_accounts(stream):
                reason = found.reason if isinstance(found, NotImported) else self._add(found)
                if reason:
                    self.skipped[reason] += 1

    def _add(self, found: ErgoAccount) -> str:
        """Add an account; return why it was not added, or ""."""
        try:
            folded = fold_nick(found.name, self._longest)
        except InvalidName:
            return _ILLEGAL
        known = self._taken.get(folded)
        if known is not None:
            # It is the same account if it was imported before.
            if known.created == found.created:
                self.names.add(folded)
                return ""
            return _TAKEN
        is_alike = any(self._alike.of(self._taken, found.name, folded))
        if is_alike or nicknames.looks_like_service(found.name, folded):
            return _ALIKE
        account = Account(found.name, folded, found.created)
        if not self._is_dry and not in_transaction(self._connection, _insert, account, found):
            return _TAKEN
        self.names.add(folded)
        self._taken[folded] = account
        self._alike.add(account)
        self.new.append(account._replace(id=_NOT_STORED + len(self.new)))
        return ""


def _insert(connection: "apsw.Connection", account: Account, found: ErgoAccount) -> bool:
    keys = ScramKeys(found.salt, found.iterations, found.stored_key, found.server_key)
    made = insert(connection, account, Credentials(scram_hash(keys), keys))
    if made is None:
        return False
    for fingerprint in found.certificates:
        # Nobody has proved the key to this server.
        add_certificate(connection, made.id, fingerprint, is_proved=False)
    return True
