"""Transitions of accounts, their preferences, read markers and metadata."""

from trio_chat.chat import metadata, missed
from trio_chat.chat.accounts import NO_ACCOUNT, Account
from trio_chat.chat.apply.invitations import keys_of_channel
from trio_chat.chat.apply.sessions import remove_user
from trio_chat.chat.apply.transitions import (
    Effects,
    carry_out,
    channel_keys,
    is_outdated,
    stay_keys,
    transition,
)
from trio_chat.chat.apply.users import change_account, set_account
from trio_chat.chat.changes import (
    AccountDeleted,
    AccountNotified,
    MarkerSet,
    MetadataAdopted,
    MetadataSet,
    OperatorDismissed,
    PreferenceSet,
    PushUnsubscribed,
)
from trio_chat.chat.channels import Channel
from trio_chat.chat.events import Event
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.preferences import ALWAYS_ON, PREFERENCES
from trio_chat.chat.registered_channels import close_to_public, service_event
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc import numerics as n
from trio_chat.irc.message import truncate
from trio_chat.irc.names import is_channel_name


def _of_account(world: World, change: AccountDeleted) -> list[DirtyKey]:
    account = change.account
    keys = [
        key
        for channel in world.channels.values()
        if _mentions(channel, account)
        for key in channel_keys(world, channel.folded)
    ]
    keys += [
        key
        for channel in world.channels.values()
        if channel.registration is not None and channel.registration.owner == account.id
        for key in keys_of_channel(world, channel)
    ]
    keys += [DirtyKey.invitation(one.digest) for one in world.invitations.made_by(account.id)]
    keys += stay_keys(world.always_on.of(account.id))
    keys += map(DirtyKey.moderation, world.moderation.rows_of_account(account.id))
    if world.preferences.chosen(account.id):
        keys.append(DirtyKey.preferences(account.id))
    return keys


def _mentions(channel: Channel, account: Account) -> bool:
    registration = channel.registration
    if registration and (account.id == registration.owner or account.id in registration.access):
        return True
    if channel.moderation is not None and channel.moderation.mentions_account(account.id):
        return True
    return any(
        mask.names(account.folded) for masks in channel.lists.values() for mask in masks.values()
    )


@transition(AccountDeleted, _of_account)
def _delete(world: World, change: AccountDeleted) -> Effects | None:
    account, accounts = change.account, world.accounts
    if is_outdated(world, account.id, change.version):
        return None
    if accounts is not None and account.id in accounts.by_id:
        accounts.drop(account)
        accounts.forget_guesses(account.folded)
        world.dirty.record(change)
    events = [event for user in world.with_account(account.id) for event in _log_out(world, user)]
    for session in world.sessions.values():  # logged in, and not registered yet
        if session.account_id == account.id:
            session.set_account(NO_ACCOUNT)
    world.markers.pop(account.id, None)
    world.always_on.missed.pop(account.id, None)
    world.metadata.pop(account.id, None)
    carry_out(world, PushUnsubscribed(account.id, tuple(world.push.of(account.id))))
    world.push.rules.pop(account.id, None)
    world.second_factors.put(account.id, None)
    world.passkeys.put(account.id, [])
    world.scheduled.forget(account.id)
    world.preferences.restore(account.id, {})
    for one in world.invitations.made_by(account.id):
        world.invitations.discard(one.digest)
    world.moderation.forget_account(account.id)
    for channel in list(world.channels.values()):
        events += _forget_in_channel(world, channel, account)
    return events


def _log_out(world: World, user: User) -> Effects:
    """Log a user out of a deleted account; remove a user without sessions."""
    if not user.sessions:
        carry_out(world, OperatorDismissed(user.folded))
        set_account(world, user, NO_ACCOUNT)
        return remove_user(world, user, "The account was deleted")
    params = (user.nick, user.source, n.RPL_LOGGEDOUT.text)
    number, code = world.ids.now(), n.RPL_LOGGEDOUT
    numeric = Event(
        number, code, params, world.server_info.name, user.sessions, shift=world.ids.shift
    )
    return [numeric, *(change_account(world, user, NO_ACCOUNT) or ())]


def _forget_in_channel(world: World, channel: Channel, account: Account) -> Effects:
    """Take away the ownership and the access of an account, masks of lists that name it, and its
    messages and reports that wait for an operator.
    """
    registration = channel.registration
    closed = list[Event]()
    if registration is not None and registration.owner == account.id:
        closed = close_to_public(world, channel)
        world.channels.unregister(channel)
    elif registration is not None:
        registration.access.pop(account.id, "")
    gone = [
        (letter, mask)
        for letter, masks in channel.lists.items()
        for mask in masks.values()
        if mask.names(account.folded)
    ]
    for letter, mask in gone:
        del channel.lists[letter][mask.folded]
    if (moderation := channel.moderation) is not None:
        moderation.forget_account(account.id)
    lifted = [service_event(world, channel, f"-{letter}", mask.mask) for letter, mask in gone]
    return closed + lifted


@transition(AccountNotified, lambda world, change: stay_keys(world.always_on.of(change.account)))
def _notify(world: World, change: AccountNotified) -> Effects:
    users = [user for user in world.with_account(change.account) if user.sessions]
    if not users and world.account_name(change.account):
        missed.keep_for_account(world, change.account, change.text)
    return [
        Event(
            world.ids.now(),
            "NOTICE",
            (user.nick, truncate(change.text, missed.MAX_TEXT)),
            world.server_info.name,
            user.sessions,
            shift=world.ids.shift,
        )
        for user in users
    ]


def _of_preference(world: World, change: PreferenceSet) -> list[DirtyKey]:
    account = world.users[change.user].account_id if change.user in world.users else 0
    keys = [DirtyKey.preferences(account)] if account else []
    return keys + (stay_keys(world.always_on.of(account)) if change.name == ALWAYS_ON else [])


@transition(PreferenceSet, _of_preference)
def _set_preference(world: World, change: PreferenceSet) -> Effects:
    user = world.users[change.user]
    if not PREFERENCES[change.name].is_fixed(world.preferences.rules):
        world.preferences.choose(user.account_id, change.name, change.value)
    if change.name != ALWAYS_ON:
        return []
    always_on = world.always_on.of(user.account_id)
    world.always_on.update(always_on or user)
    if always_on is not None and not always_on.always_on and not always_on.sessions:
        return remove_user(world, always_on, "No longer always on")
    return []


def _of_marker(world: World, change: MarkerSet) -> list[DirtyKey]:
    account = world.users[change.user].account_id
    if not account:
        return []
    markers = world.markers.get(account, {})
    is_full = change.target not in markers and len(markers) >= world.lengths.read_markers
    changed = [next(iter(markers)), change.target] if is_full else [change.target]
    return [DirtyKey.marker(account, target) for target in changed]


@transition(MarkerSet, _of_marker)
def _set_marker(world: World, change: MarkerSet) -> Effects:
    markers = world.markers_of(world.users[change.user])
    markers[change.target] = change.time
    while len(markers) > world.lengths.read_markers:  # the one that was set first gives way
        del markers[next(iter(markers))]
    return []


def _target(world: World, name: str) -> User | Channel:
    return world.channels[name] if is_channel_name(name) else world.users[name]


def _of_metadata(world: World, change: MetadataSet) -> list[DirtyKey]:
    target = _target(world, change.target)
    if isinstance(target, Channel):
        return channel_keys(world, target.folded)
    return [DirtyKey.metadata(target.account_id)] if target.account_id else []


@transition(MetadataSet, _of_metadata)
def _set_metadata(world: World, change: MetadataSet) -> Effects:
    target, by = _target(world, change.target), world.users[change.by]
    for key, value in change.values:
        if value is None:
            target.metadata.pop(key, None)
        else:
            target.metadata[key] = value
    keys = [key for key, _ in change.values]
    return metadata.changed(world, by, target, keys, world.sessions.get(change.session))


def _of_adopted(world: World, change: MetadataAdopted) -> list[DirtyKey]:
    account = world.users[change.user].account_id
    return [DirtyKey.metadata(account)] if account else []


@transition(MetadataAdopted, _of_adopted)
def _adopt_metadata(world: World, change: MetadataAdopted) -> Effects | None:
    known = world.users[change.user].metadata
    is_new = False
    for key, value in change.values:
        if known.get(key) != value and (key in known or len(known) < world.lengths.metadata_keys):
            known[key] = value
            is_new = True
    return [] if is_new else None
