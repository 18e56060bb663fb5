"""The model of the full-screen interface, without a screen: servers, their buffers, messages and
unread counts.

Synchronous and pure: fed by the events of links, read by views. Time is passed in.
"""
