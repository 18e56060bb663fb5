"""The whole state of the chat as plain data, and back."""

from collections.abc import Mapping
from typing import Any

from trio_chat.chat import push, push_rules
from trio_chat.chat.always_on import MissedNotice
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.snapshot.channels import from_channel, join_members, to_channel
from trio_chat.chat.snapshot.users import from_user, to_user
from trio_chat.chat.world import WhoWas, World

Snapshot = dict[str, Any]
"""A snapshot: values of the kinds that JSON has."""


def take(world: World) -> Snapshot:
    """Return the snapshot of a world. Lists are in the order that the world has."""
    lobby = world.channels.lobby
    return {
        "ids": world.ids.to_state(),
        "accounts": _from_accounts(world),
        "users": [from_user(world, user) for user in world.users.values()],
        "channels": [from_channel(channel) for channel in world.channels.values()],
        "lobby": lobby.folded if lobby is not None else "",
        "former": world.channels.former_names(),
        "operators": [user.folded for user in world.opers],
        "always on": [user.folded for user in world.always_on],
        "bans": [[ban.kind.value, *ban[1:]] for ban in world.bans],
        "invitations": world.invitations.to_state(),
        "whowas": [list(entry) for entry in world.whowas],
        "most users": world.most_users,
        "quotas": world.quotas.to_state(),
        "redacted": list(world.redacted),
        "relayed": world.relayed.to_state(),
    }


def restore(world: World, snapshot: Snapshot) -> None:
    """Restore the state in a world that is new, with the same configuration and accounts.

    Its sessions are connected nowhere.

    Raises:
        ValueError: the world is not new.
    """
    if world.users or world.sessions:
        raise ValueError("a snapshot is restored in a new world only")
    _to_accounts(world, snapshot["accounts"])
    world.channels.clear()
    for state in snapshot["users"]:
        to_user(world, state)
    for state in snapshot["channels"]:
        to_channel(world, state)
    join_members(world, snapshot["users"], snapshot["channels"])
    world.channels.lobby = world.channels.get(snapshot["lobby"])
    world.channels.restore_former(snapshot["former"])
    world.opers = {world.users[folded]: None for folded in snapshot["operators"]}
    world.always_on.restore(world.users[folded] for folded in snapshot["always on"])
    for kind, *rest in snapshot["bans"]:
        world.bans.add(Ban(BanKind(kind), *rest))
    world.invitations.restore(snapshot["invitations"])
    world.whowas.extend(WhoWas(*entry) for entry in snapshot["whowas"])
    world.most_users = snapshot["most users"]
    world.quotas.restore(snapshot["quotas"])
    world.redacted.update(dict.fromkeys(snapshot["redacted"]))
    world.relayed.restore(snapshot["relayed"])
    world.ids.restore(snapshot["ids"])  # at the end, as the lobby has taken one


def _from_accounts(world: World) -> dict[str, Any]:
    """Return what accounts have, by their numbers; numbers are written as keys of JSON are."""
    missed = world.always_on.missed
    return {
        "markers": _by_number({n: dict(kept) for n, kept in world.markers.items() if kept}),
        "metadata": _by_number({n: dict(kept) for n, kept in world.metadata.items() if kept}),
        "preferences": _by_number(world.preferences.all()),
        "missed": _by_number({n: [list(one) for one in kept] for n, kept in missed.items()}),
        "push": _by_number({n: push.to_state(d) for n, d in world.push.by_account.items()}),
        "push rules": _by_number({n: rules.to_state() for n, rules in world.push.rules.items()}),
        "push activity": _by_number(world.push.active),
    }


def _by_number(values: Mapping[int, Any]) -> dict[str, Any]:
    # In the order of numbers, because servers read some of it at different times.
    return {str(number): values[number] for number in sorted(values)}


def _to_accounts(world: World, state: Mapping[str, Mapping[str, Any]]) -> None:
    def of(name: str) -> list[tuple[int, Any]]:
        return [(int(number), value) for number, value in state[name].items()]

    world.markers.update((number, dict(kept)) for number, kept in of("markers"))
    world.metadata.update((number, dict(kept)) for number, kept in of("metadata"))
    for number, choices in of("preferences"):
        world.preferences.restore(number, choices)
    for number, kept in of("missed"):
        world.always_on.missed[number] = [MissedNotice(*one) for one in kept]
    world.push.by_account.update((number, push.from_state(kept)) for number, kept in of("push"))
    world.push.rules.update((n, push_rules.from_state(rules)) for n, rules in of("push rules"))
    world.push.active.update(of("push activity"))
