"""The accounts of a server, with passwords hashed in a bounded number of threads.

A password that is sent is checked with argon2id, one that is only proved with SCRAM-SHA-256 keys. A
login to an account that does not exist takes as long and shows keys of the same form, so that names
cannot be found by trying.
"""

import base64
import hashlib
import hmac
import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from trio_chat.chat.account_index import AccountIndex
from trio_chat.chat.accounts import Account, AccountsError, Busy, Login, Origin, Refreshed
from trio_chat.chat.app_passwords import AppPassword, digest_of
from trio_chat.chat.credentials import Certificate, Credentials, Email, ScramKeys
from trio_chat.chat.identities import (
    Directory,
    Identity,
    NotLinked,
    PersonRefused,
    ProviderUnavailable,
)
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.irc.app_passwords import has_form
from trio_chat.server import scram_hashes
from trio_chat.server.hashing import HashingThreads
from trio_chat.storage.accounts import ScramForm, Snapshot, SqliteAccounts
from trio_chat.storage.errors import StorageError

if TYPE_CHECKING:
    import argon2

SCRAM_ITERATIONS = 100_000
NO_PASSWORD = "!"  # noqa: S105
"""The hash of an account that has no password of its own; it fits none."""
_SALT_BYTES = hashlib.sha256().digest_size
"""Bytes of a salt for SCRAM. That of an account which does not exist is a digest of its name, and
must not differ in its length, whatever the library's default is.
"""


class Cost:
    """The cost of a hash.

    Args:
        memory_kib: memory that argon2id takes.
        scram_iterations: rounds of PBKDF2 for SCRAM.
    """

    def __init__(self, memory_kib: int = 47_104, scram_iterations: int = SCRAM_ITERATIONS) -> None:
        self.memory_kib = memory_kib
        self.scram_iterations = scram_iterations

    def hasher(self) -> "argon2.PasswordHasher":
        """Return what hashes (OWASP: argon2id with 46 MiB, one pass, one lane)."""
        import argon2  # noqa: PLC0415  # only checking a password needs it

        return argon2.PasswordHasher(time_cost=1, memory_cost=self.memory_kib, parallelism=1)

    def credentials(self, password: str) -> Credentials:
        """Return what a password will be checked against. Takes about a tenth of a second: call it
        in a thread.

        Raises:
            ValueError: the password has characters that SASLprep (RFC 4013) forbids.
        """
        import scramp  # noqa: PLC0415

        mechanism = scramp.ScramMechanism("SCRAM-SHA-256")
        try:
            salt, stored_key, server_key, iterations = mechanism.make_auth_info(
                password,
                iteration_count=self.scram_iterations,
                salt=os.urandom(_SALT_BYTES),
            )
        except scramp.ScramException as error:  # characters that SASLprep (RFC 4013) forbids
            raise ValueError(str(error)) from error
        keys = ScramKeys(salt, iterations, stored_key, server_key)
        return Credentials(self.hasher().hash(_prepared(password)), keys)

    def nobody(self) -> str:
        """Return an argon2id hash that fits no password and takes as long to check as any other."""
        salt, digest = (
            base64.b64encode(os.urandom(size)).decode().rstrip("=") for size in (16, 32)
        )
        return f"$argon2id$v=19$m={self.memory_kib},t=1,p=1${salt}${digest}"

    def verify(self, hashed: str, password: str) -> bool:
        """Return whether a password is the one that was hashed. Takes some hundredths of a second:
        call it in a thread.
        """
        import argon2  # noqa: PLC0415

        if hashed == NO_PASSWORD:
            self.verify(self.nobody(), password)  # as long as for others
            return False
        if scram_hashes.is_scram_hash(hashed):
            # As long as for others, so that the answer does not show the kind of the hash.
            self.verify(self.nobody(), password)
            return scram_hashes.verify(hashed, password)
        # Older hashes are of passwords as they were sent.
        for text in dict.fromkeys((_prepared(password), password)):
            with suppress(argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return self.hasher().verify(hashed, text)
        return False


def _prepared(password: str) -> str:
    """Return a password as SCRAM proves it (SASLprep, RFC 4013; RFC 4616 §2 for PLAIN): one letter
    with an accent can be sent as two characters, which depends on the system of the client. What
    SASLprep forbids stays as it is.
    """
    if password.isascii():
        return password
    core: Any = importlib.import_module("scramp.core")
    try:
        return str(core.saslprep(password))
    except core.ScramException:
        return password


COSTS = {"normal": Cost(), "low": Cost(memory_kib=8, scram_iterations=4096)}
"""`low` is for tests, and for machines with little memory."""


class AccountKeeper(AccountIndex):
    """The keeper of accounts (the port `trio_chat.chat.accounts.Accounts`), made by
    `open_accounts`.

    Args:
        table: the accounts on disk.
        secret: a random value of this server, for keys of accounts that do not exist.
        cost: the cost of a hash.
        threads: where passwords are hashed.
        forms: what SCRAM shows of the accounts that exist.

    Attributes:
        directory: has passwords besides these, or None.
    """

    def __init__(
        self,
        table: SqliteAccounts,
        secret: bytes,
        cost: Cost,
        threads: HashingThreads,
        forms: Sequence[ScramForm] = (),
    ) -> None:
        super().__init__()
        self._table = table
        self._changes = -1  # as of which change `known` is what the table says; -1: look
        self.is_replicated = False
        self._passwords: dict[int, int] = {}  # how often they were changed
        self._edits = 0  # counts the beginnings and the ends of own changes
        self._editing = 0  # own changes that are being written
        self._secret = secret
        self._forms = tuple(forms) or (ScramForm(cost.scram_iterations, _SALT_BYTES, 1),)
        self._nobody = cost.nobody()
        self._cost = cost
        self._threads = threads
        self.directory: Directory | None = None

    def use_secret(self, secret: bytes) -> None:
        """Have the secret of the other nodes of a cluster; see `Accounts.use_secret`."""
        self._secret = secret

    async def refresh(self) -> Refreshed:
        """Read what a command outside this server has changed; see `Accounts.refresh`.

        Nothing is read while this server writes a change, which would look like that of another
        process, nor in a cluster, whose changes come from its log alone.
        """
        if self.is_replicated:
            return Refreshed()
        with _translated():
            if self._editing or await self._table.changes() == self._changes:
                return Refreshed()
            before = self._edits
            snapshot = await self._table.snapshot()
        return self._take(snapshot) if before == self._edits else Refreshed()

    def _take(self, snapshot: Snapshot) -> Refreshed:
        before, self._passwords, self._changes = (
            self._passwords,
            snapshot.passwords,
            snapshot.changes,
        )
        dropped = list(self.dropped.values())
        gone = self.replace(snapshot.accounts, snapshot.dropped)
        self.last = max(self.last, snapshot.last)
        freed = (account for account in dropped if account.id not in self.dropped_by_id)
        changed = (
            account
            for account in snapshot.accounts
            if before.get(account.id, 0) != snapshot.passwords[account.id]
        )
        reset = (self.by_id[number] for number in snapshot.reset if number in self.by_id)
        keys = (
            (self.by_id[number], passkey)
            for number, passkey in snapshot.passkeys
            if number in self.by_id
        )
        refreshed = Refreshed(tuple(gone), tuple(changed), tuple(freed), tuple(reset), tuple(keys))
        for account in (*refreshed.gone, *refreshed.changed):
            self.forget_guesses(account.folded)
            self.invalidate(account.id)
        return refreshed

    @contextmanager
    def _edit(self) -> Iterator[None]:
        self._edits += 1
        self._editing += 1
        try:
            with _translated():
                yield
        finally:
            self._edits += 1
            self._editing -= 1

    async def prepare(
        self, password: str, origin: Origin, *, by_operator: bool = False
    ) -> Credentials:
        """Return what a new password will be checked against; see `Accounts.prepare`."""
        work = self._cost.credentials
        return await self._threads.make_new(origin, work, password, by_operator=by_operator)

    async def create(
        self,
        account: Account,
        credentials: Credentials,
        email: Email | None = None,
        identity: IdentityKey | None = None,
    ) -> Account | None:
        """Make an account; see `Accounts.create`."""
        with self._edit():
            made = await self._table.insert(account._replace(id=0), credentials, email, identity)
            if made is not None:
                self.note(made)
        return made

    async def email(self, account: int) -> Email | None:
        """Return the e-mail address of an account; see `Accounts.email`."""
        with _translated():
            return await self._table.email(account)

    async def verify(self, folded: str, password: str, origin: Origin) -> Account | None:
        """Return the account when the password is right; see `Accounts.verify`."""
        return await self._verify(folded, password, origin)

    async def _verify(
        self, folded: str, password: str, origin: Origin, *, is_last: bool = True
    ) -> Account | None:
        # now: another one may have the name when the password has been checked.
        account = self.known.get(folded)
        version = self.version(account.id) if account is not None else 0
        await self.wait_stored()
        with _translated():
            credentials = await self._table.credentials(account.id if account is not None else 0)
        hashed = credentials.password if credentials else self._nobody
        lockout, is_decoy = self._threads.accounts, credentials is None
        is_right = await self._threads.check(
            lockout,
            folded,
            origin,
            self._cost.verify,
            hashed,
            password,
            is_decoy=is_decoy,
            is_last=is_last,
        )
        if not is_right or account is None or self.version(account.id) != version:
            return None
        if scram_hashes.is_scram_hash(hashed):
            await self._hash_anew(account.id, hashed, password)
        return self.by_id.get(account.id) if self.version(account.id) == version else None

    async def verify_login(self, folded: str, password: str, origin: Origin) -> Login | None:
        """Return the login when the password is right; see `Accounts.verify_login`.

        A wrong password in the form of an app password is checked against the password of the
        account, too, and counts as wrong.
        """
        account = self.known.get(folded)
        if not has_form(password):
            found = None
        else:
            version = self.version(account.id) if account is not None else 0
            digest = digest_of(password)
            known = await self.app_passwords(account.id if account is not None else 0)
            found = next((each for each in known if each.digest == digest), None)
        if found is None or account is None:
            if self.directory is not None:
                return await self._verify_in(self.directory, folded, password, origin)
            right = await self.verify(folded, password, origin)
            return Login(right) if right is not None else None
        await self._threads.check(self._threads.accounts, folded, origin, _is_found)
        if self.version(account.id) != version or account.id not in self.by_id:
            return None
        return Login(account, found)

    async def _verify_in(
        self, directory: Directory, folded: str, password: str, origin: Origin
    ) -> Login | None:
        """Check a password in a directory, and here if the account has one of its own.

        Raises:
            NotLinked: the directory takes it, but no account is linked to the identity.
            PersonRefused: the directory takes it, but the person may not log in by it.
            AccountsError: the directory cannot be asked, and the password is not that of the
                account.
        """
        own = self.known.get(folded)
        has_own = own is not None and await self.has_password(own.id)
        if has_own and not directory.is_first:
            right = await self._verify(folded, password, origin, is_last=False)
            if right is not None:
                return Login(right)
        problem: ProviderUnavailable | None = None
        identity: Identity | None = None
        lockout = self._threads.accounts
        try:
            ask = partial(directory.check, folded, password)
            identity = await self._threads.ask(lockout, folded, origin, ask)
        except ProviderUnavailable as error:
            problem = error
        except PersonRefused as error:
            return await self._with_equal(directory, folded, password, origin, error)
        if identity is not None:
            account = await self.by_identity(identity.key)
            if account is not None:
                return Login(account, confirmed=identity.confirmed)
            missing = NotLinked(identity)
            return await self._with_equal(directory, folded, password, origin, missing)
        if has_own and directory.is_first:
            right = await self._verify(folded, password, origin, is_last=problem is None)
            if right is not None or problem is None:
                return Login(right) if right is not None else None
        if problem is not None:
            raise AccountsError(str(problem))
        await self._threads.note_wrong(lockout, folded, origin)
        return None

    async def _with_equal(
        self, directory: Directory, folded: str, password: str, origin: Origin, problem: Busy
    ) -> Login:
        """Return the login of an account whose own password equals one of a directory that has been
        asked first; nothing says that both are one person.

        Raises:
            Busy: the problem, if that is not its password.
        """
        own = self.known.get(folded)
        if directory.is_first and own is not None and await self.has_password(own.id):
            right = await self._verify(folded, password, origin, is_last=False)
            if right is not None:
                return Login(right)
        raise problem

    async def has_password(self, account: int) -> bool:
        """Return whether an account has a password of its own; see `Accounts.has_password`."""
        await self.wait_stored()
        with _translated():
            credentials = await self._table.credentials(account)
        return credentials is not None and credentials.password != NO_PASSWORD

    async def _hash_anew(self, account: int, hashed: str, password: str) -> None:
        """Replace the keys of an imported account by a hash of this server. The password is the
        same, so no session ends.

        In a cluster the keys stay: the accounts of all servers come from the log alone.
        """
        if self.is_replicated:
            return
        try:
            credentials = await self._threads.hash_anew(self._cost.credentials, password)
        except ValueError:  # SASLprep forbids the password, which the other program has allowed
            return
        with _translated():
            await self._table.replace_hash(account, hashed, credentials)

    def refuse_guesser(self, folded: str, origin: Origin) -> None:
        """Look at no proof after too many wrong ones; see `Accounts.refuse_guesser`."""
        self._threads.accounts.refuse(folded, origin)

    async def note_wrong(self, folded: str, origin: Origin) -> None:
        """Count a proof that was wrong; see `Accounts.note_wrong`."""
        await self._threads.note_wrong(self._threads.accounts, folded, origin)

    def note_right(self, folded: str, origin: Origin) -> None:
        """Know where the owner logs in from; see `Accounts.note_right`."""
        self._threads.accounts.note_right(folded, origin)

    async def scram_keys(self, folded: str, origin: Origin) -> ScramKeys:
        """Return what SCRAM needs; see `Accounts.scram_keys`."""
        self.refuse_guesser(folded, origin)
        account = self.known.get(folded)
        await self.wait_stored()
        with _translated():
            credentials = await self._table.credentials(account.id if account is not None else 0)
        if credentials:
            return credentials.scram
        return self._keys_of_nobody(folded)

    def _keys_of_nobody(self, folded: str) -> ScramKeys:
        """Return keys for a name without an account: always the same, and with the form that so
        many accounts have as names get it, because `hash_cost` may have been another one when the
        password was set.
        """
        salt, stored, server, chosen = (
            hmac.digest(self._secret, f"{purpose}:{folded}".encode(), "sha256")
            for purpose in ("salt", "stored", "server", "form")
        )
        number = int.from_bytes(chosen[:8]) % sum(form.accounts for form in self._forms)
        for form in self._forms:
            if number < form.accounts:
                break
            number -= form.accounts
        return ScramKeys(salt[: form.salt_bytes], form.iterations, stored, server)

    async def prepare_change(self, account: int, password: str, origin: Origin) -> Credentials:
        """Return what another password will be checked against; see `Accounts.prepare_change`."""
        folded = self.by_id[account].folded
        return await self._threads.change(folded, origin, self._cost.credentials, password)

    async def set_credentials(self, account: int, credentials: Credentials) -> None:
        """Give an account another password; see `Accounts.set_credentials`."""
        with self._edit():
            self._passwords[account] = await self._table.update(account, credentials)
            self.invalidate(account)
        if (changed := self.by_id.get(account)) is not None:
            self.forget_guesses(changed.folded)

    def forget_guesses(self, folded: str) -> None:
        """Forget the wrong passwords for a name; see `Accounts.forget_guesses`."""
        self._threads.accounts.forget(folded)

    async def certificates(self, account: int) -> list[Certificate]:
        """Return the certificates of an account; see `Accounts.certificates`."""
        await self.wait_stored()
        with _translated():
            return await self._table.certificates(account)

    async def by_certificate(self, fingerprint: str, wanted: str = "") -> Account | None:
        """Return the account of a certificate; see `Accounts.by_certificate`."""
        named = self.known.get(wanted)
        if wanted and named is None:
            return None
        before: int | None = None
        account: int | None = None
        while before != self.revision:  # or it may have been taken away during the look
            before = self.revision
            await self.wait_stored()
            with _translated():
                account = await self._table.by_certificate(fingerprint, named.id if named else 0)
        return self.by_id.get(account) if account is not None else None

    async def add_certificate(self, account: int, fingerprint: str, *, is_proved: bool) -> bool:
        """Let a certificate log in; see `Accounts.add_certificate`."""
        with _translated():
            return await self._table.add_certificate(account, fingerprint, is_proved=is_proved)

    async def remove_certificate(self, account: int, fingerprint: str) -> bool:
        """Remove a certificate from an account; see `Accounts.remove_certificate`."""
        with _translated():
            return await self._table.remove_certificate(account, fingerprint)

    def no_password(self) -> Credentials:
        """Return what no password fits; see `Accounts.no_password`."""
        salt, stored_key, server_key = (os.urandom(_SALT_BYTES) for _ in range(3))
        keys = ScramKeys(salt, self._cost.scram_iterations, stored_key, server_key)
        return Credentials(NO_PASSWORD, keys)

    async def by_identity(self, identity: IdentityKey) -> Account | None:
        """Return the account of an identity; see `Accounts.by_identity`."""
        before: int | None = None
        account: int | None = None
        while before != self.revision:  # or the account may have been deleted during the look
            before = self.revision
            await self.wait_stored()
            with _translated():
                account = await self._table.by_identity(identity)
        return self.by_id.get(account) if account is not None else None

    async def identities(self, account: int) -> list[IdentityKey]:
        """Return the identities of an account; see `Accounts.identities`."""
        await self.wait_stored()
        with _translated():
            return await self._table.identities(account)

    async def add_identity(self, account: int, identity: IdentityKey) -> bool:
        """Let an identity log in; see `Accounts.add_identity`."""
        with _translated():
            return await self._table.add_identity(account, identity)

    async def remove_identity(self, account: int, identity: IdentityKey) -> bool:
        """Let an identity log in no longer; see `Accounts.remove_identity`."""
        with _translated():
            return await self._table.remove_identity(account, identity)

    async def app_passwords(self, account: int) -> list[AppPassword]:
        """Return the app passwords of an account; see `Accounts.app_passwords`."""
        await self.wait_stored()
        with _translated():
            return await self._table.app_passwords(account)

    async def add_app_password(self, account: int, password: AppPassword) -> bool:
        """Let an app password log in; see `Accounts.add_app_password`."""
        with _translated():
            return await self._table.add_app_password(account, password)

    async def remove_app_password(self, account: int, digest: str) -> bool:
        """Let an app password not log in any more; see `Accounts.remove_app_password`."""
        with _translated():
            return await self._table.remove_app_password(account, digest)

    async def delete(self, account: int) -> None:
        """Delete an account; see `Accounts.delete`."""
        with self._edit():
            await self._table.delete(account)
        if (gone := self.by_id.get(account)) is not None:
            self.drop(gone)
            self.forget_guesses(gone.folded)

    async def free(self, folded: str) -> bool:
        """Let the name of a deleted account be registered again; see `Accounts.free`."""
        with self._edit():
            is_freed = await self._table.free(folded)
        return self.release(folded) or is_freed


def _is_found() -> bool:
    """Return that a password is right; those that wait for a thread are bounded."""
    return True


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise AccountsError(str(error)) from error


async def open_accounts(
    table: SqliteAccounts, cost: Cost | None = None, threads: HashingThreads | None = None
) -> AccountKeeper:
    """Read the accounts.

    Args:
        table: where they are.
        cost: the cost of a hash.
        threads: where passwords are hashed; None for threads of their own.

    Raises:
        StorageError: they cannot be read.
    """
    keeper = AccountKeeper(
        table,
        await table.secret("scram"),
        cost or Cost(),
        threads or HashingThreads(),
        await table.scram_forms(),
    )
    keeper._take(await table.snapshot())
    return keeper
