"""Directories of this platform for a user's files: the state of the client, and the
configuration.
"""

import os
import sys
from pathlib import Path

_DIRECTORY = "trio-chat"


def state_file() -> Path:
    """Return the file of what is remembered from one run to the next."""
    return (
        _base("LOCALAPPDATA", "Local", "XDG_STATE_HOME", ".local/state")
        / _DIRECTORY
        / "client.json"
    )


def config_file() -> Path:
    """Return the user's own configuration, which counts where there is no config.ini."""
    return _base("APPDATA", "Roaming", "XDG_CONFIG_HOME", ".config") / _DIRECTORY / "client.ini"


def _base(windows: str, roaming: str, xdg: str, fallback: str) -> Path:
    try:
        home = Path.home()
    except RuntimeError:  # the user has none
        home = Path()
    if sys.platform == "win32":
        return Path(os.environ.get(windows) or home / "AppData" / roaming)
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return Path(os.environ.get(xdg) or home / fallback)
