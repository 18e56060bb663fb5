"""Connections to a directory in processes of their own, with a library that stands for bonsai."""

import gc
import os
from pathlib import Path

import pytest
import trio

from trio_chat.chat.identities import Identity, PersonRefused, ProviderUnavailable
from trio_chat.config import LdapSettings
from trio_chat.server.login.directory import LdapDirectory
from trio_chat.server.login.separate import SeparateLdap

LIBRARY = """
import os, re, threading

class LDAPError(Exception): pass
class AuthenticationError(LDAPError): pass
class PasswordExpired(AuthenticationError): pass
class ChangeAfterReset(LDAPError): pass
class ConnectionError(LDAPError): pass
class InsufficientAccess(LDAPError): pass
class InvalidDN(LDAPError): pass
class NoSuchObjectError(LDAPError): pass
class UnwillingToPerform(LDAPError): pass
class SizeLimitError(LDAPError): pass

class LDAPSearchScope:
    SUBTREE, BASE = 2, 0

class LDAPDN:
    _dnregex = re.compile("[^#]*$")
    def __init__(self, text):
        if not self._dnregex.match(text): raise InvalidDN(text)
        self.text = self.__sanitize(text, True)
    @staticmethod
    def __sanitize(text, reverse=False): return text.replace("2C", ",")
    def __str__(self): return self.text

class Entry(dict):
    pass

class LDAPClient:
    def __init__(self, url, tls): self.password = ""
    def __getattr__(self, name): return lambda *values: None
    def set_credentials(self, mechanism, user, password): self.password = password
    def connect(self, timeout):
        if self.password == "wrong": raise AuthenticationError("no")
        if self.password == "away": raise LDAPError("no route")
        if self.password == "expired": raise PasswordExpired("expired")
        if self.password == "of AD": raise AuthenticationError("comment: error, data 773, v3839")
        if self.password == "breaks": raise SystemError("a defect")
        if self.password == "hangs": threading.Event().wait()
        return self, None
    def search(self, *values, **named):
        if self.password == "reset":
            raise InsufficientAccess("Operations are restricted to bind and modify password")
        found = Entry(uid=[b"ann"], entryUUID=[b"%d" % os.getpid()])
        found.dn = LDAPDN("uid=a#n\\\\5C2Cn,ou=people")
        return [found]
    def close(self): pass
"""
"""The number of a person is that of the process."""


@pytest.fixture
def ldap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SeparateLdap:
    """Return connections by the library above."""
    (tmp_path / "bonsai.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)
    return SeparateLdap(LdapSettings(url="ldaps://ldap.example.org", timeout=5.0))


def directory(ldap: SeparateLdap) -> LdapDirectory:
    """Return a directory that is asked by these connections."""
    template = "uid={name},ou=people"
    return LdapDirectory(LdapSettings(bind_template=template), "", ldap)


def number_of(identity: Identity | None) -> int:
    """Return the number of the process that has confirmed an identity."""
    assert identity is not None
    return int(identity.key.subject)


async def test_the_library_is_in_another_process(ldap: SeparateLdap) -> None:
    """It would keep the lock of the interpreter, and stop the server while a directory hangs."""
    assert number_of(await directory(ldap).check("ann", "right")) != os.getpid()


async def test_a_process_serves_the_next_login(ldap: SeparateLdap) -> None:
    """Also after a password that was wrong."""
    there = directory(ldap)
    first = number_of(await there.check("ann", "right"))
    assert await there.check("ann", "wrong") is None
    assert number_of(await there.check("ann", "right")) == first


async def test_an_error_of_the_library_is_one_of_the_directory(ldap: SeparateLdap) -> None:
    """With its text, for the log."""
    with pytest.raises(ProviderUnavailable, match="no route"):
        await directory(ldap).check("ann", "away")


@pytest.mark.parametrize("password", ["hangs", "breaks"])
async def test_a_process_that_does_not_answer_is_replaced(
    ldap: SeparateLdap, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    """It is killed at its deadline, or has ended by itself."""
    there = directory(ldap)
    first = number_of(await there.check("ann", "right"))
    (process,) = ldap._idle
    monkeypatch.setattr(process, "_seconds", 0.01)
    with pytest.raises(ProviderUnavailable, match="answer in time"):
        await there.check("ann", password)
    assert process.has_ended
    assert number_of(await there.check("ann", "right")) != first


async def test_no_process_is_left_behind(ldap: SeparateLdap) -> None:
    """They end with what has started them, such as after a REHASH."""
    own = SeparateLdap(LdapSettings(url="ldaps://ldap.example.org"))
    await directory(own).check("ann", "right")
    (process,) = own._idle
    del own
    gc.collect()
    assert process.has_ended


@pytest.mark.parametrize("password", ["expired", "reset", "of AD"])
async def test_a_password_that_must_be_changed_is_right(ldap: SeparateLdap, password: str) -> None:
    """OpenLDAP says so by a control, or by refusing all else; Active Directory by a number."""
    with pytest.raises(PersonRefused):
        await directory(ldap).check("ann", password)


async def test_names_are_those_of_the_directory(ldap: SeparateLdap) -> None:
    """The library refuses some, and changes others."""
    connection = await trio.to_thread.run_sync(ldap, "", "")
    (found,) = await trio.to_thread.run_sync(connection.read, "uid=ann", ["uid"])
    assert found.dn == "uid=a#n\\5C2Cn,ou=people"
    await trio.to_thread.run_sync(connection.close)
