"""Archive for use offline: the sources, and the wheels from which `run.py` installs.

It has all files of the sdist, and below `downloads/wheels` what they need, for several systems and
Pythons. So a memory stick is enough for a computer that has Python and no connection. The wheel of
the project is there, too: a server that is started in the unpacked archive hands on all of them as
a package index.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import packaging_common
from packaging_common import (
    EXTRAS,
    LOCKED,
    ROOT,
    WORK,
    PackageError,
    environment,
    run,
    version,
    zip_files,
)

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
_GLIBC = ("2014", "_2_17", "_2_24", "_2_26", "_2_27", "_2_28", "_2_31", "_2_34", "_2_35")
SYSTEMS = {
    "windows": ("win_amd64",),
    "linux": tuple(f"manylinux{glibc}_x86_64" for glibc in _GLIBC),
    "aarch64-manylinux_2_28": tuple(f"manylinux{glibc}_aarch64" for glibc in _GLIBC),
    "macos": tuple(
        f"macosx_{release}_0_{kind}"
        for release in (11, 12, 13, 14)
        for kind in ("arm64", "universal2")
    ),
}
"""The platform tags of wheels, by the names of uv for the systems."""
_MARKER = "offline.txt"
_EXPLANATION = """\
trio-chat without the Internet
==============================

You need Python 3.11 or newer. On Windows, double-click server.bat and client.bat; elsewhere:

    python3 run.py serve
    python3 run.py connect

run.py installs from downloads/wheels. A server that runs here hands the program on to others: they
open http://ADDRESS:5000/download/ . Programs for Windows that you put into downloads are offered
there, too. Delete this file to install from the Internet again.


trio-chat без Интернета
=======================

Нужен Python 3.11 или новее. В Windows откройте двойным щелчком server.bat и client.bat, в других
системах выполните команды, которые стоят выше.

run.py берёт пакеты из downloads/wheels. Сервер, запущенный здесь, раздаёт программу остальным: они
открывают http://АДРЕС:5000/download/ . Программы для Windows, положенные в downloads, он предлагает
там же. Чтобы снова устанавливать из Интернета, удалите этот файл.
"""
_BUILD = ("hatchling", "editables")
"""What builds the project when it is installed from its files."""


def build_offline() -> list[Path]:
    """Build the archive.

    Raises:
        PackageError: no wheels could be found for any system.
    """
    wheels = WORK / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir(parents=True)
    missing = [
        f"{system} with Python {python}: {problem}"
        for system in SYSTEMS
        for python in PYTHONS
        if (problem := _download(system, python, wheels))
    ]
    for line in missing:
        print(f"NOT INCLUDED: {line}")
    if len(missing) == len(SYSTEMS) * len(PYTHONS):
        raise PackageError("No wheels could be downloaded.")
    source, own = _source(), packaging_common.build_wheel()
    marker = WORK / _MARKER
    marker.write_text(_EXPLANATION, "utf-8", newline="\r\n")  # for the editor of Windows
    base = f"trio-chat-{version()}"
    files = [(path, f"{base}/{path.relative_to(source).as_posix()}") for path in _files(source)]
    files += [(path, f"{base}/downloads/wheels/{path.name}") for path in wheels.iterdir()]
    files += [(own, f"{base}/downloads/{own.name}"), (marker, f"{base}/{_MARKER}")]
    target = packaging_common.DIST / f"trio-chat-offline-{version()}.zip"
    zip_files(target, files)
    return [target]


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def _source() -> Path:
    """Return a directory with the files of the sdist."""
    place = WORK / "offline"
    shutil.rmtree(place, ignore_errors=True)
    run([sys.executable, "-m", "build", "--sdist", "--outdir", str(place), str(ROOT)])
    [archive] = place.glob("*.tar.gz")
    with tarfile.open(archive) as unpacking:
        unpacking.extractall(place, filter="data")
    [directory] = (path for path in place.iterdir() if path.is_dir())
    return directory


def _download(system: str, python: str, wheels: Path) -> str:
    """Download the wheels for a system and a Python; return why that is not possible, or ""."""
    with tempfile.TemporaryDirectory() as directory:
        listed = Path(directory) / "requirements.txt"
        wanted = Path(directory) / "wanted.in"
        wanted.write_text("\n".join([f"trio-chat{EXTRAS} @ {ROOT.as_uri()}", *_BUILD]), "utf-8")
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config"]
        command += ["--no-annotate", "--no-header", "--no-emit-package", "trio-chat"]
        command += ["--python-platform", system, "--python-version", python]
        command += ["--constraint", str(LOCKED), "-o", str(listed), str(wanted)]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        pip += ["--no-deps", "--only-binary=:all:", "--python-version", python, "-d", str(wheels)]
        pip += [part for tag in SYSTEMS[system] for part in ("--platform", tag)]
        for one in (command, [*pip, "--requirement", str(listed)]):
            done = subprocess.run(
                one, env=environment(), capture_output=True, text=True, check=False
            )
            if done.returncode:
                lines = [
                    line for line in done.stderr.splitlines() if "ERROR" in line or "×" in line
                ]
                return (lines or done.stderr.splitlines() or ["it failed"])[-1].strip()
    return ""
