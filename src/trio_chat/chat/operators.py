"""Operators of the server: who they are, what each of them may do, and the trail that everything
they do leaves.

The blocks come from config.ini. A password is never here, only what it is checked against; the
check itself takes a while, so it is the edge's (`Control`).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from trio_chat.chat.accounts import Origin
from trio_chat.chat.events import Event
from trio_chat.irc import masks
from trio_chat.irc.message import truncate
from trio_chat.irc.modes import NOTICES, SERVER_OPERATOR
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.rights import RIGHTS

if TYPE_CHECKING:
    from trio_chat.chat.accounts import Accounts
    from trio_chat.chat.registry import Request
    from trio_chat.chat.response import Response
    from trio_chat.chat.users import Session, User
    from trio_chat.chat.world import World

log = logging.getLogger("trio_chat")

_MAX_NOTICE = 380
"""Bytes of a notice, so that its line holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One `[operator NAME]` of config.ini.

    Args:
        name: what OPER calls it.
        password: an argon2id hash, or "" when the account is enough.
        account: the name of the account that one must be logged in to, or "".
        account_id: the number that it has, see `with_numbers`; or 0 when there is no such account.
        host: a mask of the address, a network, or `user@host`; "" for anywhere.
        rights: keys of `RIGHTS`.
    """

    name: str
    password: str = field(default="", repr=False)
    account: str = ""
    account_id: int = 0
    host: str = ""
    rights: frozenset[str] = frozenset(RIGHTS)

    def is_account_of(self, user: "User") -> bool:
        """Return whether a user is logged in to the account that this needs, if it needs one."""
        return not self.account or (self.account_id != 0 and self.account_id == user.account_id)

    def admits(self, user: "User", session: "Session") -> bool:
        """Return whether a session comes from where it must."""
        if not self.host:
            return True
        username, at, host = self.host.lower().rpartition("@")
        mask = masks.parse_mask(masks.complete_mask(f"*!{username if at else '*'}@{host}"))
        return mask.covers(
            f"*!{user.username.lower()}", (session.address.lower(), user.host.lower())
        )

    def is_same_person(self, other: "Operator") -> bool:
        """Return whether two entries of config.ini mean the same operator: only the rights may
        differ.
        """
        return replace(self, rights=other.rights) == other


def with_numbers(
    operators: Mapping[str, Operator], accounts: "Accounts | None"
) -> dict[str, Operator]:
    """Return operators with the current numbers of their accounts: an account that takes such a
    name later is no operator.
    """
    return {name: _with_number(operator, accounts) for name, operator in operators.items()}


def _with_number(operator: Operator, accounts: "Accounts | None") -> Operator:
    if not operator.account:
        return operator
    account = accounts.known.get(fold_or_self(operator.account)) if accounts is not None else None
    if account is None:
        log.warning(
            "operator %s: there is no account %s; once it is registered, have the configuration"
            " read again (REHASH, or SIGHUP)",
            operator.name,
            operator.account,
        )
        return replace(operator, account_id=0)
    since = datetime.fromtimestamp(account.created, UTC)
    log.info(
        "operator %s: the account %s, registered %s",
        operator.name,
        account.name,
        f"{since:%Y-%m-%d}",
    )
    return replace(operator, account_id=account.id)


class RehashError(Exception):
    """The configuration cannot be used, so the old one is kept; the message is one line and says
    what is wrong, and where.
    """


class Control(Protocol):
    """What operators need of the edge."""

    async def is_password(self, name: str, hashed: str, password: str, origin: Origin) -> bool:
        """Return whether a password of an operator is the one that was hashed; "" for one that does
        not exist takes as long.

        A wrong one is answered late, and after many for an operator from one place further ones are
        refused for a while. What is wrong with passwords of accounts does not count.

        Raises:
            Busy: too many were wrong from there, or too many wait.
        """

    def refuse_guesser(self, origin: Origin) -> None:
        """Look at no password of the server (PASS) after too many wrong ones.

        Raises:
            Busy: too many were wrong from there.
        """

    def note_password(self, origin: Origin, *, is_right: bool) -> None:
        """Count a wrong password of the server, or know from now on that it is known there."""

    def numbers(self) -> list[tuple[str, float]]:
        """Return how the server stands: what is counted, in words, and how much it is."""

    async def rehash(self) -> list[str]:
        """Read the configuration again and apply what can be applied; return sentences for the
        operator.

        Raises:
            RehashError: it is wrong; nothing has changed.
        """

    def shut_down(self) -> None:
        """Begin to stop the server."""


def mode_event(world: "World", user: "User", change: str) -> Event:
    """Return the MODE by which a user's own sessions see a change of user modes that the server
    made.
    """
    return world.event(user, "MODE", (user.nick, change), user.sessions)


def appoint(world: "World", user: "User", operator: Operator) -> Event:
    """Make somebody an operator; return what the user's sessions are to see."""
    user.operator = operator
    world.opers[user] = None
    user.modes.add(SERVER_OPERATOR)
    return mode_event(world, user, f"+{SERVER_OPERATOR}")


def dismiss(world: "World", user: "User") -> Event | None:
    """Make somebody an operator no more; return what the user's sessions are to see, or None when
    nothing was.
    """
    if user.operator is None:
        return None
    user.operator = None
    world.opers.pop(user, None)
    change = "-" + "".join(letter for letter in (SERVER_OPERATOR, NOTICES) if letter in user.modes)
    user.modes -= {SERVER_OPERATOR, NOTICES}
    return mode_event(world, user, change)


def notice(world: "World", text: str) -> Event | None:
    """Return what the operators are told who have +s; None when there is nobody."""
    if not world.opers:
        return None
    wanted = [
        user for user in world.opers if NOTICES in user.modes and has_right(user, "addresses")
    ]
    recipients = tuple(session for user in wanted for session in user.sessions)
    if not recipients:
        return None
    params = ("*", truncate(f"*** {text}", _MAX_NOTICE))
    return Event(
        world.ids.next(),
        "NOTICE",
        params,
        world.server_info.name,
        recipients,
        shift=world.ids.shift,
    )


def notify_opers(request: "Request", text: str, reply: "Response | None" = None) -> None:
    """Have the operators told who want to know."""
    event = notice(request.world, text)
    if event is not None:
        (reply or request.reply).emit(event, is_answer=False)


def audit(request: "Request", what: str, reply: "Response | None" = None) -> None:
    """Write down what an operator does, and tell the others. No secret may be in it.

    Args:
        request: whose doing it is.
        what: the deed, with whom and why, such as `KILL bob: flooding`.
        reply: by which the others are told; that of the request when it is None.
    """
    user = request.user
    name = user.operator.name if user.operator else "?"
    log.warning(
        "operator %s, %s (%s): %s",
        name,
        user.source,
        request.session.address,
        what,
        extra={"is_audit": True},
    )
    notify_opers(request, f"{user.nick} ({name}): {what}", reply)


def has_right(user: "User", right: str) -> bool:
    """Return whether a user is an operator with this right."""
    operator = user.operator
    return operator is not None and right in operator.rights and operator.is_account_of(user)
