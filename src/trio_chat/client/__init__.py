"""The client: a session with a server, and interfaces that show it to people.

`session` is one conversation, `link` one server over many of them, and neither knows a terminal; `line` is the interface that shows
one line for each event.
"""
