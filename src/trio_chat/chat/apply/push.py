"""Transitions of Web Push subscriptions, and of what accounts are notified of."""

from dataclasses import replace

from trio_chat.chat import notifications
from trio_chat.chat.apply.transitions import Effects, is_outdated, transition
from trio_chat.chat.changes import (
    NotificationsSet,
    PushEndpointSet,
    PushRulesSet,
    PushSubscribed,
    PushUnsubscribed,
)
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.push_rules import NO_RULES, PushRules
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
    levels = world.push.rules.get(change.account, NO_RULES).levels
    put_rules(world, change.account, replace(change.rules, levels=levels))
    _update_users(world, change.account)
    return []


@transition(NotificationsSet, lambda world, change: [DirtyKey.push_rules(change.account)])
def _set_notifications(world: World, change: NotificationsSet) -> Effects | None:
    now, rules = world.clock(), world.push.rules.get(change.account, NO_RULES)
    if rules.levels.is_full(change.target, now):
        return None
    if change.level is not None:
        levels = rules.levels.with_level(change.target, change.level, now)
    else:
        levels = rules.levels.with_pause(change.target, change.until, now)
    if levels != rules.levels:
        put_rules(world, change.account, replace(rules, levels=levels))
        _update_users(world, change.account)
    return notifications.changed(world, change.account, change.target)


def put_rules(world: World, account: int, rules: PushRules) -> None:
    """Give an account other rules."""
    if rules.to_state():
        world.push.rules[account] = rules
    else:
        world.push.rules.pop(account, None)


def _update_users(world: World, account: int) -> None:
    for user in world.with_account(account):
        world.push.update(user)
