"""The error of the storage, apart from what is slow to import."""


class StorageError(Exception):
    """A failure of the database; the message is one line for the operator."""
