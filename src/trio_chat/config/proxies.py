"""Proxy URLs: SOCKS5 or HTTP, with host, port, and credentials that are never shown."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_SCHEMES = {"socks5": ("socks5", 1080), "socks5h": ("socks5", 1080), "http": ("http", 80)}
"""The protocol and the default port of each scheme; the proxy resolves host names with both names
of SOCKS5.
"""
_LONGEST = 255
"""Bytes of a user name or a password (RFC 1929 §2)."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; `str` leaves out its credentials."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse(url: str) -> Proxy:
    """Parse the URL of a proxy.

    Raises:
        ValueError: it is not one; the message contains nothing of the URL, which may have a
            password.
    """
    try:
        parts = urlsplit(url)
        scheme, port = _SCHEMES[parts.scheme]
        port = parts.port or port
        user, password = (
            unquote(parts.username or "", errors="strict"),
            unquote(parts.password or "", errors="strict"),
        )
    except (KeyError, ValueError):
        raise ValueError("no proxy") from None
    has_more = parts.path not in ("", "/") or parts.query or parts.fragment
    if (
        not parts.hostname
        or has_more
        or not (url.isascii() and url.isprintable())
        or not _are_possible(scheme, user, password)
    ):
        raise ValueError("no proxy")
    return Proxy(scheme, parts.hostname, port, user, password)


def _are_possible(scheme: str, user: str, password: str) -> bool:
    if not (user or password):
        return True
    if (
        not (user + password).isprintable()
        or max(len(user.encode()), len(password.encode())) > _LONGEST
        or not user
    ):
        return False
    if scheme == "socks5":
        return bool(password) and (user + password).isascii()
    return ":" not in user
