"""The client: sessions with servers, and two interfaces that show them.

`session` is one connection, `link` one server over many connections; neither knows a terminal.
`line` is the interface with one line for each event, `screen` the full-screen one. `model` has the
state that the latter shows, without a terminal.
"""
