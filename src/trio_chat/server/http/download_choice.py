"""Choice of the package for a visitor's system, by the one table for the server and the page.

`User-Agent` may be wrong or say too little, so every package is offered, and the page, which knows
more of its browser, names the system itself.
"""

import re

from trio_chat.server.http.downloads import Download

_WHEEL = re.compile(r"trio[-_]chat-.*\.whl")
_OFFLINE = re.compile(r"trio-chat-offline-.*\.zip")
_DEB_PC = re.compile(r"trio-chat_.*_(?:amd64|all)\.deb")
_DEB_ARM = re.compile(r"trio-chat_.*_(?:arm64|all)\.deb")
_FITTING = {
    # Windows on ARM runs programs for x64, too.
    "windows": tuple(
        re.compile(rf"trio-chat-{kind}-.*") for kind in ("setup", "client", "portable")
    ),
    "debian": (_DEB_PC, _WHEEL, _OFFLINE),
    "debian-arm": (_DEB_ARM, _WHEEL, _OFFLINE),
    "linux": (_WHEEL, _OFFLINE, _DEB_PC),
    "linux-arm": (_WHEEL, _OFFLINE, _DEB_ARM),
    "mac": (_WHEEL, _OFFLINE),
}
"""The names that fit a system, the best first. Telephones and ChromeOS have the page alone."""
_WITHOUT = ("Android", "iPhone", "iPad", "iPod", "CrOS")
_ARM = re.compile(r"aarch64|arm(?:v\d|64)", re.IGNORECASE)


def system(agent: str) -> str:
    """Return the system that `User-Agent` names: a key of the table, or "" for another one."""
    if any(word in agent for word in _WITHOUT):
        return ""
    if "Windows" in agent:
        return "windows"
    if "Macintosh" in agent:
        return "mac"
    name = "debian" if "Ubuntu" in agent or "Debian" in agent else "linux"
    if name == "linux" and "Linux" not in agent:
        return ""
    return f"{name}-arm" if _ARM.search(agent) else name


def choices(downloads: list[Download]) -> dict[str, str]:
    """Return the name of the package that fits best, for each system that has one."""
    found = {name: _best(downloads, patterns) for name, patterns in _FITTING.items()}
    return {name: best.filename for name, best in found.items() if best is not None}


def fitting(downloads: list[Download], agent: str) -> Download | None:
    """Return the package that fits the system of a visitor best; None when none does."""
    return _best(downloads, _FITTING.get(system(agent), ()))


def _best(downloads: list[Download], patterns: tuple[re.Pattern[str], ...]) -> Download | None:
    for pattern in patterns:
        for download in downloads:
            if pattern.fullmatch(download.filename):
                return download
    return None
