"""The examination of a cluster from outside: how its nodes stand, by their log alone."""

import math
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import trio

from trio_chat.cluster.codec import BadEntry, decode
from trio_chat.cluster.survey import WINDOW, NodeStatus, Survey
from trio_chat.config import ClusterSettings
from trio_chat.server.cluster.engines import EngineLog, make_log, read_password
from trio_chat.server.cluster.log import EngineStatus, LogBroken, LogRefused, LogUnavailable

_SECONDS = 15.0
"""Seconds for all of it."""


class Examined(NamedTuple):
    """What is known about a cluster.

    Args:
        engine: of its log.
        nodes: the nodes.
        own_clock: by how many seconds the clock of this machine is ahead of the engine's.
        may_lose_end: whether the engine was checked, and may lose the end of the log.
    """

    engine: EngineStatus
    nodes: Sequence[NodeStatus]
    own_clock: float
    may_lose_end: bool = False


def examine(settings: ClusterSettings, *, is_checked: bool = False) -> Examined:
    """Return how a cluster stands. It runs Trio, so it is for programs that do not.

    Args:
        settings: the [cluster] section.
        is_checked: also check that the engine keeps what it has taken.

    Raises:
        LogBroken: the log cannot be read.
        LogRefused: the settings or the engine cannot be used; the message says what to change.
        LogUnavailable: the engine cannot be reached.
    """
    try:
        return trio.run(partial(_examine, _open(settings), is_checked=is_checked))
    except BadEntry as error:
        raise LogBroken(f"the log is that of another version of trio-chat: {error}") from error
    except trio.TooSlowError:
        raise LogUnavailable(f"it could not be read within {_SECONDS:g} s") from None


def _open(settings: ClusterSettings) -> EngineLog:
    password = read_password(settings)
    try:
        return make_log(settings.url, password)
    except ValueError as error:
        raise LogRefused(f"[cluster] url: {error}") from error


async def _examine(log: EngineLog, *, is_checked: bool) -> Examined:
    survey = Survey()
    try:
        with trio.fail_after(_SECONDS):
            may_lose_end = is_checked and await log.check()
            engine = await log.status(WINDOW)
            own_clock = time.time() - engine.now
            position, moment = engine.position, -math.inf
            while moment < engine.now:
                stored = await log.read(position)
                if not stored:
                    break
                for each in stored:
                    survey.take(decode(each.data), each.time)
                position, moment = stored[-1].position, stored[-1].time
    finally:
        with trio.move_on_after(1, shield=True):
            await log.aclose()
    return Examined(engine, survey.nodes(engine.now), own_clock, may_lose_end)
