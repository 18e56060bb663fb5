"""The keeper of lasting state besides messages: it is read at the start, written when it changes,
and expires.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

import trio

from trio_chat.chat import always_on, metadata, missed
from trio_chat.chat.accounts import Accounts, AccountsError
from trio_chat.chat.apply import apply
from trio_chat.chat.apply.sessions import update_away
from trio_chat.chat.changes import AccountDeleted, NoticeKept, RetentionSet, Seen, UserRemoved
from trio_chat.chat.events import Event
from trio_chat.chat.logins import CREDENTIALS_CHANGED, end_sessions
from trio_chat.chat.persistence import ChangeSet, DirtyKey, DirtySet, StateStore
from trio_chat.chat.registered_channels import restore, restore_members, to_state
from trio_chat.chat.users import User
from trio_chat.chat.world import World
from trio_chat.irc.names import fold_or_self
from trio_chat.storage.database import StorageError

log = logging.getLogger("trio_chat")

Announce = Callable[[Callable[[], Iterable[Event]]], Awaitable[None]]
"""Waits for room, then makes a change and accepts its events as one step (as the lines of a client
are one).
"""

_DAY = 86_400.0
_WATCH_INTERVAL = 5.0
_EXPIRE_INTERVAL = 3600.0
KEPT_AFTER = 1.0
"""Seconds in which what a command has changed is kept with it; what is left then no command has
changed.
"""
_RETRY = 10.0
"""Seconds until what could not be written is tried again."""


async def load_state(world: World, store: StateStore) -> None:
    """Make channels, always-on users, preferences, metadata and read markers be there.

    Raises:
        StorageError: they cannot be read.
    """
    kept = await store.load()
    for (account, target), moment in kept.markers.items():
        world.markers.setdefault(account, {})[target] = moment
    for account, said in kept.metadata.items():
        world.metadata[account] = dict(said)
    for account, choices in kept.preferences.items():
        world.preferences.restore(account, dict(choices))
    for account, user in kept.users.items():
        if user is not None:
            _restore_user(world, account, user)
    channels = {
        folded: _without_gone(world, state)
        for folded, state in kept.channels.items()
        if state is not None
    }
    restored = [(restore(world, folded, state), state) for folded, state in channels.items()]
    for channel, state in restored:
        restore_members(world, channel, state)
    log.info("restored %d channels and %d always-on users", len(restored), len(world.always_on))


def _without_gone(world: World, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a channel without accounts that a command deleted just before the server
    stopped.
    """
    accounts = world.accounts.by_id if world.accounts else {}
    access = {number: rank for number, rank in state["access"].items() if int(number) in accounts}
    return {**state, "owner": state["owner"] if state["owner"] in accounts else 0, "access": access}


def _restore_user(world: World, number: int, state: Mapping[str, Any]) -> None:
    """Make an always-on user be here, unless there is no such account any more, or its user is not
    to stay.
    """
    account = world.accounts.by_id.get(number) if world.accounts else None
    folded = fold_or_self(state["nick"])
    if account is not None and folded not in world.users:
        user = always_on.from_state(folded, state)
        metadata.link(world, user, account.id)
        user.set_account(account)
        world.always_on.update(user)
        if user.always_on:
            world.add_user(user)
            world.always_on.restore_missed(account.id, state)
            update_away(world, user)
            return
    world.dirty.mark([DirtyKey.user(number)])  # so that it is deleted


class UncommittedState:
    """The persistent state that has changed: the broadcaster commits it with the messages, before
    the change is confirmed.

    Args:
        world: where it changes.

    Attributes:
        turn: held from `take` until the state is committed. Without it a change that another task
            is writing would count as committed, and be confirmed; and bans that are read would lack
            those that are being written.
    """

    def __init__(self, world: World) -> None:
        self._dirty = world.dirty
        self._world = world
        self.turn = trio.Lock()
        self._marked = world.dirty.marked
        self._taken: DirtySet | None = None

    def has_more(self) -> bool:
        """Return whether something has changed since the last call."""
        marked = self._dirty.marked
        if marked == self._marked:
            return False
        self._marked = marked
        return True

    @property
    def is_nothing(self) -> bool:
        """Whether all state is committed, and none is being committed at this moment."""
        return not (self._dirty or self.turn.locked())

    def take(self) -> ChangeSet | None:
        """Return what has changed, as it is now, to be committed; None for nothing. `put_back` must
        follow when it is not.

        The caller has the turn.
        """
        if not self._dirty:
            return None
        self._taken = self._dirty.take()
        return change_set(self._world, self._taken)

    def put_back(self) -> None:
        """Count what was taken last as changed again."""
        if self._taken is not None:
            self._dirty.put_back(self._taken)


async def keep_state(world: World, store: StateStore, turn: trio.Lock | None = None) -> None:
    """Write down what has changed of what lasts and has not been kept with a command, for ever.

    That is what no client is waiting for, and what could not be written before.

    Args:
        world: where it changes.
        store: where it lasts.
        turn: see `UncommittedState`.
    """
    turn = turn or trio.Lock()
    changed = trio.Event()

    def note() -> None:
        changed.set()

    world.dirty.on_change = note
    if world.dirty:
        note()
    while True:
        await changed.wait()
        await trio.sleep(KEPT_AFTER)
        changed = trio.Event()
        async with turn:
            is_saved = await save_state(world, store)
        if not is_saved:
            await trio.sleep(_RETRY)
            changed.set()


async def save_state(world: World, store: StateStore) -> bool:
    """Write down what has changed of what lasts; return whether that was possible.

    When cancelled, it counts as not written, so that the next call writes it.
    """
    if not world.dirty:
        return True
    taken = world.dirty.take()
    is_saved = False
    try:
        await store.save(change_set(world, taken))
        is_saved = True
    except (
        StorageError,
        ValueError,
        OverflowError,
    ) as error:  # the latter by a defect: no text, or a number too large
        log.error("channels, always-on users, read markers and bans cannot be written: %s", error)
    finally:
        if (
            not is_saved
        ):  # when cancelled too: whether it was written is not known, and twice does no harm
            world.dirty.put_back(taken)
    return is_saved


def change_set(world: World, dirty: DirtySet) -> ChangeSet:
    """Return the state of some keys, as it is now; a thread may read it."""
    channels: dict[str, dict[str, Any] | None] = {}
    for folded in dirty.channels:
        channel = world.channels.get(folded)
        channels[folded] = to_state(channel) if channel and channel.is_persistent else None
    users: dict[int, dict[str, Any] | None] = {}
    for account in dirty.users:
        user = world.always_on.of(account)
        users[account] = (
            always_on.to_state(user, world.clock(), world.always_on.missed.get(account, ()))
            if user
            else None
        )
    markers = {
        (account, target): world.markers.get(account, {}).get(target, "")
        for account, target in dirty.markers
    }
    return ChangeSet(
        channels,
        markers,
        users,
        {account: dict(world.preferences.chosen(account)) for account in dirty.preferences},
        {
            account: dict(world.metadata.get(account, {})) for account in dirty.metadata
        },  # a thread reads it: a copy
        {key: world.bans.get(key) for key in dirty.bans},
    )


async def watch_accounts(world: World, accounts: Accounts, announce: Announce) -> None:
    """Notice accounts that a command beside this server adds or deletes, and other passwords that
    it gives them, for ever.
    """
    while True:
        await trio.sleep(_WATCH_INTERVAL)
        try:
            gone, changed, freed = await accounts.refresh()
        except AccountsError as error:
            log.error("accounts cannot be read: %s", error)
            continue
        for account in gone:
            log.info("the account %s was deleted", account.name)
            await announce(partial(apply, world, AccountDeleted(account)))
        for account in freed:  # masks of lists may have named it in the meantime
            log.info("the name of the deleted account %s is free", account.name)
            await announce(partial(apply, world, AccountDeleted(account)))
        for account in changed:
            ended = end_sessions(world, account.id, CREDENTIALS_CHANGED)
            log.info(
                "the password of the account %s was changed; %d of its sessions are ended",
                account.name,
                ended,
            )


async def watch_channels(world: World, store: StateStore) -> None:
    """Notice what a command beside this server changes of channels, for ever."""
    while True:
        await trio.sleep(_WATCH_INTERVAL)
        try:
            await apply_pending(world, store)
        except StorageError as error:
            log.error(
                "the settings of channels that commands have changed cannot be read: %s", error
            )


async def apply_pending(world: World, store: StateStore) -> None:
    """Apply the settings of channels that commands have written alongside this server.

    When cancelled, the next call does it.

    Raises:
        StorageError: the settings cannot be read, or are still pending.
    """
    pending = await store.pending()
    for setting in pending:
        channel = world.channels.get(setting.folded)
        if channel is not None and channel.registration is not None:
            apply(world, RetentionSet(setting.folded, setting.history))
    if pending:  # not before: state that is being saved at this moment must not undo them
        await store.settle(pending[-1])


async def expire_users(world: World, days: int, announce: Announce) -> None:
    """Make always-on users leave that have not been seen for so many days (0: never), at once and
    then every hour, for ever.

    Those who are here are written down as seen: an end without warning must not make them look as
    if they were not.
    """
    while True:
        for user in world.always_on:
            if user.sessions:
                apply(world, Seen(user.folded, world.clock()))
            elif days and world.steady() - user.seen > days * _DAY:
                await announce(partial(_expire, world, user, days))
        await trio.sleep(_EXPIRE_INTERVAL)


def _expire(world: World, user: User, days: int) -> list[Event]:
    if user.sessions or not user.always_on:  # back, or gone, while we waited
        return []
    log.info("%s has not been seen for %d days and leaves", user.source, days)
    reason = f"Not seen for {days} days"
    apply(world, NoticeKept(user.folded, missed.of_removal(user, reason)))
    return apply(world, UserRemoved(user.folded, reason))
