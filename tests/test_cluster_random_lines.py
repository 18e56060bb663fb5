"""Random lines of clients on two nodes: whatever the node of a client carries out alone, the state
stays the same on both.
"""

import random

import pytest

from cluster_town import Client, ClusterTown
from trio_chat.chat.dispatch import handle_line
from trio_chat.chat.registry import COMMANDS
from trio_chat.cluster.entries import Said
from trio_chat.cluster.lines import ClientLines
from trio_chat.irc.lines import BadLine

NICKS = ("ann", "bob", "cid", "dan", "eve")
CAPS = (
    "sasl",
    "batch message-tags labeled-response draft/multiline echo-message draft/metadata-2 sasl"
    " account-notify draft/message-redaction draft/chathistory draft/read-marker draft/pre-away",
    "batch message-tags draft/multiline away-notify extended-join",
)
WORDS = (
    *("#a", "#b", "*", "+", "-", "0", "1", ":", ":some text", "timestamp=2026-01-01T00:00:00.000Z"),
    *NICKS,
    *("LIST", "LATEST", "SET", "GET", "SUB", "avatar", "on", "off", "always-on", "CREATE"),
    *("+o", "+b *!*@evil", "+i", "+l 3", "acc1", "NickServ", "ChanServ", "IDENTIFY acc1 secret"),
    *("LOGOUT", "REGISTER #a", "GHOST bob"),
)
OF_THE_EDGE = ("DIE", "REHASH")
"""Commands of which only the server itself does something."""


class Crowd:
    """Clients of both nodes that send random lines.

    Args:
        seed: of what they do.
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.town = ClusterTown()
        self.clients: dict[Client, ClientLines] = {}

    def come(self) -> None:
        """Connect one more client."""
        node, nick = self.rng.choice(self.town.nodes), self.rng.choice(NICKS)
        client = Client(node)
        self.clients[client] = ClientLines(client.session, node.world.elapsed)
        caps = self.rng.choice(CAPS)
        for line in (f"CAP REQ :{caps}", f"NICK {nick}", f"USER {nick} 0 * :x", "CAP END"):
            self.say(client, line.encode())

    def say(self, client: Client, line: bytes | BadLine) -> None:
        """Carry out a line as a node does."""
        lines = self.clients[client].sort(line)
        if lines is None:
            client.node.deliver(handle_line(client.node.world, client.session, line), client)
        elif lines:
            client.node.submit(Said(client.number, client.session.caps, lines))
        self.town.carry_out()
        client.read()
        self.clients = {one: its for one, its in self.clients.items() if not one.ended}

    def do_something(self) -> None:
        """Have one client do something, after a while."""
        self.town.now += self.rng.choice([0, 0, 0.5, 3, 70])
        if len(self.clients) < 3 or (len(self.clients) < 7 and self.rng.random() < 0.05):
            self.come()
            return
        client = self.rng.choice(list(self.clients))
        if self.rng.random() < 0.02:
            client.leave()
            del self.clients[client]
        else:
            self.say(client, self.line())

    def line(self) -> bytes | BadLine:
        """Return a random line."""
        rng, reference = self.rng, self.rng.choice("12")
        target = rng.choice(["#a", "bob", "NickServ"])
        if rng.random() < 0.05:
            bad: list[bytes | BadLine] = [BadLine(), b"\xff", b"@batch=1 PRIVMSG #a :\xff"]
            return rng.choice(bad)
        if rng.random() < 0.3:
            text = rng.choice(
                [
                    f"BATCH +{reference} draft/multiline {target}",
                    f"@batch={reference} PRIVMSG {target} :{rng.random()}",
                    f"BATCH -{reference}",
                ]
            )
            return text.encode()
        name = rng.choice(sorted(COMMANDS.keys() - set(OF_THE_EDGE)))
        tag = rng.choice(["", "", "@label=7 ", "@batch=1 "])
        return f"{tag}{name} {' '.join(rng.choices(WORDS, k=rng.randrange(4)))}".encode()


@pytest.mark.parametrize("seed", range(6))
def test_nodes_agree_whatever_their_clients_send(seed: int) -> None:
    """After each line, and not only when the next entry evens it out."""
    crowd = Crowd(seed)
    for _ in range(250):
        crowd.do_something()
        crowd.town.check()
