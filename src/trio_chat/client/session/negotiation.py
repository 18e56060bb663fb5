"""Capability negotiation, the client's half (IRCv3 capability-negotiation), without input or
output.
"""

from trio_chat.client.session.sts_offer import CAPABILITY, StsOffer, parse_offer
from trio_chat.irc import capability_names
from trio_chat.irc.message import Message

WANTED = (
    capability_names.ACCOUNT_NOTIFY,
    capability_names.ACCOUNT_TAG,
    capability_names.AWAY_NOTIFY,
    capability_names.BATCH,
    capability_names.CAP_NOTIFY,
    capability_names.CHANNEL_RENAME,
    capability_names.CHGHOST,
    capability_names.ACCOUNT_REGISTRATION,
    capability_names.CHATHISTORY,
    capability_names.EVENT_PLAYBACK,
    capability_names.MESSAGE_REDACTION,
    capability_names.MULTILINE,
    capability_names.READ_MARKER,
    capability_names.WHOAMI,
    capability_names.ECHO_MESSAGE,
    capability_names.EXTENDED_JOIN,
    capability_names.INVITE_NOTIFY,
    capability_names.LABELED_RESPONSE,
    capability_names.MESSAGE_TAGS,
    capability_names.MULTI_PREFIX,
    capability_names.NOTIFY,
    capability_names.NUMBER,
    capability_names.SASL,
    capability_names.SERVER_TIME,
    capability_names.SETNAME,
    capability_names.SEARCH,
    capability_names.STANDARD_REPLIES,
    capability_names.TRANSLATE,
)
_FOR_HISTORY = frozenset(
    (
        capability_names.BATCH,
        capability_names.ECHO_MESSAGE,
        capability_names.MESSAGE_TAGS,
        capability_names.SERVER_TIME,
    )
)
"""Capabilities that the history needs: without the end of a batch, times, msgids, and the echo of
this client's own messages, it has gaps or duplicates.
"""
_KNOWN = frozenset((*WANTED, CAPABILITY))
_MOST_LINES = 100
_NEEDS = {
    capability_names.EVENT_PLAYBACK: _FOR_HISTORY | {capability_names.CHATHISTORY},
    capability_names.NUMBER: _FOR_HISTORY,
    capability_names.CHATHISTORY: _FOR_HISTORY,
    capability_names.WHOAMI: frozenset(
        (capability_names.CHGHOST,)
    ),  # "Clients requesting draft/whoami MUST also request chghost"
    capability_names.SEARCH: _FOR_HISTORY,
    capability_names.TRANSLATE: frozenset(
        (capability_names.BATCH, capability_names.LABELED_RESPONSE)
    ),
}


class Negotiation:
    """The capabilities of one connection: those that are offered, requested and enabled.

    Args:
        login_wanted: whether to log in as soon as that is possible, and to end the negotiation only
            then.
        sees_reactions: whether the history is to contain reactions, and so all events.
        follows_renaming: whether the interface gives a channel another name; others see that this
            client leaves one channel and joins another.

    Attributes:
        enabled: the names of the enabled capabilities.
        login_due: whether the moment for the login has come.
        sts: the latest offer of strict transport security; it cannot be withdrawn.
    """

    def __init__(
        self,
        *,
        login_wanted: bool = False,
        sees_reactions: bool = False,
        follows_renaming: bool = False,
    ) -> None:
        self.enabled: set[str] = set()
        self.login_due = False
        self.sts = StsOffer()
        self._login_wanted = login_wanted
        self._sees_reactions = sees_reactions
        self._follows_renaming = follows_renaming
        self._offered: dict[str, str] = {}
        self._answered_so_far: list[str] = []
        self._unanswered = 0
        self._ended = False

    @property
    def labels(self) -> bool:
        """Whether a response names the request that it answers (labeled-response needs batch for a
        response of several lines).
        """
        return {capability_names.LABELED_RESPONSE, capability_names.BATCH} <= self.enabled

    @property
    def echo(self) -> bool:
        """Whether the server echoes the messages of this client."""
        return capability_names.ECHO_MESSAGE in self.enabled

    @property
    def history(self) -> bool:
        """Whether the server can be asked for the history."""
        return capability_names.CHATHISTORY in self.enabled and self.enabled >= _FOR_HISTORY

    @property
    def plays_events(self) -> bool:
        """Whether the history contains events, too: reactions among them."""
        return capability_names.EVENT_PLAYBACK in self.enabled and self.history

    @property
    def search(self) -> bool:
        """Whether the server can search the history."""
        return capability_names.SEARCH in self.enabled and self.enabled >= _FOR_HISTORY

    @property
    def tags(self) -> bool:
        """Whether client-only tags reach other clients: replies, reactions, typing."""
        return capability_names.MESSAGE_TAGS in self.enabled

    @property
    def most_together(self) -> tuple[int, int]:
        """How many lines, and how many bytes, one message may have; (1, 0) without
        `draft/multiline`.
        """
        if (
            not {capability_names.MULTILINE, capability_names.BATCH, capability_names.MESSAGE_TAGS}
            <= self.enabled
        ):
            return 1, 0
        limits = dict(word.partition("=")[::2] for word in self.value(capability_names.MULTILINE))
        lines, size = limits.get("MAX-LINES", ""), limits.get("MAX-BYTES", "")
        return (
            int(lines) if lines.isdecimal() else _MOST_LINES,
            int(size) if size.isdecimal() else 0,
        )

    def value(self, name: str) -> list[str]:
        """Return the words of the value of a capability, in upper case."""
        return [word for word in self._offered.get(name, "").upper().split(",") if word]

    def receive(self, params: tuple[str, ...]) -> list[Message]:
        """Take the parameters of a CAP message and return the answers."""
        if len(params) < 3:
            return []
        # What else a server names is of no use, and must not fill the memory.
        offers = {
            name: value
            for name, _equals, value in (word.partition("=") for word in params[-1].split())
            if name.removeprefix("-") in _KNOWN
        }
        names = list(offers)
        answers: list[Message] = []
        match params[1].upper():
            case "LS" | "NEW":
                self._offered.update(offers)
                if CAPABILITY in offers:
                    self.sts = parse_offer(offers[CAPABILITY])
                answers = [] if params[2] == "*" else self._request()
            case "DEL":
                self._withdraw(names)
                self.enabled.difference_update(names)
            case "ACK" | "NAK" if params[2] == "*" and len(params) > 3:
                # "a client MUST NOT change capabilities until the last ACK of the set is received"
                self._answered_so_far += [
                    name for name in names if name not in self._answered_so_far
                ]
            case "ACK":
                answers = self._acknowledged(self._whole_answer(names))
            case "NAK":
                answers = self._refused(self._whole_answer(names))
        return answers

    def _whole_answer(self, names: list[str]) -> list[str]:
        whole, self._answered_so_far = [*self._answered_so_far, *names], []
        return whole

    def _request(self) -> list[Message]:
        wanted = [name for name in WANTED if self._is_useful(name) and name not in self.enabled]
        if not wanted:
            return self._end()
        self._unanswered += 1
        return [Message("CAP", ("REQ", " ".join(wanted)))]

    def _is_useful(self, name: str) -> bool:
        if name == capability_names.EVENT_PLAYBACK and not self._sees_reactions:
            return False
        if name == capability_names.CHANNEL_RENAME and not self._follows_renaming:
            return False
        return name in self._offered and self._offered.keys() >= _NEEDS.get(name, frozenset())

    def _withdraw(self, names: list[str]) -> None:
        for name in names:
            self._offered.pop(name, None)

    def _acknowledged(self, names: list[str]) -> list[Message]:
        for name in names:
            if name.startswith("-"):
                self.enabled.discard(name[1:])
            else:
                self.enabled.add(name)
        return self._answered()

    def _refused(self, names: list[str]) -> list[Message]:
        # A server accepts all of a request or nothing. Requested one by one, only what it really
        # refuses stays off.
        if len(names) > 1:
            self._unanswered += len(names) - 1
            return [Message("CAP", ("REQ", name)) for name in names]
        self._withdraw(names)
        return self._answered()

    def _answered(self) -> list[Message]:
        self._unanswered = max(self._unanswered - 1, 0)
        if not self._unanswered and self._login_wanted and capability_names.SASL in self.enabled:
            self._login_wanted = False
            self.login_due = True
            return []
        return [] if self._unanswered else self._end()

    def end_login(self) -> list[Message]:
        """Return the messages that end the negotiation, if only the login kept it from ending."""
        return self._end()

    def _end(self) -> list[Message]:
        if self._ended:
            return []
        self._ended = True
        return [Message("CAP", ("END",))]
