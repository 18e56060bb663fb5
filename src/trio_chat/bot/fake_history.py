"""The history of the server in memory, as CHATHISTORY and SEARCH of trio-chat's server give it."""

import re
from collections.abc import Mapping

from trio_chat.irc import tag_names
from trio_chat.irc.message import Message

_MSGID = re.compile(r"message\d+")


class FakeHistory:
    """The messages that were sent, the oldest first."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    def add(self, message: Message) -> None:
        """Keep a message, which has a msgid and a time."""
        self._messages.append(message)

    def remove(self, msgid: str) -> None:
        """Forget a message that is deleted."""
        self._messages = [each for each in self._messages if _msgid(each) != msgid]

    def page(
        self, form: str, conversation: str, reference: str, limit: int
    ) -> list[Message] | None:
        """Return the messages that CHATHISTORY asks for; None if that is no reference.

        Args:
            form: its subcommand.
            conversation: the channel or the user.
            reference: `*`, `msgid=…` or `timestamp=…`.
            limit: how many messages at most.
        """
        kind, _, position = reference.partition("=")
        if kind == "msgid" and not _MSGID.fullmatch(position):
            return None
        msgids = [_msgid(each) for each in self._messages]
        if reference == "*":
            begin = 0
        elif position in msgids:
            begin = msgids.index(position) + 1
        else:
            begin = sum(each.tags[tag_names.TIME] <= position for each in self._messages)
        match form:
            case "BEFORE":
                part = self._messages[: begin - 1]
            case "AROUND":
                part = self._messages[begin - 1 : begin]
            case _:
                part = self._messages[begin:]
        return [each for each in part if _is_in(each, conversation)][-limit:]

    def found(self, attributes: Mapping[str, str]) -> list[Message]:
        """Return the messages that SEARCH asks for, by its attributes."""
        found = [
            each
            for each in self._messages
            if attributes["text"].lower() in each.params[1].lower()
            and _is_in(each, attributes.get("in", each.params[0]))
        ]
        return found[-int(attributes["limit"]) :]


def _msgid(message: Message) -> str:
    return message.tags[tag_names.MSGID]


def _is_in(message: Message, conversation: str) -> bool:
    """Return whether a message belongs to a channel, or to the conversation with a user."""
    target = message.params[0]
    return target == conversation or (target[:1] != "#" and message.nick == conversation)
