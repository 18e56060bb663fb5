"""What the lines of a client wait for.

While the server makes a client wait, it does not read whether the client is still there.
"""

from collections.abc import Awaitable, Callable
from enum import Enum

from trio_chat.chat.events import Output
from trio_chat.chat.users import Session
from trio_chat.server.hub import Hub
from trio_chat.server.outbox import Outbox
from trio_chat.server.silence import Silence


class Wait(Enum):
    """What the execution of a client's lines waits for."""

    NOTHING = "no line is left"
    TURN = "the turn of other tasks"
    BUDGET = "the flood budget"
    ROOM = "room in the outbox and the broadcaster"
    ANSWER = "the rest of the answer to the line before"
    LOG = "the log of the cluster, in which the line before is"
    END = "nothing: the connection ends"


async def wait_room(hub: Hub, outbox: Outbox | None, silence: Silence) -> None:
    """Wait until neither the client nor the others have too much to receive."""
    if outbox is not None:
        await outbox.wait_room()
    silence.is_kept_waiting = True
    await hub.broadcaster.wait_room()
    silence.is_kept_waiting = False


async def wait_rest(
    hub: Hub, later: Callable[[], Awaitable[Output]], ticket: int, silence: Silence
) -> Output:
    """Return what is sent of an answer that has to wait for the memory, or for threads.

    Args:
        hub: the server.
        later: gives it.
        ticket: for the part before it.
        silence: of the client.
    """
    silence.is_kept_waiting = True
    await hub.broadcaster.wait_delivered(ticket)
    output = await later()
    silence.is_kept_waiting = False
    return output


async def give_others(hub: Hub, session: Session, output: Output) -> None:
    """Have the rest of an answer done whose client is gone, as far as it is for others.

    Args:
        hub: the server.
        session: the former session of the client.
        output: the latest part.
    """
    while output.is_for_others and output.more is not None:
        async with hub.turns:
            await hub.broadcaster.wait_room()
            output = output.more()
            hub.broadcaster.accept(output, session)


async def wait_own(hub: Hub, session: Session, ticket: int, silence: Silence) -> None:
    """Wait until what a client has been given so far was delivered; there must not be more and more
    of it.
    """
    silence.is_kept_waiting = True
    if hub.broadcaster.holds(session):
        await hub.broadcaster.wait_delivered(ticket)
    silence.is_kept_waiting = False
