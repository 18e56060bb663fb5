"""The client: a session with a server, and interfaces that show it to people.

`session` is one conversation, `link` one server over many of them, and neither knows a terminal.
`line` is the interface that shows one line for each event, `screen` the one that fills the screen;
`model` is what the latter shows, without a terminal.
"""
