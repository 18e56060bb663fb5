"""Relayed and role-play messages: RELAYMSG for bridges (`draft/relaymsg`); NPC, NPCA and SCENE.

No nickname can be confused with the names that these commands use. User name and host are those of
the sending user.
"""

from collections.abc import Mapping
from typing import Final

from trio_chat.chat import nicknames, policy
from trio_chat.chat.channels import Channel
from trio_chat.chat.commands.channels import find_channel
from trio_chat.chat.commands.message_rules import client_tags, fits, is_pushed, is_restrained
from trio_chat.chat.events import Event
from trio_chat.chat.registry import Request, command
from trio_chat.chat.users import User
from trio_chat.irc import modes, tag_names
from trio_chat.irc import numerics as n
from trio_chat.irc.message import NO_TAGS
from trio_chat.irc.names import (
    RELAY_SEPARATOR,
    SCENE,
    InvalidName,
    fold_nick,
    fold_or_self,
    fold_relayed,
)

MAX_RELAYED: Final = 64
"""The maximum number of characters of the name of a user of another network."""


@command(
    "RELAYMSG",
    "<channel> <name/network> :<text>",
    min_params=3,
    help="Relay a message from a user of another network; for operators of the channel.",
)
def relaymsg_command(request: Request) -> None:
    """Relay a message from a user of another network."""
    user, reply = request.user, request.reply
    channel = find_channel(request, request.params[0])
    if channel is None:
        return
    name, text = request.params[1], request.params[2]
    if not policy.is_operator(user, channel):
        reply.fail(
            "RELAYMSG", "PRIVS_NEEDED", text="Only operators of the channel can pass messages on"
        )
        return
    if not text.strip():
        reply.fail("RELAYMSG", "BLANK_MSG", text="The message must not be blank")
        return
    try:
        folded = fold_relayed(name, MAX_RELAYED)
        _refuse_service(name.partition(RELAY_SEPARATOR)[0])
    except InvalidName:
        text = (
            "The name must be written like name/network, each part like a nickname, and not like a"
            " service's"
        )
        reply.fail("RELAYMSG", "INVALID_NICK", text=text)
        return
    if channel.is_silenced(User(name, folded, user.username, user.host, "", 0.0)):
        reply.fail("RELAYMSG", "BANNED", text=f"{name} is banned from {channel.name}")
        return
    if why_not := policy.why_not_speak(user, channel, text):  # CTCP with +C
        reply.numeric(why_not, channel.name)
        return
    _speak(request, channel, name, text, {**client_tags(request), tag_names.RELAYMSG: user.nick})


@command(
    "NPC",
    "<channel> <name> :<text>",
    min_params=3,
    help="Speak as a character, in a channel for role-play (+E).",
)
def npc_command(request: Request) -> None:
    """Speak as a character."""
    _play(request, request.params[1], " ".join(request.params[2:]))


@command(
    "NPCA",
    "<channel> <name> :<text>",
    min_params=3,
    help="Let a character do something, like /me (+E).",
)
def npca_command(request: Request) -> None:
    """Let a character do something."""
    _play(request, request.params[1], " ".join(request.params[2:]), is_action=True)


@command(
    "SCENE",
    "<channel> :<text>",
    min_params=2,
    help="Describe the scene, in a channel for role-play (+E).",
)
def scene_command(request: Request) -> None:
    """Describe the scene."""
    _play(request, "", " ".join(request.params[1:]))


def _play(request: Request, character: str, text: str, *, is_action: bool = False) -> None:
    """Send a message as a character, or as the narrator ("")."""
    user, reply = request.user, request.reply
    channel = find_channel(request, request.params[0])
    if channel is None:
        return
    if modes.ROLEPLAY not in channel.flags:
        reply.numeric(
            n.ERR_CANNOTSENDRP,
            channel.name,
            args=("This channel is not for role-play; an operator can set +E",),
        )
        return
    why_not = policy.why_not_speak(user, channel, text)
    if why_not:
        reply.numeric(why_not, channel.name)
        return
    try:
        if character:
            fold_nick(character, request.world.lengths.nick)
            _refuse_service(character)
    except InvalidName:
        reply.numeric(
            n.ERR_CANNOTSENDRP,
            channel.name,
            args=("A character is named like a person, not like a service",),
        )
        return
    said = f"{text} ({user.nick})"
    _speak(
        request,
        channel,
        f"*{character}*" if character else SCENE,
        f"\x01ACTION {said}\x01" if is_action else said,
        NO_TAGS,
    )


def _refuse_service(name: str) -> None:
    """Raise `InvalidName` for a name that looks like a service's."""
    if nicknames.looks_like_service(name, fold_or_self(name)):
        raise InvalidName(name)


def _speak(
    request: Request, channel: Channel, name: str, text: str, tags: Mapping[str, str]
) -> None:
    """Send a message to a channel under another name; the sender receives it too, with or without
    `echo-message`.
    """
    world, user = request.world, request.user
    is_for_operators = policy.is_heard_by_operators_only(user, channel)
    recipients = channel.audience()
    if is_for_operators:
        recipients = tuple(
            dict.fromkeys((*channel.ranked_audience(modes.HALF_OPERATOR), *user.sessions))
        )
    event = Event(
        world.ids.next(alone=True),
        "PRIVMSG",
        (channel.name, text),
        f"{name}!{user.username}@{user.host}",
        recipients,
        account="" if tag_names.RELAYMSG in tags else user.account,
        client_tags=tags,
        carries_msgid=True,
        history_targets=channel.history_targets if world.storage and not is_for_operators else (),
        shift=world.ids.shift,
        server_tags=user.server_tags,
        account_id=0 if tag_names.RELAYMSG in tags else user.account_id,
    )
    if not fits(request, event) or (
        (channel.moderation is not None or world.moderation.restrains)
        and is_restrained(request, channel, request.message.command, (text,), tags, may_hold=False)
    ):
        return
    if world.push.users and is_pushed((text,)):
        rank = modes.HALF_OPERATOR if is_for_operators else ""
        accounts = world.push.notified_in(channel, user, event, text, rank)
        event = event.replace(push_accounts=accounts)
    request.reply.emit(event)
