"""The addresses of one network, and the order in which they are tried.

In a round each address is tried once, at random, so that the clients of a node that stops spread
over the others. Only a round without success is followed by a pause.
"""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

import trio

from trio_chat.client.trust import Connector

Connect = Callable[[], Awaitable[trio.abc.Stream]]
"""Returns a connection to one address, or raises CannotConnectError."""


class AddressRotation:
    """The rounds of one link.

    Args:
        connects: one function for each address.
        random: the source of the order.

    Attributes:
        current: the address that was tried last.
    """

    def __init__(self, connects: Sequence[Connect], random: Random) -> None:
        self.current = connects[0]
        self._all = tuple(connects)
        self._random = random
        self._round = self._shuffled(self._all)

    @property
    def has_several(self) -> bool:
        """Whether there are several addresses."""
        return len(self._all) > 1

    @property
    def has_next(self) -> bool:
        """Whether an address of this round was not tried yet."""
        return bool(self._round)

    @property
    def name(self) -> str:
        """The current address for people; "" when it has none."""
        return self.current.address if isinstance(self.current, Connector) else ""

    def advance(self) -> None:
        """Make the next address the current one; after the last one, a new round begins."""
        if not self._round:
            self._begin()
        self.current = self._round.pop(0)

    def try_again(self) -> None:
        """Make the current address the next one."""
        self._round.insert(0, self.current)

    def lost(self, *, was_stable: bool, is_expected: bool = False) -> None:
        """Note that the connection to the current address has ended.

        The next round begins at once, unless the connection was short, or there is nothing else to
        try.

        Args:
            was_stable: whether the connection was of use; otherwise the round goes on, so that
                servers that end every connection are not asked without a pause.
            is_expected: whether the server has asked for another connection: behind the same
                address there is another node.
        """
        has_records = False
        if isinstance(self.current, Connector):
            has_records = self.current.records.has_others
            self.current.records.lose()
        if was_stable and (self.has_several or has_records or is_expected):
            self._begin()

    def _begin(self) -> None:
        others = [connect for connect in self._all if connect is not self.current]
        self._round = [*self._shuffled(others), self.current]

    def _shuffled(self, connects: Sequence[Connect]) -> list[Connect]:
        return self._random.sample(connects, len(connects))
