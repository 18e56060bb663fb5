"""One small handler for each command; importing this package fills the registry."""

from trio_chat.chat.commands import (
    accounts,
    batches,
    channels,
    history,
    info,
    lookup,
    markers,
    messages,
    metadata,
    modes,
    monitor,
    redaction,
    registration,
    search,
    users,
)

__all__ = [
    "accounts",
    "batches",
    "channels",
    "history",
    "info",
    "lookup",
    "markers",
    "messages",
    "metadata",
    "modes",
    "monitor",
    "redaction",
    "registration",
    "search",
    "users",
]
