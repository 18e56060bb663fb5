"""Questions to a service of the server, such as NickServ, whose answers are notices.

Each is known by its label, so that an answer is told from other notices of the service. The answer
is complete with the one line that has the label, or with the end of the batch that has it.
"""

from trio_chat.client.session.effects import Effects
from trio_chat.client.session.events import ServiceAnswered
from trio_chat.client.session.negotiation import Negotiation
from trio_chat.irc import tag_names
from trio_chat.irc.message import MAX_BODY, Message, body_size

_LABEL = "service-"
_MOST_LINES = 1000
"""Lines of one answer that are kept, whatever the server sends."""


class ServiceRequests:
    """The questions of one connection.

    Args:
        effects: where lines are sent and events are reported.
        negotiation: the capabilities.
    """

    def __init__(self, effects: Effects, negotiation: Negotiation) -> None:
        self._effects = effects
        self._negotiation = negotiation
        self._asked: dict[str, tuple[int, list[str]]] = {}

    def ask(self, request: int, command: str, *params: str) -> None:
        """Send a command to a service.

        Args:
            request: a number of the caller, which `ServiceAnswered` has.
            command: such as NICKSERV.
            params: its parameters.
        """
        if not self._negotiation.labels:
            self._effects.report(ServiceAnswered(request, (), "This server has no labels"))
            return
        if body_size(command, params, "") > MAX_BODY:  # which is refused without its label
            self._effects.report(ServiceAnswered(request, (), "The text is too long"))
            return
        label = f"{_LABEL}{request}"
        try:
            self._effects.put(Message(command, params, tags={tag_names.LABEL: label}))
        except ValueError as error:
            self._effects.report(ServiceAnswered(request, (), str(error)))
            return
        self._asked[label] = request, []

    def take(self, label: str, text: str) -> bool:
        """Take a notice with a label, or in a batch with one; return whether it answers a
        question.
        """
        asked = self._asked.get(label)
        if asked is not None and len(asked[1]) < _MOST_LINES:
            asked[1].append(text)
        return asked is not None

    def settled(self, label: str) -> None:
        """Report an answer that is complete."""
        if asked := self._asked.pop(label, None):
            self._effects.report(ServiceAnswered(asked[0], tuple(asked[1])))

    def end(self) -> None:
        """Report that the connection has ended before the answers."""
        for request, _ in self._asked.values():
            self._effects.report(ServiceAnswered(request, (), "The connection has ended"))
        self._asked.clear()
