"""The command about notifications. NickServ carries it out, so that all devices follow."""

import re

from trio_chat.client.registry import COMMANDS, Actions, command
from trio_chat.i18n import N_, _

_LEVELS = ("all", "mentions", "nothing", "default")
_PAUSE = re.compile(r"[0-9]{1,4}[mhdw]", re.ASCII)


@command(
    N_("[#channel, nickname or *] [all, mentions, nothing, default, or a pause such as 2h]"),
    N_("shows or sets of which messages you are notified; * is for all conversations"),
    0,
    2,
)
async def _notify(client: Actions, words: list[str]) -> None:
    *targets, choice = words or [""]
    target = targets[0].removeprefix("@") if targets else client.current  # @bob, as elsewhere
    if not words:
        params: list[str] = []
    elif not target:
        await client.tell(_("You are not in a channel."), error=True)
        return
    elif choice.lower() in _LEVELS:
        params = [target, choice.lower()]
    elif _PAUSE.fullmatch(choice.lower()):
        params = [target, "PAUSE", choice.lower()]
    else:
        text = _("Usage: {usage}").format(usage=COMMANDS["notify"].synopsis())
        await client.tell(text, error=True)
        return
    await client.do("/notify", lambda protocol: protocol.send("NICKSERV", "NOTIFY", *params))
