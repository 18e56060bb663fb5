"""The registry of commands: the handler, usage, help, parameters and requirements of each.

HELP, the check for missing parameters and the check for registration are all derived from it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from trio_chat.chat.response import Response, Steps
from trio_chat.chat.users import Session, User
from trio_chat.chat.world import World
from trio_chat.irc import numerics as n
from trio_chat.irc.message import Message
from trio_chat.irc.modes import PREFIXES
from trio_chat.irc.names import fold_or_self

_HOST: Final = re.compile("[!@%]")
"""What separates a nickname from the name of a user, a host or a server."""


@dataclass(init=False, slots=True)
class Request:
    """One command of one session, as its handler gets it."""

    world: World
    session: Session
    message: Message
    reply: Response
    override: bool
    """Whether an operator of the server overrides the rules of the channel."""

    # Written out, as there is one for every line: the generated one is not compiled.
    def __init__(
        self,
        world: World,
        session: Session,
        message: Message,
        reply: Response,
        *,
        override: bool = False,
    ) -> None:
        self.world = world
        self.session = session
        self.message = message
        self.reply = reply
        self.override = override

    @property
    def params(self) -> tuple[str, ...]:
        """The parameters of the command."""
        return self.message.params

    @property
    def user(self) -> User:
        """The user that sent it; only for commands that need registration."""
        user = self.session.user
        assert user is not None  # noqa: S101  # the dispatcher lets nobody else through
        return user

    def param(self, index: int) -> str:
        """Return a parameter, or "" when there are not that many."""
        return self.message.params[index] if index < len(self.message.params) else ""

    def refuse_surplus(self, targets: Sequence[str]) -> None:
        """Reply ERR_TOOMANYTARGETS if there are more targets than one command can have."""
        most = self.world.lengths.targets
        if len(targets) > most:
            self.reply.numeric(n.ERR_TOOMANYTARGETS, targets[most])

    def locally(self, work: Callable[[], None]) -> None:
        """Carry out a part of the command on the server of the session alone, as it has secrets or
        draws at random: at once, or after what all servers of a cluster carry out.

        Args:
            work: may reply, under the label of the command.
        """
        world = self.world
        if not world.is_in_log:
            work()
            return

        async def afterwards(reply: Response) -> None:
            await world.settle()
            work()

        self.reply.postpone(afterwards)

    def once_settled(self, answer: Callable[[], None]) -> None:
        """Give an answer that depends on what the command has changed: at once, or in a cluster
        when that has been carried out.

        Args:
            answer: replies, under the label of the command.
        """
        world = self.world
        if world.decider is None:
            answer()
            return

        async def afterwards(reply: Response) -> None:
            await world.settle()
            answer()

        self.reply.postpone(afterwards)

    def for_session(self, session: Session) -> "Request":
        """Return the request with its replies sent to another session, without the label; see
        `Response.tell`.
        """
        return Request(
            self.world, session, self.message, Response(self.world, session), override=self.override
        )

    def other_sessions(self) -> tuple[Session, ...]:
        """Return the sessions of the same user that have not made the request."""
        sessions = self.user.sessions
        if len(sessions) == 1 and sessions[0] is self.session:  # as it nearly always is
            return ()
        return tuple(session for session in sessions if session is not self.session)


Handler = Callable[[Request], Steps | None]
"""Carries out a command. One that goes through all users or channels is a generator of steps."""


class Command(NamedTuple):
    """An entry of the registry."""

    name: str
    handler: Handler
    usage: str
    help: str
    min_params: int
    needs_registration: bool
    right: str = ""
    """The right that an operator needs; a key of `irc.rights.RIGHTS`, or "" if every user may."""
    weight: int = 1
    stores: int = 0
    """With so many parameters it changes stored state, and is refused to a client with an exhausted
    quota; 0 for never.
    """
    capability: str = ""
    """The capability without which the command is unknown to a client, if the specification
    requires its negotiation.
    """
    is_local: bool = False
    """Whether only the server of the session carries it out. It changes nothing that other users
    see, or that outlives the session; or it has secrets, waits, or draws at random, and changes
    the state by decisions (`World.decider`).
    """
    is_decision: bool = False
    """Whether a local command changes nothing but by decisions, so that a server of a cluster
    refuses it while it cannot decide on anything.
    """
    needs_cluster: bool = False
    """Whether the command is unknown to a server that is no node of a cluster."""
    is_for_operators: bool = False
    """Whether only operators of the server may give it, with its right if it has one."""


COMMANDS: Final[dict[str, Command]] = {}

SERVICES: Final[dict[str, Callable[[Request, str], None]]] = {}
"""The services that answer private messages, by folded name. Their names are reserved, because
users send them passwords.
"""

LOCAL_SERVICES: Final[set[str]] = set()
"""The services, by folded name, to which a message is as `Command.is_local` describes."""


def bare_name(target: str) -> str:
    """Return the folded name of a target of a message, in whatever form a user writes it: with a
    host or a server (RFC 2812 §2.3.1, `msgto`), or with the prefix of a rank.
    """
    return fold_or_self(_HOST.split(target.lstrip(PREFIXES), 1)[0])


def is_local_service(target: str) -> bool:
    """Return whether a target of a message is one of `LOCAL_SERVICES`, in any form.

    The text of such a message may be a password, also if the form is refused.
    """
    return bare_name(target) in LOCAL_SERVICES


def is_there(entry: Command, world: World) -> bool:
    """Return whether the server has a command: some are for the nodes of a cluster alone."""
    return not entry.needs_cluster or bool(world.control and world.control.nodes())


def command(
    name: str,
    usage: str = "",
    *,
    help: str,  # noqa: A002  # it is the help
    min_params: int = 0,
    needs_registration: bool = True,
    right: str = "",
    weight: int = 1,
    stores: int = 0,
    capability: str = "",
    is_local: bool = False,
    is_decision: bool = False,
    needs_cluster: bool = False,
    is_for_operators: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler.

    Args:
        name: the command, in upper case.
        usage: its parameters as help shows them.
        help: what it does, in a sentence.
        min_params: with fewer than these the client gets ERR_NEEDMOREPARAMS.
        needs_registration: whether a client that is not registered gets ERR_NOTREGISTERED.
        right: without which ERR_NOPRIVILEGES or ERR_NOPRIVS is the answer.
        stores: see `Command`.
        weight: as how many lines it counts against floods, for each of the targets in its first
            parameter.
        capability: which the client must have negotiated, and the server offer.
        is_local: see `Command`.
        is_decision: see `Command`.
        needs_cluster: see `Command`.
        is_for_operators: whether the handler refuses it to all others, as no right is needed.
    """

    def register(handler: Handler) -> Handler:
        COMMANDS[name] = Command(
            name,
            handler,
            usage,
            help,
            min_params,
            needs_registration,
            right,
            weight,
            stores,
            capability,
            is_local,
            is_decision,
            needs_cluster,
            is_for_operators or bool(right),
        )
        return handler

    return register
