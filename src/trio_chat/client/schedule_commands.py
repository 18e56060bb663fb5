"""Commands for messages that are sent later. NickServ keeps and sends them: this client need not
run by then.
"""

from datetime import datetime

from trio_chat.client.registry import COMMANDS, Actions, command
from trio_chat.client.schedule_times import offsets, split_time
from trio_chat.i18n import N_, _


def local_time() -> datetime:
    """Return the time on this machine, with its zone."""
    return datetime.now().astimezone()


@command(
    N_("[time [#channel or @nickname] text, or cancel number, or move number time]"),
    N_(
        "sends a message later: /at 17:00 text, also tomorrow 9:00, 2030-01-31 9:00 or 20m; alone"
        " it shows those that wait"
    ),
    0,
    1,
)
async def _at(client: Actions, words: list[str]) -> None:
    text = words[0] if words else ""
    verb, _space, rest = text.partition(" ")
    found = split_time(text, local_time())
    if not text:
        params = ["LIST", *offsets(local_time())]
    elif verb.lower() == "cancel":
        params = ["CANCEL", rest]
    elif verb.lower() == "move":
        number, _space, time = rest.partition(" ")
        moved = split_time(time.strip(), local_time())
        if moved is None or moved[1].strip():
            await _explain(client, "at", is_time_wrong=True)
            return
        params = ["MOVE", number, moved[0]]
    elif found is None or not (place := _place(client, found[1]))[1]:
        await _explain(client, "at", is_time_wrong=found is None)
        return
    elif not place[0]:
        await client.tell(_("You are not in a channel."), error=True)
        return
    else:
        params = [found[0], *place]
    await client.do("/at", lambda protocol: protocol.send("NICKSERV", "AT", *params))


@command(
    N_("time text"),
    N_("reminds you of something: /remind 20m tea, also 17:00, tomorrow 9:00 or 2030-01-31 9:00"),
    1,
    1,
)
async def _remind(client: Actions, words: list[str]) -> None:
    found = split_time(words[0], local_time())
    if found is None or not found[1].strip():
        await _explain(client, "remind", is_time_wrong=found is None)
        return
    params = found[0], found[1].strip()
    await client.do("/remind", lambda protocol: protocol.send("NICKSERV", "REMIND", *params))


def _place(client: Actions, text: str) -> tuple[str, str]:
    """Return the target that a text begins with, else the current one, and the text behind it."""
    first, _space, rest = text.strip().partition(" ")
    if client.is_channel(first):
        return first, rest.strip()
    if first.startswith("@") and len(first) > 1:
        return first[1:], rest.strip()
    return client.current, text.strip()


async def _explain(client: Actions, name: str, *, is_time_wrong: bool) -> None:
    usage = _("Usage: {usage}").format(usage=COMMANDS[name].synopsis())
    times = _("A time is 20m, 2h30m, 17:00, today 17:00, tomorrow 9:00 or 2030-01-31 9:00.")
    await client.tell(f"{usage} · {times}" if is_time_wrong else usage, error=True)
