"""`trio-chat doctor`: each check finds what is wrong and says what to do."""

import base64
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import apsw
import pytest
import trustme

from trio_chat import cli
from trio_chat.admin.doctor import logins, network, report, storage
from trio_chat.admin.doctor.findings import Finding, Level, good
from trio_chat.admin.doctor.terminal import terminal
from trio_chat.config import (
    LdapSettings,
    ListenerSettings,
    LoggingSettings,
    MailSettings,
    MetricsSettings,
    OidcSettings,
    ServerSettings,
    Settings,
    StorageSettings,
    TlsSettings,
)
from trio_chat.i18n import install
from trio_chat.server.windows_hints import listening_program
from trio_chat.storage.schema import migrate
from windows_fakes import OUT, FakeConsole

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in an empty directory, in English."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    install("en")
    yield
    install("en")


def served(host: str = "127.0.0.1", port: int = 0) -> Settings:
    """Return settings with one address."""
    return Settings(server=ServerSettings(host=(host,), port=port))


def test_a_free_port_is_good() -> None:
    """Nothing is left listening there."""
    [found] = network.port(served())
    assert found.level is Level.GOOD


def test_a_port_of_another_program_is_a_problem() -> None:
    """The program that has it answers nothing."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        [found] = network.port(served(port=other.getsockname()[1]))
    assert found.level is Level.PROBLEM
    assert "already in use" in found.text


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (b"HTTP/1.1 200 \r\nServer: x\r\n\r\nok\n", Level.GOOD),
        (b"HTTP/1.1 200 \r\n\r\n<title>Another one</title>", Level.PROBLEM),
        (b"ERROR :no HTTP here\r\n", Level.GOOD),
        (b"", Level.PROBLEM),
    ],
)
def test_a_server_that_runs_is_good(
    answer: bytes, level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its port is in use by itself, and not by another program that speaks HTTP."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        monkeypatch.setattr(network, "asked", lambda *_place: answer)
        [found] = network.port(served(port=number))
    assert (found.level, str(number) in found.text) == (level, True)


def test_every_listener_is_tried() -> None:
    """One of them may be in use."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        second = ListenerSettings(name="tls", host=("127.0.0.1",), port=number)
        found = list(network.port(replace(served(), listeners=(second,))))
    assert [each.level for each in found] == [Level.GOOD, Level.PROBLEM]


def test_a_port_that_two_sections_have_is_a_problem() -> None:
    """A server does not start with it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
    settings = replace(
        served("0.0.0.0", number),
        metrics=MetricsSettings(host=("127.0.0.1",), port=number),
    )
    first, second = network.port(settings)
    assert (first.level, second.level) == (Level.GOOD, Level.PROBLEM)
    assert f"Another section of the configuration has port {number}" in second.text


def tried(path: Path) -> list[Finding]:
    """Return the findings about a Unix socket."""
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("this system has no such sockets")
    listener = ListenerSettings(name="local", path=path)
    return list(network.port(replace(served(), listeners=(listener,))))[1:]


def test_the_path_of_a_unix_socket_is_tried(tmp_path: Path) -> None:
    """A server could listen there; the check leaves nothing."""
    path = tmp_path / "chat.sock"
    assert tried(path) == [good(f"A server can listen on {path}.")]
    assert not path.exists()


def test_a_unix_socket_without_its_directory_is_a_problem(tmp_path: Path) -> None:
    """A server does not start with it."""
    [found] = tried(tmp_path / "none" / "chat.sock")
    assert found.level is Level.PROBLEM
    assert "No such file or directory" in found.text


def test_a_file_in_the_place_of_a_unix_socket_is_a_problem(tmp_path: Path) -> None:
    """It stays as it is."""
    path = tmp_path / "chat.sock"
    path.write_text("kept")
    [found] = tried(path)
    assert (found.level, path.read_text()) == (Level.PROBLEM, "kept")


def test_a_unix_socket_that_a_killed_server_has_left_is_good(tmp_path: Path) -> None:
    """The next server removes it; the check does not."""
    path = tmp_path / "chat.sock"
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(path))
    assert [found.level for found in tried(path)] == [Level.GOOD]
    assert path.is_socket()


def test_a_silent_program_on_a_unix_socket_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no server of this program."""
    monkeypatch.setattr(network, "_SHORT", 0.05)
    path = tmp_path / "chat.sock"
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(path))
        other.listen()
        assert [found.level for found in tried(path)] == [Level.PROBLEM]


@pytest.mark.parametrize(
    ("mode", "level"), [(0o755, Level.GOOD), (0o644, Level.PROBLEM), (None, Level.PROBLEM)]
)
def test_the_program_for_mail_is_looked_for(tmp_path: Path, mode: int | None, level: Level) -> None:
    """It has to be there, and to be a program."""
    program = tmp_path / "sendmail"
    if mode is not None:
        program.write_text("#!/bin/sh\n")
        program.chmod(mode)
    settings = Settings(mail=MailSettings(mail_from="chat@example.org", sendmail=program))
    assert [found.level for found in logins.mail(settings)] == [level]


class MailServer(socketserver.StreamRequestHandler):
    """A mail server that knows the password of one user."""

    def handle(self) -> None:
        """Answer each command."""
        self.wfile.write(b"220 mail\r\n")
        for line in self.rfile:
            word = line.split()[0].upper()
            right = base64.b64encode(b"\0chat\0secret")
            answer = {
                b"EHLO": b"250-mail\r\n250 AUTH PLAIN",
                b"AUTH": b"235 welcome" if right in line else b"535 no such user",
                b"QUIT": b"221 bye",
            }[word]
            self.wfile.write(answer + b"\r\n")


@pytest.mark.parametrize(
    ("user", "password", "level"),
    [
        ("", "", Level.GOOD),
        ("chat", "secret", Level.GOOD),
        ("chat", "wrong", Level.PROBLEM),
    ],
)
def test_the_mail_server_is_asked(user: str, password: str, level: Level) -> None:
    """It has to answer, and to know the user; no letter is sent."""
    with socketserver.TCPServer(("127.0.0.1", 0), MailServer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        port = server.server_address[1]
        mail = MailSettings(
            mail_from="chat@example.org",
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_tls="off",
            smtp_user=user,
            smtp_password=password,
        )
        [found] = logins.mail(Settings(mail=mail))
        thread.join()
    assert found.level is level
    assert "secret" not in found.text
    [found] = logins.mail(Settings(mail=mail))  # it is gone
    assert (found.level, f"127.0.0.1 port {port}" in found.text) == (Level.PROBLEM, True)
    assert list(logins.mail(Settings())) == []


def test_the_port_of_the_metrics_is_tried() -> None:
    """A server does not start if it cannot listen there."""
    settings = Settings(
        server=ServerSettings(host=("127.0.0.1",), port=0),
        metrics=MetricsSettings(host=("192.0.2.1",), port=9100),
    )
    levels = [found.level for found in network.port(settings)]
    assert levels == [Level.GOOD, Level.PROBLEM]


def test_an_address_of_another_machine_is_a_problem() -> None:
    """192.0.2.0/24 belongs to nobody."""
    [found] = network.port(served("192.0.2.77"))
    assert found.level is Level.PROBLEM
    assert "192.0.2.77" in found.text


@pytest.mark.parametrize(
    ("host", "own", "level", "words"),
    [
        ("127.0.0.1", ["192.168.1.7"], Level.NOTE, "Only this computer"),
        ("0.0.0.0", ["127.0.0.1"], Level.PROBLEM, "no address"),
        ("0.0.0.0", ["192.168.1.7", "10.0.0.7"], Level.GOOD, "192.168.1.7:5000, 10.0.0.7:5000"),
    ],
)
def test_the_addresses_for_others_are_shown(
    host: str, own: list[str], level: Level, words: str
) -> None:
    """Or why there are none."""
    found = network.address(served(host, 5000), lambda: [ip_address(one) for one in own])
    assert found.level is level
    assert words in found.text


@pytest.mark.parametrize(
    ("platform", "answers", "enabled", "words"),
    [
        ("win32", {}, "no", "netsh advfirewall"),
        ("win32", {"netsh": "Rule Name: trio-chat, of another program"}, "no", "netsh advfirewall"),
        ("win32", {"netsh": f"Программа: {listening_program().upper()}"}, "no", "has a rule"),
        ("linux", {}, "yes", "sudo ufw allow 5000/tcp"),
        ("linux", {"firewall-cmd": "running\n"}, "no", "--add-port=5000/tcp"),
        ("linux", {"systemctl": "active\n"}, "no", "sudo nft list ruleset"),
        ("linux", {"firewall-cmd": "not running\n"}, "no", "No firewall was found"),
        ("darwin", {"socketfilterfw": "Firewall is enabled. (State = 1)"}, "no", "when the system"),
        ("darwin", {"socketfilterfw": "Firewall is disabled. (State = 0)"}, "no", "No firewall"),
    ],
)
def test_a_firewall_is_named_with_the_command(
    platform: str, answers: dict[str, str], enabled: str, words: str, tmp_path: Path
) -> None:
    """Each system has another one."""
    (tmp_path / "ufw.conf").write_text(f"# a comment\nENABLED={enabled}\n")
    found = network.firewall(
        served(port=5000),
        platform,
        lambda command: answers.get(os.path.basename(command[0])),
        tmp_path / "ufw.conf",
    )
    assert words in "\n".join((found.text, *found.advice))


def test_a_program_that_does_not_exist_answers_nothing() -> None:
    """A system without the firewall's program has no such firewall."""
    assert network.ask(("trio-chat-no-such-program",)) is None


def certified(
    tmp_path: Path, end: datetime, start: datetime = NOW - timedelta(days=99)
) -> Settings:
    """Return settings with a certificate that is valid until then."""
    made = trustme.CA().issue_cert("chat.example.org", not_before=start, not_after=end)
    file = tmp_path / "chat.pem"
    made.private_key_and_cert_chain_pem.write_to_path(str(file))
    return Settings(tls=TlsSettings(certificate=file))


def test_a_certificate_of_the_future_is_a_problem(tmp_path: Path) -> None:
    """Clients refuse it; perhaps the clock is wrong."""
    settings = certified(tmp_path, NOW + timedelta(days=90))
    found = storage.certificate(settings, NOW - timedelta(days=100))
    assert found.level is Level.PROBLEM
    assert "only from" in found.text


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        (90, Level.GOOD, "is valid until"),
        (3, Level.PROBLEM, "expires on"),
        (-1, Level.PROBLEM, "has expired on"),
    ],
)
def test_a_certificate_is_renewed_in_time(
    tmp_path: Path, days: int, level: Level, words: str
) -> None:
    """Clients refuse one that has expired."""
    found = storage.certificate(certified(tmp_path, NOW + timedelta(days=days)), NOW)
    assert found.level is level
    assert words in found.text


def test_a_certificate_of_few_days_is_renewed_later(tmp_path: Path) -> None:
    """One of six days is no problem at its beginning."""
    end = NOW + timedelta(days=5)
    assert storage.certificate(certified(tmp_path, end, NOW), NOW).level is Level.GOOD


def test_a_damaged_certificate_is_a_problem(tmp_path: Path) -> None:
    """The file is named."""
    (tmp_path / "chat.pem").write_text("nothing", "utf-8")
    found = storage.certificate(Settings(tls=TlsSettings(certificate=tmp_path / "chat.pem")))
    assert found.level is Level.PROBLEM
    assert "chat.pem" in found.text


def test_a_certificate_of_the_server_is_not_made_by_the_check(tmp_path: Path) -> None:
    """Nothing is changed."""
    found = storage.certificate(Settings(storage=StorageSettings(file=tmp_path / "chat.db")))
    assert found.level is Level.GOOD
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("days", [3, -1])
@pytest.mark.parametrize(
    ("has_key", "level", "advice"),
    [(True, Level.NOTE, "renews it when it starts"), (False, Level.PROBLEM, "chat.db.ca.key")],
)
def test_a_certificate_that_the_server_did_not_renew(
    tmp_path: Path, days: int, has_key: bool, level: Level, advice: str
) -> None:
    """It has not run for long, or the key of its authority is kept elsewhere."""
    made = certified(tmp_path, NOW + timedelta(days=days)).tls.certificate
    assert made is not None
    made.rename(tmp_path / "chat.db.tls.pem")
    if has_key:
        (tmp_path / "chat.db.ca.key").touch()
    settings = Settings(storage=StorageSettings(file=tmp_path / "chat.db"))
    found = storage.certificate(settings, NOW)
    assert (found.level, "expire" in found.text) == (level, True)
    assert advice in found.advice[0]


def test_a_clock_that_was_never_set_is_a_problem(tmp_path: Path) -> None:
    """So is one that is behind the database."""
    assert storage.clock(Settings(), 0.0).level is Level.PROBLEM
    file = tmp_path / "chat.db"
    file.touch()
    os.utime(file, (NOW.timestamp() + 3600,) * 2)
    settings = Settings(storage=StorageSettings(file=file))
    assert "written later" in storage.clock(settings, NOW.timestamp()).text
    assert storage.clock(settings, NOW.timestamp() + 4000).level is Level.GOOD


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right there")
def test_the_disk_behind_a_link_is_that_of_the_database(tmp_path: Path) -> None:
    """Messages are written there."""
    (tmp_path / "large").mkdir()
    (tmp_path / "chat.db").symlink_to("large/real.db")
    found = storage.disk(Settings(storage=StorageSettings(file=tmp_path / "chat.db")))
    assert found.text.endswith(f" MB are free in {tmp_path.resolve() / 'large'}.")


def test_a_full_disk_is_a_problem(tmp_path: Path) -> None:
    """Below the reserve, the server refuses messages."""
    stored = StorageSettings(file=tmp_path / "new" / "chat.db")
    assert storage.disk(Settings(storage=replace(stored, reserve=0))).level is Level.GOOD
    assert storage.disk(Settings(storage=replace(stored, reserve=1 << 60))).level is Level.PROBLEM


def test_a_place_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason of the system is shown."""

    def refuse(dir: Path) -> None:  # noqa: A002
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    found = storage.disk(Settings(storage=StorageSettings(file=tmp_path / "chat.db")))
    assert found.level is Level.PROBLEM
    assert "Permission denied" in found.text


@pytest.mark.parametrize("name", ["logs/a/log.txt", "log.txt"])
def test_a_log_that_can_be_written_is_good(tmp_path: Path, name: str) -> None:
    """The server makes the directories that are missing; the check makes nothing."""
    settings = Settings(logging=LoggingSettings(file=tmp_path / name))
    [found] = storage.log_file(settings)
    assert found.level is Level.GOOD
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file/log.txt", "directory"])
def test_a_log_that_cannot_be_written_is_a_problem(tmp_path: Path, name: str) -> None:
    """The chat goes on without it, which nobody should find out after an incident."""
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    settings = Settings(logging=LoggingSettings(file=tmp_path / name))
    [found] = storage.log_file(settings)
    assert found.level is Level.PROBLEM
    assert "[logging] file" in found.advice[0]


def test_no_log_is_no_finding() -> None:
    """Its operator has decided so."""
    assert list(storage.log_file(Settings(logging=LoggingSettings(file=None)))) == []


def test_a_file_that_is_no_database_is_a_problem(tmp_path: Path) -> None:
    """Without one, all is well."""
    file = tmp_path / "chat.db"
    settings = Settings(storage=StorageSettings(file=file))
    assert storage.database(settings).level is Level.GOOD
    file.write_bytes(b"no database " * 100)
    assert storage.database(settings).level is Level.PROBLEM
    assert storage.database(Settings(storage=StorageSettings(file=None))).level is Level.NOTE


def migrated(file: Path) -> apsw.Connection:
    """Return a connection to a new database."""
    connection = apsw.Connection(str(file))
    migrate(connection)
    return connection


class Terminal:
    """A stream with a size."""

    def __init__(self, encoding: str, *, is_terminal: bool) -> None:
        self.encoding = encoding
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._is_terminal

    def fileno(self) -> int:
        """Return a descriptor, which only a fake understands."""
        return -1


@pytest.mark.parametrize(
    ("encoding", "is_terminal", "term", "refuses", "levels", "words"),
    [
        ("utf-8", True, "xterm", False, [Level.GOOD], "80 columns and 24 rows"),
        ("UTF8", True, "dumb", False, [Level.NOTE], "no full screen"),
        ("utf-8", True, "", True, [Level.NOTE], "no full screen"),
        ("utf-8", False, "", False, [Level.NOTE], "no terminal"),
        ("cp866", True, "", False, [Level.NOTE, Level.GOOD], "cp866"),
    ],
)
def test_a_terminal_is_described(
    encoding: str,
    is_terminal: bool,
    term: str,
    refuses: bool,
    levels: list[Level],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By what the client could not show on it."""
    monkeypatch.setattr(os, "get_terminal_size", lambda _number: os.terminal_size((80, 24)))
    console = FakeConsole(refuses=(OUT,) if refuses else ())
    stream = cast("Any", Terminal(encoding, is_terminal=is_terminal))
    found = list(terminal(stream, {"TERM": term}, console))
    assert [one.level for one in found] == levels
    assert words in found[0].text


def test_the_report_counts_problems(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exit code is for scripts; the checks go on behind a wrong configuration."""
    monkeypatch.setattr(network, "firewall", lambda _settings: good("none"))
    monkeypatch.setattr(network, "port", lambda _settings: [good("free")])
    Path("config.ini").write_text("[server]\nport = x\n", "utf-8")
    assert cli.main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "config.ini, line 2" in shown
    assert "PROBLEM  settings:" in shown
    assert "clock:" in shown
    assert "Problems: " in shown
    Path("config.ini").write_text("[server]\nhost = 127.0.0.1\n", "utf-8")
    assert cli.main(["doctor"]) == 0
    assert "There is no problem." in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="Windows finds no such file")
def test_a_database_of_which_the_system_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """As in the home of another user: a server could not use it, so it is a problem."""
    Path("config.ini").write_text(f"[storage]\nfile = {'a' * 300}/chat.db\n", "utf-8")
    assert cli.main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "chat.db: cannot be read: File name too long" in shown
    assert "Errno" not in shown


@pytest.mark.skipif(os.name == "nt", reason="Windows finds no such file")
def test_settings_of_which_the_system_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The other checks still run."""
    assert cli.main(["doctor", "--config", "a" * 300]) == 1
    shown = capsys.readouterr().out
    assert "cannot be read: File name too long" in shown
    assert "clock:" in shown


def test_a_check_that_the_system_refuses_is_a_note(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others still run."""

    def refuse(_settings: Settings) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(network, "firewall", refuse)
    monkeypatch.setattr(network, "port", lambda _settings: [good("free")])
    report.run(None)
    shown = capsys.readouterr().out
    assert "note  firewall: no such device" in shown
    assert "clock:" in shown


def test_a_program_without_the_server_checks_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client as one file has neither ports nor a database."""
    monkeypatch.setitem(__import__("sys").modules, "trio_chat.admin.doctor.network", None)
    monkeypatch.delattr("trio_chat.admin.doctor.network")
    assert report.run(None) == 0
    shown = capsys.readouterr().out
    assert "terminal:" in shown
    assert "port:" not in shown


def test_the_report_is_in_the_language_of_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    """Every subject is translated."""
    cli.main(["doctor", "--lang", "ru"])
    shown = capsys.readouterr().out
    assert "часы:" in shown
    assert "clock" not in shown


def test_the_version_names_the_installation(capsys: pytest.CaptureFixture[str]) -> None:
    """The first line is for scripts."""
    assert cli.main(["--version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("trio-chat ")
    assert "source directory" in second


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    """Such as `head`."""
    code = "from trio_chat import cli; import sys; sys.exit(cli.main(['doctor']))"
    done = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert done.stdout is not None
    done.stdout.close()
    _, errors = done.communicate(timeout=60)
    assert errors == b""


def test_a_database_of_an_older_version_is_noted(tmp_path: Path) -> None:
    """It is converted by the next start, which cannot be undone."""
    file = tmp_path / "chat.db"
    with closing(migrated(file)) as connection:
        connection.pragma("user_version", 5)
    found = storage.database(Settings(storage=StorageSettings(file=file)))
    assert found.level is Level.NOTE
    assert "backup" in "\n".join(found.advice)


def test_a_database_of_another_user_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a start with sudo; the files are named."""
    file = tmp_path / "chat.db"
    migrated(file).close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = storage.database(Settings(storage=StorageSettings(file=file)))
    assert found.level is Level.PROBLEM
    assert "chat.db" in found.text
    assert "chown" in "\n".join(found.advice)


def test_nothing_is_asked_without_a_provider_and_a_directory() -> None:
    """Most servers have neither."""
    assert [*logins.sign_on(Settings()), *logins.directory(Settings())] == []


def test_a_certificate_of_an_authority_of_ones_own_is_a_problem(tmp_path: Path) -> None:
    """The operator reads what is wrong and which key helps; with it the provider is reached."""
    authority, reached = trustme.CA(), b'{"issuer": "another"}'
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_answer_twice, args=(listener, context, reached))
        server.start()
        oidc = OidcSettings(
            issuer=f"https://localhost:{listener.getsockname()[1]}", client_id="chat"
        )
        [found] = logins.sign_on(Settings(oidc=oidc))
        assert found.level is Level.PROBLEM
        assert "certificate is not valid" in found.text
        assert "[oidc] ca_file" in found.text
        [found] = logins.sign_on(Settings(oidc=replace(oidc, ca_file=tmp_path / "ca.pem")))
        assert "[oidc] issuer is not" in found.text
        server.join()


def _answer_twice(listener: socket.socket, context: ssl.SSLContext, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    for _ in range(2):
        plain, _place = listener.accept()
        with suppress(OSError), closing(plain), context.wrap_socket(plain, True) as encrypted:
            encrypted.recv(4096)
            encrypted.sendall(head + body)


def test_a_directory_whose_settings_cannot_be_used_is_a_problem(tmp_path: Path) -> None:
    """The reason is the one that would stop the server."""
    ldap = LdapSettings(url="ldaps://localhost", base="dc=x", ca_file=tmp_path / "none")
    [found] = logins.directory(Settings(ldap=ldap))
    assert found.level is Level.PROBLEM
    assert "[ldap] ca_file" in found.text
    assert found.advice
