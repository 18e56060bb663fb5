"""A console of Windows for tests on every system."""

from typing import Any

OUT, IN = -11, -10


class FakeConsole:
    """The functions of kernel32 that `windows_console` calls.

    Args:
        processes: the processes that share the console.
        refuses: the standard streams whose console refuses escape sequences.
        missing: the standard streams that are no console.
    """

    def __init__(
        self, processes: int = 1, refuses: tuple[int, ...] = (), missing: tuple[int, ...] = ()
    ) -> None:
        self.handlers: list[Any] = []
        self.modes = {OUT: 3, IN: 7}
        self._processes = processes
        self._refuses = refuses
        self._missing = missing

    def SetConsoleCtrlHandler(self, handler: Any, add: int) -> int:  # noqa: N802
        """Keep a handler."""
        assert add
        self.handlers.append(handler)
        return 1

    def GetConsoleProcessList(self, ids: Any, count: int) -> int:  # noqa: N802
        """Return how many processes there are."""
        assert len(ids) == count
        return self._processes

    def GetStdHandle(self, number: int) -> int:  # noqa: N802
        """Return the number itself as the handle."""
        return number

    def GetConsoleMode(self, handle: int, mode: Any) -> int:  # noqa: N802
        """Store the mode."""
        if handle in self._missing:
            return 0
        mode._obj.value = self.modes[handle]
        return 1

    def SetConsoleMode(self, handle: int, mode: int) -> int:  # noqa: N802
        """Set the mode, unless the console refuses flags that it does not know."""
        if handle in self._refuses and mode > self.modes[handle]:
            return 0
        self.modes[handle] = mode
        return 1
