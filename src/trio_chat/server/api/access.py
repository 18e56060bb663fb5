"""Access to the API: the token of a request, and the limits of its caller (RFC 6750)."""

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import trio

from trio_chat.chat.accounts import Busy, Origin
from trio_chat.chat.api_tokens import ApiToken
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ApiTokenUsed
from trio_chat.chat.world import World
from trio_chat.i18n import _
from trio_chat.irc.addresses import parse_address
from trio_chat.server.api.callers import Caller
from trio_chat.server.api.problems import ApiProblem
from trio_chat.server.http.messages import HttpRequest
from trio_chat.server.lockout import WINDOW, Lockout
from trio_chat.server.token_bucket import TokenBucket

if TYPE_CHECKING:
    from trio_chat.server.api.operator_tokens import OperatorTokens

REALM = 'Bearer realm="trio-chat"'
_MOST_WRONG = 20
"""Wrong tokens of one address within `WINDOW`, after which it is refused further ones."""
_MOST_BUCKETS = 1000
_USED_AFTER = 600
"""Seconds after which the last use of a token is noted again."""
_NAME = "API"
_MAX_TOKEN = 200


class Access:
    """Finds the caller of a request.

    Args:
        world: has the tokens.
        operators: the tokens of operators.
        per_minute: returns how many requests a caller can make within a minute.
        clock: returns seconds that never go back.
    """

    def __init__(
        self,
        world: World,
        operators: "OperatorTokens",
        per_minute: Callable[[], int],
        clock: Callable[[], float] = trio.current_time,
    ) -> None:
        self._world = world
        self._operators = operators
        self._per_minute = per_minute
        self._clock = clock
        self._lockout = Lockout("API token", _MOST_WRONG, _MOST_WRONG, clock)
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self._noted: dict[str, int] = {}

    def admit(self, request: HttpRequest) -> Caller:
        """Return the caller of a request, and charge it for that.

        Raises:
            ApiProblem: 401, 403 or 429.
        """
        _check_way(request)
        caller = self._known(request)
        self._charge(caller.key)
        token = self._world.api_tokens.get(caller.digest)
        if token is not None:
            self._note_used(token)
        return caller

    def again(self, request: HttpRequest) -> Caller:
        """Return the caller as it is now: its token may have been revoked since `admit`.

        Raises:
            ApiProblem: 401.
        """
        caller = self._find(request)
        if caller is None:
            raise _unknown()
        return caller

    def is_valid(self, request: HttpRequest, scope: str) -> bool:
        """Return whether the caller of a request that was admitted still has a scope."""
        caller = self._find(request)
        return caller is not None and caller.may(scope)

    def _known(self, request: HttpRequest) -> Caller:
        origin = Origin(request.peer.host)
        # A right one is never refused for wrong ones: nobody can guess it, and its program may be
        # behind the same address as a faulty one.
        caller = self._find(request)
        if caller is not None:
            return caller
        try:
            self._lockout.refuse(_NAME, origin)
        except Busy as error:
            why = _("too many wrong tokens came from your address; wait, and check the token")
            raise ApiProblem(429, why, headers=[("Retry-After", str(int(WINDOW)))]) from error
        self._lockout.note_wrong(_NAME, origin)
        raise _unknown()

    def _find(self, request: HttpRequest) -> Caller | None:
        secret = _token_of(request)
        token = self._world.api_tokens.find(secret)
        if token is None:
            return self._operators.find(secret, request.peer.host)
        if token.is_expired(self._world.wall_clock()):
            return None
        return Caller(f"token {token.name}", frozenset(token.scopes), token.sender, token.digest)

    def _charge(self, key: str) -> None:
        now, most = self._clock(), self._per_minute()
        bucket = self._buckets.pop(key, None)
        if bucket is None or bucket.size != most:
            bucket = TokenBucket(most, most / 60, now)
        self._buckets[key] = bucket
        while len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        bucket.refill(now)
        if bucket.tokens < 1:
            wait = math.ceil((1 - bucket.tokens) / bucket.rate)
            why = _(
                "this token has sent more than {most} requests within a minute; send fewer"
            ).format(most=most)
            raise ApiProblem(429, why, headers=[("Retry-After", str(wait))])
        bucket.tokens -= 1

    def _note_used(self, token: ApiToken) -> None:
        now = int(self._world.clock())
        # In a cluster without its engine, a change that was decided on is carried out much later.
        if now - max(token.used, self._noted.get(token.digest, 0)) >= _USED_AFTER:
            self._noted = {
                digest: kept
                for digest, kept in self._noted.items()
                if self._world.api_tokens.get(digest) is not None
            }
            self._noted[token.digest] = now
            apply(self._world, ApiTokenUsed(token.digest, now))


def _check_way(request: HttpRequest) -> None:
    """Refuse a request in plain text from another machine, and one of a page of another site."""
    address = parse_address(request.peer.host)
    if not (request.peer.is_secure or (address is not None and address.is_loopback)):
        why = _(
            "the API needs TLS, except from the machine itself; use https://, and replace the"
            " token of this request, as others may have read it"
        )
        raise ApiProblem(403, why)
    if request.header(b"sec-fetch-site") in ("cross-site", "same-site"):
        raise ApiProblem(403, _("pages of other sites may not use the API; use it from a program"))


def _token_of(request: HttpRequest) -> str:
    lines = [value for name, value in request.headers if name == b"authorization"]
    if not lines:
        why = _(
            "send a token in the header `Authorization: Bearer …`; `trio-chat token add` makes one"
        )
        raise ApiProblem(401, why, headers=[("WWW-Authenticate", REALM)])
    scheme, _space, secret = lines[0].decode("ascii", "replace").strip().partition(" ")
    secret = secret.strip()
    if len(lines) > 1 or scheme.lower() != "bearer" or not 0 < len(secret) <= _MAX_TOKEN:
        why = _("send one header `Authorization`, with the word Bearer, a space and the token")
        headers = [("WWW-Authenticate", f'{REALM}, error="invalid_request"')]
        raise ApiProblem(400 if len(lines) > 1 else 401, why, headers=headers)
    return secret


def _unknown() -> ApiProblem:
    why = _("the token is unknown, has expired or was revoked; make another one")
    return ApiProblem(401, why, headers=[("WWW-Authenticate", f'{REALM}, error="invalid_token"')])


def check_scope(caller: Caller, scope: str) -> None:
    """Refuse a caller without a scope.

    Raises:
        ApiProblem: 403.
    """
    if scope and not caller.may(scope):
        challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'
        why = _("the token needs the scope {scope}; make one that has it").format(scope=scope)
        raise ApiProblem(403, why, headers=[("WWW-Authenticate", challenge)])
