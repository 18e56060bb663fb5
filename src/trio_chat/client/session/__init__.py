"""One connection to a server: the protocol side of the client. It knows no terminal."""
