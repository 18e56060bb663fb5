"""One server at the desk: its link, and how the model sees it."""

from dataclasses import dataclass

from trio_chat.client.link.link import Link
from trio_chat.client.model.server import Server


@dataclass(slots=True, eq=False)
class Seat:
    """A server and its link; `going_to` is the channel that the user wants to be in as soon as it is joined, `registers`
    that the nickname is to become an account."""

    link: Link
    server: Server
    going_to: str = ""
    registers: bool = False
