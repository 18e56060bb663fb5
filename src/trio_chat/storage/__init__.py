"""Persistent storage in an embedded SQLite database: implementations of the ports of `chat/`."""
