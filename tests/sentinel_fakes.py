"""Hostile fakes of Sentinels and engines: servers that send what a test wants."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio

from fake_servers import until_reset
from trio_chat.server.cluster.redis_address import Place, RedisAddress
from trio_chat.server.cluster.redis_log import RedisLog

Serve = Callable[[trio.SocketStream], Awaitable[None]]


@asynccontextmanager
async def served(*serves: Serve) -> AsyncIterator[tuple[Place, ...]]:
    """Give the places of servers."""

    async def run(serve: Serve, stream: trio.SocketStream) -> None:
        with trio.move_on_after(30):
            await serve(stream)
        await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        places = []
        for serve in serves:
            start = partial(trio.serve_tcp, until_reset(partial(run, serve)), 0, host="127.0.0.1")
            [listener] = await nursery.start(start)
            places.append(("127.0.0.1", listener.socket.getsockname()[1]))
        yield tuple(places)
        nursery.cancel_scope.cancel()


def sentinel(*primaries: tuple[int, int]) -> Serve:
    """Return a Sentinel that names primaries, one after the other, by port and epoch."""
    left = list(primaries)

    async def serve(stream: trio.SocketStream) -> None:
        while await stream.receive_some():
            await stream.send_all(named(*(left.pop(0) if len(left) > 1 else left[0])))

    return serve


def answering(*answers: bytes) -> Serve:
    """Return a server that sends these bytes, one after each request, and then closes."""

    async def serve(stream: trio.SocketStream) -> None:
        for answer in answers:
            await stream.receive_some()
            await stream.send_all(answer)

    return serve


async def silent(stream: trio.SocketStream) -> None:
    """Accept and never answer, as a program that is frozen."""
    await trio.sleep_forever()


def named(port: int, epoch: int) -> bytes:
    """Return the answer of a Sentinel."""
    facts = [b"name", b"mymaster", b"config-epoch", b"%d" % epoch]
    return packed([b"127.0.0.1", b"%d" % port]) + packed(facts)


def packed(texts: list[bytes]) -> bytes:
    """Return a list of the protocol."""
    return b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(t), t) for t in texts)


def log_by(places: tuple[Place, ...], user: str = "", password: str = "") -> RedisLog:
    """Return a log that asks these Sentinels."""
    return RedisLog(RedisAddress(places, user, password, master="mymaster"), replicas=0)
