"""The command for calls: a link to a room of the video service that the server announces."""

import time

from trio_chat.client.registry import Actions, command
from trio_chat.i18n import N_, _
from trio_chat.irc import calls

_RECENT = 3600.0
"""Seconds for which people meet in the room that somebody has opened, instead of in another one."""


@command(
    N_("[new] [what it is about]"),
    N_("posts a link to a room for a call by voice and video, or shows that of a recent call"),
    0,
    1,
)
async def _call(client: Actions, words: list[str]) -> None:
    about = words[0] if words else ""
    first, _space, rest = about.partition(" ")
    is_new = first == "new"
    if not client.current:
        await client.tell(_("You are not in a channel."), error=True)
    elif not (base := client.call_base):
        text = _("This server has no rooms for calls; its operator sets them up with [call] base.")
        await client.tell(text, error=True)
    elif not is_new and (url := _recent(client, base)):
        text = _("There is a call: {url} (/call new opens another room)")
        await client.tell(text.format(url=url))
    else:
        channel = client.current if client.is_channel(client.current) else ""
        url = calls.new_room(base, channel)
        await client.say(client.current, calls.message(url, rest if is_new else about))


def _recent(client: Actions, base: str) -> str:
    """Return the address of the newest recent call of the conversation, "" if there is none."""
    earliest = time.time() - _RECENT
    for when, text in client.recent_texts():
        if when < earliest:
            break
        url = calls.room_in(base, text)
        if calls.is_secret(url):
            return url
    return ""
