"""Commands of all interfaces: one small function each, which calls the client's actions."""

from collections.abc import Sequence
from functools import partial

import trio

from trio_chat.client import ignoring, moderation  # noqa: F401  they fill the table, too
from trio_chat.client.credentials import mask_protocol
from trio_chat.client.registry import COMMANDS, Actions, TargetMessage, command
from trio_chat.client.session.events import MessageKind
from trio_chat.client.session.history_request import AT_JOIN, MOST_EARLIER
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.i18n import N_, _
from trio_chat.irc.message import ParseError, parse

__all__ = ("COMMANDS",)


def _channel_name(client: Actions, name: str) -> str:
    return name if client.is_channel(name) else f"#{name}"


@command(N_("[command]"), N_("shows the commands, or what one of them does"), 0, 1)
async def _help(client: Actions, words: list[str]) -> None:
    wanted = words[0].removeprefix("/").lower() if words else ""
    if wanted and wanted not in COMMANDS:
        await client.tell(
            _("There is no command /{name}. /help shows all commands.").format(name=wanted),
            error=True,
        )
        return
    for each in COMMANDS.values():
        if wanted in ("", each.name):
            await client.tell(f"{each.synopsis()} — {_(each.help)}")
    if not wanted:
        await client.tell(_("exit — leaves the chat"))
        await client.tell(
            _(
                "Everything else you type is sent to the channel. A line that begins with // is"
                " sent with one /."
            )
        )


@command(N_("nickname"), N_("changes your nickname"), 1, 1)
async def _nick(client: Actions, words: list[str]) -> None:
    nick = words[0]
    if " " in nick:
        await client.tell(_("A nickname cannot contain spaces."), error=True)
        return
    await client.do(f"/nick {nick}", lambda protocol: protocol.nickname.change(nick))


@command(N_("#channel [key]"), N_("joins a channel, or goes back to one you are in"), 1, 2)
async def _join(client: Actions, words: list[str]) -> None:
    channel = _channel_name(client, words[0])
    await client.join(channel, words[1] if len(words) > 1 else "")


@command(N_("[#channel] [reason]"), N_("leaves a channel"), 0, 2)
async def _part(client: Actions, words: list[str]) -> None:
    if words and client.is_channel(words[0]):
        channel, *reason = words
    else:
        channel, reason = client.current, [" ".join(words)] if words else []
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do(f"/part {channel}", lambda protocol: protocol.send("PART", channel, *reason))


@command(
    N_("nickname text"),
    N_("sends a message to one person, or to another channel"),
    2,
    2,
    lines=True,
)
async def _msg(client: Actions, words: list[str]) -> None:
    await client.say(words[0], words[1])


@command(N_("text"), N_('says what you do: "/me waves" is shown as "* Nickname waves"'), 1, 1)
async def _me(client: Actions, words: list[str]) -> None:
    if client.current:
        await client.say(client.current, words[0], MessageKind.ACTION)
    else:
        await client.tell(_("You are not in a channel."), error=True)


@command(
    N_("[files]"),
    N_("uploads files and sends a link to each; without a file: cancels uploads"),
    0,
    1,
)
async def _upload(client: Actions, words: list[str]) -> None:
    if words and not client.current:
        await client.tell(_("You are not in a channel."), error=True)
    else:
        await client.upload(words[0] if words else "")


# About one message


@command(
    N_("[@nickname] text"),
    N_("answers the last message, or that of somebody; @2 is the last but one"),
    1,
    2,
    lines=True,
)
async def _reply(client: Actions, words: list[str]) -> None:
    target_message, rest = await _target_message(client, words, own=False)
    if not rest:
        await client.tell(
            _("Usage: {usage}").format(usage=COMMANDS["reply"].synopsis()), error=True
        )
    elif target_message:
        await client.answer(target_message, " ".join(rest))


@command(
    N_("[@nickname] emoji"),
    N_("reacts to the last message, or that of somebody; again: takes that back"),
    1,
    2,
)
async def _react(client: Actions, words: list[str]) -> None:
    target_message, rest = await _target_message(client, words, own=False)
    if len(rest) != 1:
        await client.tell(
            _("Usage: {usage}").format(usage=COMMANDS["react"].synopsis()), error=True
        )
    elif target_message:
        reaction, take_back = rest[0], rest[0] in target_message.reactions
        react = partial(
            ClientProtocol.react,
            target=target_message.conversation,
            msgid=target_message.msgid,
            reaction=reaction,
            take_back=take_back,
        )
        await client.do(f"/react {reaction}", react)


@command(
    N_("[@nickname] [reason]"),
    N_("deletes your last message, or that of somebody if you may"),
    0,
    2,
)
async def _redact(client: Actions, words: list[str]) -> None:
    target_message, rest = await _target_message(client, words, own=True)
    if target_message:
        reason = [" ".join(rest)] if rest else []
        await client.do(
            "/redact",
            lambda protocol: protocol.send(
                "REDACT", target_message.conversation, target_message.msgid, *reason
            ),
        )


@command(
    N_("[@nickname]"),
    N_("pins the last message of the channel, or that of somebody, if you are its operator"),
    0,
    1,
)
async def _pin(client: Actions, words: list[str]) -> None:
    target_message, rest = await _target_message(client, words, own=False)
    if rest:
        await client.tell(_("Usage: {usage}").format(usage=COMMANDS["pin"].synopsis()), error=True)
    elif target_message:
        channel, msgid = target_message.conversation, target_message.msgid
        await client.do("/pin", lambda protocol: protocol.send("CHANSERV", "PIN", channel, msgid))


@command(N_("number"), N_("takes a pin back; /pins shows the numbers"), 1, 1)
async def _unpin(client: Actions, words: list[str]) -> None:
    channel = client.current
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do("/unpin", lambda protocol: protocol.send("CHANSERV", "UNPIN", channel, *words))


@command(N_("[#channel]"), N_("shows the pinned messages of the channel"), 0, 1)
async def _pins(client: Actions, words: list[str]) -> None:
    channel = _channel_name(client, words[0]) if words else client.current
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do("/pins", lambda protocol: protocol.send("CHANSERV", "PINS", channel))


@command(
    N_("[@nickname] reason"),
    N_("reports the last message, or that of somebody, to the operators of the channel"),
    1,
    2,
)
async def _report(client: Actions, words: list[str]) -> None:
    target_message, reason = await _target_message(client, words, own=False)
    if not reason:
        await client.tell(
            _("Usage: {usage}").format(usage=COMMANDS["report"].synopsis()), error=True
        )
    elif target_message:
        about = target_message.conversation, target_message.msgid, " ".join(reason)
        await client.do("/report", lambda protocol: protocol.send("CHANSERV", "REPORT", *about))


async def _target_message(
    client: Actions, words: Sequence[str], *, own: bool
) -> tuple[TargetMessage | None, Sequence[str]]:
    """Return the message that the words name, and the words behind its name.

    The user is informed when there is no such message.
    """
    is_named = bool(words) and len(words[0]) > 1 and words[0].startswith("@")
    name, rest = (words[0][1:], words[1:]) if is_named else ("", words)
    target_message = client.target_message(name, own=own)
    if target_message is None:
        text = _("There is no such message here, or this server gives messages no identifiers.")
        await client.tell(text, error=True)
    return target_message, rest


# The channel


@command(N_("[#channel] [text]"), N_("shows the topic of the channel, or changes it"), 0, 2)
async def _topic(client: Actions, words: list[str]) -> None:
    if words and client.is_channel(words[0]):
        channel, *topic = words
    else:
        channel, topic = client.current, [" ".join(words)] if words else []
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do(f"/topic {channel}", lambda protocol: protocol.send("TOPIC", channel, *topic))


@command(N_("[#channel]"), N_("shows who is in the channel"), 0, 1)
async def _names(client: Actions, words: list[str]) -> None:
    channel = _channel_name(client, words[0]) if words else client.current
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do(f"/names {channel}", lambda protocol: protocol.send("NAMES", channel))


@command(
    N_("[mask]"),
    N_("shows the channels of the server, or those whose names fit a mask such as *linux*"),
    0,
    1,
)
async def _list(client: Actions, words: list[str]) -> None:
    await client.do("/list", lambda protocol: protocol.send("LIST", *words))


@command(
    N_("[text]"),
    N_("tells others that you are away, and why; without a text: that you are back"),
    0,
    1,
)
async def _away(client: Actions, words: list[str]) -> None:
    await client.do("/away", lambda protocol: protocol.send("AWAY", *words))


@command(N_("nickname"), N_("shows what the server knows about a user"), 1, 1)
async def _whois(client: Actions, words: list[str]) -> None:
    await client.do(f"/whois {words[0]}", lambda protocol: protocol.send("WHOIS", words[0]))


@command(N_("nickname [#channel]"), N_("invites somebody to the channel"), 1, 2)
async def _invite(client: Actions, words: list[str]) -> None:
    channel = _channel_name(client, words[1]) if len(words) > 1 else client.current
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do(
        f"/invite {words[0]}", lambda protocol: protocol.send("INVITE", words[0], channel)
    )


@command(
    N_("nickname [reason]"), N_("removes somebody from the channel, if you are its operator"), 1, 2
)
async def _kick(client: Actions, words: list[str]) -> None:
    channel = client.current
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do(f"/kick {words[0]}", lambda protocol: protocol.send("KICK", channel, *words))


@command(N_("[target] [modes]"), N_("shows or changes modes, such as /mode +o nickname"), 0, 1)
async def _mode(client: Actions, words: list[str]) -> None:
    params = words[0].split() if words else []
    if (not params or params[0][:1] in ("+", "-")) and client.current:
        params.insert(0, client.current)
    if not params:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do("/mode", lambda protocol: protocol.send("MODE", *params))


@command(
    N_("name [password]"),
    N_("makes you an operator of the server; the password is asked for"),
    1,
    2,
    secret=True,
)
async def _oper(client: Actions, words: list[str]) -> None:
    await client.become_operator(words[0], "".join(words[1:]))


@command(N_("line"), N_("sends a line to the server as it is, for what has no command here"), 1, 1)
async def _quote(client: Actions, words: list[str]) -> None:
    try:
        message = parse(words[0])
    except ParseError:
        await client.tell(
            _("This cannot be sent: {text}").format(text=mask_protocol(words[0])), error=True
        )
        return
    await client.do("/quote", lambda protocol: protocol.put(message))


@command(
    N_("[number]"), N_("shows earlier messages of the channel; again, the ones before them"), 0, 1
)
async def _history(client: Actions, words: list[str]) -> None:
    number = words[0] if words else str(AT_JOIN)
    if not (number.isascii() and number.isdigit() and 0 < int(number[:9]) <= MOST_EARLIER):
        text = _("/history shows from 1 to {most} messages at once.")
        await client.tell(text.format(most=MOST_EARLIER), error=True)
    elif channel := client.current:
        await client.do(
            "/history", lambda protocol: protocol.history.show_earlier(channel, int(number))
        )
    else:
        await client.tell(_("You are not in a channel."), error=True)


@command(N_("words"), N_("finds messages of the channel that have these words in them"), 1, 1)
async def _search(client: Actions, words: list[str]) -> None:
    channel = client.current
    await client.do("/search", lambda protocol: protocol.history.search(words[0], channel))


# The account and the end


@command(
    N_("[account]"), N_("logs in to your account; the password is asked for"), 0, 1, secret=True
)
async def _login(client: Actions, words: list[str]) -> None:
    if words and " " in words[0]:
        text = _(
            "Give only the name of the account: the password is asked for, and nobody sees it."
        )
        await client.tell(text, error=True)
        return
    await client.log_in(words[0] if words else "")


@command(
    N_("[account] [e-mail]"),
    N_("makes your nickname an account of your own; a password is asked for"),
    0,
    2,
    secret=True,
)
async def _register(client: Actions, words: list[str]) -> None:
    addresses = [word for word in words if "@" in word]
    names = [word for word in words if "@" not in word]
    if len(names) > 1 or any(" " in word for word in words):
        text = _(
            "Give only the name of the account: the password is asked for, and nobody sees it."
        )
        await client.tell(text, error=True)
        return
    await client.register("".join(names), "".join(addresses[:1]))


@command(
    N_("account code"), N_("completes a registration with the code that was sent to you"), 2, 2
)
async def _verify(client: Actions, words: list[str]) -> None:
    await client.do(f"/verify {words[0]}", lambda protocol: protocol.send("VERIFY", *words))


@command(N_("[reason]"), N_("leaves the chat"), 0, 1)
async def _quit(client: Actions, words: list[str]) -> None:
    client.finish(words[0] if words else "")
    await trio.lowlevel.checkpoint()  # every async function has one, as in Trio
