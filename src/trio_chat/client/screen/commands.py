"""Typed lines of the full screen: the commands of all interfaces and its own, in one table."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import trio

from trio_chat.client.commands import COMMANDS
from trio_chat.client.credentials import is_service
from trio_chat.client.link.send_queue import Say, SayLines
from trio_chat.client.model.buffer import Buffer, BufferKind
from trio_chat.client.model.connection_state import ConnectionState
from trio_chat.client.model.polls import polls, shown_poll
from trio_chat.client.model.workspace import Workspace
from trio_chat.client.polls import ShownPoll
from trio_chat.client.registry import (
    Handler,
    SlashCommand,
    TargetMessage,
    find,
    interpret,
    is_command,
)
from trio_chat.client.screen import themes
from trio_chat.client.screen.browser import Browser
from trio_chat.client.screen.composer import Composer
from trio_chat.client.screen.input_state import InputState
from trio_chat.client.screen.server_view import ServerView
from trio_chat.client.screen.targets import find_target
from trio_chat.client.screen.timeline import TimelineView
from trio_chat.client.session.events import MessageKind
from trio_chat.client.session.ignore_list import IgnoreList
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.i18n import N_, _
from trio_chat.irc.text import clean

ScreenHandler = Callable[["CommandContext", list[str]], Awaitable[None]]
SCREEN_COMMANDS: dict[str, SlashCommand] = dict(COMMANDS)


def _command(
    usage: str,
    help_text: str,
    least: int,
    most: int,
    *,
    lines: bool = False,
    people: bool = False,
) -> Callable[[ScreenHandler], ScreenHandler]:
    def register(handler: ScreenHandler) -> ScreenHandler:
        name = handler.__name__.removeprefix("_")
        SCREEN_COMMANDS[name] = SlashCommand(
            name,
            usage,
            help_text,
            least,
            most,
            cast("Handler", handler),
            takes_lines=lines,
            takes_people=people,
        )
        return handler

    return register


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """The actions of a command, at the place where its line was typed; see `registry.Actions`.

    Args:
        view: the server.
        buffer: the channel or the person.
        workspace: the model.
        state: the uses of the input.
        composer: sends several lines, or gives them back.
        browser: shows pages.
        timeline: shows the buffer.
        next_unread: goes to the next unread message.
        use_theme: draws in the colours of a theme.
        connect: connects to another server, or returns why it cannot; "" lists the servers of this
            network.
        leave: leaves the chat with a reason.
    """

    view: ServerView
    buffer: Buffer
    workspace: Workspace
    state: InputState
    composer: Composer
    browser: Browser
    timeline: TimelineView
    next_unread: Callable[[], None]
    use_theme: Callable[[str], None]
    connect: Callable[[str], str]
    leave: Callable[[str], None]

    @property
    def current(self) -> str:
        """The target of messages, "" in the server's own buffer."""
        return "" if self.buffer.kind is BufferKind.SERVER else self.buffer.name

    @property
    def ignored(self) -> IgnoreList:
        """The ignore list."""
        return self.view.link.ignored

    async def change_ignored(self, added: Sequence[str], removed: Sequence[str]) -> bool:
        """Add to the ignore list and remove from it."""
        return await self.view.link.change_ignored(added, removed)

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""
        await self.view.link.tell(text, error=error)

    async def say(self, target: str, text: str, kind: MessageKind = MessageKind.MESSAGE) -> None:
        """Send a message as soon as there is a connection."""
        tags = self.composer.take_reply_tags(self.buffer) if target == self.buffer.name else {}
        if is_service(target):
            # Its answers are notices, which are shown in its own window if there is one.
            self.workspace.go(self.view.server, self.view.server.open(target))
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and kind is MessageKind.MESSAGE:
            await self.view.link.enqueue(SayLines(target, text.splitlines(), tags))
            return
        for line in lines:
            await self.view.link.enqueue(Say(target, line, kind, tags))

    async def do(self, text: str, action: Callable[[ClientProtocol], None]) -> None:
        """Defer an action until there is a connection."""
        await self.view.link.do(text, action)

    async def join(self, channel: str, key: str) -> None:
        """Join a channel, and go there."""
        server = self.view.server
        known = server.get(channel)
        if known and known.is_joined:
            self.workspace.go(server, known)
            await trio.lowlevel.checkpoint()
            return
        self.view.going_to = channel
        self.view.link.joined_channels.ask(channel, key)
        await self.do(f"/join {channel}", lambda protocol: protocol.join(channel, key))

    @property
    def call_base(self) -> str:
        """The address that rooms for calls are under, "" when there is none."""
        return self.view.server.features.call_base

    def recent_texts(self) -> Iterator[tuple[float, str]]:
        """Yield the messages of the current conversation, the newest first."""
        return (
            (entry.time, entry.text)
            for entry in self.buffer.newest()
            if entry.is_message and not entry.is_deleted
        )

    def is_channel(self, target: str) -> bool:
        """Return whether a target is the name of a channel."""
        return self.view.server.features.is_channel(target)

    async def log_in(self, account: str) -> None:
        """Ask for a password and log in."""
        await self.view.link.log_in(account)

    async def log_out(self) -> None:
        """Log out of the account."""
        await self.view.link.log_out()

    async def upload(self, path: str) -> None:
        """Upload a file and send a link to it, or cancel uploads."""
        if path:
            await self.view.link.uploads.add(self.current, path)
        else:
            await self.view.link.uploads.cancel()

    async def register(self, account: str, email: str) -> None:
        """Ask for a password and register an account."""
        await self.view.link.register(account, email)

    async def become_operator(self, name: str, password: str) -> None:
        """Become an operator of the server."""
        await self.view.link.become_operator(name, password)

    def target_message(self, name: str, *, own: bool | None) -> TargetMessage | None:
        """Return the message that a command is about, and end the selection."""
        entry = find_target(
            self.workspace.buffer,
            self.timeline.selected,
            self.workspace.server.features,
            name,
            own=own,
        )
        self.timeline.unselect()
        if entry is None:
            return None
        reactions = entry.extras.reactions if entry.extras else {}
        mine = [
            reaction
            for reaction, nicks in reactions.items()
            if any(map(self.view.server.is_me, nicks))
        ]
        return TargetMessage(entry.msgid, self.current, mine, entry.text)

    async def answer(self, target_message: TargetMessage, text: str) -> None:
        """Send a reply to a message."""
        self.state.reply_to = (self.buffer, target_message.msgid)
        self.timeline.to_end()
        await self.say(self.current, text)

    def polls(self, person: str = "") -> Iterator[ShownPoll]:
        """Return the polls of this conversation: the selected one, then the newest first, then
        those of a private conversation.
        """
        selected = self.timeline.selected if self.timeline.buffer is self.buffer else None
        if selected is not None and (poll := shown_poll(self.buffer, self.buffer[selected])):
            yield poll
        yield from polls(self.buffer)
        private = self.view.server.get(person) if person else None
        if private is not None and private is not self.buffer:
            yield from polls(private)

    def finish(self, reason: str) -> None:
        """Leave the chat."""
        self.leave(reason)


async def submit(context: CommandContext, text: str) -> None:
    """Carry out a typed line, or a message of several lines."""
    link, buffer = context.view.link, context.buffer
    if link.login_flow.question and await link.login_flow.answer(text):
        return
    if link.desired_nick.asking and text.strip() != "exit" and not text.startswith("/"):
        await link.answer_nick(text)
        return
    text = text.rstrip()
    lines = text.split("\n")
    if _is_early(context, text) and context.composer.give_back(buffer, text):
        await context.tell(
            _("No channel is open yet. What you typed stays here: Enter sends it when one opens."),
            error=True,
        )
    elif len(lines) == 1:
        await interpret(context, text, SCREEN_COMMANDS)
    elif is_command(text):
        await _interpret_lines(context, text)
    elif buffer.kind is BufferKind.SERVER:
        await interpret(context, text.replace("\n", " "), SCREEN_COMMANDS)
    else:
        first = (
            lines[0][1:]
            if text.startswith("//")
            else lines[0].lstrip()
            if text.lstrip().startswith("/")
            else lines[0]
        )
        context.composer.send_lines(context.view, buffer, [first, *lines[1:]])


def _is_early(context: CommandContext, text: str) -> bool:
    """Return whether a text is a message for the channel that is being joined at the start."""
    view = context.view
    is_starting = not view.link.is_ready and view.server.state in (
        ConnectionState.CONNECTING,
        ConnectionState.CONNECTED,
    )
    is_message = not is_command(text) and text.strip() not in ("", "exit")
    return is_starting and is_message and context.buffer.kind is BufferKind.SERVER


async def _interpret_lines(context: CommandContext, text: str) -> None:
    """Carry out a command with several lines, or give them back if it takes a single line."""
    command = find(text, SCREEN_COMMANDS)
    if command is None or not command.takes_lines:
        context.composer.give_back(context.buffer, text)
    if command is None or command.takes_lines:
        await interpret(context, text, SCREEN_COMMANDS)
        return
    problem = _("/{name} takes one line. Nothing was sent; what you typed is still there.").format(
        name=command.name
    )
    await context.tell(problem, error=True)


# On the screen a message can be selected, too
_SELECTED = {
    "reply": N_(
        "answers the selected message, the last one, or that of somebody; @2 is the last but one"
    ),
    "react": N_(
        "reacts to the selected message, the last one, or that of somebody; again: takes that back"
    ),
    "translate": N_(
        "translates the selected message, the last one of somebody else, or a text that you are"
        " about to write; /translate language: into that one"
    ),
    "vote": N_(
        "chooses an option of the selected poll, or the last one; again: takes that back; alone:"
        " shows the counts"
    ),
    "redact": N_("deletes the selected message, your last one, or that of somebody if you may"),
}
SCREEN_COMMANDS.update(
    (name, COMMANDS[name]._replace(help=text)) for name, text in _SELECTED.items()
)


# The commands of the screen


@_command(N_("[command]"), N_("shows the commands, or what one of them does"), 0, 1)
async def _help(context: CommandContext, words: list[str]) -> None:
    context.browser.show_help(words[0].removeprefix("/").lower() if words else "")
    await trio.lowlevel.checkpoint()


@_command("", N_("shows the keys"), 0, 0)
async def _keys(context: CommandContext, words: list[str]) -> None:
    context.browser.show_keys()
    await trio.lowlevel.checkpoint()


@_command(N_("letters"), N_("goes to the channel or person whose name has these letters"), 1, 1)
async def _go(context: CommandContext, words: list[str]) -> None:
    if words[0].isdecimal() and context.workspace.go_number(int(words[0][:6])):
        await trio.lowlevel.checkpoint()
        return
    places = context.workspace.match(words[0].removeprefix("@"))
    if places:
        context.workspace.go(*places[0])
    else:
        await context.tell(
            _("No channel or person matches {name}.").format(name=words[0]), error=True
        )


@_command("", N_("goes to the next channel"), 0, 0)
async def _next(context: CommandContext, words: list[str]) -> None:
    context.workspace.step(1)
    await trio.lowlevel.checkpoint()


@_command("", N_("goes to the previous channel"), 0, 0)
async def _previous(context: CommandContext, words: list[str]) -> None:
    context.workspace.step(-1)
    await trio.lowlevel.checkpoint()


@_command("", N_("goes to what is unread, mentions first"), 0, 0)
async def _unread(context: CommandContext, words: list[str]) -> None:
    context.next_unread()
    await trio.lowlevel.checkpoint()


@_command("", N_("goes back to where you were before"), 0, 0)
async def _back(context: CommandContext, words: list[str]) -> None:
    context.workspace.go_back()
    await trio.lowlevel.checkpoint()


@_command(N_("nickname [text]"), N_("opens a private conversation"), 1, 2, lines=True, people=True)
async def _query(context: CommandContext, words: list[str]) -> None:
    buffer = context.view.server.open(words[0])
    buffer.is_unanswered = False
    context.workspace.go(context.view.server, buffer)
    if len(words) > 1:
        await context.say(words[0], words[1])
    await trio.lowlevel.checkpoint()


@_command(
    "", N_("leaves this channel, or ends this conversation, and removes it from the list"), 0, 0
)
async def _close(context: CommandContext, words: list[str]) -> None:
    buffer, server = context.buffer, context.view.server
    if buffer.kind is BufferKind.SERVER:
        await context.tell(
            _("The server itself cannot be closed: /disconnect leaves it."), error=True
        )
        return
    context.workspace.close(server, buffer)
    context.timeline.forget(buffer)
    if buffer.kind is BufferKind.CHANNEL and buffer.is_joined:
        await context.do("/close", lambda protocol: protocol.send("PART", buffer.name))


@_command("", N_("shows who mentioned you"), 0, 0)
async def _mentions(context: CommandContext, words: list[str]) -> None:
    context.browser.show_mentions()
    await trio.lowlevel.checkpoint()


@_command("", N_("removes what is shown here; the server still has it"), 0, 0)
async def _clear(context: CommandContext, words: list[str]) -> None:
    context.buffer.clear()
    context.buffer.has_all = True
    await trio.lowlevel.checkpoint()


@_command(N_("dark | light | mono"), N_("changes the colours"), 1, 1)
async def _theme(context: CommandContext, words: list[str]) -> None:
    if words[0] in themes.NAMES[1:]:
        context.use_theme(words[0])
        await trio.lowlevel.checkpoint()
    else:
        await context.tell(
            _("There are the themes {names}.").format(names=", ".join(themes.NAMES[1:])), error=True
        )


@_command(
    N_("[host[:port] | profile]"),
    N_("connects to another server as well; without an address it lists those of this network"),
    0,
    1,
)
async def _connect(context: CommandContext, words: list[str]) -> None:
    problem = context.connect(",".join(words[0].replace(",", " ").split()) if words else "")
    if problem:
        await context.tell(clean(problem), error=True)
    await trio.lowlevel.checkpoint()


@_command(N_("[reason]"), N_("leaves this server and removes it from the list"), 0, 1)
async def _disconnect(context: CommandContext, words: list[str]) -> None:
    await context.view.link.leave(words[0] if words else "")


@_command("", N_("connects to this server anew, at once"), 0, 0)
async def _reconnect(context: CommandContext, words: list[str]) -> None:
    await context.view.link.reconnect()


@_command(
    N_("[mask]"),
    N_(
        "shows the channels of the server, or those that fit a mask such as *linux*; what is typed"
        " filters"
    ),
    0,
    1,
)
async def _list(context: CommandContext, words: list[str]) -> None:
    if context.view.server.state is ConnectionState.CONNECTED:
        # Without a connection the screen shows why there is no list.
        context.browser.show_channels(context.view)
    await COMMANDS["list"].handler(context, words)


@_command(N_("[#channel]"), N_("shows who is in the channel"), 0, 1)
async def _names(context: CommandContext, words: list[str]) -> None:
    context.view.server.asked_names += 1
    await COMMANDS["names"].handler(context, words)
