"""`trio-chat service`: what each system is told, and what happens when it refuses."""

import plistlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from trio_chat import cli, installation
from trio_chat.admin import health
from trio_chat.admin import service as services
from trio_chat.admin.doctor import network
from trio_chat.admin.doctor.findings import problem
from trio_chat.admin.service import install, own_command, remove, run_command
from trio_chat.admin.service_files import OPEN, Place, Service, service_of, startup_of
from trio_chat.config import Settings

PROGRAM = ["/opt/Чат 100% $x/python", "-P", "-m", "trio_chat", "serve", "--config", "a & <b>.ini"]
SCHEMA = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


class FakeSystem:
    """A system with services: a server runs from its first start on.

    Args:
        refusals: why commands fail, by one of their words.
    """

    def __init__(self, refusals: dict[str, str] | None = None) -> None:
        self.done = list[Sequence[str]]()
        self.refusals = refusals or {}
        self.is_running = False

    def run(self, command: Sequence[str]) -> str:
        """Run a command; return why it fails."""
        self.done.append(command)
        for word, why in self.refusals.items():
            if word in command:
                return why
        if {"enable", "bootstrap", "/Run", OPEN} & set(command):
            self.is_running = True
        if {"stop", "bootout", "/End"} & set(command):
            self.is_running = False
        return ""


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeSystem]:
    """Makes a system on which a program that stays is installed, and whose ports are free."""
    monkeypatch.setattr(installation, "is_temporary", lambda: False)
    monkeypatch.setattr(services, "_START", 0.0)
    monkeypatch.setattr(network, "port", lambda _settings: iter(()))

    def made(refusals: dict[str, str] | None = None) -> FakeSystem:
        fake = FakeSystem(refusals)
        monkeypatch.setattr(health, "answers", lambda _settings, _timeout: fake.is_running)
        return fake

    return made


def made(platform: str, tmp_path: Path) -> Service:
    """Return the service of a system."""
    return service_of(platform, Place(tmp_path / "100%", PROGRAM, tmp_path, "501"))


def test_systemd_gets_a_unit_of_the_user(tmp_path: Path) -> None:
    """Spaces, per cent and dollar signs keep their meaning; no variable is looked for in the
    program itself.
    """
    service = made("linux", tmp_path)
    text = service.data.decode()
    assert service.file == tmp_path / ".config/systemd/user/trio-chat.service"
    assert 'ExecStart="/opt/Чат 100%% $x/python" "-P" "-m" "trio_chat" "serve"' in text
    assert f"WorkingDirectory={tmp_path}/100%%\n" in text
    assert service.install[-1] == ("systemctl", "--user", "enable", "--now", "trio-chat")


def test_systemd_gets_dollar_signs_of_arguments_doubled(tmp_path: Path) -> None:
    """Otherwise they would be variables."""
    place = Place(tmp_path, ["/p", "$HOME", 'a"b\\c'], tmp_path, "501")
    text = service_of("linux", place).data.decode()
    assert 'ExecStart="/p" "$$HOME" "a\\"b\\\\c"\n' in text


def test_systemd_gets_a_program_with_quotes_as_an_argument(tmp_path: Path) -> None:
    """It accepts none in the name of the program itself."""
    text = service_of("linux", Place(tmp_path, ["/o'neil/p", "x"], tmp_path, "501")).data.decode()
    assert 'ExecStart="/usr/bin/env" "/o\'neil/p" "x"\n' in text


def test_launchd_gets_a_list_of_properties(tmp_path: Path) -> None:
    """It restarts a server that has failed, not one that was stopped."""
    service = made("darwin", tmp_path)
    values = plistlib.loads(service.data)
    assert values["ProgramArguments"] == PROGRAM
    assert values["WorkingDirectory"] == str(tmp_path / "100%")
    assert values["KeepAlive"] == {"SuccessfulExit": False}
    assert service.install[-1] == ("launchctl", "bootstrap", "gui/501", str(service.file))


def task_of(service: Service) -> dict[str, str]:
    """Return the texts of a task of Windows by the names of their elements."""
    root = ET.fromstring(service.data)
    return {each.tag.removeprefix(SCHEMA): (each.text or "").strip() for each in root.iter()}


def test_the_task_scheduler_gets_a_task_of_the_user(tmp_path: Path) -> None:
    """For anybody's log-in, it would ask for an administrator."""
    service = made("win32", tmp_path)
    task = task_of(service)
    root = ET.fromstring(service.data)
    users = [each.text for each in root.iter(f"{SCHEMA}UserId")]
    assert users == ["501", "501"]
    assert (task["LogonType"], task["RunLevel"]) == ("InteractiveToken", "LeastPrivilege")
    assert service.data.startswith(b"\xff\xfe")
    assert service.install[0][-2:] == ("/XML", str(service.file))


def test_a_task_goes_on_for_more_than_three_days_and_on_batteries(tmp_path: Path) -> None:
    """The defaults of Windows would end it."""
    task = task_of(made("win32", tmp_path))
    assert task["ExecutionTimeLimit"] == "PT0S"
    assert task["DisallowStartIfOnBatteries"] == task["StopIfGoingOnBatteries"] == "false"


def test_a_task_has_the_program_and_its_directory(tmp_path: Path) -> None:
    """Signs of XML and of the command line keep their meaning."""
    task = task_of(made("win32", tmp_path))
    assert task["Command"] == PROGRAM[0]
    assert task["Arguments"] == '-P -m trio_chat serve --config "a & <b>.ini"'
    assert task["WorkingDirectory"] == str(tmp_path / "100%")


def test_the_startup_folder_gets_a_batch_file(tmp_path: Path) -> None:
    """It changes to the directory; a per cent sign is doubled there."""
    service = startup_of(Place(Path("C:/a & b 100%"), PROGRAM, tmp_path, "501"))
    lines = service.data.decode().split("\r\n")
    assert lines[1] == "chcp 65001 >nul"
    assert '"C:/a & b 100%%"' in lines[2].replace("\\", "/")
    assert lines[3].startswith('start "trio-chat" /min "/opt/Чат 100%% $x/python" "-P"')


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_service_is_installed_and_removed(
    platform: str,
    tmp_path: Path,
    system: Callable[..., FakeSystem],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its file appears and goes."""
    service, fake = made(platform, tmp_path), system()
    assert install(None, Settings(), fake.run, [service]) == 0
    assert service.file.read_bytes() == service.data
    assert remove(fake.run, [service]) == 0
    assert not service.file.exists()
    assert fake.done == [*service.install, *service.remove]
    assert remove(fake.run, [service]) == 1
    assert "no service" in capsys.readouterr().err


def test_a_second_installation_stops_the_first_server(
    tmp_path: Path, system: Callable[..., FakeSystem]
) -> None:
    """It starts with the new settings."""
    service, fake = made("linux", tmp_path), system()
    for _ in range(2):
        assert install(None, Settings(), fake.run, [service]) == 0
    assert fake.done == [*service.install, *service.stop, *service.install]


def test_a_server_that_runs_by_hand_has_to_be_stopped(
    tmp_path: Path,
    system: Callable[..., FakeSystem],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The service could not listen, and would be started again and again."""
    service, fake = made("linux", tmp_path), system()
    fake.is_running = True
    monkeypatch.setattr(time, "monotonic", iter(range(0, 1000, 10)).__next__)
    assert install(None, Settings(), fake.run, [service]) == 1
    assert "answers already on port 5000" in capsys.readouterr().err
    assert not service.file.exists()
    assert not fake.done


def test_a_port_of_another_program_is_reported(
    tmp_path: Path,
    system: Callable[..., FakeSystem],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is installed."""
    service, fake = made("linux", tmp_path), system()
    monkeypatch.setattr(network, "port", lambda _settings: iter([problem("It is taken.")]))
    assert install(None, Settings(), fake.run, [service]) == 1
    assert "It is taken." in capsys.readouterr().err
    assert not service.file.exists()


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_system_that_refuses_is_quoted(
    platform: str,
    tmp_path: Path,
    system: Callable[..., FakeSystem],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its words say what is missing; nothing is left that would start the server later."""
    service, fake = made(platform, tmp_path), system({"enable": "Access is denied."})
    assert install(None, Settings(), fake.run, [service]) == 1
    assert "Access is denied." in capsys.readouterr().err
    assert not service.file.exists()


def test_a_forbidden_task_scheduler_is_replaced_by_the_startup_folder(
    tmp_path: Path, system: Callable[..., FakeSystem]
) -> None:
    """An administrator of a school may have forbidden it."""
    place = Place(tmp_path, PROGRAM, tmp_path, "501")
    task, folder = service_of("win32", place), startup_of(place)
    fake = system({"/Create": "Access is denied."})
    assert install(None, Settings(), fake.run, [task, folder]) == 0
    assert not task.file.exists()
    assert folder.file.exists()
    assert remove(fake.run, [task, folder]) == 0
    assert not folder.file.exists()


def test_a_server_that_does_not_start_is_reported(
    tmp_path: Path,
    system: Callable[..., FakeSystem],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the place of its log."""
    service, fake = made("linux", tmp_path), system()
    monkeypatch.setattr(health, "answers", lambda _settings, _timeout: False)
    assert install(None, Settings(), fake.run, [service]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_service_that_the_system_has_forgotten_is_removed(
    tmp_path: Path, system: Callable[..., FakeSystem]
) -> None:
    """Its file would be in the way of the next installation."""
    service, fake = made("win32", tmp_path), system()
    assert install(None, Settings(), fake.run, [service]) == 0
    fake.refusals = {"schtasks": "no such task"}
    assert remove(fake.run, [service]) == 0
    assert not service.file.exists()


@pytest.mark.parametrize(
    "prefix",
    [
        "/home/ann/.cache/uv/archive-v0/abc",
        "/home/ann/.cache/uv/environments-v2/abc",
        "/home/ann/.cache/pipx/0a1b",
        "/home/ann/.local/pipx/.cache/0a1b",
    ],
)
def test_a_temporary_program_is_refused(
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It would be gone at the next log-in."""
    monkeypatch.setattr(installation, "_marked", lambda: "")
    monkeypatch.setattr(installation, "__file__", f"{prefix}/lib/trio_chat/installation.py")
    monkeypatch.setattr(sys, "prefix", prefix)
    fake = FakeSystem()
    assert install(None, Settings(), fake.run, [made("linux", tmp_path)]) == 1
    assert "temporary directory" in capsys.readouterr().err
    assert not fake.done


@pytest.mark.skipif(sys.platform == "win32", reason="names are text there")
def test_a_directory_that_no_service_can_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files of services are UTF-8."""
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path / "a\udcff")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(installation, "is_temporary", lambda: False)
    fake = FakeSystem()
    assert install(None, Settings(), fake.run) == 1
    assert "UTF-8" in capsys.readouterr().err
    assert not fake.done


@pytest.mark.parametrize(
    "prefix",
    [
        "/home/ann/.local/share/uv/tools/trio-chat",
        "/home/ann/.local/share/pipx/venvs/trio-chat",
        "/home/ann/venv",
    ],
)
def test_a_program_that_stays_is_named(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the Python of its environment; a configuration has its whole path."""
    monkeypatch.setattr(installation, "_marked", lambda: "")
    monkeypatch.setattr(installation, "__file__", f"{prefix}/lib/trio_chat/installation.py")
    monkeypatch.setattr(sys, "prefix", prefix)
    assert not installation.is_temporary()
    command = own_command(Path("x.ini"))
    assert command[:5] == [sys.executable, "-P", "-m", "trio_chat", "serve"]
    assert command[-2:] == ["--config", str(Path("x.ini").absolute())]


def test_a_checkout_is_started_by_its_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package cannot be found otherwise where the path is not ASCII."""
    root = Path(services.__file__).parents[3]
    monkeypatch.setattr(installation, "kind", lambda: "checkout")
    monkeypatch.setattr(sys, "prefix", str(root / ".venv"))
    launcher = Path(own_command(None)[1])
    assert launcher.name == "run.py"
    assert launcher.exists()


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
    monkeypatch.setattr(services, "install", lambda *_: pytest.fail("it is installed"))
    assert cli.main(["service", "install"]) == 2
    assert "config.ini, line 2" in capsys.readouterr().err
