"""Problems with certificates of servers that the operator has named, in words."""

import ssl

_UNKNOWN_AUTHORITY = frozenset((18, 19, 20, 21))
"""X509_V_ERR_… of OpenSSL: the certificate or its authority is signed by itself, or the authority
is not known.
"""


def explain_certificate(error: ssl.SSLCertVerificationError, key: str = "") -> str:
    """Return what is wrong, as a clause, and the key that trusts an authority of one's own.

    Args:
        error: of OpenSSL.
        key: of config.ini, with its section; "" if there is none.
    """
    problem = f"its certificate is not valid: {error.verify_message.rstrip('.')}"
    if error.verify_code not in _UNKNOWN_AUTHORITY:
        return problem
    if not key:
        return f"{problem}; add that of an authority of your own to those of the system"
    return f"{problem}; for an authority of your own set {key} to a file with its certificate"


def explain_tls(error: ssl.SSLError) -> str:
    """Return what is wrong when there was no certificate to look at, as a clause. Its number is
    one of OpenSSL, and none of the system.
    """
    reason = (error.reason or type(error).__name__).lower().replace("_", " ")
    return f"TLS could not be agreed on ({reason}): look whether this is the port for TLS"
