"""Changes of the table of uploads in a cluster; a server alone changes its table at once."""

from dataclasses import dataclass

from trio_chat.chat.changes.change import Change
from trio_chat.chat.operation import Operation
from trio_chat.chat.uploads import Upload


@dataclass(frozen=True, slots=True)
class UploadAdded(Change, Operation):
    """A file was uploaded. The server that has received it has checked the quotas.

    Args:
        upload: the file.
        account: the number of its uploader's account, or 0; without the account it is not added.
        uploader: the number of the session that has uploaded it, or 0.
    """

    upload: Upload
    account: int = 0
    uploader: int = 0


@dataclass(frozen=True, slots=True)
class UploadsRemoved(Change, Operation):
    """Uploaded files are removed, by their random names."""

    names: tuple[str, ...]
