"""The private authority of a server, and the certificate that it issues: names, limits, renewal."""

import hashlib
import logging
import os
import shutil
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import trio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from edge import HELLO, Edge, End, edge
from support import NOON, Clock
from tls_fakes import client_context, encrypt
from trio_chat.config import ListenerSettings, ServerSettings, Settings, StorageSettings
from trio_chat.irc.addresses import IpAddress
from trio_chat.server import certificates, own_certificate
from trio_chat.server.certificate_files import Files, OwnFiles, files_of
from trio_chat.server.certificates import CertificateError, Inspection
from trio_chat.server.certified_names import (
    LOCAL_NAMES,
    MOST,
    Machine,
    SubjectNames,
    is_within,
    may_be_public_suffix,
    permitted,
    subject_names,
)
from trio_chat.server.encryption import CHECK_INTERVAL, Encryption
from trio_chat.server.private_authority import (
    EARLIEST,
    AuthorityError,
    PrivateAuthority,
    from_clock,
    names_of,
    new_key,
)

DAY = 86_400.0
THEN = datetime.fromtimestamp(NOON, UTC)


def addresses(*texts: str) -> list[IpAddress]:
    """Return addresses."""
    return list(map(ip_address, texts))


LAPTOP = Machine(
    "Laptop-7",
    addresses("127.0.0.1", "192.168.1.7", "8.8.4.4", "fe80::7", "fd00::7", "2001:4860::8", "::1"),
)
EVERYWHERE = ServerSettings(host=("0.0.0.0", "::"))


class Home:
    """A server's directory, its machine and its clock."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings(
            server=EVERYWHERE, storage=StorageSettings(file=directory / "chat.db")
        )
        self.machine = LAPTOP
        self.now = NOON

    @property
    def files(self) -> OwnFiles:
        """Where its certificate is."""
        own = files_of(self.settings).own
        assert own is not None
        return own

    def look(self) -> Inspection:
        """Do what a server does when it starts, and every minute."""
        return certificates.look(files_of(self.settings), self.settings, self.now, self.machine)

    def leaf(self) -> x509.Certificate:
        """Return its certificate."""
        return x509.load_pem_x509_certificates(self.files.leaf.read_bytes())[0]

    def authority(self) -> x509.Certificate:
        """Return the certificate of its authority."""
        return x509.load_pem_x509_certificate(self.files.authority.read_bytes())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a server that has not been started yet."""
    return Home(tmp_path)


def verify(
    leaf: x509.Certificate, root: x509.Certificate, name: str, when: datetime = THEN
) -> None:
    """Verify a certificate as a browser does."""
    address = None
    try:
        address = ip_address(name)
    except ValueError:
        subject: x509.DNSName | x509.IPAddress = x509.DNSName(name)
    else:
        subject = x509.IPAddress(address)
    verifier = PolicyBuilder().store(Store([root])).time(when).build_server_verifier(subject)
    verifier.verify(leaf, [])


def test_every_name_and_address_of_the_server_is_certified(home: Home) -> None:
    """The configured ones, those of this machine, and localhost: a verifier accepts each."""
    home.settings = replace(
        home.settings,
        server=replace(
            home.settings.server,
            name="irc.example.org",
            url="https://chat.example.net/",
            allowed_hosts=("*.example.com", "xn--j1ay.xn--p1ai", "any"),
        ),
        listeners=(ListenerSettings(name="a", host=("9.9.9.9",), port=6697),),
    )
    home.look()
    for name in (
        "irc.example.org",
        "chat.example.net",
        "irc.example.com",
        "xn--j1ay.xn--p1ai",
        "laptop-7",
        "laptop-7.local",
        "localhost",
        "127.0.0.1",
        "::1",
        "192.168.1.7",
        "fe80::7",
        "fd00::7",
        "9.9.9.9",
    ):
        verify(home.leaf(), home.authority(), name)
    assert home.leaf().not_valid_after_utc - home.leaf().not_valid_before_utc <= timedelta(days=397)
    for name in ("8.8.4.4", "2001:4860::8", "example.com", "any", "other.local"):
        with pytest.raises(VerificationError):
            verify(home.leaf(), home.authority(), name)


@pytest.mark.parametrize(
    ("host", "certified"),
    [
        (("0.0.0.0",), {"127.0.0.1", "192.168.1.7"}),
        (("::",), {"::1", "fe80::7", "fd00::7"}),
        (("192.168.1.7",), {"192.168.1.7"}),
        (("8.8.4.4", "127.0.0.1"), {"8.8.4.4", "127.0.0.1"}),
        (("laptop-7.local",), {"127.0.0.1", "192.168.1.7", "::1", "fe80::7", "fd00::7"}),
    ],
)
def test_only_addresses_on_which_the_server_listens_are_certified(
    host: tuple[str, ...], certified: set[str]
) -> None:
    """An unspecified one stands for those of its family, a name for any; a public one must be
    written.
    """
    names = subject_names(Settings(server=ServerSettings(host=host)), LAPTOP)
    assert {str(address) for address in names.addresses} == certified


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [
        ("Laptop-7", ("chat.local", "laptop-7", "laptop-7.local", "localhost")),
        ("pc-7.example.org", ("chat.local", "pc-7.example.org", "pc-7.local", "localhost")),
        ("dev", ("chat.local", "dev.local", "localhost")),
        ("компьютер", ("chat.local", "xn--e1ajghghm3fsa.local", "localhost")),
        ("my_host", ("chat.local", "localhost")),
        ("-", ("chat.local", "localhost")),
        ("", ("chat.local", "localhost")),
        ("10.0.0.5", ("chat.local", "localhost")),
        ("a" * 64, ("chat.local", "localhost")),
    ],
)  # fmt: skip
def test_names_of_the_machine_are_certified_as_far_as_they_can_be(
    hostname: str, expected: tuple[str, ...]
) -> None:
    """In any script; not a word that may be a top-level domain, nor what is no name of a host."""
    found = subject_names(Settings(), Machine(hostname, [])).names
    assert found == expected


def test_the_authority_has_power_over_nothing_else(home: Home) -> None:
    """Certificates that its key signs for other sites, or for another authority, are refused."""
    home.look()
    root = home.authority()
    authority = PrivateAuthority.read(
        home.files.authority.read_bytes(), home.files.authority_key.read_bytes()
    )
    for name in ("bank.example", "chat.local.example", "localhost.example", "local.example"):
        leaf = authority.issue(SubjectNames((name,)), new_key().public_key(), THEN)
        with pytest.raises(VerificationError):
            verify(leaf, root, name)
    for address in addresses("8.8.8.8", "192.169.0.1", "2606:4700::1111"):
        leaf = authority.issue(SubjectNames((), (address,)), new_key().public_key(), THEN)
        with pytest.raises(VerificationError):
            verify(leaf, root, str(address))
    below = PrivateAuthority.make("below", SubjectNames(), THEN)
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (
        True,
        True,
        0,
    )
    assert not authority.has_issued(below.certificate)
    assert root.extensions.get_extension_for_class(x509.NameConstraints).critical


def openssl(home: Home, *words: str) -> "subprocess.CompletedProcess[str]":
    """Verify the certificate with the program of OpenSSL."""
    return subprocess.run(
        ["openssl", "verify", "-x509_strict", "-attime", str(int(home.now)), "-CAfile",
         str(home.files.authority), *words, str(home.files.leaf)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_openssl_agrees(home: Home, tmp_path: Path) -> None:
    """Also about what the authority may not issue."""
    home.look()
    assert openssl(home, "-verify_hostname", "laptop-7.local").returncode == 0
    assert openssl(home, "-verify_ip", "192.168.1.7", "-purpose", "sslserver").returncode == 0
    assert "hostname mismatch" in openssl(home, "-verify_hostname", "other.local").stderr
    authority = PrivateAuthority.read(
        home.files.authority.read_bytes(), home.files.authority_key.read_bytes()
    )
    other = authority.issue(SubjectNames(("bank.example",)), new_key().public_key(), THEN)
    home.files.leaf.write_bytes(other.public_bytes(Encoding.PEM))
    assert "permitted subtree violation" in openssl(home).stderr


def test_a_name_for_which_the_authority_is_too_old_is_left_out(home: Home) -> None:
    """The certificate would be refused as a whole. The operator reads what to do, and everything
    else is renewed.
    """
    home.look()
    home.settings = replace(
        home.settings, server=replace(home.settings.server, url="https://chat.example.org/")
    )
    home.machine = home.machine._replace(addresses=addresses("192.168.99.9"))
    found = home.look()
    assert "192.168.99.9" in found.reason
    assert "chat.example.org" in found.problem
    assert "certificate renew --authority" in found.problem
    verify(home.leaf(), home.authority(), "192.168.99.9")
    own_certificate.replace_authority(
        home.files, certificates.wanted(home.settings, home.machine), home.now
    )
    assert (home.look().problem, home.look().reason) == ("", "")
    verify(home.leaf(), home.authority(), "chat.example.org")


def test_another_name_of_the_machine_is_no_problem(home: Home) -> None:
    """A container has another one at each start, and nobody reaches the server by it."""
    home.look()
    home.machine = home.machine._replace(name="8f3c2a91d7e4")
    found = home.look()
    assert found.problem == ""
    names = names_of(home.leaf()).names
    assert ("8f3c2a91d7e4" in names, "8f3c2a91d7e4.local" in names) == (False, True)


def test_a_renewed_certificate_has_the_same_key_and_former_addresses(home: Home) -> None:
    """A laptop that comes back to a network has its certificate already."""
    before = home.look().facts
    home.machine = home.machine._replace(addresses=addresses("10.0.0.9"))
    found = home.look()
    assert found.reason.startswith("the server is reached by 10.0.0.9")
    assert found.facts.key == before.key
    assert found.facts.fingerprint != before.fingerprint
    verify(home.leaf(), home.authority(), "192.168.1.7")
    home.machine = LAPTOP
    assert home.look().reason == ""


def test_the_number_of_addresses_is_bounded_and_steady(home: Home) -> None:
    """A machine with very many has the same ones at every look, and the configured one first."""
    many = [ip_address(0x0A000000 + number) for number in range(3 * MOST)]
    home.settings = replace(
        home.settings,
        server=replace(home.settings.server, host=("0.0.0.0", "10.0.1.20")),
    )
    home.machine = Machine("laptop-7", many)
    home.look()
    home.machine = Machine("laptop-7", many[:20] + many[:19:-1])
    assert home.look().reason == ""
    certified = names_of(home.leaf()).addresses
    assert len(certified) == MOST
    assert certified[0] == ip_address("10.0.1.20")
    home.machine = Machine("laptop-7", [*addresses("192.168.1.7"), *many])
    assert "192.168.1.7" in home.look().reason  # the likeliest, among hundreds of containers
    assert home.look().reason == ""


@pytest.mark.parametrize(
    ("days", "reason"),
    [(300, ""), (306, "the former one ends on"), (500, "ends on"), (-3, "set back")],
)
def test_a_certificate_is_renewed_in_time_whatever_the_clock_does(
    home: Home, days: int, reason: str
) -> None:
    """Long before its end, and when the clock has jumped past it or to a time before it."""
    before = home.look().facts
    home.now += days * DAY
    found = home.look()
    assert reason in found.reason
    assert bool(found.reason) == bool(reason)
    assert found.facts.key == before.key
    verify(home.leaf(), home.authority(), "laptop-7.local", from_clock(home.now))


@pytest.mark.parametrize("clock", [0.0, -1e18, 1e18, float("inf"), 253_402_300_799.0])
def test_a_clock_that_is_wrong_makes_a_certificate_all_the_same(home: Home, clock: float) -> None:
    """A computer without a battery has one that is valid today; the right time mends the others."""
    home.now = clock
    assert home.look().problem == ""
    if clock <= 0:
        verify(home.leaf(), home.authority(), "laptop-7.local", EARLIEST + timedelta(days=300))
    home.now = NOON
    assert home.look().problem == ""
    verify(home.leaf(), home.authority(), "laptop-7.local")


def test_the_authority_is_renewed_with_its_key_before_it_ends(home: Home) -> None:
    """Users that have installed the former one need no other until then."""
    home.look()
    former = home.authority()
    home.now += (3650 - 400) * DAY
    home.look()
    assert home.authority() != former
    assert home.authority().subject == former.subject
    verify(home.leaf(), former, "laptop-7.local", from_clock(home.now))
    verify(home.leaf(), home.authority(), "laptop-7.local", from_clock(home.now + 300 * DAY))
    assert home.look().reason == ""


def test_an_authority_whose_key_is_kept_elsewhere_stays(home: Home) -> None:
    """The certificate works on, and a renewal that is due says what is missing."""
    home.look()
    leaf, authority = home.leaf(), home.authority()
    home.files.authority_key.unlink()
    found = home.look()
    assert (found.reason, home.leaf(), home.authority()) == ("", leaf, authority)
    assert "chat.db.ca.key" in found.problem


def test_an_authority_without_its_certificate_gets_it_back(home: Home) -> None:
    """Its key is enough: what users have installed stays right."""
    home.look()
    former = home.authority()
    home.files.authority.unlink()
    home.look()
    verify(home.leaf(), former, "laptop-7.local")


def test_an_authority_that_is_gone_is_not_silently_replaced(home: Home) -> None:
    """Users have installed it; the operator decides."""
    home.look()
    leaf = home.leaf()
    home.files.authority.unlink()
    home.files.authority_key.unlink()
    found = home.look()
    assert "chat.db.ca.pem: is missing" in found.problem
    assert home.leaf() == leaf


FOREIGN: dict[str, Callable[[], bytes]] = {
    "another key": lambda: PrivateAuthority.make("x", SubjectNames(), THEN).key_bytes(),
    "nothing": lambda: b"",
    "damage": lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "no limits": trustme.CA().cert_pem.bytes,
    "binary": lambda: bytes(range(256)),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("which", ["authority", "authority_key"])
def test_a_damaged_or_foreign_authority_signs_nothing(home: Home, kind: str, which: str) -> None:
    """The certificate stays in use; the problem names the file."""
    before = home.look().facts
    path: Path = getattr(home.files, which)
    data = FOREIGN[kind]()
    path.write_bytes(data)
    home.now += 350 * DAY
    found = home.look()
    assert (found.reason, found.facts.fingerprint) == ("", before.fingerprint)
    assert "chat.db.ca" in found.problem
    assert path.read_bytes() == data


@pytest.mark.parametrize("kind", ["nothing", "damage", "binary", "no limits"])
def test_a_damaged_certificate_of_the_servers_own_is_an_error(home: Home, kind: str) -> None:
    """Its key is lost, and clients know the server by it: no other one is made in its place."""
    home.look()
    home.files.leaf.write_bytes(FOREIGN[kind]())
    with pytest.raises(CertificateError, match=r"chat\.db\.tls\.pem: .*restore it"):
        home.look()


def test_a_certificate_of_somebody_else_is_used_and_left_alone(home: Home) -> None:
    """It stands where the server's own would be; the operator reads where it belongs."""
    chain = trustme.CA().issue_cert("chat.example.org").private_key_and_cert_chain_pem
    chain.write_to_path(home.files.leaf)
    found = home.look()
    assert "[tls] certificate" in found.problem
    assert home.files.leaf.read_bytes() == chain.bytes()
    assert found.facts.fingerprint


@pytest.mark.skipif(sys.platform == "win32", reason="there are none")
@pytest.mark.parametrize("which", ["authority", "authority_key", "leaf"])
def test_pipes_are_no_files(home: Home, which: str) -> None:
    """To read from one would wait for ever."""
    home.look()
    path: Path = getattr(home.files, which)
    path.unlink()
    os.mkfifo(path)
    if which == "leaf":
        with pytest.raises(CertificateError, match="not a file"):
            home.look()
    else:
        assert "not a file" in home.look().problem


@contextmanager
def unwritable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a directory in which nothing can be written, for root too."""
    with monkeypatch.context() as patch:

        def refuse(**_options: object) -> None:
            raise OSError(30, "Read-only file system")

        patch.setattr("tempfile.mkstemp", refuse)
        yield


def test_a_directory_that_cannot_be_written(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """At first there is an error that names the file; later the former certificate stays."""
    with (
        unwritable(monkeypatch),
        pytest.raises(CertificateError, match=r"chat\.db\.ca\.key: .*Read-only"),
    ):
        home.look()
    before = home.look().facts
    home.now += 350 * DAY
    with unwritable(monkeypatch):
        found = home.look()
    assert found.facts == before
    assert "Read-only" in found.problem
    assert home.look().reason


def test_files_are_for_their_owner_only_and_keys_are_apart(home: Home) -> None:
    """The key of the authority is in no file with another key."""
    home.look()
    leaf, authority, key = (path.read_text() for path in home.files[:3])
    assert (leaf.count("PRIVATE KEY--") // 2, leaf.count("BEGIN CERT")) == (1, 2)
    assert (authority.count("PRIVATE"), key.count("PRIVATE KEY--") // 2) == (0, 1)
    assert key not in leaf
    if os.name != "nt":
        assert {stat.S_IMODE(path.stat().st_mode) for path in home.files[:3]} == {0o600}


@given(st.text(max_size=80))
def test_no_name_of_a_machine_breaks_the_certificate(name: str) -> None:
    """Each name that is certified is one for which the authority may issue."""
    machine = Machine(name, LAPTOP.addresses)
    authority = PrivateAuthority.make("chat", permitted(Settings(server=EVERYWHERE), machine), THEN)
    wanted = subject_names(Settings(server=EVERYWHERE), machine)
    assert authority.permits(wanted) == wanted
    leaf = authority.issue(wanted, new_key().public_key(), THEN)
    for host in wanted.names:
        verify(leaf, authority.certificate, host)


@pytest.mark.parametrize(
    ("name", "is_wide"),
    [
        ("dev", True),
        ("xn--p1ai", True),
        ("laptop-7", False),
        ("localhost", False),
        ("a.dev", False),
    ],
)
def test_a_word_may_be_a_top_level_domain(name: str, is_wide: bool) -> None:
    """An authority that is limited to `dev` could issue for every name below it."""
    assert may_be_public_suffix(name) is is_wide


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("clock"), st.integers(-400, 800)),
            st.tuples(st.just("move"), st.integers(0, 3)),
            st.tuples(st.just("lose"), st.sampled_from(["authority", "authority_key"])),
            st.tuples(st.just("rename"), st.sampled_from(["a-1", "b-2", "dev", "ц"])),
        ),
        max_size=8,
    )
)
def test_whatever_happens_clients_that_know_the_key_know_the_server(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, object]]
) -> None:
    """And a certificate without a problem is valid for all local names."""
    home = Home(tmp_path_factory.mktemp("home"))
    key = home.look().facts.key
    for kind, value in events:
        if kind == "clock":
            assert isinstance(value, int)
            home.now += value * DAY
        elif kind == "move":
            home.machine = home.machine._replace(addresses=addresses(f"10.0.0.{value}"))
        elif kind == "rename":
            home.machine = home.machine._replace(name=str(value))
        else:
            path: Path = getattr(home.files, str(value))
            path.unlink(missing_ok=True)
        found = home.look()
        assert found.facts.key == key
        if not found.problem:
            for name in subject_names(home.settings, home.machine).names:
                if is_within(name, LOCAL_NAMES):
                    verify(home.leaf(), home.authority(), name, from_clock(home.now))


# An installation of an earlier version.


def earlier(home: Home) -> bytes:
    """Have the self-signed certificate of an earlier version; return it."""
    pem = certificates.make("chat.local")
    home.files.former.write_bytes(pem)
    return pem


async def shown_to(here: Edge, protocols: list[str], version: ssl.TLSVersion) -> bytes:
    """Return the certificate that a client with some ALPN receives."""
    context = client_context()
    context.minimum_version = context.maximum_version = version
    if protocols:
        context.set_alpn_protocols(protocols)
    stream = await encrypt(here, context)
    certificate = stream.getpeercert(binary_form=True)
    await trio.aclose_forcefully(stream)
    assert isinstance(certificate, bytes)
    return certificate


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_after_an_upgrade_nobody_is_locked_out(home: Home, version: ssl.TLSVersion) -> None:
    """IRC clients receive the certificate that they know. A browser receives that of the authority,
    which has the same key.
    """
    pem = earlier(home)
    known = ssl.PEM_cert_to_DER_cert(pem.decode()[pem.index(b"-----BEGIN CERT") :])
    async with edge(home.settings) as here:
        for protocols in ([], ["irc"]):
            assert await shown_to(here, protocols, version) == known
        received = await shown_to(here, ["h2", "http/1.1"], version)
        facts = here.server.encryption.facts
        ann = End(await encrypt(here, client_context()))
        await ann.send(HELLO)
        await ann.until("422")
    leaf = x509.load_der_x509_certificate(received)
    assert leaf == home.leaf()
    verify(leaf, home.authority(), "localhost")
    assert leaf.public_key() == x509.load_der_x509_certificate(known).public_key()
    assert facts.fingerprint == certificates.check(Files(home.files.former, None))
    assert home.files.former.read_bytes() == pem


def test_a_former_certificate_that_has_expired_is_shown_no_longer(home: Home) -> None:
    """IRC clients would refuse it too."""
    earlier(home)
    first = home.look().facts
    home.now += 400 * 365 * DAY
    found = home.look().facts
    assert found.fingerprint != first.fingerprint
    assert found.key == first.key


def test_an_earlier_installation_in_a_directory_that_cannot_be_written(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody receives the former certificate, as before."""
    earlier(home)
    with unwritable(monkeypatch):
        found = home.look()
        certificates.contexts(files_of(home.settings), home.settings, NOON)
    assert "Read-only" in found.problem
    assert found.facts.fingerprint
    assert found.facts.authority == b""


async def test_a_damaged_certificate_leaves_an_earlier_installation_as_it_was(home: Home) -> None:
    """Everybody receives the former certificate, and the operator reads what is damaged."""
    earlier(home)
    home.look()
    home.files.leaf.write_text("damaged")
    found = home.look()
    assert "chat.db.tls.pem" in found.problem
    assert found.facts.fingerprint == certificates.check(Files(home.files.former, None))
    async with edge(home.settings) as here:
        for protocols in ([], ["http/1.1"]):
            received = await shown_to(here, protocols, ssl.TLSVersion.TLSv1_3)
            assert hashlib.sha256(received).hexdigest() == found.facts.fingerprint


# While the server runs.


async def minute(encryption: Encryption, clock: MockClock) -> None:
    """Let a minute go by for the task that renews the certificate."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(encryption.renew)
        await wait_all_tasks_blocked()
        clock.jump(CHECK_INTERVAL)
        await wait_all_tasks_blocked()
        async with encryption._lock:  # what it does in threads is done
            nursery.cancel_scope.cancel()


async def test_a_running_server_renews_its_certificate(
    home: Home, mock_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """When the machine has another address, and when the clock has jumped; connections stay."""
    caplog.set_level(logging.INFO)
    clock, machine = Clock(NOON), [LAPTOP]
    encryption = Encryption(home.settings, clock, lambda: machine[0])
    await encryption.load()
    contexts = [encryption._contexts]
    await minute(encryption, mock_clock)
    assert encryption._contexts is contexts[0]
    machine[0] = machine[0]._replace(addresses=addresses("10.9.8.7"))
    await minute(encryption, mock_clock)
    contexts.append(encryption._contexts)
    assert "10.9.8.7" in caplog.text
    clock.now += 900 * DAY
    await minute(encryption, mock_clock)
    contexts.append(encryption._contexts)
    assert len(set(map(id, contexts))) == 3
    assert encryption.expires is not None
    assert encryption.expires > clock.now


async def test_the_name_that_the_network_has_for_the_server_is_certified(
    home: Home, mock_clock: MockClock
) -> None:
    """Another server has the configured one, so multicast DNS answers one with a number."""
    found = [""]
    encryption = Encryption(home.settings, Clock(NOON), lambda: LAPTOP, lambda: found[0])
    await encryption.load()
    found[0] = "chat-2.local"
    await minute(encryption, mock_clock)
    verify(home.leaf(), home.authority(), "chat-2.local")


async def test_a_problem_is_logged_once(
    home: Home, mock_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Not every minute; and the daily warning names it when the certificate is about to expire."""
    clock = Clock(NOON)
    encryption = Encryption(home.settings, clock, lambda: LAPTOP)
    await encryption.load()
    home.files.authority_key.unlink()
    clock.now += 390 * DAY
    for _ in range(3):
        await minute(encryption, mock_clock)
    assert caplog.text.count("needs attention") == 1
    encryption._warn()
    assert caplog.text.count("expires in 5 days") == 1
    assert caplog.records[-1].getMessage().count("chat.db.ca.key") == 1


async def test_a_certificate_that_was_not_needed_is_not_made(
    home: Home, mock_clock: MockClock
) -> None:
    """A server without clients that use TLS writes nothing."""
    encryption = Encryption(home.settings, Clock(NOON), lambda: LAPTOP)
    await minute(encryption, mock_clock)
    assert not home.files.leaf.exists()


async def test_a_certificate_is_not_made_without_tls(home: Home) -> None:
    """Reading the configuration again makes it where TLS is on, and only there."""
    off = replace(home.settings, server=replace(home.settings.server, tls="off"))
    encryption = Encryption(off, Clock(NOON), lambda: LAPTOP)
    await encryption.reload(off)
    assert not home.files.leaf.exists()
    await encryption.reload(home.settings)
    assert home.files.leaf.exists()


async def test_a_certificate_that_is_not_kept_is_made_when_tls_comes_back(
    home: Home, tmp_path: Path
) -> None:
    """Also when that of the administrator was taken away while TLS was off."""
    theirs = tmp_path / "theirs.pem"
    theirs.write_bytes(certificates.make("chat.example"))
    own = replace(home.settings, storage=replace(home.settings.storage, file=None))
    encryption = Encryption(
        replace(own, tls=replace(own.tls, certificate=theirs)), Clock(NOON), lambda: LAPTOP
    )
    await encryption.prepare()
    before = encryption.fingerprint
    await encryption.reload(replace(own, server=replace(own.server, tls="off")))
    await encryption.reload(own)
    assert encryption.fingerprint != before


def test_an_authority_that_may_issue_nothing_says_so() -> None:
    """A certificate without a name would be valid nowhere."""
    authority = PrivateAuthority.make("chat", SubjectNames(), THEN)
    with pytest.raises(AuthorityError, match="no name of this server"):
        authority.issue(SubjectNames(), new_key().public_key(), THEN)


def test_two_authorities_of_one_name_can_be_told_apart() -> None:
    """Browsers mix up authorities that have the same name."""
    subjects = {
        PrivateAuthority.make("c" * 63, SubjectNames(), THEN).certificate.subject for _ in "12"
    }
    assert len(subjects) == 2
