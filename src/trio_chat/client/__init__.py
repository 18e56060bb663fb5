"""The client: a session with a server, and interfaces that show it to people.

`session` and what it uses know nothing of terminals; `line` is the interface that shows one line for each event.
"""
