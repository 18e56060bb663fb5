"""The URL of a proxy: SOCKS5 or HTTP, its host and port, and credentials that are never shown.
Pure.
"""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_SCHEMES = {"socks5": ("socks5", 1080), "socks5h": ("socks5", 1080), "http": ("http", 80)}
"""How a scheme is meant, and its port where none is written; with both names of SOCKS5 the proxy
looks up names.
"""
_LONGEST = 255
"""Bytes of a user name or a password (RFC 1929 §2)."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; as text it is without credentials."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse(url: str) -> Proxy:
    """Return the proxy that a URL means.

    Raises:
        ValueError: when it means none; the text has nothing of the URL in it.
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
