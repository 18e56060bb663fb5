"""Reasons for which a directory cannot be reached: libldap names neither the problem of a
certificate nor the answer of the network. Everything here blocks.
"""

import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

from trio_chat.config import LdapSettings
from trio_chat.server.certificate_problem import explain_certificate, explain_tls

_SECONDS = 3.0
"""Seconds for each step."""
_PORTS = {"ldap": 389, "ldaps": 636}
_START_TLS = bytes.fromhex("301d020101771880") + b"\x16" + b"1.3.6.1.4.1.1466.20037"
"""The extended request of STARTTLS (RFC 4511 §4.14.1)."""
_SUCCESS = b"\x0a\x01\x00"
"""The result code of a response that grants it."""


def why_unreachable(settings: LdapSettings) -> str:
    """Return why a directory cannot be reached, as a clause; "" if that is not the network.

    Args:
        settings: the section [ldap].
    """
    parts = urlsplit(settings.url)
    host, port = parts.hostname or "localhost", parts.port or _PORTS[parts.scheme]
    is_plain = parts.scheme == "ldap"
    try:
        file = settings.ca_file
        context = ssl.create_default_context(cafile=str(file) if file is not None else None)
    except OSError as error:
        return f"[ldap] ca_file cannot be used: {error.strerror or error}"
    try:
        with closing(socket.create_connection((host, port), _SECONDS)) as sock:
            if is_plain and settings.starttls:
                sock.sendall(_START_TLS)
                if _SUCCESS not in sock.recv(4096):
                    return "it has no STARTTLS; its address with TLS begins with ldaps:"
            if settings.starttls or not is_plain:
                context.wrap_socket(sock, server_hostname=host).close()
                return "OpenSSL takes its certificate, libldap does not: it may want a common name"
    except ssl.SSLCertVerificationError as error:
        return explain_certificate(error, "[ldap] ca_file")
    except ssl.SSLError as error:
        return explain_tls(error) + ("" if is_plain else "; with STARTTLS it begins with ldap:")
    except OSError as error:
        return error.strerror or str(error) or "it does not answer in time"
    return ""
