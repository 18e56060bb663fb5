"""The token bucket, of which flood protection and admission are made; the time is passed in."""


class TokenBucket:
    """A budget that grows at a constant rate up to a size.

    Args:
        size: the most tokens, which are there at first.
        rate: tokens a second.
        now: seconds of a clock that never goes back.
    """

    __slots__ = ("_updated", "rate", "size", "tokens")

    def __init__(self, size: float, rate: float, now: float) -> None:
        self.size = size
        self.rate = rate
        self.tokens = float(size)
        self._updated = now

    def refill(self, now: float) -> None:
        """Add the tokens of the time since the last call."""
        self.tokens = min(self.size, self.tokens + (now - self._updated) * self.rate)
        self._updated = now
