"""Jobs that have to wait: handed over by the controller, done in order by one task."""

from collections.abc import Awaitable, Callable

DeferredCall = Callable[[], Awaitable[object]]
