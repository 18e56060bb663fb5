"""The rules: who is here, who may do what, and what everyone is told.

Synchronous state and small handlers. A handler looks things up, asks `policy`, changes the state
and says through its `Response` what is to be sent; it never waits and never writes to a socket, so
there are no locks and no races. This room imports neither Trio nor sockets nor storage.
"""
