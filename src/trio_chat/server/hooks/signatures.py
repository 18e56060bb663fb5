"""Signatures of senders, by a secret that they share with a webhook.

A sender signs the body by HMAC-SHA256 (GitHub, Bitbucket, Gitea, Grafana, Sentry, PagerDuty and
others, each in a header of its own; Standard Webhooks), or sends the secret itself (GitLab,
Alertmanager).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

_OF_BODY = ("-signature", "-signature-256")
"""Ends of names of headers with signatures of the body."""
_PREFIXES = re.compile(r"^(?:sha256|v1)=")
_MOST_SIGNATURES = 10
STANDARD_PREFIX = "whsec_"
TOLERANCE = 300
"""Seconds by which the time of a signature may differ, so that it cannot be used again later."""
_MOST_DIGITS = 15


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Return whether a request is signed with a secret.

    Args:
        secret: the secret.
        headers: of the request, with names in small letters.
        body: as it was received.
        now: seconds of Unix time, for signatures with a time.
    """
    if "webhook-signature" in headers:
        return _is_standard(secret, headers, body, now)
    signatures = ",".join(headers[name] for name in headers if name.endswith(_OF_BODY)).split(",")
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
    for one in signatures[:_MOST_SIGNATURES]:
        if hmac.compare_digest(digest, _PREFIXES.sub("", one.strip().lower()).encode()):
            return True
    given = headers.get("x-gitlab-token", "")
    if not given:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else ""
    return hmac.compare_digest(secret.encode(), given.encode())


def _is_standard(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isdecimal() and timestamp.isascii() and len(timestamp) <= _MOST_DIGITS):
        return False
    if abs(now - int(timestamp)) > TOLERANCE:
        return False
    wanted = standard_signature(secret, headers.get("webhook-id", ""), timestamp, body)
    given = headers["webhook-signature"].split()[:_MOST_SIGNATURES]
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given)


def standard_signature(secret: str, number: str, timestamp: str, body: bytes) -> str:
    """Return a signature as Standard Webhooks have it: `v1,` and the HMAC-SHA256 in base64 of the
    id, the time and the body, with dots between them.

    Args:
        secret: in base64 behind `whsec_`, or any text.
        number: the id.
        timestamp: seconds of Unix time.
        body: the body.
    """
    key = secret.encode()
    if secret.startswith(STANDARD_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
        except ValueError:
            key = secret.encode()
    signed = f"{number}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
