"""Release files: builds the sdist and the wheels in dist/ and checks them.

`python3 run.py release` runs this. Each archive passes `twine check --strict`. The wheel for all
systems is installed in a fresh environment of every supported Python that is found, or of those
that are named as arguments; there `trio-chat --version` prints the version, and a server registers
a client. The sdist is checked by building that wheel from it. Nothing is uploaded.

With a C compiler there is a second wheel, for the Python that runs this, with extension modules
(`tools/compiled.py`). It is checked with this Python, which has to report that it is compiled.
`TRIO_CHAT_COMPILE=0` leaves it out, and `TRIO_CHAT_COMPILE=1` requires it.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

from project_url import PLACEHOLDER, project_url

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
LOCKED = ROOT / "constraints" / "locked.txt"
VERSIONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PATIENCE = 60  # seconds for a start or an answer, which only a defect exceeds
REGISTER = b"NICK release\r\nUSER release 0 * :release\r\n"
BUNDLE = "trio_chat/web/bundle/app/main.js"
CONFIG = "[server]\nhost = 127.0.0.1\nport = 0\n[logging]\nfile = none\n"


def main(pythons: list[str]) -> None:
    """Build the archives, then check them with each Python."""
    shutil.rmtree(DIST, ignore_errors=True)
    # esbuild is outside of the copy from which the wheel is built.
    os.environ.setdefault("ESBUILD", str(ROOT / "node_modules" / ".bin" / "esbuild"))
    # As in packaging_common.environment: what builds the archives has exact versions, too.
    os.environ["PIP_CONSTRAINT"] = os.environ["PIP_BUILD_CONSTRAINT"] = LOCKED.as_uri()
    if project_url() == PLACEHOLDER:
        print("NOT FOR THE INDEX: without TRIO_CHAT_URL, the description has no links or pictures.")
    asked = os.environ.pop("TRIO_CHAT_COMPILE", "")
    # Without further options the wheel is built from the sdist, which shows that it is complete.
    run(sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT))
    [wheel] = DIST.glob("*.whl")
    compiled = build_compiled(asked)
    archives = sorted(str(path) for path in DIST.iterdir())
    run(sys.executable, "-m", "twine", "check", "--strict", *archives)
    with zipfile.ZipFile(wheel) as archive:
        if BUNDLE not in archive.namelist():
            print(
                "Without esbuild (npm ci) the wheel has NO BUNDLE: the page is loaded as modules."
            )
    for python in pythons or found():
        with tempfile.TemporaryDirectory() as directory:
            check(python, wheel, Path(directory))
    if compiled is not None:
        with tempfile.TemporaryDirectory() as directory:
            check(sys.executable, compiled, Path(directory), "compiled")
    print("Checked:", *(Path(archive).name for archive in archives))


def build_compiled(asked: str) -> Path | None:
    """Build the wheel with extension modules; None when it is not to be, or there is no compiler.

    Args:
        asked: the value of `TRIO_CHAT_COMPILE`; "" when it depends on the compiler.
    """
    if asked == "0" or not (asked or has_compiler()):
        reason = "TRIO_CHAT_COMPILE is 0" if asked else "there is no C compiler"
        print(f"There is NO COMPILED WHEEL: {reason}.")
        return None
    others = set(DIST.glob("*.whl"))
    os.environ["TRIO_CHAT_COMPILE"] = "1"
    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(DIST), str(ROOT))
    del os.environ["TRIO_CHAT_COMPILE"]
    [wheel] = set(DIST.glob("*.whl")) - others
    return wheel


def has_compiler() -> bool:
    """Return whether this Python can compile extension modules; on Windows nobody knows."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or ""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return bool(compiler and shutil.which(compiler.split()[0])) and header.exists()


def found() -> list[str]:
    """Return the supported Pythons on PATH, or the running one if there are none."""
    names = (shutil.which(f"python{version}") for version in VERSIONS)
    pythons = [name for name in names if name and works(name)]
    return pythons or [sys.executable]


def works(python: str) -> bool:
    """Return whether a Python starts; a shim of pyenv may have no version behind it."""
    return not subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode


def run(*command: str) -> None:
    """Run a command and end with its exit code if it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\nFailed: {' '.join(command)}")


def check(python: str, wheel: Path, directory: Path, form: str = "") -> None:
    """Install a wheel in a fresh environment, and use the program.

    Args:
        python: the interpreter.
        wheel: the file.
        directory: an empty one.
        form: how `trio-chat --version` has to describe the program, besides the version.
    """
    run(python, "-m", "venv", str(directory / "venv"))
    scripts = directory / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(scripts / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    run(*pip, "--constraint", str(LOCKED), str(wheel))
    program = str(scripts / "trio-chat")
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = wheel.name.split("-")[1]
    if version not in shown.stdout or form not in shown.stdout:
        sys.exit(f"{python}: trio-chat --version prints {shown.stdout!r}, not {version} {form}")
    serve_one(program, directory)
    name = f"trio-chat {version} {form}".strip()
    print(f"{python}: {name} is installed and registers a client.", flush=True)


def serve_one(program: str, directory: Path) -> None:
    """Start a server, register one client over TCP, and stop the server."""
    (directory / "config.ini").write_text(CONFIG)
    server = subprocess.Popen([program, "serve"], cwd=directory, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        # Ends with the output when the server does not start.
        lines = iter(server.stdout.readline, "")
        port = next(match[1] for line in lines if (match := re.search(r"127\.0\.0\.1:(\d+)", line)))
        with socket.create_connection(("127.0.0.1", int(port)), PATIENCE) as client:
            client.sendall(REGISTER)
            answer = client.makefile("rb")
            if not any(b" 001 release " in line for line in answer):
                sys.exit(f"{program}: the server did not register a client.")
    finally:
        server.terminate()
        code = server.wait(PATIENCE)
    if code and os.name != "nt":
        sys.exit(f"{program}: the server ended with exit code {code}.")


if __name__ == "__main__":
    main(sys.argv[1:])
