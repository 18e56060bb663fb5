"""The command line: what `trio-chat serve`, `trio-chat connect` and the rest take, and nothing of
what they do.
"""

from trio_chat.cli.program import main

__all__ = ["main"]
