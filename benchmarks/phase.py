"""A measurement in which some clients send, all receive, and every byte is accounted for."""

import time
from array import array

from crowd import CHANNEL, Client, Crowd
from stream import Stream, text

_DRAIN_TIMEOUT = 15.0


class Phase:
    """One measurement: the first clients of a crowd are in the channel, the first of them send.

    Args:
        crowd: the clients, at rest (see `Crowd.barrier`).
        members: the number of clients in the channel.
        senders: the number of members that send.
        size: bytes of a message's text.
        echo: whether senders get their own messages too.
    """

    def __init__(self, crowd: Crowd, members: int, senders: int, size: int, *, echo: bool) -> None:
        self._crowd = crowd
        self._members = crowd.clients[:members]
        self._senders = crowd.clients[:senders]
        self._listeners = crowd.clients[senders:members]
        self._size = size
        self._echo = echo
        self._sent = [0] * senders
        self._done = [0] * senders
        self._shared = Stream()
        self._acknowledged = 0
        self._latencies: array[int] | None = None
        for client in self._members:
            client.stream = self._shared
            client.offset = client.messages = 0
        for sender in self._senders:  # which gets its own messages as an echo, or not at all
            sender.stream = Stream()
        self._streams = [self._shared, *(sender.stream for sender in self._senders)]

    @property
    def sent(self) -> int:
        """The number of messages sent so far."""
        return sum(self._sent)

    @property
    def deliveries(self) -> int:
        """The number of messages times the clients that have to receive them."""
        return self.sent * (len(self._members) - (not self._echo))

    def saturate(self, seconds: float, window: int) -> float:
        """Keep messages of every sender in flight: until each listener has received them.

        Args:
            seconds: the length of the measurement.
            window: messages of each sender that are in flight at once.

        Returns:
            The seconds until all was there.
        """
        begin = time.perf_counter()
        while time.perf_counter() < begin + seconds:
            for sender, client in enumerate(self._senders):
                room = window - self._sent[sender] + self._done[sender]
                if room or client.outbox:
                    self._send(sender, room)
            self._crowd.receive(0.01, self._take)
            self._acknowledge()
        return self._drain(begin)

    def pace(self, seconds: float, rate: float, latencies: "array[int]") -> tuple[float, float]:
        """Send at a fixed rate, senders in turn.

        Args:
            seconds: the length of the measurement.
            rate: messages a second, of all senders together.
            latencies: gets the nanoseconds of every delivery.

        Returns:
            The seconds until all had arrived, and those by which the latest message was delayed.
        """
        self._latencies = latencies
        begin = time.perf_counter()
        total = round(seconds * rate)
        number, late = 0, 0.0
        while number < total:
            while number < total and (behind := time.perf_counter() - begin - number / rate) >= 0:
                late = max(late, behind)
                self._send(number % len(self._senders), 1)
                number += 1
            self._crowd.receive(max(0.0, begin + number / rate - time.perf_counter()), self._take)
        return self._drain(begin), late

    def problems(self) -> list[str]:
        """Return descriptions of lost, repeated and reordered messages, after the end."""
        found = [problem for stream in self._streams for problem in stream.problems]
        for number, client in enumerate(self._members):
            if client.differs:
                found.append(f"client {number} was sent something else than the others")
            elif client.offset != len(client.stream):
                found.append(f"client {number} lacks {len(client.stream) - client.offset} bytes")
        for stream in self._streams:
            for sender, sent in enumerate(self._sent):
                if stream.got(sender) != self._due(stream, sender, sent):
                    found.append(
                        f"of {sent} messages of sender {sender}, {stream.got(sender)} came"
                    )
        return list(dict.fromkeys(found))

    def _due(self, stream: Stream, sender: int, sent: int) -> int:
        """Return how many messages of a sender belong in a stream: without echo, not its own."""
        return 0 if not self._echo and self._senders[sender].stream is stream else sent

    def _send(self, sender: int, count: int) -> None:
        stamp = time.perf_counter_ns()
        first = self._sent[sender]
        head = f"PRIVMSG {CHANNEL} :".encode()
        lines = [
            head + text(sender, first + number, stamp, self._size) + b"\r\n"
            for number in range(count)
        ]
        self._sent[sender] += count
        self._senders[sender].send(b"".join(lines))

    def _take(self, client: Client, size: int) -> None:
        stream = client.stream
        if not client.differs and not stream.accept(self._crowd.view[:size], client.offset):
            client.differs = True
            # Perhaps an ERROR that gives the reason.
            client.answer = bytes(self._crowd.view[max(0, size - 200) : size])
        client.offset += size
        if self._latencies is not None and not client.differs:
            now = time.perf_counter_ns()
            ends = stream.ends
            while client.messages < len(ends) and ends[client.messages] <= client.offset:
                self._latencies.append(now - stream.stamps[client.messages])
                client.messages += 1

    def _acknowledge(self) -> None:
        """Count the messages that all listeners have received as done."""
        slowest = min([client.offset for client in self._listeners])
        ends, senders = self._shared.ends, self._shared.senders
        position = self._acknowledged
        while position < len(ends) and ends[position] <= slowest:
            self._done[senders[position]] += 1
            position += 1
        self._acknowledged = position

    def _drain(self, begin: float) -> float:
        """Receive until all has arrived or nothing arrives any longer; return the seconds taken."""
        last = time.perf_counter()
        while not self._is_complete() and time.perf_counter() < last + _DRAIN_TIMEOUT:
            before = sum(client.offset for client in self._members)
            for client in self._senders:
                if client.outbox:
                    client.send(b"")
            self._crowd.receive(0.01, self._take)
            if sum(client.offset for client in self._members) != before:
                last = time.perf_counter()
        return last - begin

    def _is_complete(self) -> bool:
        """Return whether every client has received every message."""
        if any(client.offset < len(client.stream) for client in self._members):
            return False
        return all(
            stream.got(sender) >= self._due(stream, sender, sent)
            for stream in self._streams
            for sender, sent in enumerate(self._sent)
        )
