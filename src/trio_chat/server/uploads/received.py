"""Results of the upload service: a file that was received, and its numbers."""

from typing import NamedTuple
from urllib.parse import quote

from trio_chat.chat.uploads import Upload


class Received(NamedTuple):
    """A file that was uploaded.

    Args:
        upload: as it is stored.
        width: pixels of a picture or film, or 0.
        height: pixels of a picture or film, or 0.
    """

    upload: Upload
    width: int
    height: int

    @property
    def path(self) -> str:
        """The path and query of its link.

        The query gives the size in pixels (`w`, `h`), so that a client can reserve the room before
        it has the file; or else in bytes (`size`).
        """
        upload = self.upload
        query = f"w={self.width}&h={self.height}" if self.width else f"size={upload.size}"
        return f"/file/{upload.name}/{quote(upload.filename)}?{query}"


class UploadStatistics(NamedTuple):
    """A snapshot of the numbers of uploads.

    Args:
        files: that are stored, as of the last minute.
        stored: their bytes.
        active: files that are being received.
        received: files that were received.
        received_bytes: bytes that were received, also of files that were refused.
    """

    files: int = 0
    stored: int = 0
    active: int = 0
    received: int = 0
    received_bytes: int = 0
