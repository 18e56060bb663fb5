"""trio-chat: a structured-concurrency chat system that speaks IRC and IRCv3 natively."""

__version__ = "0.2.0"
