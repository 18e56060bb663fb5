"""The exit codes of the program."""

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
