"""Answers to WHOIS as sentences."""

from datetime import UTC, datetime

from trio_chat.client.session.events import Whois
from trio_chat.i18n import N_, _
from trio_chat.irc import numerics
from trio_chat.irc.text import clean

_IDLE = numerics.RPL_WHOISIDLE
_ADDRESS = numerics.RPL_WHOISACTUALLY
_HOST, _MODES = numerics.RPL_WHOISHOST, numerics.RPL_WHOISMODES
_IN_TEXT: dict[str, str] = {_HOST: "is connecting from ", _MODES: "is using modes "}
"""Replies that have their value in the text, behind these words."""
_SENTENCES: dict[str, tuple[str, int]] = {
    numerics.RPL_WHOISUSER: (N_("{nick} is {3}, {0}@{1}."), 4),
    numerics.RPL_WHOISSERVER: (N_("{nick} is on the server {0}: {1}."), 2),
    numerics.RPL_WHOISOPERATOR: (N_("{nick} is an operator of the server."), 0),
    _IDLE: (N_("{nick} has said nothing for {0} min, and has been here since {1}."), 2),
    numerics.RPL_WHOISCHANNELS: (N_("{nick} is in {0}."), 1),
    numerics.RPL_WHOISACCOUNT: (N_("{nick} is logged in as {0}."), 1),
    numerics.RPL_WHOISSECURE: (N_("{nick} has an encrypted connection."), 0),
    numerics.RPL_WHOISREGNICK: (N_("{nick} is a registered nickname."), 0),
    numerics.RPL_WHOISBOT: (N_("{nick} is a bot."), 0),
    _ADDRESS: (N_("{nick} has the address {0}."), 1),
    _HOST: (N_("{nick} is connected from {0}."), 1),
    _MODES: (N_("{nick} has the modes {0}."), 1),
}
"""By numeric: the sentence, and the number of its values."""


def sentence(event: Whois) -> str:
    """Return the sentence for a reply, or the server's own words if values are missing."""
    # Some servers end a list of channels with a space.
    values = tuple(clean(value).strip() for value in event.values)
    if event.code == _IDLE:
        values = _idle(values)
    elif event.code == _ADDRESS:  # some servers have a mask before it; a text follows
        values = values[-2:-1]
    elif before := _IN_TEXT.get(event.code, ""):
        value = "".join(values[-1:])
        values = (value.removeprefix(before),) if value.startswith(before) else ()
    form, count = _SENTENCES[event.code]
    if len(values) < count:
        return " ".join((clean(event.nick), *map(clean, event.values)))
    return _(form).format(*values, nick=clean(event.nick))


def _idle(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the minutes of silence and the time of the connection; nothing if they are unknown."""
    try:
        seconds, begun = int(values[0]), datetime.fromtimestamp(int(values[1]), UTC).astimezone()
    except (ValueError, IndexError, OverflowError, OSError):
        return ()
    return f"{seconds // 60}", f"{begun:%Y-%m-%d %H:%M}"
