"""The log: on the console and in a file, written by threads of its own."""
