"""The command line: the arguments and help texts of all commands of `trio-chat`, not their work."""

from trio_chat.cli.program import main

__all__ = ["main"]
