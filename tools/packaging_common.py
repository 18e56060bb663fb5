"""What the builders of packages share: places, times, environments of Python, archives, icons."""

import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "packaging"
DIST = ROOT / "dist"
WORK = ROOT / "build" / "package"
LOCKED = ROOT / "constraints" / "locked.txt"
EXTRAS = "[metrics,proxy,keyring]"
SUMS = "SHA256SUMS"
_ICON = ROOT / "src" / "trio_chat" / "web" / "icon-192.png"
_ICON_SIZE = 192


class PackageError(Exception):
    """A package cannot be built; the text says what to do."""


def version() -> str:
    """Return the version of the project."""
    text = (ROOT / "src" / "trio_chat" / "__init__.py").read_text("utf-8")
    found = re.search(r'__version__ = "([^"]+)"', text)
    assert found
    return found[1]


def epoch() -> int:
    """Return the time of all files in packages: that of the commit, so that builds can be repeated.

    SOURCE_DATE_EPOCH has priority (https://reproducible-builds.org/specs/source-date-epoch/).
    Without a repository, as in an unpacked sdist, it is the time of the version's file.
    """
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, check=True
        )
        return int(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return int((ROOT / "src" / "trio_chat" / "__init__.py").stat().st_mtime)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a build: nothing in it depends on the moment or on the user."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name not in ("VIRTUAL_ENV",)
    }
    fixed = {"SOURCE_DATE_EPOCH": str(epoch()), "PYTHONHASHSEED": "1", "PYTHONUTF8": "1"}
    # esbuild is outside of the copy from which a wheel is built.
    bundler = {"ESBUILD": os.environ.get("ESBUILD", str(ROOT / "node_modules/.bin/esbuild"))}
    # What builds the wheel, in an environment of its own, comes in exact versions as well. Both
    # variables separate files by spaces, which an address does not contain.
    constraint = {"PIP_CONSTRAINT": LOCKED.as_uri(), "PIP_BUILD_CONSTRAINT": LOCKED.as_uri()}
    return {**kept, **fixed, **bundler, **constraint, **more}


def run(command: list[str], cwd: Path = ROOT, **more: str) -> str:
    """Run a command and return its output; report it when the command fails.

    Raises:
        PackageError: the command failed, or there is no such program.
    """
    try:
        # Pipes, because Python for Windows cannot use a file as its output under Wine.
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise PackageError(f"{command[0]}: {error.strerror}") from error
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        tail = "\n".join(output.splitlines()[-40:])
        raise PackageError(f"{tail}\nFailed: {' '.join(command)}")
    return output


class Python(NamedTuple):
    """A Python that runs PyInstaller.

    Args:
        command: starts it.
        platform: its name for uv.
        version: such as 3.11.
        variables: of its environment.
    """

    command: list[str]
    platform: str
    version: str
    variables: dict[str, str]

    @property
    def is_wine(self) -> bool:
        """Whether it runs in Wine, where this system's files are on a drive of their own."""
        return self.command[0] == "wine"

    def path(self, path: Path) -> str:
        """Return how this Python names a file."""
        return "Z:" + str(path).replace("/", "\\") if self.is_wine else str(path)


def own_python() -> Python:
    """Return the Python that runs this script."""
    platform = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
    # Not that of the virtual environment: its packages must not come along.
    base = getattr(sys, "_base_executable", sys.executable)
    return Python([base], platform, f"{sys.version_info[0]}.{sys.version_info[1]}", {})


def windows_python() -> Python | None:
    """Return a Python for Windows: this one, or that of TRIO_CHAT_WINE; None without one.

    TRIO_CHAT_WINE names a python.exe, or a directory that contains py/python.exe and a Wine prefix
    in `prefix`.

    Raises:
        PackageError: it names something else.
    """
    if os.name == "nt":
        return own_python()
    chosen = os.environ.get("TRIO_CHAT_WINE")
    if not chosen:
        return None
    given = Path(chosen).resolve()
    variables = {"WINEDEBUG": os.environ.get("WINEDEBUG", "-all"), "WINEARCH": "win64"}
    program = given
    if given.is_dir():
        program = given / "py" / "python.exe"
        if (given / "prefix").is_dir():
            variables["WINEPREFIX"] = str(given / "prefix")
    if not program.is_file() or not shutil.which("wine"):
        raise PackageError(
            f"TRIO_CHAT_WINE={chosen}: there is no {program}, or no wine on this machine."
        )
    command = ["wine", str(program)]
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    shown = run([*command, "-c", code], **variables).split()
    if not shown:
        raise PackageError(f"TRIO_CHAT_WINE={chosen}: this Python prints nothing under wine.")
    return Python(command, "windows", shown[-1], variables)


def install(python: Python, wheel: Path, directory: Path, *more: str) -> None:
    """Install the wheel and all it needs, in the versions of constraints/, for another Python.

    Args:
        python: the Python for whose system and version packages are chosen.
        wheel: the project.
        directory: where they are installed; it is made anew.
        more: further requirements.
    """
    shutil.rmtree(directory, ignore_errors=True)
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-config"]
    command += ["--target", str(directory), "--only-binary", ":all:", "--link-mode", "copy"]
    command += ["--python-platform", python.platform, "--python-version", python.version]
    command += ["--constraint", str(LOCKED), f"{wheel}{EXTRAS}", *more]
    run(command)


def build_wheel() -> Path:
    """Build the wheel in the work directory; return it."""
    directory = WORK / "wheel"
    shutil.rmtree(directory, ignore_errors=True)
    run([sys.executable, "-m", "build", "--wheel", "--outdir", str(directory), str(ROOT)])
    [wheel] = directory.glob("*.whl")
    return wheel


def touch_all(directory: Path) -> None:
    """Give all files of a directory the same time and plain modes."""
    moment = epoch()
    for path in [directory, *sorted(directory.rglob("*"))]:
        if path.is_symlink():
            os.utime(path, (moment, moment), follow_symlinks=False)
            continue
        is_program = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if is_program else 0o644)
        os.utime(path, (moment, moment))


def zip_files(target: Path, files: Iterable[tuple[Path, str]]) -> None:
    """Write a ZIP file whose bytes depend on the files alone.

    Args:
        target: the archive.
        files: each file, with its name in the archive.
    """
    # ZIP knows no time before 1980, and no time zone.
    moment = time.gmtime(max(epoch(), 315_532_800))[:6]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, name in sorted(files, key=lambda pair: pair[1]):
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644) << 16
            archive.writestr(entry, path.read_bytes(), compresslevel=9)


def make_icon(target: Path) -> None:
    """Write the icon of the page as an icon of Windows, which may contain PNG as it is."""
    picture = _ICON.read_bytes()
    head = struct.pack("<HHH", 0, 1, 1)
    entry = struct.pack("<BBBBHHII", _ICON_SIZE, _ICON_SIZE, 0, 0, 1, 32, len(picture), 6 + 16)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(head + entry + picture)
