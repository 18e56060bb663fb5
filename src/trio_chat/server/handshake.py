"""TLS handshakes that fail: the error has a module of its own, so that it can be caught before
OpenSSL is loaded.
"""


class HandshakeError(Exception):
    """The peer does not speak TLS as it should; the message says in which way."""
