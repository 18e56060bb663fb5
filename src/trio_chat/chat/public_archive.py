"""The public archive: channels whose messages everybody may read on the web (+P).

Only messages count that were said after the channel was made public, while it was open to
everybody, and that are not deleted. A channel that is not public any longer has no pages at once.
"""

from typing import Final
from urllib.parse import quote

from trio_chat.chat.api_tokens import NOT_IN_PATHS
from trio_chat.chat.channels import Channel
from trio_chat.chat.history import Record
from trio_chat.chat.world import World
from trio_chat.irc import modes
from trio_chat.irc.names import CHANTYPES

PATH: Final = "archive/"
"""Where the pages are, below the address of the page."""


def why_not_open(world: World, channel: Channel) -> str:
    """Return why a channel cannot be made public, "" if it can."""
    if not world.server_info.has_archive or world.storage is None:
        return "This server has no public archive ([archive] enabled)"
    if channel.registration is None:
        return "Only a registered channel can be public: /msg ChanServ REGISTER"
    if channel.name.removeprefix(CHANTYPES) in NOT_IN_PATHS:
        return f"{channel.name} cannot be public, as no address of a page can have this name"
    return ""


def is_public(world: World, channel: Channel) -> bool:
    """Return whether a channel has pages."""
    return modes.PUBLIC in channel.flags and not why_not_open(world, channel)


def channels(world: World) -> list[Channel]:
    """Return the channels with pages, by their names."""
    if not world.server_info.has_archive:
        return []
    found = [channel for channel in world.channels.values() if is_public(world, channel)]
    return sorted(found, key=lambda channel: channel.folded)


def may_be_shown(world: World, channel: Channel, record: Record) -> bool:
    """Return whether a message of a public channel is for everybody."""
    is_public_message = not record.is_private and record.id > channel.public_since
    return is_public_message and record.id not in world.redacted


def link(world: World, channel: Channel) -> str:
    """Return the address of the pages of a channel; "" when it has none, or the server does not
    know its own.
    """
    if not world.page_url or not is_public(world, channel):
        return ""
    return f"{world.page_url}{path(channel)}"


def path(channel: Channel) -> str:
    """Return the path of the pages of a channel, without a `/` before it."""
    return f"{PATH}{quote(channel.name.removeprefix(CHANTYPES), safe='')}/"
