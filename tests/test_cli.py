"""The command line: arguments, configuration and exit codes."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from database_fakes import fill
from remembered import record
from trio_chat import __version__, cli
from trio_chat.client.target import ServerAddress, parse
from trio_chat.client.trust import Security
from trio_chat.config import Settings
from trio_chat.i18n import install


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start in an empty directory with an English user who has set nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("LANGUAGE", "en")
    yield
    install("en")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Return a list of the settings that servers are started with; no server is."""
    calls: list[Settings] = []

    def run(settings: Settings, load: object) -> int:
        calls.append(settings)
        return 0

    monkeypatch.setitem(sys.modules, "trio_chat.server.main", SimpleNamespace(run=run))
    return calls


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """Return a list of the options that clients are started with; no client is."""
    calls: list[SimpleNamespace] = []

    def run(options: SimpleNamespace, loaded: object) -> int:
        calls.append(options)
        return 0

    module = SimpleNamespace(run=run)
    monkeypatch.setitem(sys.modules, "trio_chat.client.main", module)
    monkeypatch.setattr("trio_chat.client.options.ConnectOptions", SimpleNamespace)
    return calls


def config(text: str) -> None:
    """Write config.ini into the working directory."""
    Path("config.ini").write_text(text, encoding="utf-8")


def where(options: SimpleNamespace) -> dict[str, object]:
    """Return where a client goes, and as whom."""
    return {
        name: getattr(options, name)
        for name in ("host", "port", "nick", "channel", "password", "security")
    }


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` says name and version."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"trio-chat {__version__}"


def test_no_command_shows_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to do is a wrong usage, with help on standard error."""
    assert cli.main([]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "trio-chat serve" in output.err


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["connect", "--help"]])
def test_help_has_examples(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every help ends with commands to copy."""
    assert cli.main(arguments) == 0
    assert "examples:\n  trio-chat " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--lang", "ru", "--help"], ["connect", "--lang=ru", "-h"]])
def test_help_is_in_the_language_asked_for(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """--lang counts for the help too, before and behind the command."""
    cli.main(arguments)
    assert "примеры" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dance"], "dance"),
        (["serve", "--port", "65536"], "0 to 65535"),
        (["serve", "--port", "many"], "0 to 65535"),
        (["serve", "--host", "300.1.1.1"], "addresses or host names"),
        (["serve", "--host", ""], "addresses or host names"),
        (["serve", "--log-level", "loud"], "debug, info, warning, error"),
        (["serve", "extra"], "usage: trio-chat serve "),
        (["serve", "--cluster", "", "--node", "n1"], "name its log by --cluster"),
        (["serve", "--address", "http://10.0.0.1/"], "name its log by --cluster"),
        (["ban", "list", "extra"], "usage: trio-chat ban list "),
        (["ban", "list", "extra"], "trio-chat ban list: error: unrecognized arguments: extra"),
        (["ban", "list", "--nosuch"], "usage: trio-chat ban list "),
        *(
            (words.split(" "), f"argument {words.split()[-1]}: it is empty")
            for words in (
                "hook add #a --name a --signing ",
                "hook add #a --name a --url ",
                "hook add #a --name a --url https://a/ --nicks ",
                "hook add #a --name a --url https://a/ --words ",
                "invite --revoke ",
            )
        ),
        (["account", "email", "ann", ""], "argument ADDRESS: it is empty"),
        (["--nosuch"], "trio-chat: error: unrecognized arguments: --nosuch"),
        (["connect", "host:0"], "1 to 65535"),
        (["connect", "ircs://host", "--plaintext"], "leave one of them out"),
        (["connect", "--plaintext", "--insecure"], "--plaintext"),
        (["connect", "--fingerprint", "abc"], "64"),
        (["connect", ",".join(["host"] * 17)], "at most 16"),
        (["connect", *["host"] * 17], "at most 16"),
        (["connect", "irc://a/x", "irc://b/y"], "only the first"),
        (["connect", "--nick", "two words"], "a nickname without spaces"),
        (["connect", "--nick", "1st"], "does not begin with a digit"),
        (["connect", "--channel", "a b"], "a channel name"),
        (["connect", "--channel", ""], "a channel name"),
        (["connect", "--lang", "xx"], "en"),
        (["connect", "--lang"], "--lang"),
        (["connect", "--config", "missing.ini"], "missing.ini: there is no such file"),
        (["connect", "--password-file", "missing.txt"], "missing.txt: cannot be read"),
    ],
)
def test_wrong_usage_ends_with_2_and_words(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    served: list[Settings],
    connected: list[SimpleNamespace],
) -> None:
    """A mistake on the command line says what is allowed, and nothing is started."""
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not served
    assert not connected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["account", "add"], ("использование: trio-chat", "ошибка: не хватает аргументов: NAME")),
        (["serve", "--port"], ("ошибка: аргумент --port: нужно одно значение",)),
        (["backup", "a", "b"], ("ошибка: неизвестные аргументы: b",)),
        (["export", "--help"], ("параметры:", "показать эту справку и выйти")),
    ],
)
def test_wrong_usage_is_explained_in_the_language_asked_for(
    arguments: list[str], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The texts of argparse are, too."""
    cli.main(["--lang", "ru", *arguments])
    said = "".join(capsys.readouterr())
    assert [each for each in words if each not in said] == []


@pytest.mark.parametrize("command", ["serve", "connect"])
def test_a_wrong_configuration_ends_with_2_and_one_line(
    command: str,
    capsys: pytest.CaptureFixture[str],
    served: list[Settings],
    connected: list[SimpleNamespace],
) -> None:
    """A mistake in config.ini is one line of error."""
    config("[server]\nport = x\n")
    assert cli.main([command]) == 2
    error = capsys.readouterr().err
    assert error.startswith("trio-chat: config.ini, line 2: [server] port = ")
    assert error.count("\n") == 1
    assert not served
    assert not connected


def test_serve_uses_the_configuration(served: list[Settings]) -> None:
    """Without options config.ini counts."""
    config("[server]\nport = 6000\n")
    assert cli.main(["serve"]) == 0
    assert served[0].server.port == 6000


def test_options_of_serve_win_over_the_configuration(served: list[Settings]) -> None:
    """What is typed counts more than what is in the file; the rest of the file still counts."""
    config("[server]\nport = 6000\nname = a.b\n[logging]\nlevel = error\n")
    cli.main(["serve", "--host", "127.0.0.1,::1", "--port", "0", "--log-level", "DEBUG"])
    settings = served[0]
    assert (settings.server.host, settings.server.port) == (("127.0.0.1", "::1"), 0)
    assert settings.server.name == "a.b"
    assert settings.logging.level == "debug"


def test_a_named_configuration(served: list[Settings], tmp_path: Path) -> None:
    """--config takes another file."""
    other = tmp_path / "other name.ini"
    other.write_text("[server]\nport = 6001\n")
    cli.main(["serve", "--config", str(other)])
    assert served[0].server.port == 6001


def test_the_exit_code_of_a_command_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, served: list[Settings]
) -> None:
    """What the server or client ends with, the program ends with."""
    monkeypatch.setattr(sys.modules["trio_chat.server.main"], "run", lambda settings, load: 1)
    assert cli.main(["serve"]) == 1


def test_connect_without_anything_goes_to_this_machine(connected: list[SimpleNamespace]) -> None:
    """The server of the defaults, as somebody on the same computer reaches it."""
    assert cli.main(["connect"]) == 0
    assert where(connected[0]) == {
        "host": "127.0.0.1",
        "port": 5000,
        "nick": "",
        "channel": "#lobby",
        "password": "",
        "security": Security(),
    }


def test_connect_uses_the_configuration(connected: list[SimpleNamespace]) -> None:
    """The client finds its server, name, channel and password in config.ini."""
    config(
        "[server]\nhost = ::\nport = 6000\npassword = open\n[client]\nnick = anna\nchannel = tea\n"
    )
    cli.main(["connect"])
    expected = {
        "host": "::1",
        "port": 6000,
        "nick": "anna",
        "channel": "#tea",
        "password": "open",
        "security": Security(),
    }
    assert where(connected[0]) == expected


def test_options_of_connect_win_over_the_configuration(connected: list[SimpleNamespace]) -> None:
    """What is typed counts more than what is in the file."""
    config("[client]\nnick = anna\nchannel = tea\n")
    cli.main(["connect", "192.0.2.7:7000", "--nick", "боб", "--channel", "кофе"])
    expected = {
        "host": "192.0.2.7",
        "port": 7000,
        "nick": "боб",
        "channel": "#кофе",
        "password": "",
        "security": Security(),
    }
    assert where(connected[0]) == expected


PROFILES = (
    "[profile work]\nhost = chat.example.org\nstart = no\n[profile home]\nhost ="
    " 192.0.2.7\nchannels = a, #b\n"
)


@pytest.mark.parametrize(
    ("arguments", "names"), [([], ["home"]), (["work"], ["work"]), (["192.0.2.9"], [])]
)
def test_profiles(connected: list[SimpleNamespace], arguments: list[str], names: list[str]) -> None:
    """Without a target those that start by themselves are joined; a name means that profile, an
    address none.
    """
    config(PROFILES)
    assert cli.main(["connect", *arguments]) == 0
    assert [profile.name for profile in connected[0].profiles] == names
    assert [profile.name for profile in connected[0].known] == ["work", "home"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.example,b.example:5001,[::1]:7000"],
        ["a.example", "b.example:5001", "[::1]:7000"],
        ["--nick", "anna", "a.example,b.example:5001", "[::1]:7000"],
    ],
)
def test_a_network_has_several_addresses(
    connected: list[SimpleNamespace], arguments: list[str]
) -> None:
    """Separated by commas or spaces: PowerShell makes spaces of commas."""
    config("[server]\npassword = secret\nport = 6000\n")
    assert cli.main(["connect", *arguments]) == 0
    options = connected[0]
    assert (options.host, options.port) == ("a.example", 6000)
    assert options.others == (("b.example", 5001), ("::1", 7000))
    assert options.password == ""


def test_the_password_is_for_the_configured_server_alone(
    connected: list[SimpleNamespace],
) -> None:
    """Another address beside it may be anywhere."""
    config("[server]\npassword = secret\n")
    cli.main(["connect", "127.0.0.1:5000"])
    cli.main(["connect", "127.0.0.1:5000,192.0.2.7"])
    assert [options.password for options in connected] == ["secret", ""]


def test_the_own_configuration_counts_where_there_is_no_other(
    connected: list[SimpleNamespace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without config.ini here, the user's own file is read, and it is a first run when there is
    none either.
    """
    monkeypatch.setattr("trio_chat.client.paths.config_file", lambda: tmp_path / "own.ini")
    cli.main(["connect"])
    (tmp_path / "own.ini").write_text("[client]\nnick = anna\n")
    cli.main(["connect"])
    config("[client]\nnick = boris\n")
    cli.main(["connect"])
    assert [(options.nick, options.is_first_run) for options in connected] == [
        ("", True),
        ("anna", False),
        ("boris", False),
    ]


@pytest.mark.parametrize("arguments", [["192.0.2.7"], ["--nick", "anna"]])
def test_who_says_something_needs_no_assistant(
    connected: list[SimpleNamespace],
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server or a nickname on the command line skips the wizard."""
    monkeypatch.setattr("trio_chat.client.paths.config_file", lambda: tmp_path / "own.ini")
    cli.main(["connect", *arguments])
    assert not connected[0].is_first_run


@pytest.mark.parametrize(
    ("arguments", "security"),
    [
        (["ircs://host"], Security(required=True)),
        (["host", "--plaintext"], Security(plaintext=True)),
        (["host", "--insecure"], Security(insecure=True)),
        (["host", "--fingerprint", ":".join(["AB"] * 32)], Security(fingerprint="ab" * 32)),
    ],
)
def test_how_a_connection_is_to_be_encrypted(
    connected: list[SimpleNamespace], arguments: list[str], security: Security
) -> None:
    """What weakens it must be asked for by name."""
    cli.main(["connect", *arguments])
    assert connected[0].security == security


def test_a_host_without_a_port_gets_the_one_of_the_configuration(
    connected: list[SimpleNamespace],
) -> None:
    """A copied config.ini is enough to find the server on another machine."""
    config("[server]\nport = 6000\n")
    cli.main(["connect", "192.0.2.7"])
    assert (connected[0].host, connected[0].port) == ("192.0.2.7", 6000)


def test_the_channel_of_an_address_counts_more_than_the_configuration(
    connected: list[SimpleNamespace],
) -> None:
    """irc://host/channel asks for that channel."""
    config("[client]\nchannel = tea\n")
    cli.main(["connect", "irc://192.0.2.7/python"])
    assert (connected[0].port, connected[0].channel) == (6667, "#python")


def test_the_password_of_the_configuration_is_for_its_own_server_only(
    connected: list[SimpleNamespace],
) -> None:
    """No other server gets to know it."""
    config("[server]\npassword = open\n")
    cli.main(["connect", "192.0.2.7"])
    cli.main(["connect", "127.0.0.1:5000"])
    assert [options.password for options in connected] == ["", "open"]


def test_port_0_is_nowhere_to_connect_to(
    connected: list[SimpleNamespace], capsys: pytest.CaptureFixture[str]
) -> None:
    """A server on any free port must be named."""
    config("[server]\nport = 0\n")
    assert cli.main(["connect"]) == 2
    assert "127.0.0.1:5000" in capsys.readouterr().err
    assert cli.main(["connect", "localhost:7000"]) == 0


@pytest.mark.parametrize(
    "data",
    [b"s3cret", b"s3cret\n", b"s3cret\r\nmore\n", b"\xef\xbb\xbfs3cret\n"],
    ids=["bare", "lf", "crlf", "bom"],
)
def test_the_password_is_the_first_line(
    data: bytes, connected: list[SimpleNamespace], tmp_path: Path
) -> None:
    """Line ends and a byte order mark are no part of a password."""
    (tmp_path / "password").write_bytes(data)
    assert cli.main(["connect", "--password-file", "password"]) == 0
    assert connected[0].password == "s3cret"


@pytest.mark.parametrize("data", [b"", b"\nsecond\n", b"\xff\xfe", b"bell\x07\n", b"x" * 5000])
def test_what_is_no_password(
    data: bytes,
    connected: list[SimpleNamespace],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An unusable password file is named, and its content is not shown."""
    (tmp_path / "password").write_bytes(data)
    assert cli.main(["connect", "--password-file", "password"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("trio-chat: password: ")
    assert "bell" not in error
    assert not connected


def test_the_language_of_the_configuration_counts(
    connected: list[SimpleNamespace], capsys: pytest.CaptureFixture[str]
) -> None:
    """[client] language is used when --lang is not."""
    config("[client]\nlanguage = ru\n[server]\nport = 0\n")
    cli.main(["connect"])
    assert "порт" in capsys.readouterr().err


def test_ctrl_c_is_no_traceback(
    served: list[Settings], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C anywhere ends the program quietly."""

    def interrupt(settings: object, load: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["trio_chat.server.main"], "run", interrupt)
    assert cli.main(["serve"]) == 130
    assert capsys.readouterr().err == ""


def test_ctrl_c_during_the_imports_is_no_traceback() -> None:
    """The program is imported only when its errors are caught."""
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_IMPORT], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, b"")


_INTERRUPTED_IMPORT = """
import sys
from importlib.abc import MetaPathFinder

class Interrupt(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "argparse":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from trio_chat.cli import main
sys.exit(main(["--version"]))
"""


def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Started without its dependencies, the program says so."""
    module = SimpleNamespace(run=lambda settings, load: __import__("a_package_that_is_missing"))
    monkeypatch.setitem(sys.modules, "trio_chat.server.main", module)
    assert cli.main(["serve"]) == 1
    assert "a_package_that_is_missing" in capsys.readouterr().err


def test_a_missing_part_of_the_program_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing module of the program itself is not reported as a missing package."""
    monkeypatch.setitem(sys.modules, "trio_chat.server.main", None)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["serve"])


def test_output_survives_a_poor_character_set() -> None:
    """A terminal that cannot show a letter does not end the program."""
    environment = {"PYTHONIOENCODING": "ascii", "LANGUAGE": "ru"}
    done = subprocess.run(
        [sys.executable, "-m", "trio_chat", "--help"],
        env=_with(environment),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes the streams")
@pytest.mark.parametrize(
    "redirection",
    ["operator hash <&-", "operator hash --stdin <&-", "doctor >&-", "doctor <&- >&-"],
)
def test_closed_streams_are_no_defect(redirection: str) -> None:
    """A standard stream that was closed before the start reads and writes nothing."""
    config("[server]\nhost = 127.0.0.1\nport = 0\n")
    done = subprocess.run(
        f'exec "{sys.executable}" -m trio_chat {redirection}',
        shell=True,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has other pipes")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_is_gone_is_no_traceback(unbuffered: str) -> None:
    """A reader such as `head` that has enough ends the program quietly, with exit code 1."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "trio_chat", "licenses"],
        env=_with({"PYTHONUNBUFFERED": unbuffered}),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_one_line(unbuffered: str) -> None:
    """A full disk is reported in one line, whether output is written at once or at the end."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "trio_chat", "--version"],
            env=_with({"PYTHONUNBUFFERED": unbuffered}),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "trio-chat: the output cannot be written: No space left on device\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_messages_that_cannot_be_written_do_not_end_the_work() -> None:
    """A backup, for example, is made although the log of its messages is on a full disk."""
    fill(record(1))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "trio_chat", "history", "export"],
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (ImportError(f"x.so: {os.strerror(errno.EMFILE)}"), "ulimit -n"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "/x: No space left on device"),
        (ExceptionGroup("", [OSError(errno.EMFILE, "")]), "ulimit -n"),
    ],
    ids=["files", "files for a module", "space", "in a nursery"],
)
def test_a_shortage_of_the_system_is_one_line(
    served: list[Settings],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    words: str,
) -> None:
    """It is no defect, and the user can do something about it."""

    def fail(settings: object, load: object) -> int:
        raise error

    monkeypatch.setattr(sys.modules["trio_chat.server.main"], "run", fail)
    assert cli.main(["serve"]) == 1
    shown = capsys.readouterr().err
    assert words in shown
    assert shown.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a directory in use stays there")
def test_a_directory_that_is_gone_is_one_line(
    tmp_path: Path, served: list[Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the configuration nor the database can be found from there."""
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert cli.main(["serve"]) == 1
    assert "working directory" in capsys.readouterr().err
    assert served == []


@pytest.mark.skipif(sys.platform == "win32", reason="arguments are text there")
@pytest.mark.parametrize("words", [["ban", "add", "ann\udcff"], ["uploads", "remove", "a\udcff"]])
def test_an_argument_that_is_not_utf_8_is_no_damage(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The database cannot have it, which says nothing about the database."""
    fill(record(1))
    assert cli.main(words) == 2
    shown = capsys.readouterr().err
    assert "is not UTF-8" in shown
    assert "damaged" not in shown


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_the_name_of_a_file_need_not_be_utf_8(tmp_path: Path) -> None:
    """To the system it is bytes."""
    fill(record(1))
    assert cli.main(["history", "export", "--output", "a\udcff"]) == 0
    assert (tmp_path / "a\udcff").exists()


@pytest.mark.parametrize("number", ["", "x", "0", "-1", "1.5", "9" * 30])
def test_a_report_has_a_whole_number(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is refused before the database is opened."""
    assert cli.main(["report", "show", "--", number]) == 2
    assert "is not a whole number from 1 to" in capsys.readouterr().err


def test_another_error_is_a_defect(served: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for a shortage because one came with it."""
    both = ExceptionGroup("", [OSError(errno.EMFILE, ""), ValueError()])

    def fail(settings: object, load: object) -> int:
        raise both

    monkeypatch.setattr(sys.modules["trio_chat.server.main"], "run", fail)
    with pytest.RaisesGroup(OSError, ValueError):
        cli.main(["serve"])


def _with(variables: dict[str, str]) -> dict[str, str]:
    return os.environ | variables


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch, connected: list[SimpleNamespace]) -> int:
    """Have input and output be a terminal that can be drawn on, and a port on which nothing runs;
    return the port.
    """
    monkeypatch.setattr("trio_chat.client.loading.is_terminal", lambda _descriptor: True)
    monkeypatch.setattr("trio_chat.client.loading.can_draw", lambda: True)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = int(unused.getsockname()[1])
    config(f"[server]\nport = {port}\npassword = secret\n")
    return port


def test_a_search_begins_where_no_server_runs(
    at_terminal: int, connected: list[SimpleNamespace]
) -> None:
    """The full-screen client asks; the password of config.ini is not for the server it finds."""
    cli.main(["connect"])
    assert connected[0].searches
    assert connected[0].password == ""


def test_a_server_that_runs_here_is_joined_at_once(
    at_terminal: int, connected: list[SimpleNamespace]
) -> None:
    """Nothing is asked, and nothing is searched."""
    with socket.create_server(("127.0.0.1", at_terminal)):
        cli.main(["connect"])
    assert not connected[0].searches
    assert connected[0].password == "secret"


@pytest.mark.parametrize("arguments", [["192.0.2.7"], ["home"]])
def test_what_is_named_is_not_searched(
    at_terminal: int, connected: list[SimpleNamespace], arguments: list[str]
) -> None:
    """An address and a profile say where to connect."""
    config(PROFILES)
    cli.main(["connect", *arguments])
    assert not connected[0].searches


def test_a_configured_server_elsewhere_is_not_searched(
    at_terminal: int, connected: list[SimpleNamespace]
) -> None:
    """It is the one that the user wants, whether it runs or not."""
    config("[server]\nhost = chat.example.org\n")
    cli.main(["connect"])
    assert not connected[0].searches
    assert connected[0].host == "chat.example.org"


def test_in_a_pipe_nothing_is_searched(
    at_terminal: int, connected: list[SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script gets the same server each time, or an error."""
    monkeypatch.setattr("trio_chat.client.loading.is_terminal", lambda descriptor: descriptor == 1)
    cli.main(["connect"])
    assert not connected[0].searches


@pytest.mark.parametrize(
    ("chosen", "places"),
    [
        (ServerAddress("192.168.1.8", 5001, "#tea"), [("192.168.1.8", 5001, "#tea")]),
        (ServerAddress("chat.example.org", None), [("chat.example.org", 5000, "#lobby")]),
        (None, []),
    ],
)
def test_the_line_client_asks_before_it_starts(
    at_terminal: int,
    connected: list[SimpleNamespace],
    monkeypatch: pytest.MonkeyPatch,
    chosen: ServerAddress | None,
    places: list[tuple[str, int, str]],
) -> None:
    """It joins the chosen server; without a choice the program ends."""
    monkeypatch.setattr("trio_chat.client.discovery.plain.ask", lambda: chosen)
    assert cli.main(["connect", "--plain"]) == 0
    assert [(each.host, each.port, each.channel) for each in connected] == places
    assert [each.password for each in connected] == [""] * len(places)


def test_the_line_client_takes_several_addresses_for_an_answer(
    at_terminal: int, connected: list[SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the command line."""
    chosen = parse("a.example,b.example:5001")
    monkeypatch.setattr("trio_chat.client.discovery.plain.ask", lambda: chosen)
    cli.main(["connect", "--plain"])
    assert connected[0].others == (("b.example", 5001),)


def test_find_takes_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong number is named."""
    for text in ("0", "-1", "nan", "601", "x"):
        assert cli.main(["find", "--seconds", text]) == 2
        assert text in capsys.readouterr().err
