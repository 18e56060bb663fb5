"""Commands of channel operators: ranks and bans; and `/notice`."""

from collections.abc import Sequence

from trio_chat.client.registry import Actions, command
from trio_chat.client.session.ban_masks import CHANGES_AT_ONCE
from trio_chat.client.session.events import MessageKind, Note
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.i18n import N_, _


@command(
    N_("nickname text"),
    N_("sends a notice, which opens no window for its receiver"),
    2,
    2,
    people=True,
)
async def _notice(client: Actions, words: list[str]) -> None:
    await client.say(words[0], words[1], MessageKind.NOTICE)


@command(
    N_("[#channel] nickname …"), N_("makes a user an operator of the channel"), 1, 1, people=True
)
async def _op(client: Actions, words: list[str]) -> None:
    await _change(client, "op", "+o", words)


@command(N_("[#channel] nickname …"), N_("takes the rank of operator away"), 1, 1, people=True)
async def _deop(client: Actions, words: list[str]) -> None:
    await _change(client, "deop", "-o", words)


@command(
    N_("[#channel] nickname …"),
    N_("makes a user a half-operator of the channel"),
    1,
    1,
    people=True,
)
async def _halfop(client: Actions, words: list[str]) -> None:
    await _change(client, "halfop", "+h", words)


@command(N_("[#channel] nickname …"), N_("takes the rank of half-operator away"), 1, 1, people=True)
async def _dehalfop(client: Actions, words: list[str]) -> None:
    await _change(client, "dehalfop", "-h", words)


@command(
    N_("[#channel] nickname …"), N_("lets a user speak in a moderated channel"), 1, 1, people=True
)
async def _voice(client: Actions, words: list[str]) -> None:
    await _change(client, "voice", "+v", words)


@command(N_("[#channel] nickname …"), N_("takes the right to speak away"), 1, 1, people=True)
async def _devoice(client: Actions, words: list[str]) -> None:
    await _change(client, "devoice", "-v", words)


@command(
    N_("[#channel] [nickname or mask …]"),
    N_("keeps a user out of the channel; without a name: shows the bans"),
    0,
    1,
    people=True,
)
async def _ban(client: Actions, words: list[str]) -> None:
    await _change_bans(client, "ban", "+b", words)


@command(N_("[#channel] nickname or mask …"), N_("lifts a ban"), 1, 1, people=True)
async def _unban(client: Actions, words: list[str]) -> None:
    await _change_bans(client, "unban", "-b", words)


@command(
    N_("nickname [reason]"),
    N_("removes somebody from the channel, and keeps that user out"),
    1,
    2,
    people=True,
)
async def _kickban(client: Actions, words: list[str]) -> None:
    channel = _current_channel(client)
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    nick, reason = words[0], words[1] if len(words) > 1 else ""
    await client.do(
        f"/kickban {nick}",
        lambda protocol: protocol.bans.change(channel, "+b", [nick], reason=reason),
    )


@command(
    N_("[#channel] [nickname or mask …]"),
    N_("lets a user read without speaking; without a name: shows the bans"),
    0,
    1,
    people=True,
)
async def _mute(client: Actions, words: list[str]) -> None:
    await _change_mute(client, "mute", "+", words)


@command(N_("[#channel] nickname or mask …"), N_("lets a user speak again"), 1, 1, people=True)
async def _unmute(client: Actions, words: list[str]) -> None:
    await _change_mute(client, "unmute", "-", words)


@command(
    N_("[#channel] [uses] [duration]"),
    N_("makes a link that lets others into the channel: once within a week, or as you say"),
    0,
    3,
)
async def _invite_link(client: Actions, words: list[str]) -> None:
    channel = _current_channel(client)
    if words and (words[0] == "*" or client.is_channel(words[0])):
        channel, *words = words
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do(
        f"/invite-link {channel}",
        lambda protocol: protocol.send("INVITATION", "CREATE", channel, *words),
    )


async def _change(
    client: Actions,
    name: str,
    mode: str,
    words: list[str],
) -> None:
    """Change a mode for several users; servers accept only a few changes in one line."""
    channel, people = _channel_and_people(client, words)
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    if not people:
        await client.do(f"/{name}", lambda protocol: protocol.send("MODE", channel, mode))
        return
    letter = mode[1]
    for start in range(0, len(people), CHANGES_AT_ONCE):
        some = people[start : start + CHANGES_AT_ONCE]
        letters = f"{mode[0]}{letter * len(some)}"
        await client.do(
            f"/{name} {' '.join(some)}",
            lambda protocol, letters=letters, some=some: protocol.send(
                "MODE", channel, letters, *some
            ),  # type: ignore[misc]
        )


async def _change_bans(client: Actions, name: str, mode: str, words: list[str]) -> None:
    """Set or lift bans, or show them."""
    channel, people = _channel_and_people(client, words)
    if people and channel:
        await client.do(
            " ".join((f"/{name}", *people)),
            lambda protocol: protocol.bans.change(channel, mode, people),
        )
    else:
        await _change(client, name, mode, words)


async def _change_mute(client: Actions, name: str, sign: str, words: list[str]) -> None:
    """Mute users, or lift that, in the way of the server that the command is sent to."""
    channel, people = _channel_and_people(client, words)
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do(
        " ".join((f"/{name}", *people)),
        lambda protocol: _send_mute(protocol, channel, sign, people),
    )


def _send_mute(protocol: ClientProtocol, channel: str, sign: str, people: Sequence[str]) -> None:
    if protocol.features.mute is None:
        text = _("This server cannot mute users. /ban keeps a user out of the channel.")
        protocol.emit(Note(text, error=True))
        return
    mode, prefix = protocol.features.mute
    if people:
        protocol.bans.change(channel, f"{sign}{mode}", people, prefix=prefix)
    else:
        protocol.send("MODE", channel, f"{sign}{mode}")


def _channel_and_people(client: Actions, words: Sequence[str]) -> tuple[str, list[str]]:
    people = words[0].split() if words else []
    if people and client.is_channel(people[0]):
        return people[0], people[1:]
    return _current_channel(client), people


def _current_channel(client: Actions) -> str:
    """Return the channel that is shown, or ""."""
    return client.current if client.is_channel(client.current) else ""
