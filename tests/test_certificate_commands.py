"""`trio-chat certificate`: showing and renewing the certificate of the server."""

import hashlib
import os
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from trio_chat import cli
from trio_chat.server import certificates


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start in a directory with a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    Path("config.ini").write_text("[storage]\nfile = chat.db\n")


def facts(capfd: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """Return what `show` says."""
    assert cli.main(["certificate", "show", *words]) == 0
    rows = capfd.readouterr().out.splitlines()
    return {name: value for name, _, value in (row.partition("\t") for row in rows)}


def leaf() -> x509.Certificate:
    """Return the certificate of the server."""
    return x509.load_pem_x509_certificates(Path("chat.db.tls.pem").read_bytes())[0]


def test_the_certificate_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """With the fingerprints that clients show, and those of a certificate of the administrator."""
    shown = facts(capfd)
    assert "localhost" in shown["names"]
    assert shown == facts(capfd)
    authority = ssl.PEM_cert_to_DER_cert(Path("chat.db.ca.pem").read_text())
    digest = shown["authority"].replace(":", "").lower()  # as the page and other systems write it
    assert digest == hashlib.sha256(authority).hexdigest()
    trustme.CA().issue_cert("a.example").private_key_and_cert_chain_pem.write_to_path("own.pem")
    Path("config.ini").write_text("[storage]\nfile = chat.db\n[tls]\ncertificate = own.pem\n")
    shown = facts(capfd)
    assert shown["names"] == "a.example"
    assert "authority" not in shown


def test_the_authority_is_printed_in_both_formats(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """PEM for most systems, DER for some."""
    assert cli.main(["certificate", "authority"]) == 0
    pem = capfdbinary.readouterr().out
    assert pem.replace(b"\n", b"") == Path("chat.db.ca.pem").read_bytes().replace(b"\n", b"")
    assert cli.main(["certificate", "authority", "--der"]) == 0
    assert capfdbinary.readouterr().out == ssl.PEM_cert_to_DER_cert(pem.decode())


def test_a_renewal_keeps_key_and_authority(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither clients nor those that have installed the authority notice it."""
    before = facts(capfd)
    assert cli.main(["certificate", "renew"]) == 0
    assert "within a minute" in capfd.readouterr().err
    after = facts(capfd)
    assert after["certificate"] != before["certificate"]
    assert (after["key"], after["authority"]) == (before["key"], before["authority"])


def test_another_authority_is_made_only_when_it_is_asked_for(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Then it may certify the names that are configured now; the server's key stays."""
    before = facts(capfd)
    Path("config.ini").write_text(
        "[server]\nallowed_hosts = chat.example.org\n[storage]\nfile = chat.db\n"
    )
    assert "chat.example.org" in facts(capfd)["problem"]
    assert cli.main(["certificate", "renew", "--authority"]) == 0
    assert "install it anew" in capfd.readouterr().err
    after = facts(capfd)
    assert "problem" not in after
    assert "chat.example.org" in after["names"]
    assert after["key"] == before["key"]
    assert after["authority"] != before["authority"]


def test_the_certificate_of_an_earlier_version_is_dropped_when_it_is_asked_for(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Clients then receive the new one, with the same key; the file is only renamed."""
    former = certificates.make("chat.local")
    Path("chat.db.pem").write_bytes(former)
    before = facts(capfd)
    assert cli.main(["certificate", "renew", "--drop-former"]) == 0
    after = facts(capfd)
    assert (after["key"], Path("chat.db.pem.former").read_bytes()) == (before["key"], former)
    assert after["certificate"] != before["certificate"]
    assert cli.main(["certificate", "renew", "--drop-former"]) == 1
    assert "no certificate of an earlier version" in capfd.readouterr().err


@pytest.mark.parametrize("words", [["renew"], ["authority"], ["renew", "--authority"]])
def test_a_certificate_of_the_administrators_own_is_left_alone(
    words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """And it has no private authority."""
    Path("config.ini").write_text("[storage]\nfile = chat.db\n[tls]\ncertificate = own.pem\n")
    assert cli.main(["certificate", *words]) == 2
    assert "[tls] certificate" in capfd.readouterr().err
    assert os.listdir() == ["config.ini"]


@pytest.mark.parametrize("words", [["show"], ["renew"], ["authority"], ["renew", "--authority"]])
def test_a_damaged_file_is_named(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """In one line, and nothing is made in its place."""
    Path("chat.db.tls.pem").write_text("damaged")
    assert cli.main(["certificate", *words]) == 1
    assert "chat.db.tls.pem: " in capfd.readouterr().err
    assert Path("chat.db.tls.pem").read_text() == "damaged"


@pytest.mark.skipif(os.name == "nt", reason="Windows finds no such file")
@pytest.mark.parametrize("words", [["show"], ["authority"], ["renew"]], ids=" ".join)
def test_a_place_of_which_the_system_tells_nothing(
    words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """As in the home of another user, asking whether there is a file fails as well."""
    name = "a" * 300
    assert cli.main(["certificate", *words, "--database", name]) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"trio-chat: {name}")
    assert line.endswith("File name too long")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_root_leaves_the_files_to_the_user_of_the_server(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Otherwise the server could not read its certificate any longer."""
    os.chown(tmp_path, 12345, 12345)
    facts(capfd)
    assert {path.stat().st_uid for path in tmp_path.glob("chat.db.*")} == {12345}
    os.chown(tmp_path, 0, 0)
    assert cli.main(["certificate", "renew", "--authority"]) == 0
    assert {path.stat().st_uid for path in tmp_path.glob("chat.db.*")} == {12345}
