"""The model of the full-screen interface, without a screen: servers, buffers, messages, unread
counts.

It is synchronous and pure: events of links change it, views read it, and the time is passed in.
"""
