"""Connections to a directory by libldap, with the package bonsai."""

import importlib
import re
from typing import Any

from trio_chat.config import LdapSettings
from trio_chat.server.login.directory import (
    Connection,
    DirectoryError,
    Entry,
    MustChange,
    WrongPassword,
)
from trio_chat.server.login.probing import why_unreachable

_NEEDS_ANOTHER = re.compile(r"\bdata (532|773)\b")
"""How Active Directory says of a right password that it has expired, or was reset."""
_BAD_FILTER = -7
"""`LDAP_FILTER_ERROR` of libldap."""
_NO_ANONYMOUS = 48
"""`inappropriateAuthentication` (RFC 4511, appendix A.2): nobody may ask without a name."""


class LibLdap:
    """Connects to the directory of the settings; see `trio_chat.server.login.directory.Connect`.

    Args:
        settings: the section [ldap].
    """

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._bonsai: Any = importlib.import_module("bonsai")  # it has no wheels for every system
        _keep_names(self._bonsai)

    def __call__(self, name: str, password: str) -> Connection:
        """Connect and log in. Certificates are always verified, and referrals never followed."""
        settings, bonsai = self._settings, self._bonsai
        is_plain = settings.url.startswith("ldap:")
        client = bonsai.LDAPClient(settings.url, settings.starttls and is_plain)
        client.set_cert_policy("demand")
        if settings.ca_file is not None:
            client.set_ca_cert(str(settings.ca_file))
        client.set_ignore_referrals(True)
        client.set_server_chase_referrals(False)
        client.set_auto_page_acquire(False)
        client.set_password_policy(True)
        client.set_raw_attributes(
            [settings.account_attribute, settings.id_attribute, settings.group_attribute]
        )
        if name:
            client.set_credentials("SIMPLE", user=name, password=password)
        try:
            connection, _answer_to_policy = client.connect(timeout=settings.timeout)
        except (bonsai.PasswordExpired, bonsai.ChangeAfterReset) as error:
            raise MustChange from error
        except (
            bonsai.AuthenticationError,
            bonsai.InvalidDN,
            bonsai.NoSuchObjectError,
            bonsai.UnwillingToPerform,  # such as an account that is locked
        ) as error:
            if _NEEDS_ANOTHER.search(str(error)):
                raise MustChange from error
            raise WrongPassword(_explain(error)) from error
        except bonsai.ConnectionError as error:
            reason = why_unreachable(settings)
            raise DirectoryError(_explain(error) + (f": {reason}" if reason else "")) from error
        except (bonsai.LDAPError, OSError, ValueError, TypeError) as error:
            if getattr(error, "code", 0) == _NO_ANONYMOUS and not name:
                raise WrongPassword(_explain(error)) from error
            raise DirectoryError(_explain(error)) from error
        return _LibLdapConnection(connection, bonsai, settings)


class _LibLdapConnection:
    def __init__(self, connection: Any, bonsai: Any, settings: LdapSettings) -> None:
        self._connection = connection
        self._bonsai = bonsai
        self._timeout = settings.timeout

    def search(self, base: str, condition: str, attributes: list[str]) -> list[Entry]:
        """Return entries below a base; see `Connection.search`."""
        scope = self._bonsai.LDAPSearchScope.SUBTREE
        return self._search(base, scope, condition, attributes)

    def read(self, dn: str, attributes: list[str]) -> list[Entry]:
        """Return the entry of a name; see `Connection.read`."""
        scope = self._bonsai.LDAPSearchScope.BASE
        return self._search(dn, scope, "(objectClass=*)", attributes)

    def _search(self, base: str, scope: Any, condition: str, attributes: list[str]) -> list[Entry]:
        bonsai = self._bonsai
        try:
            found = self._connection.search(
                base, scope, condition, attributes, timeout=self._timeout, sizelimit=2
            )
        except bonsai.NoSuchObjectError:
            return []
        except (bonsai.InsufficientAccess, bonsai.UnwillingToPerform) as error:
            # A directory lets people in after a reset, and then says that this is all they may do
            # until they have changed it (draft-behera-ldap-password-policy §8.1.2.2).
            if "password" in str(error).lower():
                raise MustChange from error
            raise DirectoryError(_explain(error)) from error
        except bonsai.SizeLimitError as error:
            raise DirectoryError("[ldap] filter finds many entries for one name") from error
        except (bonsai.LDAPError, OSError, ValueError, TypeError) as error:
            if getattr(error, "code", 0) == _BAD_FILTER:
                raise DirectoryError("[ldap] filter is none: are its parentheses right?") from error
            raise DirectoryError(_explain(error)) from error
        return [_entry(each) for each in found[:2]]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _keep_names(bonsai: Any) -> None:
    """Have the names of entries as the directory writes them: bonsai takes none with `#` in it, and
    makes another name of one with a backslash before digits.
    """
    bonsai.LDAPDN._dnregex = re.compile("")
    bonsai.LDAPDN._LDAPDN__sanitize = staticmethod(lambda name, reverse=False: name)


def _entry(found: Any) -> Entry:
    attributes = {
        str(name).lower(): [_bytes(value) for value in found[name]]
        for name in found
        if str(name).lower() != "dn"
    }
    return Entry(str(found.dn), attributes)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _explain(error: Exception) -> str:
    """Return the text of an error, of which libldap has one line without names and passwords."""
    return str(error).partition("\n")[0][:200] or type(error).__name__
