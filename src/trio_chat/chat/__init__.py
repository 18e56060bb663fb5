"""The rules of the chat: its state, permissions, and a small handler for each command.

A handler looks up state, asks `policy`, applies changes, and adds to its `Response` what is sent.
It never waits and never writes to a socket, so there are no locks and no races. This package
imports neither Trio nor sockets nor storage.
"""
