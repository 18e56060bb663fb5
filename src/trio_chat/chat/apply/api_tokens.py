"""Transitions of API tokens, all of which persist."""

from trio_chat.chat.api_tokens import MOST
from trio_chat.chat.apply.relayed import forget_sender
from trio_chat.chat.apply.transitions import Effects, transition
from trio_chat.chat.changes import ApiTokenMade, ApiTokenRemoved, ApiTokensRead, ApiTokenUsed
from trio_chat.chat.persistence import DirtyKey
from trio_chat.chat.world import World


@transition(ApiTokenMade, lambda world, change: [DirtyKey.api_token(change.token.digest)])
def _make(world: World, change: ApiTokenMade) -> Effects | None:
    if world.api_tokens.named(change.token.name) or len(world.api_tokens) >= MOST:
        return None  # another one was made since this was decided on
    world.api_tokens.put(change.token)
    return []


def _of_removed(world: World, change: ApiTokenRemoved) -> list[DirtyKey]:
    token = world.api_tokens.get(change.digest)
    keys = world.relayed.of_sender(token.sender) if token is not None else []
    return [DirtyKey.api_token(change.digest), *map(DirtyKey.relayed, keys)]


@transition(ApiTokenRemoved, _of_removed)
def _remove(world: World, change: ApiTokenRemoved) -> Effects | None:
    token = world.api_tokens.get(change.digest)
    if token is None:
        return None
    world.api_tokens.discard(change.digest)
    forget_sender(world, token.sender)
    return []


def _of_one(world: World, change: ApiTokenUsed) -> list[DirtyKey]:
    return [DirtyKey.api_token(change.digest)] if world.api_tokens.get(change.digest) else []


@transition(ApiTokenUsed, _of_one)
def _use(world: World, change: ApiTokenUsed) -> Effects | None:
    token = world.api_tokens.get(change.digest)
    if token is None or change.time <= token.used:
        return None
    world.api_tokens.put(token._replace(used=change.time))
    return []


@transition(ApiTokensRead)
def _read(world: World, change: ApiTokensRead) -> Effects:
    stored = {token.digest: token for token in change.tokens}
    for token in list(world.api_tokens):
        if token.digest not in stored and token.digest not in world.dirty.api_tokens:
            world.api_tokens.discard(token.digest)
            forget_sender(world, token.sender)
    for digest, token in stored.items():
        if digest not in world.dirty.api_tokens:
            world.api_tokens.put(token)
    return []
