"""The plan of the clients of a cluster: what they do, and what they have seen."""

import json
import re
from dataclasses import asdict, dataclass, field

TOKEN = re.compile(r"~(\d+)\.(\d+)~")
"""The mark in each message: the number of the client, and that of the message."""
CAPS = (
    "sasl server-time message-tags echo-message labeled-response batch standard-replies"
    " draft/multiline draft/chathistory draft/message-redaction draft/read-marker"
    " draft/metadata-2 draft/account-registration"
)
"""What clients ask for."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the clients of one process do.

    Args:
        nodes: their addresses and ports.
        first: the number of the first client.
        clients: how many there are.
        channels: how many channels they share.
        rate: messages that all of them send in a second; 0: each sends when its echo has come.
        is_mixed: whether they do everything else, too.
    """

    nodes: list[tuple[str, int]]
    first: int
    clients: int
    channels: int
    rate: float
    is_mixed: bool = True

    def to_json(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(asdict(self))


@dataclass
class Results:
    """What all clients of a process have seen.

    Attributes:
        sent: the messages that were sent.
        echoed: the marks of the messages whose echo has come.
        echoes: when an echo came, after how many seconds, and to which client.
        redacted: the marks of messages that were to be deleted.
        moved: the numbers of the clients that have lost a connection, each time.
        pages: how often CHATHISTORY was answered after that.
        refused: commands that were refused as long as the engine was away.
        quits: how often others saw a user without an account leave, while clients talked.
        account_quits: how often they saw one with an account leave.
        problems: what must not happen.
    """

    sent: int = 0
    echoed: list[str] = field(default_factory=list)
    echoes: list[tuple[float, float, int]] = field(default_factory=list)
    redacted: list[str] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    pages: int = 0
    refused: int = 0
    quits: int = 0
    account_quits: int = 0
    problems: list[str] = field(default_factory=list)


def parse_line(line: str) -> tuple[str, str, str, list[str]]:
    """Return the tags, the source, the command and the parameters of a line."""
    tags = source = ""
    if line.startswith("@"):
        tags, _, line = line.partition(" ")
    if line.startswith(":"):
        source, _, line = line[1:].partition(" ")
    head, is_there, last = line.partition(" :")
    command, *params = head.split()
    return tags, source, command, [*params, last] if is_there else params


def tag(tags: str, name: str) -> str:
    """Return the value of a tag, or ""."""
    place = tags.find(f"{name}=")
    return tags[place + len(name) + 1 :].partition(";")[0] if place > 0 else ""
