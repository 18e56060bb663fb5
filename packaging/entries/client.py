"""trio-chat-client: `trio-chat connect` without a word of the command line, for a double click."""

import sys

from trio_chat.cli import double_click

if __name__ == "__main__":
    sys.exit(double_click("connect"))
