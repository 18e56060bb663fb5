"""The offer to clients: capabilities and RPL_ISUPPORT, and the announcement of their changes.

One immutable value holds all of it, so that to find out what is new is to compare two of them
(IRCv3 capability-negotiation, cap-notify; Modern IRC, RPL_ISUPPORT).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.chat import sasl
from trio_chat.chat.events import Event
from trio_chat.chat.ids import msgid
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc import isupport
from trio_chat.irc import numerics as n
from trio_chat.irc.isupport import Lengths
from trio_chat.irc.message import wrap_words

if TYPE_CHECKING:
    from trio_chat.chat.world import World

_STS = "sts"
ISUPPORT_BATCH = "draft/isupport"
_BATCHED = cap.BATCH | cap.EXTENDED_ISUPPORT
_ROOM = 160
"""Bytes of capabilities in one line: it fits into what a line may be behind the longest names of a
server and of a user.
"""


class Advertisement(NamedTuple):
    """What the server can do, as clients are told.

    Args:
        capabilities: the bits of those that can be negotiated.
        values: their values, where they are other than the table's.
        sts_duration: seconds for which clients are to come by TLS only (IRCv3 `sts`), or None when
            they are not told.
        sts_port: the port for that.
        tokens: of RPL_ISUPPORT.
    """

    capabilities: int
    values: Mapping[str, str]
    sts_duration: int | None
    sts_port: int
    tokens: tuple[str, ...]

    def shown(self, session: Session) -> dict[str, str]:
        """Return the capabilities that CAP LS 302 shows a session, with their values; "" where
        there is none.
        """
        # EXTERNAL is for who has shown a certificate.
        values = {**self.values, "sasl": ",".join(sasl.mechanisms(session.certificate))}
        shown = {
            entry.name: values.get(entry.name, entry.value)
            for entry in cap.capabilities_in(self.capabilities)
        }
        if self.sts_duration is not None:
            # It is no capability in the table: it cannot be requested, and means nothing without
            # its value.
            shown[_STS] = (
                f"duration={self.sts_duration}" if session.is_secure else f"port={self.sts_port}"
            )
        return shown


def advertise(
    server_info: ServerInfo, lengths: Lengths, storage: StoragePorts | None
) -> Advertisement:
    """Return what the server can do.

    Args:
        server_info: what it says of itself.
        lengths: the lengths and numbers it keeps to.
        storage: the history with its limits, or None when nothing is remembered.
    """
    rules = server_info.account_rules
    missing = 0 if storage else cap.NEEDS_STORAGE
    if not (storage and storage.accounts):
        missing |= cap.NEEDS_ACCOUNTS
    elif not rules.registration:
        missing |= cap.ACCOUNT_REGISTRATION
    keys = f"max-subs={lengths.metadata_subs},max-keys={lengths.metadata_keys}"
    metadata = f"before-connect,{keys},max-value-bytes={lengths.metadata_bytes}"
    registration = {"before-connect": rules.before_connect, "email-required": rules.email != "none"}
    values = {
        "draft/metadata-2": metadata,
        "draft/metadata-3": metadata,
        "draft/multiline": (
            f"max-bytes={lengths.multiline_bytes},max-lines={lengths.multiline_lines}"
        ),
        "draft/account-registration": ",".join(
            token for token, is_so in registration.items() if is_so
        ),
    }
    tokens = isupport.tokens(
        lengths,
        server_info.network,
        storage.most_messages if storage else 0,
        icon=server_info.icon,
        is_safe_rate=server_info.is_safe_rate,
        needs_account=rules.required,
    )
    return Advertisement(
        cap.ALL & ~missing, values, server_info.sts_duration, server_info.sts_port, tuple(tokens)
    )


def capability_tokens(shown: Mapping[str, str]) -> list[str]:
    """Return capabilities with their values as CAP LS and CAP NEW write them."""
    return [f"{name}={value}" if value else name for name, value in shown.items()]


def announcements(world: "World", before: Advertisement, now: Advertisement) -> list[Event]:
    """Return what clients are told when the server can do something else than before; nothing when
    it cannot.

    Who had negotiated what is offered no more has it no more, told or not.
    """
    if before == now:
        return []
    events = list[Event]()
    by_kind: dict[
        tuple[bool, ...], list[tuple[str, str]]
    ] = {}  # sessions are many, kinds of them few
    for session in world.sessions:
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
    world: "World", recipients: tuple[Session, ...], nick: str, lines: Iterable[tuple[str, ...]]
) -> Iterator[Event]:
    """Return RPL_ISUPPORT in a batch (IRCv3 draft/extended-isupport)."""
    reference, name = msgid(world.ids.next()), world.server_info.name
    tags = ((cap.BATCH, "batch", reference),)
    yield Event(
        world.ids.next(),
        "BATCH",
        (f"+{reference}", ISUPPORT_BATCH),
        name,
        recipients,
        shift=world.ids.shift,
    )
    for event in _lines(world, recipients, nick, n.RPL_ISUPPORT, lines):
        yield event._replace(server_tags=tags)
    yield Event(
        world.ids.next(), "BATCH", (f"-{reference}",), name, recipients, shift=world.ids.shift
    )


def _lines(
    world: "World",
    recipients: tuple[Session, ...],
    target: str,
    command: str,
    lines: Iterable[tuple[str, ...]],
) -> Iterator[Event]:
    name = world.server_info.name
    return (
        Event(world.ids.next(), command, (target, *line), name, recipients, shift=world.ids.shift)
        for line in lines
    )


def _capability_difference(
    was: Mapping[str, str], now: Mapping[str, str], *, has_values: bool
) -> Iterator[tuple[str, str]]:
    # "Servers MUST NOT send CAP DEL to disable this capability" (sts)
    gone = [name for name in was if name not in now and name != _STS]
    if has_values:
        new = capability_tokens(
            {name: value for name, value in now.items() if was.get(name) != value}
        )
    else:  # neither values nor what is only announced by them
        new = cap.without_drafts([name for name in now if name not in was and name != _STS])
        gone = cap.without_drafts(gone)
    for subcommand, names in (("NEW", new), ("DEL", gone)):
        for line in wrap_words(names, _ROOM):
            yield subcommand, line


def _isupport_difference(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Return the tokens that changed, and with a minus the names of those that are there no more
    (Modern IRC).
    """
    known = set(before)
    names = {token.partition("=")[0] for token in now}
    gone = [
        f"-{name}" for name in (token.partition("=")[0] for token in before) if name not in names
    ]
    return [token for token in now if token not in known] + gone
