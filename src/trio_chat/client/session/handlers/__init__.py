"""Handlers of messages from the server: one small function each, in one table.

A handler reads a message, passes what it says to the parts of the protocol, and emits events.
"""
