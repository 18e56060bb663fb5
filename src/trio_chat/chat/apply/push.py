"""Transitions of Web Push subscriptions."""

from trio_chat.chat.apply.transitions import Effects, is_outdated, transition
from trio_chat.chat.changes import PushEndpointSet, PushRulesSet, PushSubscribed, PushUnsubscribed
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.world import World


def _of_subscription(world: World, change: PushSubscribed) -> list[DirtyKey]:
    owner = world.push.owner(change.subscription.endpoint)
    accounts = {change.account, owner} - {0}
    return [DirtyKey.push(account) for account in accounts]


@transition(PushSubscribed, _of_subscription)
def _subscribe(world: World, change: PushSubscribed) -> Effects | None:
    if is_outdated(world, change.account, change.version):
        return None
    endpoint = change.subscription.endpoint
    owner = world.push.owner(endpoint)
    if owner not in (0, change.account):  # another account used the device before
        world.push.remove(owner, endpoint)
        _update_users(world, owner)
    world.push.put(change.account, change.subscription, change.most)
    _update_users(world, change.account)
    return []


@transition(PushUnsubscribed, lambda world, change: [DirtyKey.push(change.account)])
def _unsubscribe(world: World, change: PushUnsubscribed) -> Effects | None:
    known = [one for one in change.endpoints if one in world.push.of(change.account)]
    for endpoint in known:
        world.push.remove(change.account, endpoint)
    _update_users(world, change.account)
    return [] if known else None


@transition(PushEndpointSet)
def _set_endpoint(world: World, change: PushEndpointSet) -> Effects:
    world.sessions[change.session].push_endpoint = change.endpoint
    return []


@transition(PushRulesSet, lambda world, change: [DirtyKey.push_rules(change.account)])
def _set_rules(world: World, change: PushRulesSet) -> Effects:
    if change.rules.to_state():
        world.push.rules[change.account] = change.rules
    else:
        world.push.rules.pop(change.account, None)
    _update_users(world, change.account)
    return []


def _update_users(world: World, account: int) -> None:
    for user in world.with_account(account):
        world.push.update(user)
