"""The entry point of `trio-chat`: its commands, their language, and the exit code.

Slow imports are made where they are needed, so that `--help` and `--version` answer at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import trio_chat
from trio_chat.admin.exit_codes import FAILED, INTERRUPTED, USAGE
from trio_chat.cli import argparse_texts
from trio_chat.cli.accounts import ACCOUNT
from trio_chat.cli.bans import BAN
from trio_chat.cli.certificate import CERTIFICATE
from trio_chat.cli.channels import CHANNEL
from trio_chat.cli.cluster import CLUSTER
from trio_chat.cli.commands import usage_error
from trio_chat.cli.connect import connect
from trio_chat.cli.database import DB, backup
from trio_chat.cli.doctor import doctor
from trio_chat.cli.exports import export
from trio_chat.cli.find import find
from trio_chat.cli.health import health
from trio_chat.cli.history import HISTORY
from trio_chat.cli.hooks import HOOK
from trio_chat.cli.imports import IMPORT
from trio_chat.cli.invite import invite
from trio_chat.cli.licenses import licenses
from trio_chat.cli.mcp import mcp
from trio_chat.cli.moderation import FILTER, RAID
from trio_chat.cli.operators import OPERATOR
from trio_chat.cli.reports import REPORT
from trio_chat.cli.serve import serve
from trio_chat.cli.service import SERVICE
from trio_chat.cli.streams import OutputError, finish, make_safe, reader_is_gone, unwritable
from trio_chat.cli.tokens import TOKEN
from trio_chat.cli.uploads import UPLOADS
from trio_chat.i18n import _, install
from trio_chat.installation import describe
from trio_chat.shortages import shortage_in
from trio_chat.windows_console import end_cleanly_on_close, keep_open, kernel32

LANGUAGES = ("en", "ru")
COMMANDS = (
    serve,
    connect,
    find,
    mcp,
    HISTORY,
    IMPORT,
    export,
    backup,
    DB,
    health,
    doctor,
    CLUSTER,
    SERVICE,
    ACCOUNT,
    CHANNEL,
    HOOK,
    TOKEN,
    FILTER,
    RAID,
    REPORT,
    OPERATOR,
    BAN,
    UPLOADS,
    CERTIFICATE,
    invite,
    licenses,
)
"""The commands, in the order of the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the arguments; None for those of the process.

    Returns:
        the exit code: 0 for success, 1 for failure, 2 for a wrong command line or configuration.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    make_safe()
    console = kernel32()
    end_cleanly_on_close(console)
    try:
        code = finish(_main(arguments))
    except Exception:  # a defect
        if console is None:
            raise
        import traceback  # noqa: PLC0415  seldom needed

        traceback.print_exc()  # before the window closes
        code = FAILED
    if code != INTERRUPTED:
        keep_open(code, console)
    return code


def _main(arguments: list[str]) -> int:
    try:
        # The help is translated, too, so the language must be known before the parser is built.
        install(_language(arguments))
        argparse_texts.translate()
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return reader_is_gone()
    except OutputError as error:
        return unwritable(error.strerror or str(error))
    except SystemExit as stop:  # argparse leaves this way
        return stop.code if isinstance(stop.code, int) else FAILED
    except Exception as error:
        words = shortage_in(error)
        if not words:  # a defect
            raise
        print(f"trio-chat: {words}", file=sys.stderr)
        return FAILED


def double_click(command: str) -> int:
    """Run a program that has one command of its own, such as the client; return the exit code.

    Other commands that are named as the first argument run instead, as far as the program has them.

    Args:
        command: the name of its command.
    """
    arguments = sys.argv[1:]
    names = {each.name for each in COMMANDS}
    is_general = arguments[:1] in (["--version"], ["--help"], ["-h"])
    if not is_general and _first_word(arguments) not in names:
        arguments = [command, *arguments]
    return main(arguments)


def _language(arguments: list[str]) -> str:
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            return value if equals else "".join(arguments[position + 1 : position + 2])
    return ""


def _run(arguments: list[str]) -> int:
    parser = _parser(_first_word(arguments))
    options, unknown = parser.parse_known_args(arguments)
    if unknown:  # argparse would show the usage of the whole program
        refuse: Callable[[str], NoReturn] = getattr(options, "refuse", parser.error)
        refuse(_("unrecognized arguments: %s") % " ".join(unknown))
    if options.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    if (word := _not_utf_8(options)) is not None:
        text = _("{word!r} is not UTF-8, and only the name of a file need not be")
        usage_error(text.format(word=word))
    if _is_nowhere():
        text = _("the working directory is there no longer: change to another one")
        print(f"trio-chat: {text}", file=sys.stderr)
        return FAILED
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except ModuleNotFoundError as error:
        is_own = error.name and error.name.partition(".")[0] == trio_chat.__name__
        if is_own and not getattr(sys, "frozen", False):
            raise
        print(
            _("trio-chat: not installed completely, {name} is missing").format(name=error.name),
            file=sys.stderr,
        )
        return FAILED


def _not_utf_8(options: argparse.Namespace) -> str | None:
    """Return an argument that is not UTF-8, other than a path; None if there is none."""
    for value in vars(options).values():
        for word in value if isinstance(value, list | tuple) else [value]:
            if isinstance(word, str):
                try:
                    word.encode()
                except UnicodeEncodeError:
                    return word
    return None


def _is_nowhere() -> bool:
    """Return whether the working directory was removed, so that no path can be made absolute."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


class _ShowVersion(argparse.Action):
    """Prints the version; how the program was installed is found out only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"trio-chat {trio_chat.__version__}\n{describe()}")
        parser.exit()


def _first_word(arguments: list[str]) -> str:
    """Return the first argument after the option `--lang`: the command, if it is given."""
    words = arguments[2:] if arguments[:1] == ["--lang"] else arguments
    return next((word for word in words if not word.startswith("--lang=")), "")


def _parser(name: str) -> argparse.ArgumentParser:
    """Return a parser for one command, which is built faster; for all when none has this name."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=argparse.SUPPRESS,  # so that the one before the command is not overwritten
        help=_("language of the program (default: that of the configuration, or of the system)"),
    )
    parser = argparse.ArgumentParser(
        prog="trio-chat",
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=_("A chat for the terminal and for every IRC client."),
        epilog=_(
            "examples:\n  trio-chat serve                  start a server that everybody on the"
            " network can join\n  trio-chat connect 192.0.2.7      join the one on another computer"
        ),
    )
    parser.add_argument(
        "--version",
        action=_ShowVersion,
        help=_("show the version and how the program was installed, and exit"),
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title=_("commands"))
    for command in [command for command in COMMANDS if command.name == name] or COMMANDS:
        command.add_to(commands, common)
    return parser
