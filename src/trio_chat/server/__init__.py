"""The edge: listeners, one nursery for each client, the broadcaster, outboxes, signals, shutdown.

Everything that waits lives here. The rules (`trio_chat.chat`) are called synchronously from a
client's reader, and what they want sent is put in order and delivered by one broadcaster.
"""
