"""The silence of a client: when it is asked for a sign of life, and when it is ended."""

import math
from typing import Final

PING: Final = "PING"
"""What `Silence.check` returns when the client is to be asked for a sign of life."""


class Silence:
    """The deadlines of one client.

    Args:
        register_by: until when it has to register, in seconds of Trio's clock.
        now: seconds of Trio's clock.
        ping_interval: seconds of silence after which the client is asked.
        jitter: a number from 0 to 1, so that not all clients are asked at once.

    Attributes:
        is_heard: whether it has sent something since the last check. That is noted for each line,
            which the time would make dearer.
        received: when it last sent something, as far as a check has seen it.
        next_check: before that there is nothing to check.
        is_kept_waiting: whether the server makes it wait, and so does not read whether it is still
            there.
    """

    __slots__ = (
        "_answer_by",
        "_asked",
        "_patience",
        "_ping_interval",
        "_register_by",
        "is_heard",
        "is_kept_waiting",
        "next_check",
        "received",
    )

    def __init__(self, register_by: float, now: float, ping_interval: float, jitter: float) -> None:
        self.is_heard = False
        self.received = now
        self._ping_interval = ping_interval
        self.is_kept_waiting = False
        self._asked: float | None = None  # what `received` was when a sign of life was asked for
        self._patience = 0.9 + 0.1 * jitter  # part of the ping interval
        self._register_by = register_by
        self._answer_by = math.inf
        self.next_check = min(register_by, now + ping_interval * self._patience)

    def check(self, now: float, ping_timeout: float, *, is_registered: bool) -> str:
        """Return `PING` if the client is to be asked now, the reason if it is to be ended, else "".

        Args:
            now: seconds of Trio's clock.
            ping_timeout: seconds in which it has to answer.
            is_registered: whether it has a user.
        """
        if self.is_heard:
            self.is_heard = False
            self.received = now
        if now < self.next_check:
            return ""
        if self.is_kept_waiting:
            self.received = now
        if not is_registered and now < self._register_by:
            # It may be asked for a sign of life before that, once it has.
            self.next_check = min(self._register_by, now + self._ping_interval * self._patience)
        elif not is_registered:
            self.next_check = math.inf
            return "Registration timed out"
        elif self.received == self._asked and now < self._answer_by:
            self.next_check = self._answer_by
        elif self.received == self._asked:
            self.next_check = math.inf
            return f"Ping timeout: {round(now - self.received)} seconds"
        elif now < (silent_at := self.received + self._ping_interval * self._patience):
            self.next_check = silent_at
        else:
            self._asked = self.received
            self._answer_by = now + ping_timeout
            # After its answer a client is silent again: the next look must not wait for the time
            # that an answer may take.
            self.next_check = now + min(ping_timeout, self._ping_interval * self._patience)
            return PING
        return ""
