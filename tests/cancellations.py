"""Cancellation of a call at each of its steps in turn."""

from collections.abc import Awaitable, Callable

import trio


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope at a step of the task that made it.

    Args:
        scope: the scope.
        steps: how many steps of the task are left.
    """

    def __init__(self, scope: trio.CancelScope, steps: int) -> None:
        self._task = trio.lowlevel.current_task()
        self._scope = scope
        self._steps = steps

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Count a step."""
        if task is self._task:
            self._steps -= 1
            if self._steps == 0:
                self._scope.cancel()


async def cancel_everywhere(
    call: Callable[[], Awaitable[None]], check: Callable[[], Awaitable[None]]
) -> None:
    """Cancel a call at each of its steps in turn, until it ends before."""
    for steps in range(1, 200):
        with trio.CancelScope() as scope:
            instrument = CancelAtStep(scope, steps)
            trio.lowlevel.add_instrument(instrument)
            try:
                await call()
            finally:
                trio.lowlevel.remove_instrument(instrument)
        await check()
        if not scope.cancelled_caught:
            assert steps > 3
            return
    raise AssertionError("it does not end")
