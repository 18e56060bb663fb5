"""Relaying: messages that come from no line of a client, up to their commit.

A program that has sent one is to know that it is stored. So `Relayer.relay` returns only after the
broadcaster has committed it; in a cluster, after the log has carried it out and this node has
stored that.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import trio

from trio_chat.chat.apply import apply
from trio_chat.chat.changes import RelayedMessage, RelayedMessageRefused
from trio_chat.chat.events import Output, OutputItem
from trio_chat.chat.response import Unsettled
from trio_chat.chat.world import World
from trio_chat.server.broadcaster import Broadcaster

_PATIENCE = 20.0
"""Seconds for a commit. After that the sender gets an error, and has to send the message again:
with the same delivery id, as it may have been stored in the meantime.
"""


class NotRelayed(Exception):
    """A message cannot be stored at the moment; the text is a clause for its sender."""


class ChannelGone(Exception):
    """There is no such channel any longer."""


class Relayer:
    """Has messages delivered and stored.

    Args:
        world: the state of the chat.
        broadcaster: delivers.
        is_refusing: returns whether this node of a cluster refuses what all nodes carry out.
    """

    def __init__(
        self, world: World, broadcaster: Broadcaster, is_refusing: Callable[[], bool] = bool
    ) -> None:
        self._world = world
        self._broadcaster = broadcaster
        self._is_refusing = is_refusing

    async def relay(self, message: RelayedMessage) -> int:
        """Deliver a message; return its id after it was stored.

        One that has a known delivery id is not delivered again; its id is that of the first one.
        When cancelled, it may have been delivered or not.

        Args:
            message: the message; its token is set here.

        Raises:
            NotRelayed: it cannot be stored at the moment.
            ChannelGone: there is no such channel.
        """
        if self._is_refusing():
            raise NotRelayed("the cluster cannot take messages at the moment")
        token = secrets.token_hex(8)
        self._world.relayed.awaited[token] = 0
        try:
            with trio.move_on_after(_PATIENCE) as patience:
                await self._carry_out(replace(message, token=token))
            number = 0 if patience.cancelled_caught else self._world.relayed.awaited[token]
        finally:
            del self._world.relayed.awaited[token]
        if not number:
            raise NotRelayed("the message cannot be stored at the moment")
        return number

    async def _carry_out(self, message: RelayedMessage) -> None:
        await self._broadcaster.wait_room()
        if message.channel not in self._world.channels:
            raise ChannelGone
        events = apply(self._world, message)
        if self._world.is_replicated:
            try:
                await self._world.settle()
            except Unsettled as error:
                raise NotRelayed("the cluster cannot take messages at the moment") from error
            return
        number = self._world.relayed.awaited[message.token]
        is_stored = any(event.requires_persistence for event in events)
        refusal = partial(self._note_refused, message, number) if is_stored else None
        # Of a message that is known already: wait for what was accepted, as it is among that.
        ticket = self._broadcaster.accept(Output(tuple(events), refusal=refusal))
        await self._broadcaster.wait_delivered(ticket)

    def _note_refused(self, message: RelayedMessage, number: int) -> tuple[OutputItem, ...]:
        """Take back what is known of a message that could not be stored. The broadcaster calls this
        in the place of delivering it.
        """
        for token, known in self._world.relayed.awaited.items():
            if known == number:
                self._world.relayed.awaited[token] = 0
        refused = RelayedMessageRefused(message.sender, message.delivery, message.thread, number)
        apply(self._world, refused)
        return ()
