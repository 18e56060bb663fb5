"""Changes of the operators of the server."""

from dataclasses import dataclass

from trio_chat.chat.audit import AuditEntry
from trio_chat.chat.changes.change import Change
from trio_chat.chat.operation import Operation
from trio_chat.chat.operator_blocks import Operator


@dataclass(frozen=True, slots=True)
class OperatorAppointed(Change):
    """A user becomes an operator of the server.

    Args:
        user: its folded nickname.
        operator: the block of the configuration, sealed: other servers need not have it.
    """

    user: str
    operator: Operator


@dataclass(frozen=True, slots=True)
class OperatorDismissed(Change):
    """A user is an operator of the server no longer."""

    user: str


@dataclass(frozen=True, slots=True)
class OperatorsNotified(Change):
    """Operators with +s receive a notice. It changes no state: in a cluster all servers send it."""

    text: str


@dataclass(frozen=True, slots=True)
class Announced(Change):
    """All users that are connected receive a notice of the server. It changes no state."""

    text: str


@dataclass(frozen=True, slots=True)
class Audited(Change):
    """An operator or an API token has done something; all servers of a cluster store that.

    Args:
        actor: see `AuditEntry`.
        address: where it came from.
        text: the action with its target and reason.
    """

    actor: str
    address: str
    text: str


@dataclass(frozen=True, slots=True)
class AuditKept(Operation):
    """An entry of the audit log is to be stored."""

    entry: AuditEntry
