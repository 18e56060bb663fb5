"""`trio-chat mcp`: an agent whose tools a program uses over standard input and output."""

import logging
import sys
from collections.abc import Sequence
from typing import NamedTuple

import trio

from trio_chat.bot import Bot, BotError
from trio_chat.bot.program import connectors
from trio_chat.client.trust import Security
from trio_chat.mcp.agent import Agent
from trio_chat.mcp.tools import make_server

_TO_LEAVE = 5.0


class AgentOptions(NamedTuple):
    """The options of one agent.

    Args:
        server: the address of the chat.
        account: the account with whose rights it acts; "" for a guest.
        nick: its nickname; "" for the name of the account.
        password: the password of the account.
        channels: the channels that it joins.
        allowed: where it may write without a question.
        rate: messages and reactions a minute.
        is_read_only: whether it may write nothing.
        is_marked: whether it is marked as a bot.
        security: the demands on the connection.
    """

    server: str
    account: str
    nick: str
    password: str
    channels: Sequence[str]
    allowed: Sequence[str]
    rate: int
    is_read_only: bool
    is_marked: bool
    security: Security


def run(options: AgentOptions) -> int:
    """Run an agent until its standard input ends; return the exit code.

    Raises:
        TargetError: the address of the server is not valid.
    """
    # Standard output belongs to the protocol.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    connect = connectors(options.server, options.security)
    bot = Bot(
        options.nick or options.account or "agent",
        channels=options.channels,
        is_marked=options.is_marked,
    )
    agent = Agent(bot, options.allowed, options.rate, is_read_only=options.is_read_only)

    async def run_bot() -> None:
        await bot.run(
            connect,
            account=options.account,
            password=options.password,
            may_be_plain=options.security.plaintext,
        )

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_bot)
            await make_server(agent).run_stdio_async()
            with trio.move_on_after(_TO_LEAVE):
                await bot.stop()
            nursery.cancel_scope.cancel()

    code = 0
    try:
        trio.run(main)
    except* BotError as group:
        print("; ".join(str(error) for error in group.exceptions), file=sys.stderr)
        code = 1
    except* KeyboardInterrupt:
        code = 0
    return code
