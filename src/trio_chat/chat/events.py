"""Events: messages for other sessions, with the recipients at the moment of acceptance, and their
encoding for each session.

An event is encoded once for each distinct set of capabilities that matters to it, never once for
each member.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from trio_chat.chat import multiline
from trio_chat.chat.history import MESSAGES, HistoryTarget, Record
from trio_chat.chat.ids import msgid, server_time
from trio_chat.chat.users import Session
from trio_chat.irc import capabilities as cap
from trio_chat.irc import named_modes, tag_names
from trio_chat.irc.message import (
    MAX_BODY,
    NO_TAGS,
    body_size,
    format_body,
    format_tags,
    truncate,
    wrap_words,
)
from trio_chat.irc.names import is_channel_name

_ONCE: Final = frozenset((tag_names.MSGID, tag_names.NUMBER))
"""The tags that only the first of several lines has."""
NOT_TO_A_CHANNEL: Final = frozenset(("NICK", "QUIT"))
"""Events whose first parameter is not a channel: they happen in all channels of a user at once."""


@dataclass(init=False, slots=True)
class Event:
    """One event.

    Args:
        id: identity, order and time (`ids`).
        command: the command that the recipients receive.
        params: its parameters.
        source: the user or server that caused it, as nick!user@host was at that moment.
        recipients: the sessions that receive it; an immutable snapshot.
        skip: a session among the recipients that does not receive it.
        requires: capability bits without which a session does not receive it.
        account: the name of the account of its source, or "".
        extended: the parameters for sessions with extended-join, or () if they receive the same.
        client_tags: client-only tags to be relayed, and the tag of draft/relaymsg.
        carries_msgid: whether it has a `msgid`, as messages and stored events have.
        history_targets: the conversations in which it is stored; () if it is not stored.
        is_bot: whether its source is a bot (IRCv3 bot-mode).
        shift: milliseconds by which the id is ahead of the time (`ids`).
        server_tags: tags of the server's own, each with the capability bits without which a session
            does not receive it.
        account_id: the number of the account, for the history; or 0.
        push_accounts: the numbers of the accounts whose devices it is pushed to.
    """

    id: int
    command: str
    params: tuple[str, ...]
    source: str
    recipients: tuple[Session, ...]
    skip: Session | None
    requires: int
    account: str
    extended: tuple[str, ...]
    client_tags: Mapping[str, str]
    carries_msgid: bool
    history_targets: tuple[HistoryTarget, ...]
    is_bot: bool
    shift: int
    server_tags: tuple[tuple[int, str, str], ...]
    account_id: int
    push_accounts: tuple[int, ...]
    is_multiline: bool = field(init=False, repr=False, compare=False)
    """Whether it is a message of several lines."""

    # Written out, as there is one for every message: the generated one is not compiled.
    def __init__(
        self,
        id: int,  # noqa: A002  # it is one
        command: str,
        params: tuple[str, ...],
        source: str,
        recipients: tuple[Session, ...],
        skip: Session | None = None,
        requires: int = 0,
        account: str = "",
        extended: tuple[str, ...] = (),
        client_tags: Mapping[str, str] = NO_TAGS,
        carries_msgid: bool = False,
        history_targets: tuple[HistoryTarget, ...] = (),
        is_bot: bool = False,
        shift: int = 0,
        server_tags: tuple[tuple[int, str, str], ...] = (),
        account_id: int = 0,
        push_accounts: tuple[int, ...] = (),
    ) -> None:
        self.id = id
        self.command = command
        self.params = params
        self.source = source
        self.recipients = recipients
        self.skip = skip
        self.requires = requires
        self.account = account
        self.extended = extended
        self.client_tags = client_tags
        self.carries_msgid = carries_msgid
        self.history_targets = history_targets
        self.is_bot = is_bot
        self.shift = shift
        self.server_tags = server_tags
        self.account_id = account_id
        self.push_accounts = push_accounts
        self.is_multiline = command in MESSAGES and bool(params) and "\n" in params[-1]

    def replace(
        self,
        *,
        params: tuple[str, ...] | None = None,
        source: str | None = None,
        recipients: tuple[Session, ...] | None = None,
        skip: Session | None = None,
        requires: int | None = None,
        account: str | None = None,
        extended: tuple[str, ...] | None = None,
        history_targets: tuple[HistoryTarget, ...] | None = None,
        is_bot: bool | None = None,
        server_tags: tuple[tuple[int, str, str], ...] | None = None,
        push_accounts: tuple[int, ...] | None = None,
    ) -> "Event":
        """Return the event with the given fields in place of its own; None leaves one as it is."""
        return Event(
            self.id,
            self.command,
            self.params if params is None else params,
            self.source if source is None else source,
            self.recipients if recipients is None else recipients,
            self.skip if skip is None else skip,
            self.requires if requires is None else requires,
            self.account if account is None else account,
            self.extended if extended is None else extended,
            self.client_tags,
            self.carries_msgid,
            self.history_targets if history_targets is None else history_targets,
            self.is_bot if is_bot is None else is_bot,
            shift=self.shift,
            server_tags=self.server_tags if server_tags is None else server_tags,
            account_id=self.account_id,
            push_accounts=self.push_accounts if push_accounts is None else push_accounts,
        )

    def numbered(self, number: int) -> "Event":
        """Return the event with the number of a message of a channel, for those that asked."""
        tag = (cap.NUMBER, tag_names.NUMBER, str(number))
        return self.replace(server_tags=(*self.server_tags, tag))

    @property
    def is_to_be_numbered(self) -> bool:
        """Whether it is a message that has a number once it is committed."""
        places = self.history_targets
        return bool(places) and self.command in MESSAGES and is_channel_name(places[0].buffer)

    @property
    def requires_persistence(self) -> bool:
        """Whether it is delivered only after it has been stored: messages are, but a JOIN happens
        anyway.
        """
        return bool(self.history_targets) and (self.command in MESSAGES or self.command == "TAGMSG")

    def records(self) -> list[Record]:
        """Return the records that the history stores of it, one for each history target."""
        text, params = "", tuple[str, ...]()
        if self.command in MESSAGES:
            text = self.params[-1]
        elif self.command in NOT_TO_A_CHANNEL:
            params = self.params
        else:
            params = (self.extended or self.params)[1:]
        return [
            Record(
                place.buffer,
                self.id,
                self.command,
                self.source,
                self.account,
                text,
                self.client_tags,
                place.is_private,
                params,
                self.is_bot,
                self.shift,
                self.account_id,
            )
            for place in self.history_targets
        ]

    @property
    def relevant_capabilities(self) -> int:
        """The capability bits on which its written form depends."""
        bits = cap.SERVER_TIME | self.requires
        if self.command == "MODE":
            bits |= cap.NAMED_MODES
        if self.carries_msgid:
            bits |= cap.MESSAGE_TAGS
            if self.is_multiline:
                bits |= cap.MULTILINE
            if tag_names.RELAYMSG in self.client_tags:
                bits |= cap.RELAYMSG
        if self.is_bot:
            bits |= cap.MESSAGE_TAGS
        if self.account:
            bits |= cap.ACCOUNT_TAG
        if self.extended:
            bits |= cap.EXTENDED_JOIN
        for needed, _, _ in self.server_tags:
            bits |= needed
        return bits

    def tags(self, caps: int) -> dict[str, str]:
        """Return the tags that a session with these capabilities gets."""
        tags: dict[str, str] = {}
        if caps & cap.SERVER_TIME:
            tags["time"] = server_time(self.id, self.shift)
        if caps & cap.ACCOUNT_TAG and self.account:
            tags["account"] = self.account
        if caps & cap.MESSAGE_TAGS and self.is_bot:
            tags["bot"] = ""
        if caps & cap.MESSAGE_TAGS and self.carries_msgid:
            tags["msgid"] = msgid(self.id)
            tags.update(self.client_tags)
        elif caps & cap.RELAYMSG and tag_names.RELAYMSG in self.client_tags:
            tags[tag_names.RELAYMSG] = self.client_tags[tag_names.RELAYMSG]
        if self.server_tags:
            tags.update(
                (key, value) for needed, key, value in self.server_tags if caps & needed == needed
            )
        return tags

    def body(self, caps: int) -> str:
        """Return the line without tags for a session with these capabilities, cut to what a line
        can hold.
        """
        params = self.extended if self.extended and caps & cap.EXTENDED_JOIN else self.params
        return truncate(format_body(self.command, params, self.source), MAX_BODY)

    def lines(self, caps: int) -> list[tuple[dict[str, str], str]]:
        """Return what a session with these capabilities gets, as tags and bodies of lines."""
        if self.is_multiline:
            return self._multiline(caps)
        if caps & cap.NAMED_MODES and self.command == "MODE":
            return self._props(caps)
        return [(self.tags(caps), self.body(caps))]

    def _multiline(self, caps: int) -> list[tuple[dict[str, str], str]]:
        tags, (*head, text) = self.tags(caps), self.params
        lines = [
            (line, self.replace(params=(*head, line.text)).body(caps))
            for line in multiline.split(text)
        ]
        if caps & cap.MULTILINE:
            reference = msgid(self.id)
            opening = format_body(
                "BATCH", (f"+{reference}", multiline.BATCH_TYPE, *head), self.source
            )
            inner = {"batch": reference}
            concat = {**inner, multiline.CONCAT_TAG: ""}
            inside = [(dict(concat if line.is_joined else inner), body) for line, body in lines]
            return [(tags, opening), *inside, ({}, f"BATCH -{reference}")]
        # "Servers MUST NOT send blank lines"
        return _tagged(tags, [body for line, body in lines if line.text])

    def _props(self, caps: int) -> list[tuple[dict[str, str], str]]:
        """Return a MODE as PROP, whose longer words may take several lines (IRCv3
        draft/named-modes).
        """
        target, *params = self.params
        room = MAX_BODY - body_size("PROP", (target, ""), self.source)
        lines = wrap_words(named_modes.from_mode(target, params), room, most=named_modes.MOST_ITEMS)
        bodies = [format_body("PROP", (target, *line.split(" ")), self.source) for line in lines]
        return _tagged(
            self.tags(caps), [truncate(body, MAX_BODY) for body in bodies] or [self.body(caps)]
        )

    def encode(self, caps: int) -> bytes:
        """Return the line with CR LF for a session with these capabilities, or b"" when it does not
        get it.
        """
        if caps & self.requires != self.requires:
            return b""
        if self.is_multiline or (caps & cap.NAMED_MODES and self.command == "MODE"):
            return "".join(
                f"{format_tags(tags)}{body}\r\n" for tags, body in self.lines(caps)
            ).encode()
        line = self.body(caps) + "\r\n"
        return (format_tags(self.tags(caps)) + line if caps else line).encode()


def _tagged(tags: dict[str, str], bodies: list[str]) -> list[tuple[dict[str, str], str]]:
    """Return the lines of one event with its tags: "Servers MUST only include a message ID on the
    first message".
    """
    rest = {key: value for key, value in tags.items() if key not in _ONCE}
    return [(tags, bodies[0]), *((dict(rest), body) for body in bodies[1:])]


@dataclass(init=False, slots=True)
class Reply:
    """Lines for one session, mostly the replies to its own command.

    Args:
        session: the session that receives them.
        data: complete lines, with CR LF.
        is_reply: whether they answer a command of this session; False if another session of its
            user caused them.
    """

    session: Session
    data: bytes
    is_reply: bool

    def __init__(self, session: Session, data: bytes, is_reply: bool = True) -> None:
        self.session = session
        self.data = data
        self.is_reply = is_reply


OutputItem = Event | Reply


LazyReply = Callable[[], tuple[OutputItem, ...]]
"""Returns a reply that is rarely needed, so that it is written only then."""


@dataclass(init=False, slots=True)
class Output:
    """Everything that one command makes the server send, in order.

    Args:
        parts: the items: events for other sessions, and replies to this one.
        close: the reason for which the session ends now, or "".
        refusal: the reply that the session receives instead if the history cannot store the events.
        not_kept: the items that are sent instead if the persistent state that the command changed
            cannot be stored; or None.
        later: returns the next output, after everything accepted so far has been delivered; None if
            this is all.
        more: returns the next output at once, and may be called when the client has room for it; or
            None. At most one of `later` and `more` is set.
        cost: the number of lines as which the command counts for flood control.
        work: the users, channels and lines that it processed, which count in addition; see `Steps`.
        is_stateless: whether the replies do not depend on other sessions, as PONG: they may
            overtake events of these.
        position: up to which entry of the log of a cluster this is; "" if it is not of the log.
        is_for_others: whether `more` is called also when the session is gone, as what it returns is
            for others.
    """

    parts: tuple[OutputItem, ...]
    close: str
    refusal: LazyReply | None
    not_kept: tuple[OutputItem, ...] | None
    later: "Callable[[], Awaitable[Output]] | None"
    more: "Callable[[], Output] | None"
    cost: int
    work: int
    is_stateless: bool
    position: str
    is_for_others: bool

    def __init__(
        self,
        parts: tuple[OutputItem, ...] = (),
        close: str = "",
        refusal: LazyReply | None = None,
        not_kept: tuple[OutputItem, ...] | None = None,
        later: "Callable[[], Awaitable[Output]] | None" = None,
        more: "Callable[[], Output] | None" = None,
        cost: int = 1,
        work: int = 0,
        is_stateless: bool = False,
        position: str = "",
        is_for_others: bool = False,
    ) -> None:
        self.parts = parts
        self.close = close
        self.refusal = refusal
        self.not_kept = not_kept
        self.later = later
        self.more = more
        self.cost = cost
        self.work = work
        self.is_stateless = is_stateless
        self.position = position
        self.is_for_others = is_for_others
