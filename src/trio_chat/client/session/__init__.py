"""One conversation with a server: the protocol side of the client. It knows no terminal and
outlives no connection.
"""
