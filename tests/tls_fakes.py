"""Fakes for the tests of TLS: certificates, and the client's end of an encrypted connection."""

import ssl
from pathlib import Path

import trio

from edge import Edge
from trio_chat.config import ListenerSettings
from trio_chat.server import certificates
from trio_chat.server.certificate_files import Files


def client_context(certificate: Path | None = None) -> ssl.SSLContext:
    """Return what a client uses that believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


def fingerprint(path: Path) -> str:
    """Return the fingerprint of the certificate in a file."""
    return certificates.check(Files(path, path))


Encrypted = trio.SSLStream[trio.abc.Stream]


async def encrypt(
    here: Edge, context: ssl.SSLContext, listener: ListenerSettings | None = None
) -> Encrypted:
    """Return a client that has agreed on encryption."""
    stream: Encrypted = trio.SSLStream(here.stream(listener), context)
    await stream.do_handshake()
    return stream
