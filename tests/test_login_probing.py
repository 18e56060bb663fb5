"""Reasons for which a directory cannot be reached, in words that libldap does not have."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import trustme

from trio_chat.config import LdapSettings
from trio_chat.server.login.probing import why_unreachable

GRANTED = bytes.fromhex("300c02010178070a010004000400")
REFUSED = bytes.fromhex("300c02010178070a013504000400")


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """Return an authority of one's own, whose certificate is in ca.pem."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return what a directory listens on."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(10)
        yield made


def url(listener: socket.socket, scheme: str = "ldaps", host: str = "localhost") -> str:
    """Return the address of a directory."""
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def serve(listener: socket.socket, context: ssl.SSLContext, first: bytes = b"") -> threading.Thread:
    """Negotiate TLS with one client; if there is an answer to STARTTLS, behind it."""

    def work() -> None:
        with suppress(OSError), closing(listener.accept()[0]) as plain:
            if first:
                plain.recv(4096)
                plain.sendall(first)
            if first != REFUSED:
                with context.wrap_socket(plain, server_side=True) as encrypted:
                    encrypted.recv(1)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def context_of(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """Return the TLS of a directory."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize(("scheme", "first"), [("ldaps", b""), ("ldap", GRANTED)])
def test_an_authority_that_is_not_known_is_named(
    scheme: str, first: bytes, listener: socket.socket, authority: trustme.CA
) -> None:
    """With the key that makes it known, also by STARTTLS."""
    thread = serve(listener, context_of(authority), first)
    why = why_unreachable(LdapSettings(url=url(listener, scheme)))
    thread.join()
    assert "certificate is not valid" in why
    assert "[ldap] ca_file" in why


def test_another_name_is_no_matter_of_the_authority(
    tmp_path: Path, listener: socket.socket, authority: trustme.CA
) -> None:
    """No other authority would help."""
    thread = serve(listener, context_of(authority, "ldap.example.org"))
    why = why_unreachable(LdapSettings(url=url(listener), ca_file=tmp_path / "ca.pem"))
    thread.join()
    assert "localhost" in why
    assert "ca_file" not in why


def test_what_only_libldap_refuses(
    tmp_path: Path, listener: socket.socket, authority: trustme.CA
) -> None:
    """GnuTLS wants a common name."""
    thread = serve(listener, context_of(authority))
    why = why_unreachable(LdapSettings(url=url(listener), ca_file=tmp_path / "ca.pem"))
    thread.join()
    assert "common name" in why


def test_a_directory_without_starttls(listener: socket.socket, authority: trustme.CA) -> None:
    """Its certificate is not seen."""
    thread = serve(listener, context_of(authority), REFUSED)
    why = why_unreachable(LdapSettings(url=url(listener, "ldap")))
    thread.join()
    assert "STARTTLS" in why


def test_a_directory_without_tls_at_this_port(
    listener: socket.socket, authority: trustme.CA
) -> None:
    """It may have STARTTLS there."""
    thread = serve(listener, context_of(authority), REFUSED)
    why = why_unreachable(LdapSettings(url=url(listener)))
    thread.join()
    assert "this is the port for TLS" in why
    assert "begins with ldap:" in why


def test_a_directory_that_does_not_run(listener: socket.socket) -> None:
    """The words are those of the system."""
    where = url(listener)
    listener.close()
    assert "refused" in why_unreachable(LdapSettings(url=where)).lower()


def test_authorities_that_cannot_be_read(tmp_path: Path, listener: socket.socket) -> None:
    """The key is named."""
    settings = LdapSettings(url=url(listener), ca_file=tmp_path / "none")
    assert "[ldap] ca_file" in why_unreachable(settings)
