"""What a typed line means: a message, `exit`, or one of the commands in one table.

An entry gives a command's usage, help, number of arguments and handler; `/help` is derived from it, and so is the check of the
arguments. A handler does not touch the connection: it asks the client, which may have to wait for one.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

import trio

from trio_chat.client.session.dialogue import Dialogue
from trio_chat.client.session.events import Kind
from trio_chat.client.session.fetch import AT_JOIN, MOST_EARLIER
from trio_chat.i18n import N_, _
from trio_chat.irc.message import ParseError, parse


class Actions(Protocol):
    """What a command can ask of the client."""

    @property
    def current(self) -> str:
        """The channel that the user talks in, "" when there is none."""

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""

    async def say(self, target: str, text: str, kind: Kind = Kind.MESSAGE) -> None:
        """Send a message as soon as there is a connection."""

    async def do(self, text: str, action: Callable[[Dialogue], None]) -> None:
        """Have something done as soon as there is a connection; `text` names it if that never comes."""

    async def join(self, channel: str, key: str) -> None:
        """Join a channel and talk in it from then on."""

    def is_channel(self, target: str) -> bool:
        """Tell whether a target is written like a channel."""

    async def log_in(self, account: str) -> None:
        """Ask for a password and log in; "" means the account of the nickname."""

    async def register(self, account: str, email: str) -> None:
        """Ask for a password and register an account; "" means one for the nickname."""

    def finish(self, reason: str) -> None:
        """Leave when this line has been dealt with."""


Handler = Callable[[Actions, list[str]], Awaitable[None]]


class Command(NamedTuple):
    """One command.

    Args:
        name: how it is typed, without the slash.
        usage: its arguments, as `/help` shows them.
        help: what it does, in one sentence.
        least: arguments it needs.
        most: arguments it takes; the last one takes the rest of the line.
        handler: does it.
        asks_secret: whether a password may be what is typed next.
    """

    name: str
    usage: str
    help: str
    least: int
    most: int
    handler: Handler
    asks_secret: bool = False

    def synopsis(self) -> str:
        """Return the command as it is typed."""
        return f"/{self.name} {_(self.usage)}".rstrip()


COMMANDS: dict[str, Command] = {}


def _command(usage: str, help_text: str, least: int, most: int, *, secret: bool = False) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        name = handler.__name__.removeprefix("_")
        COMMANDS[name] = Command(name, usage, help_text, least, most, handler, secret)
        return handler

    return register


def asks_secret(line: str) -> bool:
    """Tell whether a password may be what is typed behind this line."""
    command = COMMANDS.get(line[1:].partition(" ")[0].lower()) if line.startswith("/") else None
    return command is not None and command.asks_secret


async def interpret(client: Actions, line: str, table: Mapping[str, Command]) -> None:
    """Do what a typed line says.

    Args:
        client: who does it.
        line: the line.
        table: the commands that there are.

    A line that begins with `//`, or with a space before its slash, is a message that begins with a slash.
    """
    text = line.replace("\0", "").rstrip()
    if not text.strip():
        return
    if text.strip() == "exit":
        client.finish("")
    elif text.startswith("//"):
        await _talk(client, text[1:])
    elif text.startswith("/"):
        await _run_command(client, text, table)
    else:
        await _talk(client, text.lstrip() if text.lstrip().startswith("/") else text)


async def _talk(client: Actions, text: str) -> None:
    if client.current:
        await client.say(client.current, text)
    else:
        await client.tell(_("You are in no channel, so nobody got this: {text}").format(text=text), error=True)
        await client.tell(_("Join a channel with /join #channel, or write to one person with /msg nickname text."))


async def _run_command(client: Actions, text: str, table: Mapping[str, Command]) -> None:
    name, _space, rest = text[1:].partition(" ")
    command = table.get(name.lower())
    if command is None:
        hint = _("There is no command /{name}. /help shows all commands; to send a line that begins with /, type // instead.")
        await client.tell(hint.format(name=name), error=True)
        return
    words = rest.split(maxsplit=max(command.most - 1, 0))
    if not command.least <= len(words) <= command.most:
        await client.tell(_("Usage: {usage}").format(usage=command.synopsis()), error=True)
        return
    await command.handler(client, [word.strip() for word in words])


def _channel_name(client: Actions, name: str) -> str:
    return name if client.is_channel(name) else f"#{name}"


@_command(N_("[command]"), N_("shows the commands, or what one of them does"), 0, 1)
async def _help(client: Actions, words: list[str]) -> None:
    wanted = words[0].removeprefix("/").lower() if words else ""
    if wanted and wanted not in COMMANDS:
        await client.tell(_("There is no command /{name}. /help shows all commands.").format(name=wanted), error=True)
        return
    for command in COMMANDS.values():
        if wanted in ("", command.name):
            await client.tell(f"{command.synopsis()} — {_(command.help)}")
    if not wanted:
        await client.tell(_("exit — leaves the chat"))
        await client.tell(_("Everything else you type is sent to the channel. A line that begins with // is sent with one /."))


@_command(N_("nickname"), N_("changes your nickname"), 1, 1)
async def _nick(client: Actions, words: list[str]) -> None:
    nick = words[0]
    if " " in nick:
        await client.tell(_("A nickname cannot contain spaces."), error=True)
        return
    await client.do(f"/nick {nick}", lambda dialogue: dialogue.change_nick(nick))


@_command(N_("#channel [key]"), N_("joins a channel, or goes back to one you are in"), 1, 2)
async def _join(client: Actions, words: list[str]) -> None:
    channel = _channel_name(client, words[0])
    await client.join(channel, words[1] if len(words) > 1 else "")


@_command(N_("[#channel] [reason]"), N_("leaves a channel"), 0, 2)
async def _part(client: Actions, words: list[str]) -> None:
    if words and client.is_channel(words[0]):
        channel, *reason = words
    else:
        channel, reason = client.current, [" ".join(words)] if words else []
    if not channel:
        await client.tell(_("You are in no channel."), error=True)
        return
    await client.do(f"/part {channel}", lambda dialogue: dialogue.send("PART", channel, *reason))


@_command(N_("nickname text"), N_("sends a message to one person, or to another channel"), 2, 2)
async def _msg(client: Actions, words: list[str]) -> None:
    await client.say(words[0], words[1])


@_command(N_("text"), N_('says what you do: "/me waves" is shown as "* Nickname waves"'), 1, 1)
async def _me(client: Actions, words: list[str]) -> None:
    if client.current:
        await client.say(client.current, words[0], Kind.ACTION)
    else:
        await client.tell(_("You are in no channel."), error=True)


@_command(N_("[#channel] [text]"), N_("shows the topic of the channel, or changes it"), 0, 2)
async def _topic(client: Actions, words: list[str]) -> None:
    if words and client.is_channel(words[0]):
        channel, *topic = words
    else:
        channel, topic = client.current, [" ".join(words)] if words else []
    if not channel:
        await client.tell(_("You are in no channel."), error=True)
        return
    await client.do(f"/topic {channel}", lambda dialogue: dialogue.send("TOPIC", channel, *topic))


@_command(N_("[#channel]"), N_("shows who is in the channel"), 0, 1)
async def _names(client: Actions, words: list[str]) -> None:
    channel = _channel_name(client, words[0]) if words else client.current
    if not channel:
        await client.tell(_("You are in no channel."), error=True)
        return
    await client.do(f"/names {channel}", lambda dialogue: dialogue.send("NAMES", channel))


@_command("", N_("shows the channels of the server"), 0, 0)
async def _list(client: Actions, words: list[str]) -> None:
    await client.do("/list", lambda dialogue: dialogue.send("LIST"))


@_command(N_("[text]"), N_("tells others that you are away, and why; without a text: that you are back"), 0, 1)
async def _away(client: Actions, words: list[str]) -> None:
    await client.do("/away", lambda dialogue: dialogue.send("AWAY", *words))


@_command(N_("nickname"), N_("shows what the server knows of somebody"), 1, 1)
async def _whois(client: Actions, words: list[str]) -> None:
    await client.do(f"/whois {words[0]}", lambda dialogue: dialogue.send("WHOIS", words[0]))


@_command(N_("nickname [#channel]"), N_("invites somebody to the channel"), 1, 2)
async def _invite(client: Actions, words: list[str]) -> None:
    channel = _channel_name(client, words[1]) if len(words) > 1 else client.current
    if not channel:
        await client.tell(_("You are in no channel."), error=True)
        return
    await client.do(f"/invite {words[0]}", lambda dialogue: dialogue.send("INVITE", words[0], channel))


@_command(N_("nickname [reason]"), N_("removes somebody from the channel, if you are its operator"), 1, 2)
async def _kick(client: Actions, words: list[str]) -> None:
    channel = client.current
    if not channel:
        await client.tell(_("You are in no channel."), error=True)
        return
    await client.do(f"/kick {words[0]}", lambda dialogue: dialogue.send("KICK", channel, *words))


@_command(N_("[target] [modes]"), N_("shows or changes modes, such as /mode +o nickname"), 0, 1)
async def _mode(client: Actions, words: list[str]) -> None:
    params = words[0].split() if words else []
    if (not params or params[0][:1] in ("+", "-")) and client.current:
        params.insert(0, client.current)
    if not params:
        await client.tell(_("You are in no channel."), error=True)
        return
    await client.do("/mode", lambda dialogue: dialogue.send("MODE", *params))


@_command(N_("line"), N_("sends a line to the server as it is, for what has no command here"), 1, 1)
async def _quote(client: Actions, words: list[str]) -> None:
    try:
        message = parse(words[0])
    except ParseError:
        await client.tell(_("This cannot be sent: {text}").format(text=words[0]), error=True)
        return
    await client.do("/quote", lambda dialogue: dialogue.put(message))


@_command(N_("[number]"), N_("shows earlier messages of the channel; again, the ones before them"), 0, 1)
async def _history(client: Actions, words: list[str]) -> None:
    number = words[0] if words else str(AT_JOIN)
    if not (number.isascii() and number.isdigit() and 0 < int(number[:9]) <= MOST_EARLIER):
        text = _("/history shows from 1 to {most} messages at once.")
        await client.tell(text.format(most=MOST_EARLIER), error=True)
    elif channel := client.current:
        await client.do("/history", lambda dialogue: dialogue.history.show_earlier(channel, int(number)))
    else:
        await client.tell(_("You are in no channel."), error=True)


@_command(N_("words"), N_("finds messages of the channel that have these words in them"), 1, 1)
async def _search(client: Actions, words: list[str]) -> None:
    channel = client.current
    await client.do("/search", lambda dialogue: dialogue.history.search(words[0], channel))


@_command(N_("[account]"), N_("logs in to your account; the password is asked for"), 0, 1, secret=True)
async def _login(client: Actions, words: list[str]) -> None:
    if words and " " in words[0]:
        text = _("Give only the name of the account: the password is asked for, and nobody sees it.")
        await client.tell(text, error=True)
        return
    await client.log_in(words[0] if words else "")


@_command(N_("[account] [e-mail]"), N_("makes your nickname an account of your own; a password is asked for"), 0, 2, secret=True)
async def _register(client: Actions, words: list[str]) -> None:
    addresses = [word for word in words if "@" in word]
    names = [word for word in words if "@" not in word]
    if len(names) > 1 or any(" " in word for word in words):
        text = _("Give only the name of the account: the password is asked for, and nobody sees it.")
        await client.tell(text, error=True)
        return
    await client.register("".join(names), "".join(addresses[:1]))


@_command(N_("account code"), N_("completes a registration with the code that was sent to you"), 2, 2)
async def _verify(client: Actions, words: list[str]) -> None:
    await client.do(f"/verify {words[0]}", lambda dialogue: dialogue.send("VERIFY", *words))


@_command(N_("[reason]"), N_("leaves the chat"), 0, 1)
async def _quit(client: Actions, words: list[str]) -> None:
    client.finish(words[0] if words else "")
    await trio.lowlevel.checkpoint()  # as every async function of Trio's does
