"""The wizard of the first run: three questions, whose answers become the user's configuration."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from trio_chat.client.discovery.search import ServerSearch
from trio_chat.client.link import nicknames
from trio_chat.client.options import DEFAULT_PORT
from trio_chat.client.screen.deferred import DeferredCall
from trio_chat.client.screen.input_state import PromptRequest
from trio_chat.client.screen.pager import PageLine
from trio_chat.client.screen.server_question import QuestionScreen, ServerQuestion
from trio_chat.client.target import ServerAddress
from trio_chat.config.values import optional_nick
from trio_chat.i18n import _
from trio_chat.irc.addresses import format_address
from trio_chat.irc.text import clean
from trio_chat.private import make_directory

_YES = frozenset(("y", "yes", "д", "да"))


class WizardScreen(QuestionScreen, Protocol):
    """The part of the full-screen client that the wizard needs."""

    def close_page(self) -> None:
        """Close the page."""

    def post(self, call: DeferredCall) -> None:
        """Defer a call."""


class FirstRunWizard:
    """The questions.

    Args:
        screen: asks them.
        search: finds the servers of this network.
        file: the configuration that is written.
        done: called with the server's address, the nickname, and whether to register it.
    """

    def __init__(
        self,
        screen: WizardScreen,
        search: ServerSearch,
        file: Path,
        done: Callable[[ServerAddress, str, bool], None],
    ) -> None:
        self._screen = screen
        self.question = ServerQuestion(
            screen, search, _("First steps"), self._about_server(file), self._take_server
        )
        """The first question, whose search is to be run."""
        self._file = file
        self._done = done
        self._target = ServerAddress("", None)
        self._nick = ""
        self._offer = nicknames.made_valid(nicknames.login_name())

    def begin(self) -> None:
        """Ask the first question."""
        self.question.begin()

    @staticmethod
    def _about_server(file: Path) -> list[str]:
        return [
            "",
            _("Welcome to trio-chat. Three questions, then you are in the chat."),
            "",
            _(
                "Server: choose one below with the arrow keys and Enter, or type its number, or the"
                " address that its operator has given you, such as 192.0.2.7:5000 or"
                " chat.example.org. 127.0.0.1 is this computer."
            ),
            _("The answers are kept in {file}; Ctrl-C twice leaves.").format(file=file),
        ]

    def _explain(self, problem: str) -> None:
        lines = [
            "",
            _("Nickname: the name by which the others know you."),
            _(
                "Registering keeps the nickname yours: nobody else can use it, and your unread"
                " messages are remembered."
            ),
            "",
            _("The answers are kept in {file}; Ctrl-C twice leaves.").format(file=self._file),
            "",
            problem,
        ]
        self._screen.open_page(
            _("First steps"), [PageLine([(None, f" {clean(line)}")]) for line in lines]
        )

    def _take_server(self, address: ServerAddress) -> None:
        self._target = address
        self._ask_nick("")

    def _ask_nick(self, problem: str) -> None:
        self._explain(problem)
        self._screen.request(
            PromptRequest(_("Nickname [{offer}]: ").format(offer=self._offer), self._take_nick)
        )

    def _take_nick(self, text: str) -> None:
        nick = text.strip() or self._offer
        if not nicknames.is_possible(nick):
            self._ask_nick(
                _(
                    "A nickname cannot be empty, contain spaces or signs such as , . : ! @ * or"
                    " begin with #. Choose another."
                )
            )
            return
        self._nick = nick
        self._screen.request(
            PromptRequest(
                _("Register this nickname with a password? [y/N] "), self._take_registration
            )
        )

    def _take_registration(self, text: str) -> None:
        self._screen.post(partial(trio.to_thread.run_sync, self._write))
        self._screen.close_page()
        self._done(self._target, self._nick, text.strip().lower() in _YES)

    def _write(self) -> None:
        target = self._target
        lines = ["[client]", f"nick = {self._nick}"] if _can_be_set(self._nick) else []
        lines += [
            "[profile chat]",
            f"host = {_hosts(target)}",
            f"port = {target.port or DEFAULT_PORT}",
        ]
        lines += [f"channels = {target.channel or '#lobby'}", ""]
        try:
            make_directory(self._file.parent)
            with open(
                os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
                "w",
                encoding="utf-8",
            ) as stream:
                stream.write("\n".join(lines))
        except OSError:  # the wizard will ask again at the next start
            return


def _hosts(target: ServerAddress) -> str:
    others = (format_address(host, port) if port else host for host, port in target.others)
    return ", ".join((target.host, *others))


def _can_be_set(nick: str) -> bool:
    try:
        optional_nick(nick)
    except ValueError:
        return False
    return True
