"""Which capabilities are on: the client's half of IRCv3 capability negotiation, without input or output."""

from trio_chat.irc.message import Message

WANTED = (
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "cap-notify",
    "echo-message",
    "extended-join",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "server-time",
    "setname",
    "standard-replies",
)


class Negotiation:
    """Asks for what we want of what is offered, and knows what is on."""

    def __init__(self) -> None:
        self.enabled: set[str] = set()
        self._offered: set[str] = set()
        self._unanswered = 0
        self._ended = False

    @property
    def labels(self) -> bool:
        """Whether a reply says which message it answers (labeled-response needs batch to say so of several lines)."""
        return {"labeled-response", "batch"} <= self.enabled

    @property
    def echo(self) -> bool:
        """Whether the server sends our own messages back to us."""
        return "echo-message" in self.enabled

    def receive(self, params: tuple[str, ...]) -> list[Message]:
        """Take in the parameters of a CAP message and return what to answer."""
        if len(params) < 3:
            return []
        names = [word.partition("=")[0] for word in params[-1].split()]
        answers: list[Message] = []
        match params[1].upper():
            case "LS" | "NEW":
                self._offered.update(names)
                answers = [] if params[2] == "*" else self._request()
            case "DEL":
                self._offered.difference_update(names)
                self.enabled.difference_update(names)
            case "ACK":
                answers = self._acknowledged(names)
            case "NAK":
                answers = self._refused(names)
        return answers

    def _request(self) -> list[Message]:
        wanted = [name for name in WANTED if name in self._offered and name not in self.enabled]
        if not wanted:
            return self._end()
        self._unanswered += 1
        return [Message("CAP", ("REQ", " ".join(wanted)))]

    def _acknowledged(self, names: list[str]) -> list[Message]:
        for name in names:
            if name.startswith("-"):
                self.enabled.discard(name[1:])
            else:
                self.enabled.add(name)
        return self._answered()

    def _refused(self, names: list[str]) -> list[Message]:
        # A server accepts all of a request or nothing: asked for one by one, only what it really refuses stays off.
        if len(names) > 1:
            self._unanswered += len(names) - 1
            return [Message("CAP", ("REQ", name)) for name in names]
        self._offered.difference_update(names)
        return self._answered()

    def _answered(self) -> list[Message]:
        self._unanswered = max(self._unanswered - 1, 0)
        return [] if self._unanswered else self._end()

    def _end(self) -> list[Message]:
        if self._ended:
            return []
        self._ended = True
        return [Message("CAP", ("END",))]
