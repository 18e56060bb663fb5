"""Fakes of the storage ports: accounts and a history in memory, which never wait."""

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence

import scramp

from trio_chat.chat.account_index import AccountIndex
from trio_chat.chat.accounts import Account, Busy, Login, Origin, Refreshed
from trio_chat.chat.app_passwords import MOST, AppPassword, digest_of
from trio_chat.chat.credentials import Certificate, Credentials, Email, ScramKeys
from trio_chat.chat.history import (
    MESSAGES,
    REDACT,
    RENAME,
    HistoryError,
    HistoryFilter,
    Query,
    Record,
    Span,
)
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.chat.ids import parse_msgid
from trio_chat.chat.multiline import flatten
from trio_chat.chat.persistence import ChangeSet
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import strip_formatting

CREATED = 1_800_000_000
"""Seconds of Unix time at which the accounts were made."""


NO_PASSWORD = "a password that nobody has"


class OpenAccounts(AccountIndex):
    """Accounts in memory, with passwords that are not hashed."""

    def __init__(self) -> None:
        super().__init__()
        self.is_replicated = False
        self.passwords: dict[str, str] = {}
        # By fingerprint and account: whether the client has proved to have the key.
        self.owners: dict[tuple[str, int], bool] = {}
        self.apps: dict[int, list[AppPassword]] = {}
        self.linked: dict[IdentityKey, int] = {}
        self.emails: dict[str, Email] = {}
        self.devices: list[tuple[str, Origin]] = []
        self.error: Exception | None = None
        self.are_enough = False
        """Whether the address of everybody has registered as many as it may."""

    def add(self, name: str, password: str) -> Account:
        """Have an account."""
        account = Account(name, fold_or_self(name), CREATED, self.last + 1)
        self.note(account)
        self.passwords[account.folded] = password
        return account

    def use_secret(self, secret: bytes) -> None:
        """Have no secret."""

    async def prepare(
        self, password: str, origin: Origin, *, by_operator: bool = False
    ) -> Credentials:
        """Return a password as it is."""
        if self.error:
            raise self.error
        if self.are_enough and not by_operator:
            raise Busy("Many accounts were registered from your address")
        return Credentials(password, ScramKeys(password.encode(), 0, b"", b""))

    async def create(
        self,
        account: Account,
        credentials: Credentials,
        email: Email | None = None,
        identity: IdentityKey | None = None,
    ) -> Account | None:
        """Make an account."""
        if self.error:
            raise self.error
        if account.folded in self.known or account.folded in self.dropped:
            return None
        if identity in self.linked:
            return None
        account = account._replace(id=self.last + 1)
        self.note(account)
        self.passwords[account.folded] = credentials.password
        if identity is not None:
            self.linked[identity] = account.id
        if email is not None:
            self.emails[account.folded] = email
        return account

    async def email(self, account: int) -> Email | None:
        """Return an account's address."""
        if self.error:
            raise self.error
        return self.emails.get(self.by_id[account].folded)

    async def verify(self, folded: str, password: str, origin: Origin) -> Account | None:
        """Return the account when the password is right."""
        if self.error:
            raise self.error
        return self.known[folded] if self.passwords.get(folded) == password else None

    async def verify_login(self, folded: str, password: str, origin: Origin) -> Login | None:
        """Return the login when the password is right."""
        account, digest = self.known.get(folded), digest_of(password)
        for each in self.apps.get(account.id, []) if account is not None else []:
            if account is not None and each.digest == digest:
                return Login(account, each)
        right = await self.verify(folded, password, origin)
        return Login(right) if right is not None else None

    async def has_password(self, account: int) -> bool:
        """Return whether an account has a password of its own."""
        if self.error:
            raise self.error
        return self.passwords[self.by_id[account].folded] != NO_PASSWORD

    def no_password(self) -> Credentials:
        """Return what no password fits."""
        return Credentials(NO_PASSWORD, ScramKeys(os.urandom(16), 0, b"", b""))

    async def by_identity(self, identity: IdentityKey) -> Account | None:
        """Return the account of an identity."""
        if self.error:
            raise self.error
        return self.by_id.get(self.linked.get(identity, 0))

    async def identities(self, account: int) -> list[IdentityKey]:
        """Return the identities of an account."""
        return sorted(key for key, owner in self.linked.items() if owner == account)

    async def add_identity(self, account: int, identity: IdentityKey) -> bool:
        """Link an identity to an account."""
        return self.linked.setdefault(identity, account) == account

    async def remove_identity(self, account: int, identity: IdentityKey) -> bool:
        """Unlink an identity from an account."""
        return self.linked.get(identity) == account and self.linked.pop(identity) == account

    async def app_passwords(self, account: int) -> list[AppPassword]:
        """Return an account's app passwords."""
        if self.error:
            raise self.error
        return self.apps.get(account, [])

    async def add_app_password(self, account: int, password: AppPassword) -> bool:
        """Let an app password log in."""
        if self.error:
            raise self.error
        before = self.apps.get(account, [])
        known = [each for each in before if not each.has_expired(password.created)]
        self.apps[account] = known
        if len(known) >= MOST or password.name in {each.name for each in known}:
            return False
        known.append(password)
        return True

    async def remove_app_password(self, account: int, digest: str) -> bool:
        """Let an app password not log in any more."""
        if self.error:
            raise self.error
        before = self.apps.get(account, [])
        self.apps[account] = [each for each in before if each.digest != digest]
        return len(self.apps[account]) < len(before)

    def refuse_guesser(self, folded: str, origin: Origin) -> None:
        """Refuse nobody."""

    async def note_wrong(self, folded: str, origin: Origin) -> None:
        """Count nothing."""

    def note_right(self, folded: str, origin: Origin) -> None:
        """Note where the owner has logged in from."""
        self.devices.append((folded, origin))

    async def scram_keys(self, folded: str, origin: Origin) -> ScramKeys:
        """Return what SCRAM needs, with few rounds."""
        password = self.passwords.get(folded, "a password that nobody has")
        salt, stored_key, server_key, iterations = scramp.ScramMechanism(
            "SCRAM-SHA-256"
        ).make_auth_info(password, 4096, b"twelve bytes")
        return ScramKeys(salt, iterations, stored_key, server_key)

    async def prepare_change(self, account: int, password: str, origin: Origin) -> Credentials:
        """Return a password as it is."""
        return await self.prepare(password, origin)

    async def set_credentials(self, account: int, credentials: Credentials) -> None:
        """Give an account another password."""
        self.passwords[self.by_id[account].folded] = credentials.password

    def forget_guesses(self, folded: str) -> None:
        """Forget nothing, as nothing is counted."""

    async def certificates(self, account: int) -> list[Certificate]:
        """Return an account's certificates."""
        return [
            Certificate(shown, is_proved)
            for (shown, owner), is_proved in self.owners.items()
            if owner == account
        ]

    async def by_certificate(self, fingerprint: str, wanted: str = "") -> Account | None:
        """Return the account that a certificate logs in to."""
        if wanted:
            account = self.known.get(wanted)
            return (
                account
                if account is not None and (fingerprint, account.id) in self.owners
                else None
            )
        owner = next(
            (
                owner
                for (shown, owner), is_proved in self.owners.items()
                if shown == fingerprint and is_proved
            ),
            0,
        )
        return self.by_id.get(owner)

    async def add_certificate(self, account: int, fingerprint: str, *, is_proved: bool) -> bool:
        """Let a certificate log in."""
        holder = await self.by_certificate(fingerprint)
        if holder is not None and holder.id != account:
            return False
        if is_proved:
            self.owners = {
                key: value for key, value in self.owners.items() if key[0] != fingerprint
            }
        self.owners[fingerprint, account] = is_proved or self.owners.get(
            (fingerprint, account), False
        )
        return True

    async def remove_certificate(self, account: int, fingerprint: str) -> bool:
        """Let a certificate not log in any more."""
        return self.owners.pop((fingerprint, account), None) is not None

    async def delete(self, account: int) -> None:
        """Delete an account."""
        del self.passwords[self.by_id[account].folded]
        self.drop(self.by_id[account])

    async def free(self, folded: str) -> bool:
        """Let the name of a deleted account be registered again."""
        return self.release(folded)

    async def refresh(self) -> Refreshed:
        """Learn of nothing."""
        return Refreshed()


class ListHistory:
    """A history in a list."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.error: HistoryError | None = None
        self.searchable = 1
        self.numbers: Mapping[int, int] = {}
        self.numbered: dict[int, int] = {}
        self.last_numbers: dict[str, int] = {}

    @property
    def said(self) -> list[Record]:
        """What was said; without who came and went."""
        return [record for record in self.records if record.command in MESSAGES]

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Remember messages."""
        if self.error:
            raise self.error
        for record in records:
            if record.command == RENAME:
                self._rename(record.buffer, fold_or_self(record.params[0]))
            elif record.command == REDACT:
                await self.redact(record.buffer, parse_msgid(record.params[0]) or 0)
            else:
                self.records.append(record)
                if record.command in MESSAGES and record.buffer.startswith("#"):
                    number = self.last_numbers.get(record.buffer, 0) + 1
                    self.last_numbers[record.buffer] = self.numbered[record.id] = number
        self.numbers = {
            each.id: self.numbered[each.id] for each in records if each.id in self.numbered
        }

    def is_new(self, channel: str, latest: int) -> bool:
        """Return that it is not sure."""
        return False

    async def numbers_of(self, buffer: str, first: int, last: int) -> Mapping[int, int]:
        """Return the numbers of a range."""
        return {
            number: self.numbered[number] for number in self.numbered if first <= number <= last
        }

    def _rename(self, before: str, name: str) -> None:
        names = {name: f"{name}-old", before: name}
        self.records = [
            record._replace(buffer=names.get(record.buffer, record.buffer))
            for record in self.records
        ]

    async def messages(
        self,
        buffer: str,
        span: Span,
        limit: int,
        private_after: int,
        shown: HistoryFilter = HistoryFilter.MESSAGES,
    ) -> list[Record]:
        """Return a range, by the very words of the port."""
        if self.error:
            raise self.error
        _check_ids(span.after, span.before)
        found = [
            record
            for record in self.records
            if record.buffer == buffer
            and span.after < record.id < span.before
            and (record.id > private_after or not record.is_private)
            and (record.command in MESSAGES or shown is not HistoryFilter.MESSAGES)
            and (record.command != "TAGMSG" or shown is HistoryFilter.WITH_TAGMSG)
        ]
        return (found[-limit:] if span.from_newest else found[:limit]) if limit else []

    async def search(self, query: Query, span: Span, limit: int) -> list[Record]:
        """Return what a query finds, by the very words of the port."""
        if self.error:
            raise self.error
        _check_ids(span.after, span.before)
        found = [
            record
            for record in self.records
            if record.command in MESSAGES
            and record.buffer in query.buffers
            and span.after < record.id < span.before
            and (record.id > query.buffers[record.buffer] or not record.is_private)
            and record.id >= query.oldest.get(record.buffer, 0)
            and (not query.sender or fold_or_self(record.source.partition("!")[0]) == query.sender)
            and _has_words(record.text, query.text)
        ]
        return (found[-limit:] if span.from_newest else found[:limit]) if limit else []

    async def searchable_from(self) -> int:
        """Return from where on messages are found."""
        return self.searchable

    async def prune(
        self, before: int, limit: int, only: str | None = None, without: Sequence[str] = ()
    ) -> int:
        """Forget what is old, by the very words of the port."""
        old = [
            record
            for record in self.records
            if record.id < before and only in (None, record.buffer) and record.buffer not in without
        ][:limit]
        self.records = [record for record in self.records if record not in old]
        return len(old)

    async def redact(self, buffer: str, number: int) -> bool:
        """Forget one message."""
        if self.error:
            raise self.error
        _check_ids(number)
        before = len(self.records)
        self.records = [
            record for record in self.records if (record.buffer, record.id) != (buffer, number)
        ]
        return len(self.records) < before

    async def conversations(self, account: int) -> list[str]:
        """Return where an account has private messages."""
        buffers = dict.fromkeys(record.buffer for record in self.records)
        return [buffer for buffer in buffers if "," in buffer and str(account) in buffer.split(",")]


def _check_ids(*numbers: int) -> None:
    """Refuse, as SQLite does, numbers that have more than 64 bits."""
    for number in numbers:
        number.to_bytes(8, signed=True)


def _words(text: str) -> list[str]:
    text = strip_formatting(flatten(text))
    plain = "".join(
        char
        for char in unicodedata.normalize("NFD", text.lower())
        if not unicodedata.combining(char)
    )
    return re.findall(r"[^\W_]+|_|[.-](?=\w)", plain)


def _has_words(text: str, wanted: str) -> bool:
    """Return whether every word wanted is in a text: words that stand together there too, the last
    one as a beginning.
    """
    if not wanted:
        return True
    words = _words(text)
    phrases = [phrase for word in wanted.split() if (phrase := _words(word))]
    return bool(phrases) and all(
        _has_phrase(words, phrase, is_whole=len(phrase[-1]) < 3) for phrase in phrases
    )


def _has_phrase(words: list[str], phrase: list[str], *, is_whole: bool) -> bool:
    *first, last = phrase
    return any(
        words[start : start + len(first)] == first
        and (
            words[start + len(first)] == last
            if is_whole
            else words[start + len(first)].startswith(last)
        )
        for start in range(len(words) - len(first))
    )
