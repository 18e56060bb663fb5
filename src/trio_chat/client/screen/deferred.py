"""Deferred calls: asynchronous work of synchronous code, done in order by a task."""

from collections.abc import Awaitable, Callable

DeferredCall = Callable[[], Awaitable[object]]
