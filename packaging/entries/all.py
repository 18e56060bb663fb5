"""trio-chat: the program with all commands."""

import sys

from trio_chat.cli import main

if __name__ == "__main__":
    sys.exit(main())
