"""Release files: builds the sdist and the wheel in dist/ and checks them.

`python3 run.py release` runs this. Each archive passes `twine check --strict`. The wheel is
installed in a fresh environment of every supported Python that is found, or of those that are named
as arguments; there `trio-chat --version` prints the version, and a server registers a client. The
sdist is checked by building the wheel from it. Nothing is uploaded.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from project_url import PLACEHOLDER, project_url

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
LOCKED = ROOT / "constraints" / "locked.txt"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
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
    # Without further options the wheel is built from the sdist, which shows that it is complete.
    run(sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT))
    archives = sorted(str(path) for path in DIST.iterdir())
    run(sys.executable, "-m", "twine", "check", "--strict", *archives)
    [wheel] = DIST.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        if BUNDLE not in archive.namelist():
            print(
                "Without esbuild (npm ci) the wheel has NO BUNDLE: the page is loaded as modules."
            )
    for python in pythons or found():
        with tempfile.TemporaryDirectory() as directory:
            check(python, wheel, Path(directory))
    print("Checked:", *(Path(archive).name for archive in archives))


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


def check(python: str, wheel: Path, directory: Path) -> None:
    """Install the wheel in a fresh environment, and use the program."""
    run(python, "-m", "venv", str(directory / "venv"))
    scripts = directory / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(scripts / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    run(*pip, "--constraint", str(LOCKED), str(wheel))
    program = str(scripts / "trio-chat")
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = wheel.name.split("-")[1]
    if version not in shown.stdout:
        sys.exit(f"{python}: trio-chat --version prints {shown.stdout!r}, not {version}")
    serve_one(program, directory)
    print(f"{python}: trio-chat {version} is installed and registers a client.", flush=True)


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
