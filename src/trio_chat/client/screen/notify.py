"""Notifications: the bell, and the escape sequences that a terminal passes on to the desktop.

Terminals of VTE and rxvt know OSC 777, others OSC 9. A terminal that knows neither shows nothing.
"""

from collections.abc import Mapping

from trio_chat.irc.text import clean, cut

WAYS = ("off", "bell", "desktop")
_BELL = "\a"
_LONGEST = 100


def sequence(way: str, title: str, text: str, environment: Mapping[str, str]) -> str:
    """Return what is written to the terminal; "" for nothing.

    Args:
        way: one of `WAYS`.
        title: the sender and the channel.
        text: the message.
        environment: the environment variables; they name the terminal.
    """
    if way == "off":
        return ""
    terminal = environment.get("TERM", "")
    if way == "bell" or terminal.startswith(("linux", "vt", "screen", "tmux", "dumb")):
        return _BELL
    title, text = _safe(title), _safe(text)
    if environment.get("VTE_VERSION") or terminal.startswith(("rxvt", "foot", "vte", "gnome")):
        return f"{_BELL}\x1b]777;notify;{title};{text}\x1b\\"
    return f"{_BELL}\x1b]9;{title}: {text}\x1b\\"


def _safe(text: str) -> str:
    # A semicolon would begin another field, and a digit at the start would be a command to some
    # terminals.
    return cut(clean(text.replace("\n", " ")).replace(";", ","), _LONGEST)
