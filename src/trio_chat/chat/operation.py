"""The base of what is stored as it is, not as the state that it leads to."""


class Operation:
    """A change that is stored as it is, not as the state that it leads to."""

    __slots__ = ()
