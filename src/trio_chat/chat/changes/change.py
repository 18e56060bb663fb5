"""The base of all changes of state."""


class Change:
    """A change of state; each subclass is one kind, a dataclass.

    Frozen ones are slow to make, so those of each connection are not.
    """

    __slots__ = ()
