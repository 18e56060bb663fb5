"""The deliveries of a batch: all bytes for each session, encoded and joined once for all sessions
that get the same.
"""

from collections.abc import Sequence

from trio_chat.chat.events import Event, OutputItem, Reply
from trio_chat.chat.users import Session

Delivery = tuple[Sequence[Session], bytes, bool]
"""Sessions, all bytes of a batch that each of them gets, and whether replies to its own commands
are among them.
"""


def gather(parts: Sequence[OutputItem]) -> list[Delivery]:
    """Return all bytes of a batch for each session, in order. Sessions that get the same are
    together.
    """
    deliveries = _deliveries(parts)
    return _joined(deliveries) if _do_overlap(deliveries) else deliveries


def _deliveries(parts: Sequence[OutputItem]) -> list[Delivery]:
    """Return what parts deliver, in order; what follows one another for the same session is one."""
    deliveries: list[Delivery] = []
    session: Session | None = None  # that alone gets the pieces
    pieces: list[bytes] = []
    has_asked = False
    for run in _runs(parts):
        if isinstance(run, list):
            if session is not None:
                deliveries.append(_own_delivery(session, pieces, has_asked))
                session = None
            for sessions, data in _encode_run(run):
                deliveries.append((sessions, data, False))
            continue
        is_reply = False
        if isinstance(run, Reply):
            receiver, data, is_reply = run.session, run.data, run.is_reply
        else:
            receiver = run.recipients[0]
            if run.skip is receiver or not (data := run.encode(receiver.effective)):
                continue
        if session is receiver:
            pieces.append(data)
            has_asked |= is_reply
        else:
            if session is not None:
                deliveries.append(_own_delivery(session, pieces, has_asked))
            session, pieces, has_asked = receiver, [data], is_reply
    if session is not None:
        deliveries.append(_own_delivery(session, pieces, has_asked))
    return deliveries


def _own_delivery(session: Session, pieces: list[bytes], has_asked: bool) -> Delivery:
    return (session,), pieces[0] if len(pieces) == 1 else b"".join(pieces), has_asked


def _do_overlap(deliveries: list[Delivery]) -> bool:
    """Return whether a session is in more than one delivery."""
    if len(deliveries) < 2:
        return False
    seen: set[Session] = set()
    for sessions, _, _ in deliveries:
        if not seen.isdisjoint(sessions):
            return True
        seen.update(sessions)
    return False


class _Share:
    """What sessions have got of a batch so far, which is the same for all of them.

    Args:
        before: what they had got before, or None.
        piece: what they got then.
        number: of that delivery.
        has_asked: whether replies to their own commands are among all that.
        count: of the sessions that have got this. What a session has alone grows in its place.
    """

    __slots__ = ("after", "before", "count", "has_asked", "number", "pieces", "sessions")

    def __init__(
        self, before: "_Share | None", piece: bytes, number: int, has_asked: bool, count: int = 0
    ) -> None:
        self.before = before
        self.pieces = [piece]
        self.number = number
        self.has_asked = has_asked
        self.count = count
        self.sessions: list[Session] = []  # those that get no more, at the end
        self.after: _Share | None = None  # with the delivery that is being added

    def joined(self) -> Delivery:
        """Return all of it as one delivery."""
        pieces = self.pieces
        share = self.before
        if share is not None:
            pieces = pieces[::-1]
            while share is not None:
                pieces += reversed(share.pieces)
                share = share.before
            pieces.reverse()
        return self.sessions, b"".join(pieces), self.has_asked


def _joined(deliveries: list[Delivery]) -> list[Delivery]:
    """Return deliveries, in order, with those joined that the same session gets."""
    shares: dict[Session, _Share] = {}
    for number, (sessions, data, is_reply) in enumerate(deliveries):
        if shares.keys().isdisjoint(sessions):
            share = _Share(None, data, number, is_reply, len(sessions))
            shares.update(dict.fromkeys(sessions, share))
            continue
        first: _Share | None = None  # of the sessions that had nothing
        for session in sessions:
            before = shares.get(session)
            if before is not None and before.count == 1:
                before.pieces.append(data)
                before.has_asked |= is_reply
                continue
            after = first if before is None else before.after
            # Tuples have no identity in a compiled module, so a delivery is known by its number.
            if after is None or after.number != number:
                # What several sessions share has no replies: those are for one session each.
                after = _Share(before, data, number, is_reply)
                if before is None:
                    first = after
                else:
                    before.after = after
            after.count += 1
            shares[session] = after
    last: list[_Share] = []
    for session, share in shares.items():
        if not share.sessions:
            last.append(share)
        share.sessions.append(session)
    return [share.joined() for share in last]


def _runs(parts: Sequence[OutputItem]) -> list[list[Event] | Event | Reply]:
    """Return parts in order, with consecutive events for the same audience together. An event for
    one session, such as a private message, is alone: there is nothing that another could share.
    """
    runs: list[list[Event] | Event | Reply] = []
    run: list[Event] = []  # the last of them, if an event may be added
    for part in parts:
        if isinstance(part, Reply) or len(part.recipients) == 1:
            runs.append(part)
            run = []
        elif run and part.recipients is run[0].recipients:
            run.append(part)
        else:
            run = [part]
            runs.append(run)
    return runs


def _encode_run(events: list[Event]) -> list[tuple[Sequence[Session], bytes]]:
    """Encode events for one audience, once for each set of capabilities that matters to any of
    them; return the sessions that receive the same bytes together.
    """
    recipients = events[0].recipients
    relevant_capabilities = 0
    for event in events:
        relevant_capabilities |= event.relevant_capabilities
    skipping = {event.skip for event in events}
    groups: dict[int, list[Session]] = {}
    lines: dict[int, list[bytes]] = {}
    encoded: list[tuple[Sequence[Session], bytes]] = []
    for session in recipients:
        caps = session.effective & relevant_capabilities
        group = groups.get(caps)
        if group is None:
            group = groups[caps] = []
            lines[caps] = [event.encode(caps) for event in events]
        if session not in skipping:
            group.append(session)
        elif data := b"".join(
            line
            for event, line in zip(events, lines[caps], strict=True)
            if event.skip is not session
        ):
            encoded.append(((session,), data))
    for caps, group in groups.items():
        if group and (data := b"".join(lines[caps])):
            encoded.append((group, data))
    return encoded
