"""State transitions: the one place where the state of the chat changes.

`apply` carries out a change (`trio_chat.chat.changes`): it updates every index of the world, marks
what is to be persisted, and returns the events by which clients see the change.
"""

from trio_chat.chat.apply import (  # noqa: F401
    accounts,
    api_tokens,
    bans,
    channels,
    hooks,
    invitations,
    messages,
    moderation,
    passkeys,
    probation,
    push,
    registered,
    relayed,
    scheduled,
    second_factors,
    server_moderation,
    sessions,
    stored_accounts,
    uploads,
    users,
    verifications,
)
from trio_chat.chat.apply.transitions import apply

__all__ = ["apply"]
