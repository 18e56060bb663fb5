"""Channels as paths and bodies of requests name them."""

from trio_chat.chat.channels import Channel
from trio_chat.chat.world import World
from trio_chat.i18n import _
from trio_chat.irc.names import fold_or_self
from trio_chat.server.api.problems import not_found


def folded_name(name: str) -> str:
    """Return the folded name of a channel, whose # may be left out, as on the command line.

    This is for what is changed or made, and for stored messages: `#x` may have some and be no
    channel at present, and must not stand for `##x` then.
    """
    return fold_or_self(name if name.startswith("#") else f"#{name}")


def folded_channel(world: World, name: str) -> str:
    """Return the folded name of a channel that is looked at, whose # may be left out, so that `#x`
    finds `##x` where there is no `#x`; else the name as `folded_name` does.
    """
    folded, longer = folded_name(name), fold_or_self(f"#{name}")
    return longer if folded not in world.channels and longer in world.channels else folded


def channel_named(world: World, name: str) -> Channel:
    """Return a channel that is changed, by its name as `folded_name` understands it.

    Raises:
        ApiProblem: 404.
    """
    channel = world.channels.get(folded_name(name))
    if channel is None:
        raise not_found(_("there is no channel {name}").format(name=name))
    return channel


def registered_numbers(world: World) -> dict[str, int]:
    """Return the numbers of registered channels, by folded name."""
    return {
        folded: channel.founded
        for folded, channel in world.channels.items()
        if channel.registration is not None
    }


def names_by_number(world: World, lobby: int | None = None) -> dict[int, str]:
    """Return the names of channels by their numbers.

    Args:
        world: has them.
        lobby: a number that stands for the lobby, too, or None.
    """
    names = {channel.founded: channel.name for channel in world.channels.values()}
    if lobby is not None and world.channels.lobby is not None:
        names[lobby] = world.channels.lobby.name
    return names
