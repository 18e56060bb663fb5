"""The server: listeners, a nursery for each client, the broadcaster, outboxes, signals, shutdown.

Everything that waits is in this package. A client's reader calls the rules (`trio_chat.chat`)
synchronously, and one broadcaster orders and delivers the output.
"""
