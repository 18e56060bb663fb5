"""Paths of the client's files: those of the platform, and those of earlier versions."""

import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from platformdirs import macos, unix, windows

from trio_chat.client import paths

FILES = {
    "client.json": paths.state_file,
    "client.ini": paths.config_file,
    "known_servers": paths.known_servers_file,
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home of a user without any variable that names a directory."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.fixture
def linux(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home on Linux."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platformdirs, "PlatformDirs", unix.Unix)
    return home


@pytest.fixture
def mac(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home on macOS."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platformdirs, "PlatformDirs", macos.MacOS)
    return home


@pytest.fixture
def windows_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home on Windows, whose folders were moved to another drive."""
    folders = {"CSIDL_APPDATA": home / "D" / "Roaming", "CSIDL_LOCAL_APPDATA": home / "D" / "Local"}
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(platformdirs, "PlatformDirs", windows.Windows)
    monkeypatch.setattr(windows, "get_win_folder", lambda name: str(folders[name]))
    return home


def written(path: Path) -> Path:
    """Write a file of an earlier version, and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", "utf-8")
    return path


def test_linux_follows_the_xdg_defaults(linux: Path) -> None:
    """State and configuration have directories of their own (XDG Base Directory)."""
    assert paths.state_file() == linux / ".local/state/trio-chat/client.json"
    assert paths.config_file() == linux / ".config/trio-chat/client.ini"
    assert paths.known_servers_file() == linux / ".config/trio-chat/known_servers"


def test_linux_follows_the_xdg_variables(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An absolute variable names another directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(linux / "s"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(linux / "c"))
    assert paths.state_file() == linux / "s/trio-chat/client.json"
    assert paths.config_file() == linux / "c/trio-chat/client.ini"
    assert paths.known_servers_file() == linux / "c/trio-chat/known_servers"


@pytest.mark.parametrize("name", FILES)
def test_macos_keeps_everything_in_the_application_support(mac: Path, name: str) -> None:
    """One directory holds all three files."""
    assert FILES[name]() == mac / "Library/Application Support/trio-chat" / name


def test_windows_keeps_the_state_local_and_lets_the_configuration_roam(windows_home: Path) -> None:
    """The folders are those that Windows names, also where no variable names them."""
    assert paths.state_file() == windows_home / "D/Local/trio-chat/client.json"
    assert paths.config_file() == windows_home / "D/Roaming/trio-chat/client.ini"
    assert paths.known_servers_file() == windows_home / "D/Roaming/trio-chat/known_servers"


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("client.json", "AppData/Local"),
        ("client.ini", "AppData/Roaming"),
        ("known_servers", "AppData/Roaming"),
    ],
)
def test_files_of_earlier_versions_stay_in_use_on_windows(
    windows_home: Path, name: str, old: str
) -> None:
    """An earlier version looked below the home where no variable was set."""
    earlier = written(windows_home / old / "trio-chat" / name)
    assert FILES[name]() == earlier


@pytest.mark.parametrize("name", FILES)
def test_files_of_earlier_versions_stay_in_use_on_macos(
    mac: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An earlier version ignored the XDG variables on macOS."""
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(mac / "xdg"))
    earlier = written(mac / "Library/Application Support/trio-chat" / name)
    assert FILES[name]() == earlier


@pytest.mark.parametrize("name", FILES)
def test_files_of_earlier_versions_stay_in_use_on_linux(
    linux: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An earlier version followed relative XDG variables too."""
    monkeypatch.chdir(linux)
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, "relative")
    written(linux / "relative/trio-chat" / name)
    assert FILES[name]().resolve() == linux / "relative/trio-chat" / name


@pytest.mark.parametrize("name", FILES)
def test_the_file_of_the_platform_precedes_an_earlier_one(
    mac: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Where both files exist, the one in the platform's place is used."""
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(mac / "xdg"))
    written(mac / "Library/Application Support/trio-chat" / name)
    current = written(platformdirs.PlatformDirs("trio-chat").user_config_path / name)
    assert FILES[name]() == current


def test_a_user_without_a_home_trusts_no_file_of_the_working_directory(
    linux: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known servers need a home; state and configuration fall back to the working directory."""

    def no_home() -> Path:
        raise RuntimeError

    def no_directory(*_args: object, **_options: object) -> object:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(platformdirs, "PlatformDirs", no_directory)
    assert paths.state_file() == Path(".local/state/trio-chat/client.json")
    assert paths.config_file() == Path(".config/trio-chat/client.ini")
    with pytest.raises(RuntimeError):
        paths.known_servers_file()


def test_platformdirs_is_imported_for_the_first_path() -> None:
    """Importing the module costs nothing that `--version` would have to pay."""
    code = "import sys, trio_chat.client.paths; sys.exit('platformdirs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
