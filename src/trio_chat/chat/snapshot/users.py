"""Users and their sessions as plain data, and back."""

from collections.abc import Mapping
from math import inf
from typing import Any

from trio_chat.chat.accounts import Account
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.users import NOWHERE, Session, User
from trio_chat.chat.world import World
from trio_chat.irc.names import fold_or_self

_PLAIN = (
    "nick",
    "folded",
    "username",
    "host",
    "realname",
    "signon",
    "since",
    "identity",
    "is_expected",
    "always_on",
    "active",
    "seen",
    "away",
)
"""The attributes of a user that are in a snapshot as they are."""
_PLAIN_OF_SESSION = (
    "id",
    "number",
    "address",
    "host",
    "payer",
    "certificate",
    "is_secure",
    "connected",
    "active",
    "away",
    "away_since",
    "account",
    "account_id",
    "app_password",
    "push_endpoint",
    "metadata_paid",
    "closing",
)
"""The same of a session."""
_PLAIN_OF_OPERATOR = ("name", "password", "account", "account_id", "host")
"""The same of an operator, which is sealed."""


def from_user(world: World, user: User) -> dict[str, Any]:
    """Return a user without its memberships, which the channels have; their order is here."""
    return {name: getattr(user, name) for name in _PLAIN} | {
        "account": [user.account, user.account_id],
        "modes": "".join(sorted(user.modes)),
        "operator": _from_operator(user.operator) if user.operator is not None else None,
        "channels": [channel.folded for channel in user.channels],
        "invited": [
            [channel.folded, by]
            for channel, by in user.invited.items()
            if world.channels.has(channel)
        ],
        "accepted": [list(party) for party in user.accepted],
        "knocked": from_time(user.knocked),
        # Those of an account are with the accounts.
        "markers": {} if user.account_id else dict(user.markers),
        "metadata": {} if user.account_id else dict(user.metadata),
        "sessions": [_from_session(session) for session in user.sessions],
    }


def _from_session(session: Session) -> dict[str, Any]:
    return {name: getattr(session, name) for name in _PLAIN_OF_SESSION} | {
        "attached": from_time(session.attached)
    }


def to_user(world: World, state: Mapping[str, Any]) -> User:
    """Add a user to a world, without its memberships, with sessions that are connected nowhere."""
    user = User(*(state[name] for name in _PLAIN[:6]))
    user.modes = state["modes"]
    for name in _PLAIN[6:]:
        setattr(user, name, state[name])
    name, number = state["account"]
    user.set_account(Account(name, fold_or_self(name), 0, number))
    user.metadata = world.metadata.setdefault(number, {}) if number else dict(state["metadata"])
    user.markers = dict(state["markers"])
    user.accepted = dict.fromkeys((kind, party) for kind, party in state["accepted"])
    user.knocked = to_time(state["knocked"], -inf)
    user.operator = _to_operator(state["operator"]) if state["operator"] else None
    user.sessions = tuple(_to_session(user, each) for each in state["sessions"])
    world.restore_sessions(user.sessions)
    world.add_user(user)
    return user


def _from_operator(operator: Operator) -> dict[str, Any]:
    return {name: getattr(operator, name) for name in _PLAIN_OF_OPERATOR} | {
        "rights": sorted(operator.rights)
    }


def _to_operator(state: Mapping[str, Any]) -> Operator:
    plain = {name: state[name] for name in _PLAIN_OF_OPERATOR}
    return Operator(**plain, rights=frozenset(state["rights"]))


def _to_session(user: User, state: Mapping[str, Any]) -> Session:
    session = Session(NOWHERE, state["address"], state["connected"], state["host"])
    for name in _PLAIN_OF_SESSION:
        setattr(session, name, state[name])
    session.attached = to_time(state["attached"], inf)
    session.user, session.pending = user, None
    return session


def from_time(seconds: float) -> float | None:
    """Return a time as JSON has it: None for one that never was."""
    return None if seconds in (inf, -inf) else seconds


def to_time(seconds: float | None, never: float) -> float:
    """Return the time that `from_time` wrote."""
    return never if seconds is None else seconds
