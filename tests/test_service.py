"""`trio-chat service`: what each system is told, and what happens when it refuses."""

import plistlib
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from trio_chat import cli
from trio_chat.admin import service as services
from trio_chat.admin.service import Service, install, remove, run_command, service_of

PROGRAM = ["/opt/Чат 100%/python", "-m", "trio_chat"]


def made(platform: str, tmp_path: Path) -> Service:
    """Return the service of a system."""
    return service_of(platform, tmp_path, tmp_path / "a b.ini", tmp_path / "100%", PROGRAM)


def test_systemd_gets_a_unit_of_the_user(tmp_path: Path) -> None:
    """Spaces and per cent signs keep their meaning."""
    service = made("linux", tmp_path)
    assert service.file == tmp_path / ".config/systemd/user/trio-chat.service"
    assert 'ExecStart="/opt/Чат 100%%/python" "-m" "trio_chat" "serve" "--no-qr"' in service.text
    assert f'"--config" "{tmp_path / "a b.ini"}"\n' in service.text
    assert f"WorkingDirectory={tmp_path}/100%%\n" in service.text
    assert service.install[-1] == ("systemctl", "--user", "enable", "--now", "trio-chat")


def test_launchd_gets_a_list_of_properties(tmp_path: Path) -> None:
    """It restarts a server that has failed, not one that was stopped."""
    values = plistlib.loads(made("darwin", tmp_path).text.encode())
    assert values["ProgramArguments"][:4] == [*PROGRAM, "serve"]
    assert values["WorkingDirectory"] == str(tmp_path / "100%")
    assert values["KeepAlive"] == {"SuccessfulExit": False}


def test_the_task_scheduler_gets_one_quoted_command(tmp_path: Path) -> None:
    """A path with a space is one word of it."""
    [task, _run] = made("win32", tmp_path).install
    assert task[:6] == ("schtasks", "/Create", "/F", "/SC", "ONLOGON", "/TN")
    assert task[-1].startswith('"/opt/Чат 100%/python" -m trio_chat serve --no-qr --config "')


def test_a_service_is_installed_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its file appears and goes."""
    service, done = made("linux", tmp_path), list[Sequence[str]]()

    def run(command: Sequence[str]) -> str:
        done.append(command)
        return ""

    assert install(None, run, service) == 0
    assert service.file is not None
    assert service.file.read_text("utf-8") == service.text
    assert remove(run, service) == 0
    assert not service.file.exists()
    assert done == [*service.install, *service.remove]
    assert remove(run, service) == 1
    assert "no service" in capsys.readouterr().err


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_a_system_that_refuses_is_quoted(
    platform: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its words say what is missing."""
    service = made(platform, tmp_path)
    assert install(None, lambda _command: "Access is denied.", service) == 1
    assert "Access is denied." in capsys.readouterr().err


def test_a_task_that_does_not_run_is_removed_all_the_same(tmp_path: Path) -> None:
    """Ending it fails then; when deleting it fails too, that is an error."""
    service = made("win32", tmp_path)
    assert remove(lambda command: "not running" if "/End" in command else "", service) == 0
    assert remove(lambda _command: "no such task", service) == 1


def test_a_missing_program_is_named() -> None:
    """A Linux without systemd has no systemctl."""
    assert "trio-chat-no-such-program" in run_command(["trio-chat-no-such-program"])
    assert run_command([sys.executable, "-c", ""]) == ""
    assert "why" in run_command([sys.executable, "-c", "import sys; sys.exit('why')"])


def test_a_wrong_configuration_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would fail at the next log-in, where nobody sees it."""
    monkeypatch.chdir(tmp_path)
    Path("config.ini").write_text("[server]\nport = x\n", "utf-8")
    monkeypatch.setattr(services, "install", lambda _config: pytest.fail("it is installed"))
    assert cli.main(["service", "install"]) == 2
    assert "config.ini, line 2" in capsys.readouterr().err
