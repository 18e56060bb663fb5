"""Bundle of the page: its modules in a few files, made by esbuild.

    python3 tools/bundle.py DIRECTORY

A wheel contains the bundle if esbuild is there when it is built (`hatch_build.py`), and the server
then sends it instead of the modules. Without esbuild nothing is made: the page works without a
bundle as well. esbuild is the program that the environment variable ESBUILD names, that of
`npm ci`, or one in the PATH.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENTRY = ROOT / "src" / "trio_chat" / "web" / "app" / "main.js"


def esbuild() -> str | None:
    """Return the program, or None when there is none or no node to run it."""
    installed = ROOT / "node_modules" / ".bin" / "esbuild"
    for name in (os.environ.get("ESBUILD", ""), str(installed), "esbuild"):
        path = shutil.which(name) if name else None
        if path and works(path):
            return path
    return None


def works(program: str) -> bool:
    """Return whether a program starts; esbuild of npm needs node."""
    command = [program, "--version"]
    return not subprocess.run(command, capture_output=True, check=False).returncode


def bundle(program: str, directory: Path, entry: Path = ENTRY) -> None:
    """Make the bundle of an entry: the file with its name, and chunks that are loaded later.

    Raises:
        subprocess.CalledProcessError: esbuild reports an error.
    """
    command = [
        program,
        str(entry),
        f"--outdir={directory}",
        "--bundle",
        "--splitting",
        "--minify",
        "--format=esm",
        "--target=es2022",
        "--chunk-names=[name]-[hash]",
        "--legal-comments=none",  # vendor/LICENSES.txt has them
        "--log-level=warning",
    ]
    subprocess.run(command, check=True)


def main(arguments: list[str]) -> int:
    """Make the bundle in a directory, if that is possible; return the exit code."""
    [directory] = arguments
    program = esbuild()
    if program is None:
        print("Without esbuild there is no bundle: browsers load the page as modules.")
        return 0
    try:
        bundle(program, Path(directory))
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
