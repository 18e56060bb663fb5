"""Guests and the files that they have uploaded: a session may remove its own."""

from collections import OrderedDict

from trio_chat.chat.uploads import Upload

_MOST = 10_000


class GuestUploads:
    """The sessions of guests, by the random names of what they have uploaded; the latest ones."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, int] = OrderedDict()

    def note(self, upload: Upload, session: int) -> None:
        """Note an upload, unless it is of an account.

        Args:
            upload: the upload.
            session: the number of the session that has uploaded it.
        """
        if not upload.account:
            self._sessions[upload.name] = session
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)

    def is_of(self, upload: Upload, session: int) -> bool:
        """Return whether a session has uploaded a file as a guest."""
        return bool(session) and self._sessions.get(upload.name) == session
