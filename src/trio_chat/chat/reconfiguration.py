"""Reconfiguration of a running server: its operators are reviewed, and clients are notified.

Clients with `cap-notify` receive CAP NEW and CAP DEL; every client receives the RPL_ISUPPORT tokens
that changed (IRCv3 capability-negotiation, Modern IRC).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from trio_chat.chat import advertisement
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import OperatorAppointed, OperatorDismissed
from trio_chat.chat.events import Event
from trio_chat.chat.operator_blocks import with_numbers
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import capabilities as cap
from trio_chat.irc import isupport
from trio_chat.irc import numerics as n
from trio_chat.irc.message import wrap_words
from trio_chat.irc.names import fold_or_self

_BATCHED: Final = cap.BATCH | cap.EXTENDED_ISUPPORT
_ROOM: Final = 160
"""Bytes of capabilities in one line: it fits into what a line may be behind the longest names of a
server and of a user.
"""


def reconfigure(world: World, server_info: ServerInfo) -> list[Event]:
    """Apply a new configuration to a world.

    Args:
        world: the world, whose storage and lengths are already the new ones.
        server_info: the new values.

    Returns:
        the notices for users that are no longer operators, and the announcements of changed
        capabilities and RPL_ISUPPORT tokens.
    """
    blocks = with_numbers(server_info.operators, world.accounts)
    world.server_info = replace(server_info, operators=blocks)
    before, world.advertised = (
        world.advertised,
        advertisement.advertise(world.server_info, world.lengths, world.storage),
    )
    world.preferences.rules = server_info.account_rules
    dismissed = [event for user in list(world.opers) for event in _review(world, user)]
    return dismissed + _announcements(world, before, world.advertised)


def _review(world: World, user: User) -> list[Event]:
    """Dismiss an operator whose block is gone or belongs to another person now."""
    before = user.operator
    now = world.server_info.operators.get(fold_or_self(before.name)) if before else None
    if before is not None and now is not None:
        now = now.like(before)
    if before is None or now is None or not before.is_same_person(now):
        return apply(world, OperatorDismissed(user.folded))
    if before == now.sealed():
        return []
    return apply(world, OperatorAppointed(user.folded, now.sealed()))  # its rights are others


def _announcements(
    world: World, before: advertisement.Advertisement, now: advertisement.Advertisement
) -> list[Event]:
    """Return the events that announce a changed advertisement; none if it is unchanged.

    A client loses a capability that is no longer advertised, with or without `cap-notify`.
    """
    if before == now:
        return []
    events = list[Event]()
    by_kind: dict[
        tuple[bool, ...], list[tuple[str, str]]
    ] = {}  # sessions are many, kinds of them few
    for session in world.sessions.values():
        if session.caps & ~now.capabilities:
            session.set_caps(session.caps & now.capabilities)
        if not session.caps & cap.CAP_NOTIFY:
            continue
        kind = (session.cap_302, session.is_secure, bool(session.certificate))
        if kind not in by_kind:
            by_kind[kind] = list(
                _capability_difference(
                    before.shown(session), now.shown(session), has_values=session.cap_302
                )
            )
        events += _lines(world, (session,), session.target, "CAP", by_kind[kind])
    tokens = _isupport_difference(before.tokens, now.tokens)
    lines = [(*group, n.RPL_ISUPPORT.text) for group in isupport.token_lines(tokens)]
    for user in world.users.values() if lines else ():
        plain = tuple(
            session for session in user.sessions if session.effective & _BATCHED != _BATCHED
        )
        batched = tuple(session for session in user.sessions if session not in plain)
        if plain:
            events += _lines(world, plain, user.nick, n.RPL_ISUPPORT, lines)
        if batched:
            events += _batch(world, batched, user.nick, lines)
    return events


def _batch(
    world: World, recipients: tuple[Session, ...], nick: str, lines: Iterable[tuple[str, ...]]
) -> Iterator[Event]:
    """Return RPL_ISUPPORT in a batch (IRCv3 draft/extended-isupport)."""
    reference, name = str(next(world.batch_references)), world.server_info.name
    tags = ((cap.BATCH, "batch", reference),)
    yield Event(
        world.ids.now(),
        "BATCH",
        (f"+{reference}", advertisement.ISUPPORT_BATCH),
        name,
        recipients,
        shift=world.ids.shift,
    )
    for event in _lines(world, recipients, nick, n.RPL_ISUPPORT, lines):
        yield event.replace(server_tags=tags)
    yield Event(
        world.ids.now(), "BATCH", (f"-{reference}",), name, recipients, shift=world.ids.shift
    )


def _lines(
    world: World,
    recipients: tuple[Session, ...],
    target: str,
    command: str,
    lines: Iterable[tuple[str, ...]],
) -> Iterator[Event]:
    name = world.server_info.name
    return (
        Event(world.ids.now(), command, (target, *line), name, recipients, shift=world.ids.shift)
        for line in lines
    )


def _capability_difference(
    was: Mapping[str, str], now: Mapping[str, str], *, has_values: bool
) -> Iterator[tuple[str, str]]:
    # "Servers MUST NOT send CAP DEL to disable this capability" (sts)
    gone = [name for name in was if name not in now and name != advertisement.STS]
    if has_values:
        new = advertisement.capability_tokens(
            {name: value for name, value in now.items() if was.get(name) != value}
        )
    else:  # without CAP 302, neither values nor capabilities that need them
        new = cap.without_drafts(
            [name for name in now if name not in was and name != advertisement.STS]
        )
        gone = cap.without_drafts(gone)
    for subcommand, names in (("NEW", new), ("DEL", gone)):
        for line in wrap_words(names, _ROOM):
            yield subcommand, line


def _isupport_difference(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Return the tokens that changed, and with a minus the names of the removed ones (Modern
    IRC).
    """
    known = set(before)
    names = {token.partition("=")[0] for token in now}
    gone = [
        f"-{name}" for name in (token.partition("=")[0] for token in before) if name not in names
    ]
    return [token for token in now if token not in known] + gone
