"""Nicknames of imported people: legal, distinct, and never those of accounts here by accident.

A person whose name is, or looks like, that of an account gets the name of a user of another
network, such as `anna/discord`. Only the operator can say that both are the same, by a mapping.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from trio_chat.chat import nicknames, services  # noqa: F401  # services registers their names
from trio_chat.chat.accounts import Account
from trio_chat.chat.confusables import AccountConfusables, ConfusableIndex
from trio_chat.config.values import LONGEST_NICK
from trio_chat.imports.messages import SourcePerson
from trio_chat.imports.source_ids import digest
from trio_chat.irc.names import RELAY_SEPARATOR, InvalidName, fold_nick, fold_or_self, fold_relayed

_SEPARATORS = re.compile(r"[\s.,/:;@!?*#&()+=~'\"<>%$]+")
_MARKS = re.compile(r"_{2,}")


class Speaker(NamedTuple):
    """A person as the author of records.

    Args:
        nick: the nickname.
        source: nick!user@host.
        account: the account, or None.
    """

    nick: str
    source: str
    account: Account | None


class Nicknames:
    """The nicknames of all people of an import.

    Args:
        network: a word for the source, such as `discord`.
        accounts: the accounts here, and deleted ones whose names are not free, by folded name.
        mapping: nicknames by keys and names of people; they are valid.
        longest: the most characters of a nickname.
        same_accounts: whether people are taken for the accounts whose names they have.
    """

    def __init__(
        self,
        network: str,
        accounts: Mapping[str, Account],
        mapping: Mapping[str, str],
        longest: int,
        *,
        same_accounts: bool = False,
    ) -> None:
        self._network = network
        self._accounts = accounts
        self._mapping = mapping
        self._longest = longest
        self._same_accounts = same_accounts
        self._alike = AccountConfusables()
        self._given = ConfusableIndex()
        # By folded nickname; those of the mapping are for the people that it names.
        self._keys = {fold_or_self(nick): "" for nick in mapping.values()}
        self.speakers: dict[str, Speaker] = {}
        """Everybody so far, by key."""
        self.names: dict[str, str] = {}
        """The names at the source, by key."""

    def of(self, person: SourcePerson) -> Speaker:
        """Return a person as an author here."""
        known = self.speakers.get(person.key)
        if known is None:
            known = self.speakers[person.key] = self._speaker(person)
            self.names[person.key] = person.name
        return known

    def _speaker(self, person: SourcePerson) -> Speaker:
        chosen = next(
            (
                self._mapping[name]
                for name in (person.key, person.name, *person.aliases)
                if name in self._mapping
            ),
            "",
        )
        claimed = [chosen or person.account]
        if not claimed[0] and self._same_accounts:
            # A user name is unique at the source; others can choose the name that is shown.
            claimed = [*person.aliases, person.name]
        for name in filter(None, claimed):
            account = self._accounts.get(fold_or_self(name))
            if account is not None and account.id:
                return self._as(account.name, account)
        return self._as(chosen or self._legal(person), None)

    def _as(self, nick: str, account: Account | None) -> Speaker:
        return Speaker(nick, f"{nick}!imported@{self._network}", account)

    def _legal(self, person: SourcePerson) -> str:
        nick = self._valid(person.name) or self._valid(f"user_{digest(person.key)}")
        folded = fold_or_self(nick)
        if (
            folded in self._accounts
            or any(self._alike.of(self._accounts, nick, folded))
            or nicknames.looks_like_service(nick, folded)
        ):
            nick = self._relayed(nick)
            folded = fold_or_self(nick)
        if self._keys.get(folded, person.key) != person.key or any(self._given.of(nick, folded)):
            head, separator, network = nick.partition(RELAY_SEPARATOR)
            mark = f"_{digest(person.key)}"
            nick = f"{head[: self._longest - len(mark)]}{mark}{separator}{network}"
            folded = fold_or_self(nick)
        self._keys[folded] = person.key
        self._given.add(nick, folded)
        return nick

    def _valid(self, name: str) -> str:
        """Return a name that is a legal nickname, or a nickname that resembles it, or ""."""
        written = unicodedata.normalize("NFKC", name)
        text = _SEPARATORS.sub("_", written).strip("_-")
        plain = "".join(filter(_is_plain, text)).strip("_-")
        similar = (
            _MARKS.sub("_", candidate)[: self._longest].rstrip("_")
            for candidate in (text, plain, f"_{text}" if text[:1].isalnum() else "")
        )
        for nick in (written, *similar):
            try:
                fold_nick(nick, self._longest)
            except InvalidName:
                continue
            return nick
        return ""

    def _relayed(self, nick: str) -> str:
        head = nick[: LONGEST_NICK - len(self._network) - len(RELAY_SEPARATOR)]
        nick = f"{head}{RELAY_SEPARATOR}{self._network}"
        try:
            fold_relayed(nick, len(nick))
        except InvalidName:
            return f"user_{digest(nick)}{RELAY_SEPARATOR}{self._network}"
        return nick


def _is_plain(char: str) -> bool:
    return char.isalnum() or char in "_-"
