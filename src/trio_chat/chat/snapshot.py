"""Snapshots of the state of the chat as plain data, and their digests.

A snapshot has all that the outcome of a later command can depend on, apart from the configuration
and the accounts. It has nothing that belongs to one connection, such as capabilities and a
monitor list. So two servers that have carried out the same commands in
the same order have equal snapshots, whichever clients are connected to which.
"""

import hashlib
import json
from typing import Any

from trio_chat.chat import push
from trio_chat.chat.channels import Channel
from trio_chat.chat.quotas import Quotas
from trio_chat.chat.registered_channels import to_state
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World

Snapshot = dict[str, Any]
"""A snapshot: values of the kinds that JSON has."""


def take(world: World) -> Snapshot:
    """Return the snapshot of a world. Lists are in the order that the world has."""
    return {
        "ids": world.ids.state(),
        "users": [_user(user) for user in world.users.values()],
        "channels": [_channel(channel) for channel in world.channels.values()],
        "former": world.channels.former_names(),
        "operators": [user.folded for user in world.opers],
        "accounts": _accounts(world),
        "bans": [[ban.kind.value, *ban[1:]] for ban in world.bans],
        "invitations": [list(invitation) for invitation in world.invitations],
        "whowas": [list(entry) for entry in world.whowas],
        "most users": world.most_users,
        "quotas": _quotas(world.quotas),
    }


def digest(snapshot: Snapshot) -> str:
    """Return the SHA-256 of a snapshot, in hexadecimal."""
    return hashlib.sha256(json.dumps(snapshot, ensure_ascii=False).encode()).hexdigest()


def _user(user: User) -> dict[str, Any]:
    return {
        "nick": user.nick,
        "folded": user.folded,
        "username": user.username,
        "host": user.host,
        "realname": user.realname,
        "account": [user.account, user.account_id],
        "signon": user.signon,
        "since": user.since,
        "identity": user.identity,
        "always on": user.always_on,
        "active": user.active,
        "seen": user.seen,
        "away": user.away,
        "modes": "".join(sorted(user.modes)),
        "operator": user.operator.name if user.operator is not None else "",
        "channels": [
            [channel.folded, "".join(sorted(membership.ranks))]
            for channel, membership in user.channels.items()
        ],
        "invited": [[channel.folded, by] for channel, by in user.invited.items()],
        "accepted": [list(party) for party in user.accepted],
        "knocked": _time(user.knocked),
        "markers": {} if user.account_id else user.markers,
        "metadata": {} if user.account_id else user.metadata,
        "sessions": [_session(session) for session in user.sessions],
    }


def _session(session: Session) -> list[Any]:
    return [
        session.id,
        session.number,
        session.address,
        session.host,
        session.certificate,
        session.is_secure,
        session.connected,
        session.active,
        _time(session.attached),
        session.away,
        session.away_since,
        session.account,
        session.account_id,
    ]


def _channel(channel: Channel) -> dict[str, Any]:
    return to_state(channel) | {
        "folded": channel.folded,
        "permanent": channel.permanent,
        "renamed": _time(channel.renamed),
        "present": [member.folded for member in channel.members],
    }


def _accounts(world: World) -> dict[str, Any]:
    """Return what accounts have, by their numbers; numbers are written as keys of JSON are."""
    return {
        "markers": _by_number({n: kept for n, kept in world.markers.items() if kept}),
        "metadata": _by_number({n: kept for n, kept in world.metadata.items() if kept}),
        "preferences": _by_number(world.preferences.all()),
        "missed": _by_number(
            {n: [list(one) for one in kept] for n, kept in world.always_on.missed.items() if kept}
        ),
        "push": _by_number({n: push.to_state(d) for n, d in world.push.by_account.items()}),
        "push rules": _by_number({n: rule.to_state() for n, rule in world.push.rules.items()}),
    }


def _by_number(values: dict[int, Any]) -> dict[str, Any]:
    # In the order of numbers, because servers read some of it at different times.
    return {str(number): values[number] for number in sorted(values)}


def _quotas(quotas: Quotas) -> list[list[Any]]:
    return [
        [str(payer), usage.rows, usage.size, usage.at, usage.is_over]
        for payer, usage in quotas.usages.items()
    ]


def _time(seconds: float) -> float | None:
    """Return a time as JSON can have it: None for one that has never been."""
    return seconds if abs(seconds) != float("inf") else None
