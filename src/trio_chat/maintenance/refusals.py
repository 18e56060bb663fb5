"""Refusals of maintenance; each text is one line for the operator."""

from trio_chat.storage.errors import StorageError


class MaintenanceRefused(StorageError):
    """What was asked for is not done, and nothing has changed."""


class ResourceNotFound(MaintenanceRefused):
    """There is nothing of that name."""


class ResourceConflict(MaintenanceRefused):
    """The state of something else is in the way, such as a bound that is reached."""


class InvalidValue(MaintenanceRefused):
    """A value can never be accepted.

    Args:
        text: the text.
        field: the name of the field of a request that has it; "" where that is not known.
    """

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field
