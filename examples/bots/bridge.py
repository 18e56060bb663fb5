"""Relays a channel to a channel of another IRC network, and back.

python examples/bots/bridge.py chat.example.org '#team' ircs://irc.example.net '#team'
"""

import sys

import trio

from trio_chat.bot import Bot, ChatMessage, MessageKind, NotDeliveredError
from trio_chat.bot.program import connectors

NICK = "bridge"


def bridge(one: str, other: str) -> tuple[Bot, Bot]:
    """Return two bots, each in the channel of one network.

    Args:
        one: the channel in the first network.
        other: that in the second.
    """
    here, there = Bot(NICK, channels=[one]), Bot(NICK, channels=[other])
    _relay(here, there, other)
    _relay(there, here, one)
    return here, there


def _relay(source: Bot, to: Bot, channel: str) -> None:
    @source.on(ChatMessage)
    async def relay(message: ChatMessage) -> None:
        # Messages of bots do not come here, so two bridges do not echo each other for ever.
        if message.is_private or message.kind is MessageKind.NOTICE:
            return
        is_action = message.kind is MessageKind.ACTION
        # The sign keeps the nickname from highlighting its owner in the other network.
        nick = f"{message.nick[:1]}\u200b{message.nick[1:]}"
        name = f"* {nick}" if is_action else f"<{nick}>"
        text = "\n".join(f"{name} {line}" for line in message.text.splitlines())
        try:
            await to.say(channel, text)
        except NotDeliveredError as error:
            await source.say(message.conversation, f"This was not relayed: {error}", notice=True)


async def main(*words: str) -> None:
    """Run both bots; if one cannot go on, both end."""
    address, channel, other_address, other_channel = words
    here, there = bridge(channel, other_channel)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(here.run, connectors(address))
        nursery.start_soon(there.run, connectors(other_address))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: bridge.py ADDRESS CHANNEL ADDRESS CHANNEL")
    trio.run(main, *sys.argv[1:])
