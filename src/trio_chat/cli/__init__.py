"""The command line: the arguments and help texts of all commands of `trio-chat`, not their work.

The program is imported only when it runs, so that Ctrl-C is as quiet during the imports as later.
"""

from collections.abc import Sequence

from trio_chat.admin.exit_codes import INTERRUPTED

__all__ = ["double_click", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; see `program.main`."""
    try:
        from trio_chat.cli import program  # noqa: PLC0415

        return program.main(argv)
    except KeyboardInterrupt:
        return INTERRUPTED


def double_click(command: str) -> int:
    """Run a program that has one command of its own; see `program.double_click`."""
    try:
        from trio_chat.cli import program  # noqa: PLC0415

        return program.double_click(command)
    except KeyboardInterrupt:
        return INTERRUPTED
