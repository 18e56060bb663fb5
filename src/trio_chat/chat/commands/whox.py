"""WHOX: WHO with fields that the client chooses (IRCv3 `whox`), and the flags that both replies
contain.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from trio_chat.chat import policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.cloaks import as_param
from trio_chat.chat.registry import Request
from trio_chat.chat.users import User
from trio_chat.irc import capabilities as cap
from trio_chat.irc import numerics as n
from trio_chat.irc.modes import BOT

_TOKEN: Final = re.compile("[0-9]{1,3}", re.ASCII)


class WhoxQuery(NamedTuple):
    """The fields that a client asks for, in the order of the answer, and its token."""

    fields: str
    token: str


class _Found(NamedTuple):
    """A user that was found, and the channel that is shown with it."""

    request: Request
    choice: WhoxQuery
    user: User
    channel: Channel | None


def _address(found: _Found) -> str:
    """Return the real address if the asking user may know it, else an unroutable one, as other
    servers do.
    """
    sessions = found.user.sessions
    if not sessions or not (
        policy.can_see_address(found.request.user, found.user) or sessions[0].is_shown
    ):
        return "255.255.255.255"
    return as_param(sessions[0].address)


# "Servers MUST send the fields in the order specified".
_FIELDS: Final[dict[str, Callable[[_Found], str]]] = {
    "t": lambda found: found.choice.token,
    "c": lambda found: found.channel.name if found.channel else "*",
    "u": lambda found: found.user.username,
    "i": _address,
    "h": lambda found: found.user.host,
    "s": lambda found: found.request.world.server_info.name,
    "n": lambda found: found.user.nick,
    "f": lambda found: flags(found.request, found.user, found.channel),
    "d": lambda found: "0",
    "l": lambda found: str(max(0, int(found.request.world.clock() - found.user.idle_since()))),
    "a": lambda found: found.user.account or "0",
    "o": lambda found: "n/a",
    "r": lambda found: found.user.realname,
}


def parse(text: str) -> WhoxQuery | None:
    """Read what stands behind the mask: `%fields[,token]`, perhaps with flags before it; None when
    it asks for no fields.
    """
    _, percent, rest = text.partition("%")
    wanted, _, token = rest.partition(",")
    # "MUST ignore any non-standard field"
    fields = "".join(letter for letter in _FIELDS if letter in wanted)
    return (
        WhoxQuery(fields, token if _TOKEN.fullmatch(token) else "0") if percent and fields else None
    )


def send(request: Request, choice: WhoxQuery, user: User, channel: Channel | None) -> None:
    """Send one RPL_WHOSPCRPL."""
    found = _Found(request, choice, user, channel)
    *values, last = (_FIELDS[letter](found) for letter in choice.fields)
    request.reply.numeric(n.RPL_WHOSPCRPL, *values, args=(last,))


def flags(request: Request, user: User, channel: Channel | None) -> str:
    """Return here or gone, whether it is a bot, and the ranks in the channel."""
    text = "G" if user.away else "H"
    if user.operator is not None:
        text += "*"
    if BOT in user.modes:
        text += BOT
    if channel is not None:
        prefixes = channel.members[user].prefixes
        text += prefixes if request.session.caps & cap.MULTI_PREFIX else prefixes[:1]
    return text
