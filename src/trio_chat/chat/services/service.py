"""Services: the base of NickServ and ChanServ, with a table of commands and answers by NOTICE."""

from collections.abc import Callable
from typing import Final, NamedTuple

from trio_chat.chat.operators import has_right
from trio_chat.chat.registry import Request
from trio_chat.chat.response import Response
from trio_chat.irc.names import fold_or_self

Handler = Callable[[Request, list[str]], None]
LOG_IN_FIRST: Final = "Log in first: /msg NickServ HELP IDENTIFY shows how."
"""The answer to somebody without an account to a command that needs one."""


class ServiceCommand(NamedTuple):
    """A command of a service: its handler, usage, help and minimum number of words."""

    handler: Handler
    usage: str
    help: str
    min_words: int
    right: str = ""
    """The right that an operator needs for it; "" if every user may."""
    most_words: int = 0
    """The number of words of which the last one is the rest of the line as it was written; 0 for
    words alone.
    """


class Service:
    """A service to which users send commands.

    Args:
        name: its nickname.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.folded = fold_or_self(name)
        self.commands: dict[str, ServiceCommand] = {}
        self.other_words: dict[str, str] = {}
        """The commands by words that other networks have for them; help does not list those."""

    def command(
        self, name: str, usage: str, min_words: int, text: str, right: str = "", most_words: int = 0
    ) -> Callable[[Handler], Handler]:
        """Register a command.

        Args:
            name: its first word.
            usage: the words after it, as help shows them.
            min_words: with fewer words the usage is shown.
            text: its effect, for help.
            right: the right without which the command is hidden; "" if every user may.
            most_words: see `ServiceCommand`.
        """

        def register(handler: Handler) -> Handler:
            self.commands[name] = ServiceCommand(
                handler, f"{name} {usage}".rstrip(), text, min_words, right, most_words
            )
            return handler

        return register

    def source(self, request: Request) -> str:
        """Return the service as the source of a message."""
        return f"{self.name}!{self.name}@{request.world.server_info.name}"

    def answer(self, request: Request, text: str, reply: Response | None = None) -> None:
        """Send a sentence to the user."""
        (reply or request.reply).send("NOTICE", (request.user.nick, text), self.source(request))

    def handle(self, request: Request, text: str) -> None:
        """Execute a command of the service."""
        if request.world.accounts is None:
            self.answer(request, "There are no accounts on this server: it remembers nothing.")
            return
        name, *words = text.split() or ["HELP"]
        commands = {
            key: entry
            for key, entry in self.commands.items()
            if not entry.right or has_right(request.user, entry.right)
        }
        is_help = name.upper() == "HELP"
        if is_help and not words:
            for entry in commands.values():
                self.answer(request, f"{entry.usage}: {entry.help}")
            return
        if is_help:
            name = words[0]
        word = name.upper()
        command = commands.get(self.other_words.get(word, word))
        if command is None:
            self.answer(request, f"I do not know {name}. /msg {self.name} HELP shows what I know.")
        elif is_help:
            self.answer(request, f"{command.usage}: {command.help}")
        elif len(words) < command.min_words:
            self.answer(request, f"Usage: /msg {self.name} {command.usage}")
        else:
            if command.most_words:
                words = text.split(None, command.most_words)[1:]
            command.handler(request, words)
