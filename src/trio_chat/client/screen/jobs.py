"""Jobs that have to wait: handed over by the desk, done in order by one task."""

from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[object]]
