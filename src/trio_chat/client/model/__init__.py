"""What the full-screen interface shows, without a screen: servers, their buffers, what was said there and what is unread.

Synchronous and pure: fed by the events of links, read by views. Time is passed in.
"""
