"""The fan-out: the same bytes for many sessions.

Most go to a socket for which nothing waits. That one is called here, a call less for each, or by
the same loop in C (`_fanout.c`), which only a compiled wheel has.
"""

from collections.abc import Callable, Sequence

from trio_chat.chat.users import Session


def send_to_all_in_python(sessions: Sequence[Session], data: bytes, is_reply: bool) -> None:
    """Give bytes to the sinks of sessions.

    Args:
        sessions: those that get them, as a list or a tuple.
        data: whole lines.
        is_reply: whether the sessions asked for them themselves.
    """
    size = len(data)
    for session in sessions:
        sink = session.sink
        send_raw, taken = sink.send_raw, 0
        if send_raw is not None:
            try:
                taken = send_raw(data)
            except OSError:
                taken = 0  # the sink gets the error again, and handles it
            if taken == size:
                continue
        sink.send(data[taken:], is_reply=is_reply)


send_to_all: Callable[[Sequence[Session], bytes, bool], None] = send_to_all_in_python
try:
    from trio_chat.server import _fanout
except ImportError:
    pass  # a checkout, Windows, or a Python that the loop in C does not fit
else:
    send_to_all = _fanout.send_to_all
