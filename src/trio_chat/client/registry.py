"""Registry of commands, and the interpretation of a typed line: a message, `exit`, or a command.

An entry has a command's usage, help, number of arguments and handler; `/help` and the check of the
arguments are derived from it. A handler does not use the connection itself: it calls an action of
the client, which may have to wait for a connection.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from trio_chat.client import operator_commands
from trio_chat.client.credentials import mask_message
from trio_chat.client.polls import ShownPoll
from trio_chat.client.session.events import MessageKind
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.i18n import _

_SIGN_OF_PERSON = re.compile(r"(?<![^\s,])@(?=[^\s,#&+!@*?:.]+(?![^\s,]))")
"""The `@` that other programs write before nicknames. In `@#channel` it stands for its operators,
and in `@host.example` and `@*` for a host.
"""


class TargetMessage(NamedTuple):
    """The message that a command is about.

    Args:
        msgid: its identifier.
        conversation: the conversation that it belongs to.
        reactions: the user's own reactions to it.
        text: its text.
    """

    msgid: str
    conversation: str
    reactions: Collection[str] = ()
    text: str = ""


class Actions(Protocol):
    """The actions of the client that commands call."""

    @property
    def current(self) -> str:
        """The target of messages, "" when there is none."""

    @property
    def call_base(self) -> str:
        """The address that rooms for calls are under, "" when there is none."""

    def recent_texts(self) -> Iterator[tuple[float, str]]:
        """Yield the time, in seconds of Unix time, and the text of the messages of the current
        conversation, the newest first.
        """

    @property
    def ignored(self) -> IgnoreList:
        """The ignore list."""

    async def change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        """Add to the ignore list and remove from it; return whether the list was saved."""

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""

    async def say(self, target: str, text: str, kind: MessageKind = MessageKind.MESSAGE) -> None:
        """Send a message as soon as there is a connection."""

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Defer an action until there is a connection.

        Args:
            text: names the action to the user if there never is one.
            action: called with the protocol.
        """

    async def join(self, channel: str, key: str) -> None:
        """Join a channel, and make it the current one."""

    def is_channel(self, target: str) -> bool:
        """Return whether a target is the name of a channel."""

    async def log_in(self, account: str) -> None:
        """Ask for a password and log in; "" means the account of the nickname."""

    async def log_out(self) -> None:
        """Log out of the account."""

    async def register(self, account: str, email: str) -> None:
        """Ask for a password and register an account; "" means one for the nickname."""

    async def upload(self, path: str) -> None:
        """Upload a file and send a link to it to the current target; "" cancels uploads."""

    async def become_operator(self, name: str, password: str) -> None:
        """Become an operator of the server; for a password "" the user is asked."""

    def target_message(self, name: str, *, own: bool | None) -> TargetMessage | None:
        """Return the message that a command is about, None when there is none with a msgid.


        Args:
            name: a nickname, for the last message of that user; a number, counted from the newest
                message, which is 1; "" for the selected message, or else the last one.
            own: whether the last one is the user's own, or that of another user; None for whoever
                has said it.
        """

    async def answer(self, target_message: TargetMessage, text: str) -> None:
        """Send a reply to a message."""

    def polls(self, person: str = "") -> Iterable[ShownPoll]:
        """Return the polls of the current conversation: the selected one, then the newest first.

        Args:
            person: the nickname of somebody whose private conversation counts, too; "" for none.
        """

    def finish(self, reason: str) -> None:
        """Leave after the current line."""


Handler = Callable[[Actions, list[str]], Awaitable[None]]


class SlashCommand(NamedTuple):
    """One command.

    Args:
        name: without the slash.
        usage: its arguments, as `/help` shows them.
        help: its effect, in a sentence without a subject.
        least: the least number of arguments.
        most: the greatest number of arguments; the last one takes the rest of the line.
        handler: carries it out.
        asks_secret: whether the next typed line may be a password.
        takes_lines: whether its last argument may have several lines.
        takes_people: whether its first argument has nicknames, also with `@` before them.
    """

    name: str
    usage: str
    help: str
    least: int
    most: int
    handler: Handler
    asks_secret: bool = False
    takes_lines: bool = False
    takes_people: bool = False

    def synopsis(self) -> str:
        """Return the command as it is typed."""
        return f"/{self.name} {_(self.usage)}".rstrip()


COMMANDS: dict[str, SlashCommand] = {}


def command(
    usage: str,
    help_text: str,
    least: int,
    most: int,
    *,
    secret: bool = False,
    lines: bool = False,
    people: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a function as the command of its name."""

    def register(handler: Handler) -> Handler:
        name = handler.__name__.removeprefix("_").replace("_", "-")
        COMMANDS[name] = SlashCommand(
            name, usage, help_text, least, most, handler, secret, lines, people
        )
        return handler

    return register


def asks_secret(line: str) -> bool:
    """Return whether the line typed after this one may be a password."""
    command = find(line, COMMANDS)
    return command is not None and command.asks_secret


def find(text: str, table: Mapping[str, SlashCommand]) -> SlashCommand | None:
    """Return the command at the start of a text; None for a message or an unknown command. One of
    an operator is carried out as `/quote`.
    """
    words = text[1:].split(maxsplit=1) if is_command(text) and not text[1:2].isspace() else []
    name = words[0].lower() if words else ""
    return table.get("quote" if operator_commands.line_of(name) else name)


def is_command(text: str) -> bool:
    """Return whether a typed text is a command, not a message."""
    return text.startswith("/") and not text.startswith("//")


async def interpret(client: Actions, line: str, table: Mapping[str, SlashCommand]) -> None:
    """Carry out a typed line.

    Args:
        client: has the actions.
        line: the line.
        table: the commands.

    A line that begins with `//`, or with a space before its slash, is a message that begins with a
    slash.
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
        await client.tell(
            _("You are not in a channel, so this was not sent: {text}").format(
                text=mask_message("NickServ", text)
            ),
            error=True,
        )
        await client.tell(
            _("Join a channel with /join #channel, or write to one person with /msg nickname text.")
        )


async def _run_command(client: Actions, text: str, table: Mapping[str, SlashCommand]) -> None:
    name, *others = text[1:].split(maxsplit=1) if text[1:] and not text[1:2].isspace() else [""]
    rest = others[0] if others else ""
    command = find(text, table)
    if command is None:
        hint = _(
            "There is no command /{name}. /help shows all commands; to send a line that begins with"
            " /, type // instead."
        )
        await client.tell(hint.format(name=name), error=True)
        return
    rest = operator_commands.line_of(f"{name} {rest}") or rest
    words = rest.split(maxsplit=max(command.most - 1, 0))
    if not command.least <= len(words) <= command.most:
        await client.tell(_("Usage: {usage}").format(usage=command.synopsis()), error=True)
        return
    words = [word.strip() for word in words]
    if command.takes_people:
        words[:1] = [_SIGN_OF_PERSON.sub("", word) for word in words[:1]]
    await command.handler(client, words)


def channel_name(client: Actions, name: str) -> str:
    """Return the name of a channel that was typed, perhaps without its first character."""
    return name if client.is_channel(name) else f"#{name}"
