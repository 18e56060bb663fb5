"""Handlers of the events of a link: one small function each, in one table.

A handler changes the state of a server and its buffers as the screen shows them.
"""
