"""Commands of all interfaces: one small function each, which calls the client's actions."""

from itertools import zip_longest

import trio

# They fill the table, too.
from trio_chat.client import (  # noqa: F401
    call_commands,
    ignoring,
    message_commands,
    moderation,
    notification_commands,
    poll_commands,
    schedule_commands,
)
from trio_chat.client.credentials import mask_protocol
from trio_chat.client.registry import COMMANDS, Actions, channel_name, command
from trio_chat.client.session.events import MessageKind
from trio_chat.client.session.history_request import AT_JOIN, MOST_EARLIER
from trio_chat.i18n import N_, _
from trio_chat.irc.message import ParseError, parse

__all__ = ("COMMANDS",)


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
    # Several have commas between them, and so have their keys.
    names, keys = words[0].split(","), (words[1] if len(words) > 1 else "").split(",")
    for name, key in zip_longest(names, keys[: len(names)], fillvalue=""):
        if name:
            await client.join(channel_name(client, name), key)


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
    people=True,
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
    channel = channel_name(client, words[0]) if words else client.current
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
    await client.do("/away", lambda protocol: protocol.set_away(" ".join(words)))


@command(N_("nickname"), N_("shows what the server knows about a user"), 1, 1, people=True)
async def _whois(client: Actions, words: list[str]) -> None:
    await client.do(f"/whois {words[0]}", lambda protocol: protocol.send("WHOIS", words[0]))


@command(N_("nickname [#channel]"), N_("invites somebody to the channel"), 1, 2, people=True)
async def _invite(client: Actions, words: list[str]) -> None:
    channel = channel_name(client, words[1]) if len(words) > 1 else client.current
    if not channel:
        await client.tell(_("You are not in a channel."), error=True)
        return
    await client.do(
        f"/invite {words[0]}", lambda protocol: protocol.send("INVITE", words[0], channel)
    )


@command(
    N_("nickname [reason]"),
    N_("removes somebody from the channel, if you are its operator"),
    1,
    2,
    people=True,
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
    "", N_("logs out of your account; a password that is kept logs in at the next start"), 0, 0
)
async def _logout(client: Actions, words: list[str]) -> None:
    await client.log_out()


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
