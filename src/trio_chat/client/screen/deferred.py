"""Deferred calls: asynchronous work that synchronous code hands to a task, which does it in order."""

from collections.abc import Awaitable, Callable

DeferredCall = Callable[[], Awaitable[object]]
