"""The whole state of the chat as plain data, and back."""

from collections.abc import Callable, Generator, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from trio_chat.chat import push, push_rules
from trio_chat.chat.always_on import MissedNotice
from trio_chat.chat.bans import Ban, BanKind
from trio_chat.chat.snapshot.channels import from_channel, join_members, to_channel
from trio_chat.chat.snapshot.users import from_user, to_user
from trio_chat.chat.world import WhoWas, World

_AT_ONCE = 100
"""Users, or channels, of one step."""
Snapshot = dict[str, Any]
"""A snapshot: values of the kinds that JSON has."""


Steps = Generator[None, None, Snapshot]
"""A snapshot that is taken in steps: the state of the chat must not change between two of them."""
T = TypeVar("T")


def take(world: World) -> Snapshot:
    """Return the snapshot of a world. Lists are in the order that the world has."""
    return finished(take_in_steps(world))


def finished(steps: Steps) -> Snapshot:
    """Do all steps at once, and return the snapshot."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            snapshot: Snapshot = end.value
            return snapshot


def take_in_steps(world: World) -> Steps:
    """Take the snapshot of a world in steps of a few milliseconds; see `take`."""
    users = yield from _each(partial(from_user, world), world.users.values())
    channels = yield from _each(from_channel, world.channels.values())
    accounts = yield from _from_accounts(world)
    lobby = world.channels.lobby
    api_tokens = {"api tokens": world.api_tokens.to_state()} if world.api_tokens else {}
    return {
        **api_tokens,
        "ids": world.ids.to_state(),
        "accounts": accounts,
        "users": users,
        "channels": channels,
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
        "hooks": world.hooks.to_state(),
        "verifications": world.verifications.to_state(),
        **_from_moderation(world),
    }


def _from_moderation(world: World) -> Snapshot:
    """Return the moderation of the server; nothing when there is none, as on most servers."""
    state = world.moderation.to_state()
    return {"moderation": state} if state else {}


def _each(
    write: Callable[[T], Snapshot], values: Iterable[T]
) -> Generator[None, None, list[Snapshot]]:
    written: list[Snapshot] = []
    for value in tuple(values):
        written.append(write(value))
        if len(written) % _AT_ONCE == 0:
            yield
    return written


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
    world.hooks.restore(snapshot["hooks"])
    world.api_tokens.restore(snapshot.get("api tokens", []))
    world.verifications.restore(snapshot["verifications"])
    world.moderation.restore(snapshot.get("moderation", {}))
    world.ids.restore(snapshot["ids"])  # at the end, as the lobby has taken one


def _from_accounts(world: World) -> Generator[None, None, dict[str, Any]]:
    """Return what accounts have, by their numbers; numbers are written as keys of JSON are."""
    state: dict[str, Any] = {}
    state["markers"] = _by_number({n: dict(kept) for n, kept in world.markers.items() if kept})
    yield
    state["metadata"] = _by_number({n: dict(kept) for n, kept in world.metadata.items() if kept})
    yield
    state["preferences"] = _by_number(world.preferences.all())
    yield
    missed, devices, rules = world.always_on.missed, world.push.by_account, world.push.rules
    state["missed"] = _by_number({n: [list(one) for one in kept] for n, kept in missed.items()})
    yield
    state["push"] = _by_number({n: push.to_state(kept) for n, kept in devices.items()})
    state["push rules"] = _by_number({n: each.to_state() for n, each in rules.items()})
    state["push activity"] = _by_number(world.push.active)
    if world.second_factors:  # so that snapshots of before are the same
        state["second factors"] = world.second_factors.to_state()
    if world.passkeys:
        state["passkeys"] = world.passkeys.all_states()
    yield
    if accounts := world.scheduled.accounts():  # absent in the snapshots of servers without them
        state["scheduled"] = _by_number({n: world.scheduled.to_state(n) for n in accounts})
    return state


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
    world.second_factors.restore(state.get("second factors", {}))
    for account, passkeys in state.get("passkeys", {}).items():
        world.passkeys.restore(int(account), passkeys)
    for number, kept in of("scheduled") if "scheduled" in state else ():
        world.scheduled.restore(number, kept)
