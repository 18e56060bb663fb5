"""Which capabilities are on: the client's half of IRCv3 capability negotiation, without input or
output.
"""

from trio_chat.irc.message import Message

WANTED = (
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "cap-notify",
    "chghost",
    "draft/account-registration",
    "draft/chathistory",
    "draft/message-redaction",
    "draft/multiline",
    "draft/read-marker",
    "draft/whoami",
    "echo-message",
    "extended-join",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "sasl",
    "server-time",
    "setname",
    "soju.im/search",
    "standard-replies",
)
_FOR_HISTORY = frozenset(("batch", "echo-message", "message-tags", "server-time"))
"""What the history needs: without its end, its times and its msgids, and those of our own messages,
it has gaps or doubles.
"""
_MOST_LINES = 100
_NEEDS = {
    "draft/chathistory": _FOR_HISTORY,
    "draft/whoami": frozenset(
        ("chghost",)
    ),  # "Clients requesting draft/whoami MUST also request chghost"
    "soju.im/search": _FOR_HISTORY,
}


class Negotiation:
    """Asks for what we want of what is offered, and knows what is on.

    Args:
        login_wanted: whether to log in as soon as that is possible, and to end the negotiation only
            then.
    """

    def __init__(self, *, login_wanted: bool = False) -> None:
        self.enabled: set[str] = set()
        self.login_due = False
        self._login_wanted = login_wanted
        self._offered: dict[str, str] = {}
        self._answered_so_far: list[str] = []
        self._unanswered = 0
        self._ended = False

    @property
    def labels(self) -> bool:
        """Whether a reply says which message it answers (labeled-response needs batch to say so of
        several lines).
        """
        return {"labeled-response", "batch"} <= self.enabled

    @property
    def echo(self) -> bool:
        """Whether the server sends our own messages back to us."""
        return "echo-message" in self.enabled

    @property
    def history(self) -> bool:
        """Whether the server can be asked for what was said before."""
        return "draft/chathistory" in self.enabled and self.enabled >= _FOR_HISTORY

    @property
    def search(self) -> bool:
        """Whether the server finds words in what was said before."""
        return "soju.im/search" in self.enabled and self.enabled >= _FOR_HISTORY

    @property
    def tags(self) -> bool:
        """Whether client-only tags reach the others: replies, reactions, who is typing."""
        return "message-tags" in self.enabled

    @property
    def most_together(self) -> tuple[int, int]:
        """How many lines, and how many bytes, one message may have; (1, 0) where one line is one
        message.
        """
        if not {"draft/multiline", "batch", "message-tags"} <= self.enabled:
            return 1, 0
        limits = dict(word.partition("=")[::2] for word in self.value("draft/multiline"))
        lines, size = limits.get("MAX-LINES", ""), limits.get("MAX-BYTES", "")
        return int(lines) if lines.isdigit() else _MOST_LINES, int(size) if size.isdigit() else 0

    def value(self, name: str) -> list[str]:
        """Return the words that the server said of a capability, in upper case."""
        return [word for word in self._offered.get(name, "").upper().split(",") if word]

    def receive(self, params: tuple[str, ...]) -> list[Message]:
        """Take in the parameters of a CAP message and return what to answer."""
        if len(params) < 3:
            return []
        offers = {
            name: value
            for name, _equals, value in (word.partition("=") for word in params[-1].split())
        }
        names = list(offers)
        answers: list[Message] = []
        match params[1].upper():
            case "LS" | "NEW":
                self._offered.update(offers)
                answers = [] if params[2] == "*" else self._request()
            case "DEL":
                self._withdraw(names)
                self.enabled.difference_update(names)
            case "ACK" | "NAK" if params[2] == "*" and len(params) > 3:
                # "a client MUST NOT change capabilities until the last ACK of the set is received"
                self._answered_so_far += names
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
        # A server accepts all of a request or nothing: asked for one by one, only what it really
        # refuses stays off.
        if len(names) > 1:
            self._unanswered += len(names) - 1
            return [Message("CAP", ("REQ", name)) for name in names]
        self._withdraw(names)
        return self._answered()

    def _answered(self) -> list[Message]:
        self._unanswered = max(self._unanswered - 1, 0)
        if not self._unanswered and self._login_wanted and "sasl" in self.enabled:
            self._login_wanted = False
            self.login_due = True
            return []
        return [] if self._unanswered else self._end()

    def end_login(self) -> list[Message]:
        """Return what ends the negotiation, if only the login kept it from ending."""
        return self._end()

    def _end(self) -> list[Message]:
        if self._ended:
            return []
        self._ended = True
        return [Message("CAP", ("END",))]
