"""One small handler for each command; importing this package fills the registry."""

from trio_chat.chat.commands import channels, history, info, lookup, messages, modes, registration, users

__all__ = ["channels", "history", "info", "lookup", "messages", "modes", "registration", "users"]
