"""Tokens of operators of the server: each belongs to a session, and is in the memory of its node
alone (APITOKEN).
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from trio_chat.chat.api_tokens import digest_of, make_secret, scopes_of_rights
from trio_chat.chat.users import Session
from trio_chat.chat.world import World
from trio_chat.server.api.callers import Caller

LIFETIME = 600
"""Seconds for which a token is valid; the page asks for another one before that."""
_MOST = 1000
"""Tokens of all operators; the oldest one ends for a new one."""


class _Issued(NamedTuple):
    session: Session
    number: int  # `User.identity` of its user
    ends: float


class OperatorTokens:
    """Issues tokens, and knows which are valid.

    Args:
        world: has the sessions.
        clock: returns seconds that never go back.
    """

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self._world = world
        self._clock = clock
        self._issued: OrderedDict[str, _Issued] = OrderedDict()

    def issue(self, session: Session) -> tuple[int, str]:
        """Return a new token for a session of an operator, behind the seconds that it is valid."""
        assert session.user is not None  # noqa: S101  # only a user is an operator
        secret, now = make_secret(), self._clock()
        while self._issued and (
            len(self._issued) >= _MOST or next(iter(self._issued.values())).ends <= now
        ):
            self._issued.popitem(last=False)
        self._issued[digest_of(secret)] = _Issued(session, session.user.identity, now + LIFETIME)
        return LIFETIME, secret

    def find(self, secret: str, address: str) -> Caller | None:
        """Return the operator with a token, with the rights that it has now; None when the token is
        unknown or expired, its session has ended or is of an operator no longer, or the operator
        may not act from there.

        Args:
            secret: the token.
            address: where the request comes from.
        """
        digest = digest_of(secret)
        issued = self._issued.get(digest)
        if issued is None:
            return None
        session, user = issued.session, issued.session.user
        operator = user.operator if user is not None else None
        if (
            user is None
            or operator is None
            or issued.ends <= self._clock()
            or self._world.sessions.get(session.id) is not session
            or user.identity != issued.number
            or not operator.permits_account(user.account_id)
        ):
            del self._issued[digest]
            return None
        # A browser may reach the server by another address than its IRC session has, but not by one
        # from which OPER would be refused.
        is_there = address == session.address
        if not is_there and not operator.permits_host(user.username, address, address):
            return None
        return Caller(
            f"operator {operator.name}, {user.source}",
            scopes_of_rights(operator.rights),
            f"api:operator:{operator.name}",
            nick=user.nick,
            shows_addresses="addresses" in operator.rights,
        )
