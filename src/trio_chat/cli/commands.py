"""Commands as decorated functions with arguments and help texts, from which the parser is built.

A command imports its work when it runs, so that building the parser stays fast. Texts are marked
with `N_` and translated when the parser is built, since the language is not known before.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from trio_chat.admin.exit_codes import FAILED, USAGE
from trio_chat.i18n import N_, _, install

if TYPE_CHECKING:
    from trio_chat.config import Settings


class Argument:
    """One argument of a command.

    Args:
        flags: its name or its option strings, as for argparse.
        words: its help text, marked for translation.
        options: further keyword arguments for argparse.
    """

    def __init__(self, *flags: str, words: str, **options: Any) -> None:
        self._flags = flags
        self._words = words
        self._options = options

    def add_to(self, parser: argparse._ActionsContainer) -> None:
        """Add the argument to a parser."""
        parser.add_argument(*self._flags, help=_(self._words), **self._options)


class ExclusiveGroup(NamedTuple):
    """Mutually exclusive arguments, of which one may or must be given."""

    arguments: tuple[Argument, ...]
    required: bool = False

    def add_to(self, parser: argparse._ActionsContainer) -> None:
        """Add the arguments to a parser."""
        group = parser.add_mutually_exclusive_group(required=self.required)
        for argument in self.arguments:
            argument.add_to(group)


CONFIG = Argument(
    "--config",
    type=Path,
    metavar="FILE",
    words=N_("the configuration (default: config.ini, if there is one here)"),
)
DATABASE = Argument(
    "--database",
    type=Path,
    metavar="FILE",
    words=N_("the database (default: the one of the configuration)"),
)


class Invocation:
    """An invoked command with its arguments, configuration and database.

    Args:
        options: the parsed arguments.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    @cached_property
    def settings(self) -> "Settings":
        """The configuration; an invalid one ends the program."""
        from trio_chat.config import ConfigError  # noqa: PLC0415

        try:
            return self._load()
        except ConfigError as error:
            usage_error(str(error))

    @cached_property
    def settings_or_defaults(self) -> "Settings":
        """The configuration, or the defaults where it is wrong: for a command whose output it may
        lack.
        """
        from trio_chat.config import ConfigError, Settings  # noqa: PLC0415

        try:
            return self._load()
        except ConfigError:
            return Settings()

    def _load(self) -> "Settings":
        from trio_chat.config import load  # noqa: PLC0415

        settings = load(self.options.config)
        if "lang" not in self.options and settings.client.language:
            install(settings.client.language)
        return settings

    @cached_property
    def database(self) -> Path:
        """The file of the database; a configuration without one ends the program."""
        database: Path | None = self.options.database or self.settings.storage.file
        if database is None or database.name == ":memory:":
            usage_error(
                _("the configuration names no database file: say which one with --database")
            )
        if not database.name:  # "/" or "", beside which no file could have a name
            words = _("{file}: this is a directory, and no database")
            print(f"trio-chat: {words.format(file=database)}", file=sys.stderr)
            raise SystemExit(FAILED)
        return database


def usage_error(problem: str) -> NoReturn:
    """Report an error of the command line or the configuration, and exit with the code for it."""
    print(f"trio-chat: {problem}", file=sys.stderr)
    raise SystemExit(USAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpTexts:
    """The help texts of a command, marked for translation.

    Args:
        help: a few words, for the list of commands.
        description: sentences.
        epilog: examples that can be copied.
    """

    help: str
    description: str
    epilog: str

    def translated(self) -> dict[str, str]:
        """Return the texts in the user's language, as keyword arguments for argparse."""
        return {"help": _(self.help), "description": _(self.description), "epilog": _(self.epilog)}


CommandFunction = Callable[[Invocation], int]
Commands = Any
"""The object to which argparse adds subcommands, whose class is not public."""


@dataclass(frozen=True, slots=True)
class CliCommand:
    """A command.

    Args:
        name: its name on the command line.
        run: the function that runs it and returns the exit code; it imports what it needs.
        arguments: the arguments besides `CONFIG`. With `DATABASE` among them, errors of the
            database are reported in one line.
        words: its help texts.
        is_long: whether it works for long, so that a server that has the database comes first.
    """

    name: str
    run: CommandFunction
    arguments: tuple[Argument | ExclusiveGroup, ...]
    words: HelpTexts
    is_long: bool = False

    def add_to(self, commands: Commands, common: argparse.ArgumentParser) -> None:
        """Add the command to others, with the options that all have in common."""
        parser = _add_parser(commands, common, self.name, self.words)
        parser.set_defaults(run=self, refuse=parser.error)
        for argument in (CONFIG, *self.arguments):
            argument.add_to(parser)

    def __call__(self, options: argparse.Namespace) -> int:
        """Run the command, and return the exit code."""
        call = Invocation(options)
        if DATABASE not in self.arguments:
            return self.run(call)
        if not self.is_long:
            return self._reported(call)
        # Before the imports of its work, which take the CPU for long, too.
        from trio_chat.cli.priority import give_way  # noqa: PLC0415
        from trio_chat.cli.termination import by_sigterm  # noqa: PLC0415

        give_way(call.database)
        with by_sigterm():
            return self._reported(call)

    def _reported(self, call: Invocation) -> int:
        from trio_chat.admin.console import with_errors_reported  # noqa: PLC0415

        return with_errors_reported(partial(self.run, call))


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """A command with subcommands, such as `account`; each is decorated with `command`."""

    name: str
    words: HelpTexts
    commands: list[CliCommand] = field(default_factory=list)

    def command(
        self,
        name: str,
        *arguments: Argument | ExclusiveGroup,
        is_long: bool = False,
        **words: str,
    ) -> Callable[[CommandFunction], CliCommand]:
        """Make a function a command of this group."""

        def add(run: CommandFunction) -> CliCommand:
            made = command(name, *arguments, is_long=is_long, **words)(run)
            self.commands.append(made)
            return made

        return add

    def add_to(self, commands: Commands, common: argparse.ArgumentParser) -> None:
        """Add the group to other commands, with the options that all have in common."""
        parser = _add_parser(commands, common, self.name, self.words)
        own = parser.add_subparsers(
            dest="subcommand", metavar="COMMAND", title=_("commands"), required=True
        )
        for each in self.commands:
            each.add_to(own, common)


def command(
    name: str, *arguments: Argument | ExclusiveGroup, is_long: bool = False, **words: str
) -> Callable[[CommandFunction], CliCommand]:
    """Make a function a command."""
    return lambda run: CliCommand(name, run, arguments, HelpTexts(**words), is_long)


def group(name: str, **words: str) -> CommandGroup:
    """Return a group that has no commands yet."""
    return CommandGroup(name, HelpTexts(**words))


def _add_parser(
    commands: Commands, common: argparse.ArgumentParser, name: str, words: HelpTexts
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **words.translated(),
    )
    return parser
