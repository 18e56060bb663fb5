"""Files of a user: the state of the client, the known servers, and the user's own configuration.

`platformdirs` knows where each platform keeps them. It is imported when the first path is needed:
`--version` and `--help` need none.

A file that an earlier version wrote elsewhere stays in use where it is, so nothing has to be moved
by hand. The places differ where an XDG variable is relative or set on macOS, and where a folder of
Windows was moved without its environment variable.
"""

import os
import sys
from pathlib import Path

_NAME = "trio-chat"


def state_file() -> Path:
    """Return the file of what persists from one run to the next."""
    earlier = _earlier("LOCALAPPDATA", "Local", "XDG_STATE_HOME", ".local/state")
    return _chosen(_directory("user_state_path", earlier), earlier, "client.json")


def config_file() -> Path:
    """Return the user's own configuration, which is read where there is no config.ini."""
    earlier = _earlier_config()
    return _chosen(_directory("user_config_path", earlier), earlier, "client.ini")


def known_servers_file() -> Path:
    """Return the file of the servers' certificates.

    Raises:
        RuntimeError: the user has no home. A file in the working directory must not decide whom
            the client trusts.
    """
    Path.home()
    earlier = _earlier_config()
    return _chosen(_directory("user_config_path", earlier), earlier, "known_servers")


def tokens_file() -> Path:
    """Return the file of the tokens of single sign-on."""
    return state_file().with_name("sign_on.json")


def sts_policies_file() -> Path:
    """Return the file of the servers that must be reached with TLS.

    Raises:
        RuntimeError: the user has no home; see `known_servers_file`.
    """
    return known_servers_file().with_name("sts_policies")


def _directory(kind: str, fallback: Path) -> Path:
    """Return a directory of the client as `platformdirs` names it, or the fallback without a home.

    Args:
        kind: the attribute of `platformdirs.PlatformDirs`.
        fallback: the directory of a user without a home.
    """
    import platformdirs  # noqa: PLC0415

    try:
        # The configuration follows its user to other machines of a Windows domain.
        roams = kind == "user_config_path"
        dirs = platformdirs.PlatformDirs(_NAME, appauthor=False, roaming=roams)
        found: Path = getattr(dirs, kind)
    except RuntimeError:
        return fallback
    return found if found.is_absolute() else fallback


def _chosen(directory: Path, earlier: Path, name: str) -> Path:
    """Return the file in a directory, or the one that an earlier version has left elsewhere."""
    path, old = directory / name, earlier / name
    return old if not os.path.lexists(path) and os.path.lexists(old) else path


# The places of versions before `platformdirs`


def _earlier_config() -> Path:
    return _earlier("APPDATA", "Roaming", "XDG_CONFIG_HOME", ".config")


def _earlier(windows: str, roaming: str, xdg: str, fallback: str) -> Path:
    try:
        home = Path.home()
    except RuntimeError:  # the user has none
        home = Path()
    if sys.platform == "win32":
        base = Path(os.environ.get(windows) or home / "AppData" / roaming)
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get(xdg) or home / fallback)
    return base / _NAME
