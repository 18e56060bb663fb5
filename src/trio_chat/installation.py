"""Installation of this program: how it was installed, and the directory of its files.

A program that is a file of its own, as on Windows, is started by a double click, from a shortcut or
by a link, each with another working directory. So its config.ini, log and database are in the
directory of the program, or in that of the user where the program's cannot be written. Every other
installation has them in the working directory.
"""

import os
import re
import sys
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

from trio_chat.i18n import _

CONFIG_NAME = "config.ini"
MARKER = Path(__file__).with_name("installed-by.txt")
"""A file that a package adds, with one word: the kind of the package."""
_NAME = "trio-chat"
_BESIDE = ("exe", "portable", "setup")
"""Kinds that keep their files in the directory of the program."""
_COMPILED_MODULE = "trio_chat.irc.message"
"""One of the modules that are compiled, if any is."""
_UNINSTALLER = "uninstall.exe"
_OF_UVX = re.compile(r"(?:archive|builds|environments)-v\d+")
"""The directory in uv's cache that has the environments of uvx."""


def kind() -> str:
    """Return how it was installed: exe, setup, portable, deb, pipx, uv, uvx, checkout or pip."""
    marked = _marked()
    if marked:
        return marked
    if getattr(sys, "frozen", False):
        return "setup" if Path(sys.executable).with_name(_UNINSTALLER).exists() else "exe"
    root = Path(__file__).parents[2]
    if (root / "pyproject.toml").exists() and (root / "run.py").exists():
        return "checkout"
    above = {part.lower() for part in Path(sys.prefix).parts}
    if any(map(_OF_UVX.fullmatch, above)):
        return "uvx"
    if "pipx" in above:
        return "pipx"
    return "uv" if {"uv", "tools"} <= above else "pip"


def describe() -> str:
    """Return how and where it was installed, and with which Python, in the user's language."""
    words = {
        "exe": _("one file"),
        "setup": _("set-up for Windows"),
        "portable": _("portable folder"),
        "deb": _("Debian package"),
        "checkout": _("source directory"),
    }
    place = Path(sys.executable) if getattr(sys, "frozen", False) else Path(__file__).parent
    text = (
        _("{kind}, {place}, Python {version} on {system}, compiled")
        if is_compiled()
        else _("{kind}, {place}, Python {version} on {system}")
    )
    return text.format(
        kind=words.get(kind(), kind()),
        place=place,
        version=sys.version.split()[0],
        system=sys.platform,
    )


def is_compiled() -> bool:
    """Return whether the protocol and the rules run as extension modules; see `tools/compiled.py`.

    None of them is imported for that.
    """
    spec = find_spec(_COMPILED_MODULE)
    origin = spec.origin if spec is not None else None
    return origin is not None and origin.endswith(tuple(EXTENSION_SUFFIXES))


def _marked() -> str:
    try:
        word = MARKER.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
    return word if word.isalpha() else ""


def shown_command() -> str:
    """Return what a user types to start this program: a source directory has no `trio-chat`."""
    if kind() != "checkout":
        return _NAME
    return "py run.py" if sys.platform == "win32" else "python3 run.py"


def install_command(extra: str) -> str:
    """Return what a user types to install the packages of an extra.

    Args:
        extra: one of `pyproject.toml`, such as `mcp`.
    """
    here = kind()
    if here == "checkout":  # run.py has made an environment, which pip alone would not find
        root = Path(__file__).parents[2]
        return f'"{sys.executable}" -m pip install -e "{root}[{extra}]"'
    if here in ("pipx", "uv"):
        tool = {"pipx": "pipx install --force", "uv": "uv tool install"}[here]
        return f'{tool} "{_NAME}[{extra}]"'
    if here == "uvx":
        return f'uvx --from "{_NAME}[{extra}]" {_NAME}'
    return f'pip install "{_NAME}[{extra}]"'


def program() -> Path:
    """Return the file that starts this program, as a user sees it."""
    if getattr(sys, "frozen", False):
        return Path(sys.executable)
    return Path(sys.argv[0]).absolute() if sys.argv and sys.argv[0] else Path(sys.executable)


def is_temporary() -> bool:
    """Return whether this program may vanish: in a cache of uvx or `pipx run`, or where Windows
    unpacks a program that is started from within an archive.
    """
    import tempfile  # noqa: PLC0415  seldom needed

    prefix = Path(sys.executable if getattr(sys, "frozen", False) else sys.prefix).absolute()
    if kind() == "uvx" or (kind() == "pipx" and "venvs" not in prefix.parts):
        return True
    return prefix.is_relative_to(Path(tempfile.gettempdir()).absolute())


def program_directory() -> Path | None:
    """Return the directory of a program that keeps its files there; None for any other."""
    if kind() not in _BESIDE:
        return None
    directory = Path(sys.executable).absolute().parent
    return directory if getattr(sys, "frozen", False) else directory.parent


def default_config() -> Path:
    """Return the configuration that is read when none is named; it need not exist."""
    beside = program_directory()
    if beside is None:
        return Path(CONFIG_NAME)
    own = data_directory() / CONFIG_NAME
    return own if own.exists() else beside / CONFIG_NAME


def data_directory() -> Path:
    """Return the directory to which the paths of the default configuration are relative."""
    beside = program_directory()
    if beside is None:
        return Path()
    return _writable_or_own(beside)


@cache
def _writable_or_own(directory: Path) -> Path:
    """Return a directory if this user can create files there, otherwise the user's own.

    `os.access` does not know the access control lists of Windows.
    """
    import tempfile  # noqa: PLC0415  only for a program of its own

    try:
        with tempfile.TemporaryFile(dir=directory):
            return directory
    except OSError:
        import platformdirs  # noqa: PLC0415  seldom needed

        return Path(platformdirs.user_data_path(_NAME, appauthor=False))


def is_onefile_child() -> bool:
    """Return whether this process was started by the process that has unpacked the program."""
    # Set by the bootloader of PyInstaller.
    return (
        bool(getattr(sys, "frozen", False)) and os.environ.get("_PYI_PARENT_PROCESS_LEVEL") == "1"
    )
