"""Pages of the history that a bot asks for."""


class HistoryUnavailableError(Exception):
    """The server does not return the messages that were asked for."""
