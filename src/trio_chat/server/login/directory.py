"""Passwords of an LDAP directory (RFC 4511 §4.2): a person is found, and the password is right if
the directory takes it.

Its connections block, so they are used in threads; see `trio_chat.server.login.separate`, too.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, Protocol, TypeVar

import trio

from trio_chat.chat.accounts import MAX_PASSWORD, Busy
from trio_chat.chat.distinguished_names import normal_form
from trio_chat.chat.identities import Identity, PersonRefused, ProviderUnavailable
from trio_chat.chat.identity_keys import MAX_SUBJECT, IdentityKey, directory_issuer
from trio_chat.config import LdapSettings
from trio_chat.server.login.claims import account_name
from trio_chat.server.login.escaping import in_filter, in_name

T = TypeVar("T")

log = logging.getLogger("trio_chat")

_LONGEST_NAME = 200
_NO_ATTRIBUTE = "1.1"
"""What stands for none (RFC 4511 §4.5.1.8)."""
_OUTDATED = (
    "The directory wants another password of you: change it there first, as its administrators say,"
    " then log in with the new one"
)
_NO_GROUP = "You are not in the group that may log in here, ask an operator"
_NO_NUMBER = "The directory does not say who you are, ask an operator of this server"
_MOST_WAITING = 1000
"""Passwords that wait for a connection."""
_STEPS = 4
"""Deadlines that one check may take: of a login, of a search, of another login, and of a look at
the entry.
"""


class Entry(NamedTuple):
    """An entry of a directory.

    Args:
        dn: its distinguished name.
        attributes: its attributes, with their names in small letters.
    """

    dn: str
    attributes: Mapping[str, list[bytes]]


class WrongPassword(Exception):  # an outcome, not a mistake of ours
    """The directory does not take a password for a name; the message has its reason."""


class MustChange(Exception):  # likewise
    """The directory takes a password, and wants another one before anything else."""


class DirectoryError(Exception):
    """The directory cannot be asked; the message is for the log, without secrets."""


class Connection(Protocol):
    """A connection to a directory on which somebody is logged in. Its methods block."""

    def search(self, base: str, condition: str, attributes: list[str]) -> list[Entry]:
        """Return at most two entries below a base that satisfy a filter.

        Raises:
            MustChange: the directory answers nothing until it has another password.
            DirectoryError: the directory does not answer that.
        """

    def read(self, dn: str, attributes: list[str]) -> list[Entry]:
        """Return the entry of a name, or nothing.

        Raises:
            MustChange: the directory answers nothing until it has another password.
            DirectoryError: the directory does not answer that.
        """

    def close(self) -> None:
        """Close the connection."""


Connect = Callable[[str, str], Connection]
"""Connects and logs in with a name and a password, "" for nobody. It blocks. Raises WrongPassword,
MustChange or DirectoryError.
"""


class LdapDirectory:
    """A directory (the port `trio_chat.chat.identities.Directory`).

    Args:
        settings: the section [ldap].
        secret: the password of `bind_dn`, or "".
        connect: connects to the directory.
    """

    def __init__(self, settings: LdapSettings, secret: str, connect: Connect) -> None:
        self._settings = settings
        self._secret = secret
        self._connect = connect
        self._limiter = trio.CapacityLimiter(settings.connections)
        self._issuer = directory_issuer(settings.base or settings.bind_template)
        self._required = normal_form(settings.required_group)
        self._is_base_known = not settings.base
        self._attributes = [
            settings.account_attribute,
            settings.id_attribute,
            settings.group_attribute,
        ]

    @property
    def is_first(self) -> bool:
        """Whether the directory is asked before the password of the account is checked."""
        return self._settings.order == "directory"

    async def check(self, name: str, password: str) -> Identity | None:
        """Return the identity if a password is right; see `Directory.check`. When cancelled, it
        leaves the thread to its deadlines.
        """
        if not is_possible(name, password):
            return None
        try:
            return await self._in_thread(self._check, name, password)
        except DirectoryError as error:
            raise ProviderUnavailable(f"the directory: {error}") from error

    async def examine(self) -> None:
        """Check that the directory can be asked by these settings: the base, and the filter.

        Raises:
            DirectoryError: it cannot, or there is none; the message says why.
        """
        await self._in_thread(self._examine)

    async def _in_thread(self, ask: Callable[..., T], *args: str) -> T:
        if self._limiter.statistics().tasks_waiting >= _MOST_WAITING:
            raise Busy("Many passwords are being checked, try again in a minute")
        # A thread that is given up counts until it ends, so that they do not become more and more.
        with trio.move_on_after(_STEPS * self._settings.timeout):
            return await trio.to_thread.run_sync(
                ask, *args, limiter=self._limiter, abandon_on_cancel=True
            )
        raise DirectoryError("it does not answer in time")

    def _check(self, name: str, password: str) -> Identity | None:
        try:
            entry = (self._bind if self._settings.bind_template else self._find)(name, password)
        except WrongPassword as error:
            if str(error):  # such as an account that is locked
                log.info("the directory does not take the password of %s: %s", name, error)
            return None
        except MustChange:
            log.info("the directory wants another password of %s", name)
            raise PersonRefused(_OUTDATED) from None
        return self._identity(entry) if entry is not None else None

    def _bind(self, name: str, password: str) -> Entry | None:
        """Log in with the name that the template makes, and read the entry."""
        dn = self._settings.bind_template.replace("{name}", in_name(name))
        connection = self._connect(dn, password)
        try:
            if self._settings.base:
                return self._only(name, connection)
            found = connection.read(dn, self._attributes)
            return found[0] if found else None
        finally:
            connection.close()

    def _find(self, name: str, password: str) -> Entry | None:
        """Find the entry, and log in with its name."""
        connection = self._connect_to_search()
        try:
            entry = self._only(name, connection)
        finally:
            connection.close()
        if entry is None or not entry.dn:  # without a name anybody would be let in
            return None
        connection = self._connect(entry.dn, password)
        try:
            with suppress(DirectoryError):  # people may be unable to see their own entries
                connection.read(entry.dn, [_NO_ATTRIBUTE])
        finally:
            connection.close()
        return entry

    def _connect_to_search(self) -> Connection:
        try:
            return self._connect(self._settings.bind_dn, self._secret)
        except (WrongPassword, MustChange) as error:
            reason = f": {error}" if str(error) else ""
            raise DirectoryError(
                f"it does not take [ldap] bind_dn with the password in bind_password_file{reason}"
            ) from None

    def _examine(self) -> None:
        if self._settings.bind_template:  # only people log in, so nothing can be searched
            with suppress(WrongPassword):  # nor does it have to let anybody in
                self._connect("", "").close()
            return
        connection = self._connect_to_search()
        try:
            if not connection.read(self._settings.base, [_NO_ATTRIBUTE]):
                raise DirectoryError(_no_base(self._settings.base))
            connection.search(self._settings.base, self._condition("trio-chat"), [_NO_ATTRIBUTE])
        finally:
            connection.close()

    def _only(self, name: str, connection: Connection) -> Entry | None:
        """Return the only entry for a name; None if there is none, or more than one."""
        settings = self._settings
        found = connection.search(settings.base, self._condition(name), self._attributes)
        if found:
            self._is_base_known = True
        elif not self._is_base_known:
            self._look_at_base(connection)
        if len(found) > 1:
            log.error("the directory has several entries for one name: make [ldap] filter narrower")
        return found[0] if len(found) == 1 else None

    def _condition(self, name: str) -> str:
        return self._settings.filter.replace("{name}", in_filter(name))

    def _look_at_base(self, connection: Connection) -> None:
        """Note in the log that the base does not exist: a search there finds nobody, whom everybody
        would take for a wrong password.
        """
        self._is_base_known = bool(connection.read(self._settings.base, [_NO_ATTRIBUTE]))
        if not self._is_base_known:
            log.error("the directory: %s", _no_base(self._settings.base))

    def _identity(self, entry: Entry) -> Identity:
        """Return the identity of an entry whose password was right.

        Raises:
            PersonRefused: it may not log in.
        """
        settings = self._settings
        subject = _text(_first(entry, settings.id_attribute))
        if not 0 < len(subject) <= MAX_SUBJECT:
            log.error("%s: the directory shows no %s of it", entry.dn, settings.id_attribute)
            raise PersonRefused(_NO_NUMBER)
        values = entry.attributes.get(settings.group_attribute.lower(), [])
        groups = frozenset(normal_form(_text(value)) for value in values)
        if self._required and self._required not in groups:
            log.info("%s is not in the required group of the directory", entry.dn)
            raise PersonRefused(_NO_GROUP)
        name = account_name(_text(_first(entry, settings.account_attribute)))
        return Identity(IdentityKey(self._issuer, subject), name, settings.provision, groups)


def is_possible(name: str, password: str) -> bool:
    """Return whether a directory may be asked about a name and a password.

    A login without a password succeeds for any name (RFC 4513 §5.1.2), and in C a text ends at NUL.
    """
    return (
        0 < len(name) <= _LONGEST_NAME
        and 0 < len(password.encode("utf-8", "surrogatepass")) <= MAX_PASSWORD
        and "\0" not in name + password
    )


def _no_base(base: str) -> str:
    return f"there is no entry {base}, or this server may not see it: correct [ldap] base"


def _first(entry: Entry, attribute: str) -> bytes:
    values = entry.attributes.get(attribute.lower(), [])
    return values[0] if values else b""


def _text(value: bytes) -> str:
    """Return a value as text; as hexadecimal digits if it is none, such as an `objectGUID`."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()
