"""Callers of the API: tokens, and operators of the server."""

from typing import NamedTuple

from trio_chat.chat.api_tokens import permits


class Caller(NamedTuple):
    """What has sent a request: a token, or an operator of the server with a token of its session.

    Args:
        actor: for the audit log: `token NAME`, or the nickname of the operator.
        scopes: what it may do.
        key: identifies the token or the operator, for limits and for messages.
        digest: the hash of its token, or "" of an operator.
        nick: the nickname of the operator, or "".
        shows_addresses: whether it may see the real addresses of users.
    """

    actor: str
    scopes: frozenset[str]
    key: str
    digest: str = ""
    nick: str = ""
    shows_addresses: bool = True

    def may(self, scope: str) -> bool:
        """Return whether it has a scope."""
        return permits(self.scopes, scope)
