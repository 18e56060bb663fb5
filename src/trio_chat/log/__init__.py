"""Logging to the console and a file, in threads of their own."""
